"""A new program in the middle of every mode: no gap, nothing twice, and what ends with the old one."""

import pytest
from modes import NOW_MIN, exact, patient_bolus, periodic_bolus, prepared, press, running, send, steady, steps_of
from ward import DAY_MS, FLEX, HOUR_MS, MINUTE_MS, PATIENT, STEP_PL, infusing

OLD, NEW = 200_000, 260_000


def basal_is_seamless(ward, start_ms: int, changed_ms: int) -> bool:
    """Whether the basal bucket holds the old rate up to the change and the new one from it on, to the step."""
    now = ward.status()
    volume = OLD * (changed_ms - start_ms) + NEW * (now["age_ms"] - changed_ms)
    return -1 <= now["delivered_steps"]["basal"] - volume * 1000 // (DAY_MS * STEP_PL) <= 1


def begun(cli, bench, program) -> tuple:
    ward = running(cli, bench, program)
    return ward, ward.status()["age_ms"]


def changed(ward, program) -> int:
    """Send a program and tell the age at which it came into force."""
    send(ward, program)
    return int(ward.status()["age_ms"])


def test_during_a_patients_bolus_the_bolus_ends_where_it_stands(cli, bench):
    ward, start_ms = begun(cli, bench, steady(**patient_bolus()))
    ward.advance(HOUR_MS)
    press(ward)
    ward.advance(5 * MINUTE_MS)
    changed_ms = changed(ward, steady(130_000, **patient_bolus()))
    part = ward.status()["delivered_steps"]["patient-bolus"]
    assert 0 < part < steps_of(10_000)
    ward.advance(30 * MINUTE_MS)
    now = ward.status()
    assert (now["state"], now["delivered_steps"]["patient-bolus"]) == ("infusing", part)
    press(ward)
    assert ward.status()["boluses"] == [], "the lock-out goes on over the change"
    assert basal_is_seamless(ward, start_ms, changed_ms)
    assert exact(ward)


def test_during_a_held_and_a_running_bolus_both_end(cli, bench):
    ward, start_ms = begun(cli, bench, steady(**patient_bolus()))
    with ward.client() as pump:
        pump.bolus(50_000, 30 * MINUTE_MS, PATIENT)
    press(ward)
    changed_ms = changed(ward, steady(130_000))
    counted = ward.status()["delivered_steps"]
    ward.advance(2 * HOUR_MS)
    now = ward.status()
    assert now["boluses"] == []
    for bucket in ("clinician-bolus", "patient-bolus"):
        assert now["delivered_steps"][bucket] == counted[bucket]
    assert basal_is_seamless(ward, start_ms, changed_ms)


def test_between_periodic_boluses_none_comes_twice(cli, bench):
    ward, start_ms = begun(cli, bench, steady(**periodic_bolus(every_min=60)))
    ward.advance(HOUR_MS + 5 * MINUTE_MS)
    changed_ms = changed(ward, steady(130_000, **periodic_bolus(every_min=60)))
    part = ward.status()["delivered_steps"]["periodic-bolus"]
    ward.advance(59 * MINUTE_MS)
    assert ward.status()["delivered_steps"]["periodic-bolus"] == part
    ward.advance(12 * MINUTE_MS)
    assert ward.status()["delivered_steps"]["periodic-bolus"] - part in (101, 102)
    assert basal_is_seamless(ward, start_ms, changed_ms)


def test_during_a_temporary_rate_the_new_program_holds_at_once(cli, bench):
    ward, _ = begun(cli, bench, steady())
    with ward.client() as pump:
        pump.temporary_rate(50_000, 4 * HOUR_MS, PATIENT)
    ward.advance(HOUR_MS)
    before = ward.status()
    changed_ms = changed(ward, steady(130_000))
    ward.advance(6 * HOUR_MS)
    now = ward.status()
    steps = NEW * (now["age_ms"] - changed_ms) * 1000 // (DAY_MS * STEP_PL)
    assert abs(now["steps_total"] - before["steps_total"] - steps) <= 1


def test_in_a_plan_the_new_plan_begins_at_its_own_first_dose(cli, bench):
    first = [{"at_min": NOW_MIN + 60, "dose_ng_per_day": 110_000}]
    ward, _ = begun(cli, bench, steady(plan_list=first, plan_increase_permille=100))
    ward.advance(25 * HOUR_MS)
    assert ward.status()["plan_dose_ng_per_day"] == 110_000
    later = [{"at_min": NOW_MIN + 26 * 60, "dose_ng_per_day": 140_000}]
    changed_ms = changed(ward, steady(130_000, plan_list=later, plan_increase_permille=100))
    now = ward.status()
    assert (now["plan_position"], now["plan_dose_ng_per_day"], now["rate_nl_per_day"]) == (0, 130_000, NEW)
    ward.advance(23 * HOUR_MS)
    assert ward.status()["plan_dose_ng_per_day"] == 130_000, "no increase in the first 24 h of a program"
    ward.advance(changed_ms + DAY_MS + 2 * MINUTE_MS - ward.status()["age_ms"])
    assert ward.status()["plan_dose_ng_per_day"] == 140_000


def test_from_a_flex_day_to_one_rate_the_new_rate_holds_from_the_quantum_of_the_change(cli, bench):
    ward = infusing(cli, bench, FLEX)
    ward.advance(HOUR_MS)
    before = ward.status()
    assert before["rate_nl_per_day"] == 480_000
    send(ward, steady(130_000))
    changed_ms = ward.status()["age_ms"]
    ward.advance(20 * HOUR_MS)
    now = ward.status()
    volume = 480_000 * (changed_ms - before["age_ms"]) + NEW * (now["age_ms"] - changed_ms)
    assert abs(now["steps_total"] - before["steps_total"] - volume * 1000 // (DAY_MS * STEP_PL)) <= 2


@pytest.mark.parametrize("state", ["minimum-rate", "suspended"])
def test_at_the_minimum_rate_therapy_goes_on_with_the_new_program_and_in_a_stop_it_waits(cli, bench, state):
    ward, _ = begun(cli, bench, steady())
    ward.do(*(("minimum-rate", "on") if state == "minimum-rate" else ("stop",)))
    send(ward, steady(130_000))
    assert ward.status()["rate_nl_per_day"] == (NEW if state == "minimum-rate" else 0)


def test_a_start_that_was_put_off_comes_with_the_new_program(cli, bench):
    ward = prepared(cli, bench, steady())
    with ward.client() as pump:
        pump.resume(2 * HOUR_MS)
    ward.advance(HOUR_MS)
    send(ward, steady(130_000))
    ward.advance(HOUR_MS + MINUTE_MS)
    assert (ward.state, ward.status()["rate_nl_per_day"]) == ("infusing", NEW)
