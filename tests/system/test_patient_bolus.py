"""The patient's button: the bolus prescribed, its lock-out and allowance, and its precedence."""

import pytest
from modes import exact, patient_bolus, prepared, press, records, refusals, running, steady, steps_of
from ward import HOUR_MS, MINUTE_MS, ML, PATIENT, SECOND_MS, delivers, due_steps

RATE = 200_000
DOSE_STEPS = steps_of(10_000)


def given(ward) -> int:
    return ward.status()["delivered_steps"]["patient-bolus"]


@pytest.mark.case("UC2")
@pytest.mark.on_chip
def test_a_press_delivers_the_prescribed_dose_on_top_of_the_basal_rate(cli, bench):
    ward = running(cli, bench, steady(**patient_bolus()))
    start_ms = ward.status()["age_ms"]
    ward.advance(MINUTE_MS)
    press(ward)
    now = ward.status()
    (under_way,) = now["boluses"]
    assert (now["state"], now["rate_nl_per_day"], under_way["bucket"]) == ("bolus", RATE, "patient-bolus")
    # 20 uL in 10 min, beside 200 uL in a day.
    steps = ward.steps_in(5 * MINUTE_MS)
    assert abs(steps - due_steps(RATE, 5 * MINUTE_MS) - DOSE_STEPS // 2) <= 2
    ward.advance(6 * MINUTE_MS)
    now = ward.status()
    assert (now["state"], now["boluses"], given(ward)) == ("infusing", [], DOSE_STEPS)
    assert delivers(now["delivered_steps"]["basal"], RATE, now["age_ms"] - start_ms)
    assert exact(ward)


@pytest.mark.case("UC2")
def test_a_button_held_down_is_one_press(cli, bench):
    ward = running(cli, bench, steady(**patient_bolus(minutes=5, lockout_min=5)))
    press(ward, duration_ms=15 * MINUTE_MS)
    ward.advance(20 * MINUTE_MS)
    assert (given(ward), refusals(ward)) == (DOSE_STEPS, [])


@pytest.mark.case("UC3")
def test_a_patients_bolus_suspends_the_clinicians_which_then_goes_on_to_its_end(cli, bench):
    ward = running(cli, bench, steady(**patient_bolus()))
    start_ms = ward.status()["age_ms"]
    with ward.client() as pump:
        pump.bolus(50_000, 30 * MINUTE_MS, PATIENT)
    ward.advance(10 * MINUTE_MS)
    press(ward)
    held = ward.status()
    assert [(bolus["bucket"], bolus["held"]) for bolus in held["boluses"]] == [
        ("clinician-bolus", True),
        ("patient-bolus", False),
    ]
    # While it waits, the clinician's bolus gets nothing.
    before = held["delivered_steps"]["clinician-bolus"]
    assert abs(ward.steps_in(5 * MINUTE_MS) - DOSE_STEPS // 2 - due_steps(RATE, 5 * MINUTE_MS)) <= 2
    assert ward.status()["delivered_steps"]["clinician-bolus"] - before <= 1
    ward.advance(6 * MINUTE_MS)
    (under_way,) = ward.status()["boluses"]
    assert (under_way["bucket"], under_way["held"]) == ("clinician-bolus", False)
    ward.advance(21 * MINUTE_MS)
    now = ward.status()
    assert (now["state"], now["delivered_steps"]["clinician-bolus"]) == ("infusing", steps_of(50_000))
    assert given(ward) == DOSE_STEPS
    assert delivers(now["delivered_steps"]["basal"], RATE, now["age_ms"] - start_ms)
    assert [record["held"] for record in records(ward, "bolus-held")] == [True, False]
    assert exact(ward)


@pytest.mark.case("EC1")
def test_a_press_within_the_lock_out_is_refused_logged_and_delivers_nothing_power_cut_or_not(cli, bench):
    ward = running(cli, bench, steady(**patient_bolus(lockout_min=60)))
    press(ward)
    ward.advance(30 * MINUTE_MS)
    press(ward)
    ward.plant.power_cut(5 * MINUTE_MS)
    ward.advance(20 * MINUTE_MS)
    press(ward)
    assert 0 < ward.status()["patient_wait_ms"] < 5 * MINUTE_MS
    ward.advance(4 * MINUTE_MS)
    assert (given(ward), refusals(ward)) == (DOSE_STEPS, ["lock-out", "lock-out"])
    ward.advance(MINUTE_MS)
    press(ward)
    ward.advance(11 * MINUTE_MS)
    assert given(ward) == steps_of(20_000)  # what the first left over is in the second


@pytest.mark.case("EC1")
def test_the_allowance_of_24_h_is_used_up_and_comes_back_when_the_oldest_is_a_day_old(cli, bench):
    ward = running(cli, bench, steady(**patient_bolus(lockout_min=30, per_day=2)))
    for _ in range(3):
        press(ward)
        ward.advance(40 * MINUTE_MS)
    now = ward.status()
    assert now["patient_boluses_left"] == 0
    assert abs(now["patient_wait_ms"] - 22 * HOUR_MS) < MINUTE_MS
    ward.plant.power_cut(HOUR_MS)
    assert abs(ward.status()["patient_wait_ms"] - 21 * HOUR_MS) < MINUTE_MS
    press(ward)
    assert refusals(ward) == ["patient-bolus-limit", "patient-bolus-limit"]
    ward.advance(21 * HOUR_MS)
    assert ward.status()["patient_boluses_left"] == 1
    press(ward)
    assert ward.state == "bolus"
    ward.advance(HOUR_MS // 2)
    press(ward)
    assert refusals(ward)[2:] == ["patient-bolus-limit"]
    ward.advance(11 * MINUTE_MS)
    assert given(ward) in range(3 * 20_000_000 // 98_175 - 1, 3 * 20_000_000 // 98_175 + 1)


@pytest.mark.case("EC1")
def test_a_power_cut_ends_a_patients_bolus_and_its_lock_out_goes_on(cli, bench):
    ward = running(cli, bench, steady(**patient_bolus()))
    press(ward)
    ward.advance(4 * MINUTE_MS)
    ward.plant.power_cut(MINUTE_MS)
    now = ward.status()
    part = given(ward)
    assert (now["state"], now["boluses"]) == ("infusing", [])
    assert 0 < part < DOSE_STEPS // 2
    press(ward)
    ward.advance(20 * MINUTE_MS)
    assert (given(ward), refusals(ward)) == (part, ["lock-out"])


@pytest.mark.case("EC20")
def test_no_patients_bolus_is_given_from_a_low_reservoir(cli, bench):
    ward = running(cli, bench, steady(**patient_bolus()), fill_nl=2 * ML + 15_000)
    press(ward)
    ward.advance(9 * MINUTE_MS)
    assert list(ward.alarms()) == ["reservoir-low"]
    part = given(ward)
    assert part < DOSE_STEPS, "the bolus under way ended with the alarm"
    ward.advance(HOUR_MS)
    press(ward)
    ward.advance(10 * MINUTE_MS)
    assert (ward.state, given(ward), refusals(ward)) == ("infusing", part, ["reservoir-low"])


def test_a_press_without_a_prescription_or_while_the_pump_stands_does_nothing_and_is_logged(cli, bench):
    ward = prepared(cli, bench, steady())
    press(ward)
    with ward.client() as pump:
        pump.resume()
    press(ward)
    with ward.client() as pump:
        pump.minimum_rate(True)
    press(ward)
    ward.advance(SECOND_MS)
    assert given(ward) == 0
    assert refusals(ward) == ["wrong-state", "no-patient-bolus", "wrong-state"]
