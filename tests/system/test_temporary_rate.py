"""A temporary rate ends by itself, goes on over a power cut for what is left of it, and is refused out of range."""

import pytest
from modes import exact, records, running, send, steady
from ward import FLEX, HOUR_MS, MINUTE_MS, PATIENT, TICK_MS, delivers, due_steps, infusing

from infuser.wire import units
from pumpctl.errors import Refused

RATE, LESS = 200_000, 80_000


def start(ward, dose_ng_per_day: int = 40_000, duration_ms: int = 4 * HOUR_MS) -> None:
    with ward.client() as pump:
        assert pump.temporary_rate(dose_ng_per_day, duration_ms, PATIENT)["rate_nl_per_day"] == dose_ng_per_day * 2


def test_it_holds_for_its_time_to_the_step_and_then_the_program_goes_on(cli, bench):
    ward = running(cli, bench, steady())
    ward.advance(HOUR_MS)
    before = ward.status()
    start(ward)
    began_ms = ward.status()["age_ms"]
    now = ward.status()
    assert (now["state"], now["rate_nl_per_day"], now["temporary_dose_ng_per_day"]) == ("infusing", LESS, 40_000)
    ward.advance(4 * HOUR_MS - MINUTE_MS)
    assert ward.status()["rate_nl_per_day"] == LESS
    ward.advance(2 * MINUTE_MS)
    assert (ward.status()["rate_nl_per_day"], ward.status()["temporary_left_ms"]) == (RATE, 0)
    ward.advance(3 * HOUR_MS)
    now = ward.status()
    volume = LESS * 4 * HOUR_MS + RATE * (now["age_ms"] - began_ms - 4 * HOUR_MS + began_ms - before["age_ms"])
    steps = volume * 1000 // (units.MS_PER_DAY * units.STEP_PL_NOMINAL)
    assert abs(now["steps_total"] - before["steps_total"] - steps) <= 1
    assert [int(record["dose_ng_per_day"]) for record in records(ward, "temporary-rate")] == [40_000, 0]
    assert exact(ward)


@pytest.mark.parametrize("off_ms", [0, HOUR_MS])
def test_after_a_power_cut_it_goes_on_for_what_is_left_of_its_time(cli, bench, off_ms):
    ward = running(cli, bench, steady())
    start(ward)
    ends_ms = ward.status()["age_ms"] + 4 * HOUR_MS
    ward.advance(2 * HOUR_MS)
    ward.plant.power_cut(off_ms)
    now = ward.status()
    assert now["rate_nl_per_day"] == LESS
    assert abs(now["age_ms"] + now["temporary_left_ms"] - ends_ms) <= TICK_MS
    ward.advance(now["temporary_left_ms"] - MINUTE_MS)
    assert ward.status()["rate_nl_per_day"] == LESS
    ward.advance(2 * MINUTE_MS)
    assert ward.status()["rate_nl_per_day"] == RATE


def test_one_whose_time_passed_without_power_is_over(cli, bench):
    ward = running(cli, bench, steady())
    start(ward)
    ward.advance(HOUR_MS)
    ward.plant.power_cut(5 * HOUR_MS)
    ward.advance(MINUTE_MS)
    now = ward.status()
    assert (now["rate_nl_per_day"], now["temporary_dose_ng_per_day"]) == (RATE, 0)


def test_its_time_runs_during_a_stop(cli, bench):
    ward = running(cli, bench, steady())
    start(ward)
    ward.advance(2 * HOUR_MS)
    ward.do("stop")
    ward.advance(20 * MINUTE_MS)
    ward.do("resume")
    assert ward.status()["rate_nl_per_day"] == LESS
    ward.advance(100 * MINUTE_MS + MINUTE_MS)
    assert ward.status()["rate_nl_per_day"] == RATE


def test_it_is_ended_by_command_at_once_and_another_one_replaces_it(cli, bench):
    ward = running(cli, bench, steady())
    start(ward)
    start(ward, 50_000, HOUR_MS)
    assert delivers(ward.steps_in(30 * MINUTE_MS), 100_000, 30 * MINUTE_MS)
    with ward.client() as pump:
        assert pump.temporary_rate(0, 0, PATIENT)["rate_nl_per_day"] == RATE
    assert ward.status()["temporary_left_ms"] == 0
    assert delivers(ward.steps_in(5 * HOUR_MS), RATE, 5 * HOUR_MS)


def test_it_replaces_a_flex_pattern_and_the_pattern_goes_on_where_the_day_is(cli, bench):
    ward = infusing(cli, bench, FLEX)
    start(ward, 40_000, 10 * HOUR_MS)  # from 08:00; the pattern changes at 17:00
    ward.advance(9 * HOUR_MS + 30 * MINUTE_MS)
    assert ward.status()["rate_nl_per_day"] == LESS
    ward.advance(31 * MINUTE_MS)
    assert ward.status()["rate_nl_per_day"] == 960_000


def test_setting_the_clock_does_not_change_its_length(cli, bench):
    ward = running(cli, bench, steady())
    start(ward)
    ward.advance(HOUR_MS)
    ward.do("clock", "set", "--time", "2026-02-01T00:00:00+00:00")
    ward.advance(3 * HOUR_MS - MINUTE_MS)
    assert ward.status()["rate_nl_per_day"] == LESS
    ward.advance(2 * MINUTE_MS)
    assert ward.status()["rate_nl_per_day"] == RATE


def test_a_new_program_ends_it(cli, bench):
    ward = running(cli, bench, steady())
    start(ward)
    ward.advance(HOUR_MS)
    send(ward, steady(120_000))
    assert (ward.status()["rate_nl_per_day"], ward.status()["temporary_left_ms"]) == (240_000, 0)


@pytest.mark.case("EC3")
@pytest.mark.case("EC15")
@pytest.mark.parametrize(
    ("dose", "duration_ms", "patient", "field"),
    [
        (23_999, HOUR_MS, PATIENT, "dose_ng_per_day"),
        (250_001, HOUR_MS, PATIENT, "dose_ng_per_day"),
        (50_000, MINUTE_MS - 1, PATIENT, "duration_ms"),
        (50_000, units.TEMPORARY_MAX_MS + 1, PATIENT, "duration_ms"),
        (50_000, HOUR_MS, "BENCH-002", "patient"),
    ],
)
def test_one_out_of_range_or_for_another_patient_is_refused(cli, bench, dose, duration_ms, patient, field):
    ward = running(cli, bench, steady(dose_max_ng_per_day=250_000))
    with ward.client() as pump, pytest.raises(Refused) as caught:
        pump.temporary_rate(dose, duration_ms, patient)
    assert caught.value.field == field
    assert ward.steps_in(HOUR_MS) in range(due_steps(RATE, HOUR_MS) - 1, due_steps(RATE, HOUR_MS) + 2)
