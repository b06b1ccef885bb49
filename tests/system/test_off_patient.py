"""What runs off the patient: prime, flush and drain, counted as priming and never as therapy."""

import pytest
from modes import fill, prepared, press, records, running, steady
from ward import HOUR_MS, MINUTE_MS, ML, STEP_PL, delivers

from infuser.wire import states, units
from pumpctl.errors import Refused


def run(ward, purpose: int, volume_nl: int, duration_ms: int) -> dict:
    with ward.client() as pump:
        return pump.prime(volume_nl, duration_ms, purpose)


def off_patient(ward) -> int:
    return ward.status()["delivered_steps"]["priming"]


@pytest.mark.parametrize(
    ("purpose", "name"),
    [
        pytest.param(states.PRIMING_CATHETER, "prime", marks=pytest.mark.case("UC9")),
        pytest.param(states.FLUSHING, "flush", marks=pytest.mark.case("UC8")),
    ],
)
def test_priming_and_flushing_give_their_volume_to_the_step_and_no_therapy(cli, bench, purpose, name):
    ward = prepared(cli, bench, steady(dose_max_1h_ng=30_000))
    run(ward, purpose, 500_000, 5 * MINUTE_MS)
    ward.advance(2 * MINUTE_MS)
    assert ward.state == "priming"
    ward.advance(4 * MINUTE_MS)
    now = ward.status()
    steps = 500_000_000 // STEP_PL
    assert (now["state"], off_patient(ward), ward.truth()["steps_made"]) == ("suspended", steps, steps)
    assert (now["delivered_total_nl"], now["delivered_today_nl"]) == (0, 0)
    assert [window["used_nl"] for window in now["dose_windows"]] == [0, 0, 0]
    assert now["reservoir_nl"] == 20 * ML - steps * STEP_PL // 1000
    (begun,) = records(ward, "bolus-started")
    assert states.PURPOSE_NAMES[int(begun["purpose"])] == name
    with ward.client() as pump:
        pump.resume()
    assert delivers(ward.steps_in(HOUR_MS), 200_000, HOUR_MS)


@pytest.mark.case("UC8")
def test_the_reservoir_is_drained_to_its_empty_end_without_an_alarm(cli, bench):
    ward = prepared(cli, bench, steady())
    # The reservoir holds less than the pump reckons: the piston comes to its end first.
    ward.plant.fill(300_000)
    reply = run(ward, states.DRAINING, 0, HOUR_MS)
    assert reply["volume_nl"] == 20 * ML
    ward.advance(2 * MINUTE_MS)
    now = ward.status()
    made = ward.truth()["steps_made"]
    # At 20 mL/h a turn of the loop lets 20 steps or so go on against the end.
    assert abs(made - 300_000_000 // STEP_PL) <= 60
    assert (now["state"], now["alarms"], now["reservoir_nl"], now["delivered_total_nl"]) == ("suspended", [], 0, 0)
    assert now["delivered_steps"]["priming"] == made
    assert ward.steps_in(5 * MINUTE_MS) == 0
    assert ward.refused("resume")["name"] == "reservoir-empty"
    fill(ward)
    assert ward.do("resume")["state"] == "infusing"
    assert ward.alarms() == {}


@pytest.mark.case("UC8")
def test_a_drain_ends_at_what_the_reservoir_holds_by_count_where_the_switch_says_nothing(cli, bench):
    ward = prepared(cli, bench, steady(), fill_nl=ML)
    ward.plant.fill(10 * ML)
    run(ward, states.DRAINING, 0, 10 * MINUTE_MS)
    ward.advance(11 * MINUTE_MS)
    now = ward.status()
    assert (now["state"], now["alarms"], now["reservoir_nl"]) == ("suspended", [], 0)
    assert ward.truth()["steps_made"] == ML * 1000 // STEP_PL


def test_a_drain_that_was_cancelled_leaves_what_is_left(cli, bench):
    ward = prepared(cli, bench, steady(), fill_nl=4 * ML)
    run(ward, states.DRAINING, 0, 20 * MINUTE_MS)
    ward.advance(5 * MINUTE_MS)
    with ward.client() as pump:
        pump.cancel_bolus()
    now = ward.status()
    assert abs(now["reservoir_nl"] - 3 * ML) < 50_000
    assert now["reservoir_nl"] == 4 * ML - now["steps_total"] * STEP_PL // 1000
    assert ward.do("resume")["state"] == "infusing"


def test_neither_is_begun_during_therapy_nor_beyond_the_limits(cli, bench):
    ward = running(cli, bench, steady())
    with pytest.raises(Refused) as caught:
        run(ward, states.FLUSHING, ML, 5 * MINUTE_MS)
    assert caught.value.name == "wrong-state"
    ward.do("stop")
    for purpose, volume_nl, duration_ms, field in (
        (states.FLUSHING, units.PRIMING_MAX_NL + 1, HOUR_MS, "volume_nl"),
        (states.PRIMING_CATHETER, 0, HOUR_MS, "volume_nl"),
        (states.FLUSHING, 5 * ML, 4 * MINUTE_MS, "rate_nl_per_day"),
        (states.DRAINING, 0, 19 * MINUTE_MS, "rate_nl_per_day"),
        (3, ML, HOUR_MS, "purpose"),
    ):
        with pytest.raises(Refused) as caught:
            run(ward, purpose, volume_nl, duration_ms)
        assert caught.value.field == field
    assert ward.steps_in(MINUTE_MS) == 0


def test_a_power_cut_ends_what_runs_off_the_patient(cli, bench):
    ward = prepared(cli, bench, steady())
    run(ward, states.FLUSHING, ML, 10 * MINUTE_MS)
    ward.advance(3 * MINUTE_MS)
    ward.plant.power_cut()
    assert (ward.state, ward.steps_in(10 * MINUTE_MS)) == ("suspended", 0)


def test_the_patients_button_does_nothing_to_a_flush(cli, bench):
    ward = prepared(cli, bench, steady(patient_bolus_ng=5_000, patient_bolus_min=5, patient_lockout_min=60,
                                       patient_boluses_per_day=4))  # fmt: skip
    run(ward, states.FLUSHING, 200_000, 5 * MINUTE_MS)
    press(ward)
    ward.advance(6 * MINUTE_MS)
    assert ward.status()["delivered_steps"]["patient-bolus"] == 0
    assert off_patient(ward) == 200_000_000 // STEP_PL
