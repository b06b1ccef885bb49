"""Periodic boluses: every interval of the pump's own time, whatever the clock, the power or a stop does."""

import pytest
from modes import exact, fill, periodic_bolus, prepared, records, refusals, running, send, steady
from ward import DAY_MS, HOUR_MS, MINUTE_MS, ML, PATIENT, SECOND_MS, STEP_PL, delivers

from infuser.wire import states

RATE = 200_000
VOLUME_NL = 10_000  # 5 ug of 500 ug/mL
EVERY_MS = 2 * HOUR_MS
NOTED_MS = 100
# The loop comes round once in a tick.
TURN_MS = 4200


def steps_of_boluses(count: int) -> int:
    """Whole microsteps of so many boluses: the fraction that one leaves over goes into the next."""
    return count * VOLUME_NL * 1000 // STEP_PL


def given(ward) -> int:
    return ward.status()["delivered_steps"]["periodic-bolus"]


def begun(ward) -> list[int]:
    """Ages at which the periodic boluses began."""
    return [
        record["age_ms"] for record in records(ward, "bolus-started") if int(record["bucket"]) == states.PERIODIC_BOLUS
    ]


def on_time(ward, start_ms: int, numbers: list[int]) -> bool:
    """Whether these boluses were given, counted from the start of therapy, and none beside them.

    `start_ms` is read once the start has been noted, which takes the flash a moment.
    """
    late_ms = [at_ms - start_ms - number * EVERY_MS for at_ms, number in zip(begun(ward), numbers, strict=True)]
    return all(-NOTED_MS <= late <= TURN_MS for late in late_ms)


def test_a_bolus_is_given_every_interval_and_its_time_does_not_drift(cli, bench):
    ward = running(cli, bench, steady(**periodic_bolus()))
    start_ms = ward.status()["age_ms"]
    assert abs(ward.status()["periodic_due_ms"] - EVERY_MS) < SECOND_MS
    ward.advance(EVERY_MS - MINUTE_MS)
    assert (given(ward), ward.state) == (0, "infusing")
    ward.advance(2 * MINUTE_MS)
    assert ward.state == "bolus"
    ward.advance(23 * HOUR_MS)
    assert given(ward) == steps_of_boluses(12)
    now = ward.status()
    assert delivers(now["delivered_steps"]["basal"], RATE, now["age_ms"] - start_ms)
    assert on_time(ward, start_ms, list(range(1, 13)))
    assert exact(ward)


def test_a_clock_set_forward_or_back_neither_repeats_nor_loses_one(cli, bench):
    ward = running(cli, bench, steady(**periodic_bolus()))
    start_ms = ward.status()["age_ms"]
    for time in ("2026-01-02T07:59:00+00:00", "2025-11-01T00:00:00+00:00", "2026-01-01T11:59:00+02:00"):
        ward.advance(90 * MINUTE_MS)
        ward.do("clock", "set", "--time", time)
        ward.advance(40 * MINUTE_MS)
    ward.plant.fault("clock-lost")
    ward.advance(6 * HOUR_MS - 30 * MINUTE_MS + 11 * MINUTE_MS)
    assert given(ward) == steps_of_boluses(6)
    assert on_time(ward, start_ms, [1, 2, 3, 4, 5, 6])


def test_one_that_fell_due_without_power_is_not_made_up_for_and_the_next_keeps_its_time(cli, bench):
    ward = running(cli, bench, steady(**periodic_bolus()))
    start_ms = ward.status()["age_ms"]
    ward.advance(EVERY_MS + 20 * MINUTE_MS)
    ward.plant.power_cut(3 * HOUR_MS)
    ward.advance(41 * MINUTE_MS)
    assert (ward.state, begun(ward)[1:]) == ("bolus", begun(ward)[1:2])
    ward.advance(EVERY_MS)
    # The clock chip counts whole seconds, so that the time without power is known to two of them.
    late_ms = [at_ms - start_ms - number * EVERY_MS for at_ms, number in zip(begun(ward), (1, 3, 4), strict=True)]
    assert all(-2 * SECOND_MS <= late <= TURN_MS + 2 * SECOND_MS for late in late_ms)


