"""Daylight saving, a journey, a lost clock: the day's pattern follows the local time, nothing else looks at it."""

import contextlib

import pytest
from modes import patient_bolus, periodic_bolus, press, refusals, running, send, steady
from ward import FLEX, HOUR_MS, MINUTE_MS, PATIENT, infusing

from pumpctl import program as files
from pumpctl.errors import LinkError, Refused

MORNING, EVENING, NIGHT = 480_000, 960_000, 420_000


def shift(ward, offset_min: int, ahead_ms: int = 0) -> None:
    """Give the pump another offset from UTC, and its clock a push."""
    with ward.client() as pump:
        pump.set_clock(pump.status()["time_ms"] + ahead_ms, offset_min)


def test_in_spring_a_flex_day_skips_the_hour_and_in_autumn_it_has_it_twice(cli, bench):
    ward = infusing(cli, bench, FLEX)  # from 08:00 UTC; evening begins at 17:00 and night at 22:00
    ward.advance(8 * HOUR_MS + 30 * MINUTE_MS)
    assert ward.status()["rate_nl_per_day"] == MORNING
    shift(ward, 60)
    assert ward.status()["rate_nl_per_day"] == EVENING
    ward.advance(10 * MINUTE_MS)
    shift(ward, 0)
    assert ward.status()["rate_nl_per_day"] == MORNING
    ward.advance(30 * MINUTE_MS)
    assert ward.status()["rate_nl_per_day"] == EVENING
    shift(ward, -60)
    ward.advance(5 * HOUR_MS)
    assert ward.status()["rate_nl_per_day"] == EVENING
    ward.advance(HOUR_MS)
    assert ward.status()["rate_nl_per_day"] == NIGHT


def test_a_clock_set_in_either_direction_moves_no_lock_out(cli, bench):
    ward = running(cli, bench, steady(**patient_bolus()))
    press(ward)
    for ahead_ms in (30 * 24 * HOUR_MS, -60 * 24 * HOUR_MS):
        ward.advance(15 * MINUTE_MS)
        shift(ward, 120, ahead_ms)
        press(ward)
    assert refusals(ward) == ["lock-out", "lock-out"]
    with ward.client() as pump:
        pump.bolus(10_000, 5 * MINUTE_MS, PATIENT)
        pump.set_clock(pump.status()["time_ms"] + 24 * HOUR_MS, 0)
    ward.advance(6 * MINUTE_MS)
    assert ward.refused("bolus", "10ug", "--over", "5min", "--patient", PATIENT, "--yes")["name"] == "lock-out"


@pytest.mark.parametrize("off_ms", [0, 3 * HOUR_MS])
def test_a_clock_lost_with_the_power_makes_no_lock_out_shorter(cli, bench, off_ms):
    ward = running(cli, bench, steady(**patient_bolus()))
    press(ward)
    ward.advance(20 * MINUTE_MS)
    ward.plant.fault("clock-lost")
    ward.plant.power_cut(off_ms)
    wait_ms = ward.status()["patient_wait_ms"]
    # Time that nobody can tell has not passed; the last sign of life is minutes old at most.
    assert 0 <= wait_ms - 40 * MINUTE_MS + 1000 < 10 * MINUTE_MS
    press(ward)
    assert refusals(ward) == ["lock-out"]


def test_a_flex_day_by_a_lost_clock_runs_at_its_mean_and_its_boluses_keep_their_times(cli, bench):
    program = {**files.load(FLEX), "dose_max_ng_per_day": 0, **periodic_bolus(every_min=60)}
    ward = running(cli, bench, program)
    send(ward, program)
    ward.plant.fault("clock-lost")
    ward.advance(59 * MINUTE_MS)
    assert ward.status()["delivered_steps"]["periodic-bolus"] == 0
    ward.advance(2 * MINUTE_MS)
    assert (ward.state, ward.status()["rate_nl_per_day"]) == ("bolus", 560_000)
    ward.advance(5 * HOUR_MS)
    assert ward.status()["delivered_steps"]["periodic-bolus"] in range(508, 612)


@pytest.mark.parametrize("ahead_ms", [30 * 24 * HOUR_MS, -30 * 24 * HOUR_MS])
@pytest.mark.parametrize("operation", range(1, 7))
def test_power_that_fails_while_the_clock_is_set_makes_no_lock_out_and_no_window_shorter(
    cli, bench, ahead_ms, operation
):
    ward = running(cli, bench, steady(**patient_bolus()))
    press(ward)
    ward.advance(15 * MINUTE_MS)
    before = ward.status()
    ward.plant.fault("power-cut-at-flash-op", value=operation)
    with contextlib.suppress(LinkError, Refused):
        shift(ward, 0, ahead_ms)
    ward.plant.fault("power-cut-at-flash-op", on=False)
    ward.plant.power_cut()
    after = ward.status()
    assert after["patient_wait_ms"] > before["patient_wait_ms"] - 2 * MINUTE_MS
    assert after["dose_windows"][-1]["used_nl"] >= before["dose_windows"][-1]["used_nl"]


def test_while_nothing_can_be_written_the_clock_is_not_set_forwards(cli, bench):
    ward = running(cli, bench, steady(**patient_bolus()))
    press(ward)
    ward.advance(15 * MINUTE_MS)
    before = ward.status()
    ward.plant.fault("flash-broken")
    with pytest.raises(Refused):
        shift(ward, 0, 30 * 24 * HOUR_MS)
    ward.plant.fault("flash-broken", on=False)
    ward.plant.power_cut()
    assert ward.status()["patient_wait_ms"] > before["patient_wait_ms"] - 2 * MINUTE_MS