def test_a_bolus_cut_off_by_the_power_is_not_given_again(cli, bench):
    ward = running(cli, bench, steady(**periodic_bolus()))
    ward.advance(EVERY_MS + 3 * MINUTE_MS)
    ward.plant.power_cut()
    part = given(ward)
    assert 0 < part < steps_of_boluses(1)
    ward.advance(EVERY_MS - 10 * MINUTE_MS)
    assert given(ward) == part
    ward.advance(20 * MINUTE_MS)
    assert given(ward) == part + steps_of_boluses(1)
    assert len(begun(ward)) == 2


def test_one_that_falls_due_during_a_stop_is_left_out_and_the_next_keeps_its_time(cli, bench):
    ward = running(cli, bench, steady(**periodic_bolus()))
    start_ms = ward.status()["age_ms"]
    ward.advance(EVERY_MS - 10 * MINUTE_MS)
    ward.do("stop")
    ward.advance(20 * MINUTE_MS)
    ward.do("resume")
    assert given(ward) == 0
    ward.advance(EVERY_MS)
    assert on_time(ward, start_ms, [2])


def test_one_that_falls_due_at_the_minimum_rate_is_left_out(cli, bench):
    ward = running(cli, bench, steady(**periodic_bolus()))
    start_ms = ward.status()["age_ms"]
    ward.do("minimum-rate", "on")
    ward.advance(EVERY_MS + HOUR_MS)
    ward.do("minimum-rate", "off")
    ward.advance(EVERY_MS)
    assert on_time(ward, start_ms, [2])


@pytest.mark.case("EC20")
def test_none_is_given_from_a_low_reservoir_and_that_is_logged(cli, bench):
    ward = running(cli, bench, steady(**periodic_bolus()), fill_nl=2 * ML + 5_000)
    ward.advance(EVERY_MS + 20 * MINUTE_MS)
    assert list(ward.alarms()) == ["reservoir-low"]
    assert (given(ward), refusals(ward)) == (0, ["reservoir-low"])
    fill(ward)
    ward.do("resume")
    ward.advance(EVERY_MS)
    assert given(ward) == steps_of_boluses(1)


@pytest.mark.case("UC3")
def test_one_that_falls_due_during_a_clinicians_bolus_waits_and_is_then_given_whole(cli, bench):
    ward = running(cli, bench, steady(**periodic_bolus()))
    start_ms = ward.status()["age_ms"]
    ward.advance(EVERY_MS - 5 * MINUTE_MS)
    with ward.client() as pump:
        pump.bolus(50_000, 15 * MINUTE_MS, PATIENT)
    ward.advance(8 * MINUTE_MS)
    assert {bolus["bucket"]: bolus["held"] for bolus in ward.status()["boluses"]} == {
        "clinician-bolus": False,
        "periodic-bolus": True,
    }
    assert given(ward) == 0
    ward.advance(20 * MINUTE_MS)
    now = ward.status()
    assert now["delivered_steps"]["clinician-bolus"] == 100_000_000 // STEP_PL
    assert given(ward) == steps_of_boluses(1)
    ward.advance(EVERY_MS)
    assert on_time(ward, start_ms, [1, 2])


def test_a_new_program_counts_its_interval_from_the_change(cli, bench):
    ward = running(cli, bench, steady(**periodic_bolus()))
    ward.advance(EVERY_MS - 10 * MINUTE_MS)
    send(ward, steady(120_000, **periodic_bolus()))
    changed_ms = ward.status()["age_ms"]
    ward.advance(EVERY_MS + MINUTE_MS)
    (at_ms,) = begun(ward)
    assert abs(at_ms - changed_ms - EVERY_MS) <= TURN_MS
    send(ward, steady())
    ward.advance(DAY_MS // 2)
    assert len(begun(ward)) == 1


def test_the_first_one_comes_an_interval_after_the_start_not_after_the_programming(cli, bench):
    ward = prepared(cli, bench, steady(**periodic_bolus()))
    ward.advance(5 * HOUR_MS)
    ward.do("resume")
    start_ms = ward.status()["age_ms"]
    ward.advance(EVERY_MS + MINUTE_MS)
    assert on_time(ward, start_ms, [1])
