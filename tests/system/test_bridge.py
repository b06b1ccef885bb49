"""Another concentration in the reservoir: the old drug in the fluid path goes out at its own dose first."""

import pytest
from modes import exact, fill, patient_bolus, prepared, press, records, refusals, running, send, steady
from ward import DAY_MS, HOUR_MS, MINUTE_MS, PATIENT, STEP_PL, Ward, delivers

from pumpctl.errors import Refused
from pumpctl.program import encode

RATE = 200_000  # 100 ug a day of 500 ug/mL
NEW_RATE = 60_000  # 120 ug a day of 2000 ug/mL
PATH_NL = 100_000
PATH_STEPS = -(-PATH_NL * 1000 // STEP_PL)
PATH_MS = PATH_NL * DAY_MS // RATE


def stronger(**changes) -> dict:
    values = {"concentration_ug_per_ml": 2000, "minimum_ng_per_day": 100_000, **changes}
    return steady(120_000, **values)


def changed_over(cli, bench, bridge_nl: int = PATH_NL, **changes):
    """A pump that ran for two hours, was filled with the stronger drug and programmed for it; not resumed."""
    ward = running(cli, bench, steady())
    ward.advance(2 * HOUR_MS)
    fill(ward, concentration=2000)
    assert ward.refused("resume")["name"] == "concentration-mismatch"
    send(ward, stronger(**changes), bridge_nl)
    return ward


@pytest.mark.parametrize("cut", [False, True])
def test_the_old_dose_holds_until_the_path_is_through_and_then_the_new_program_begins(cli, bench, cut):
    ward = changed_over(cli, bench)
    before = ward.status()
    assert abs(before["bridge_left_nl"] - PATH_NL) <= STEP_PL // 1000
    ward.do("resume")
    start_ms = ward.status()["age_ms"]
    assert ward.status()["rate_nl_per_day"] == RATE
    if cut:
        ward.advance(4 * HOUR_MS)
        ward.plant.power_cut()
        left_ms = ward.status()["bridge_left_ms"]
        # A fraction of a step stood in the bucket; what is uncertain after a power cut is bridged again.
        assert -MINUTE_MS <= ward.status()["age_ms"] + left_ms - start_ms - PATH_MS <= 2 * HOUR_MS
        start_ms += ward.status()["age_ms"] + left_ms - start_ms - PATH_MS
    ward.advance(start_ms + PATH_MS - MINUTE_MS - ward.status()["age_ms"])
    assert (ward.status()["rate_nl_per_day"], ward.status()["bridge_left_nl"] > 0) == (RATE, True)
    ward.advance(3 * MINUTE_MS)
    now = ward.status()
    assert (now["rate_nl_per_day"], now["bridge_left_nl"], now["bridge_left_ms"]) == (NEW_RATE, 0, 0)
    assert 0 <= now["steps_total"] - before["steps_total"] - PATH_STEPS <= 1
    assert delivers(ward.steps_in(6 * HOUR_MS), NEW_RATE, 6 * HOUR_MS)
    assert ward.status()["state"] == "infusing"
    if not cut:
        assert exact(ward)


def test_boluses_and_temporary_rates_are_refused_while_the_old_drug_stands_in_the_path(cli, bench):
    ward = changed_over(cli, bench, **patient_bolus())
    ward.do("resume")
    with ward.client() as pump:
        with pytest.raises(Refused) as caught:
            pump.bolus(10_000, 10 * MINUTE_MS, PATIENT)
        assert caught.value.name == "bridge-active"
        with pytest.raises(Refused) as caught:
            pump.temporary_rate(150_000, HOUR_MS, PATIENT)
        assert caught.value.name == "bridge-active"
    press(ward)
    assert refusals(ward) == ["bridge-active"]
    assert delivers(ward.steps_in(HOUR_MS), RATE, HOUR_MS)
    ward.advance(PATH_MS)
    press(ward)
    assert ward.state == "bolus"


def test_at_the_minimum_rate_it_is_the_old_drugs_and_the_bridge_goes_on(cli, bench):
    ward = changed_over(cli, bench)
    ward.do("resume")
    assert ward.do("minimum-rate", "on")["rate_nl_per_day"] == 50_000
    assert delivers(ward.steps_in(2 * HOUR_MS), 50_000, 2 * HOUR_MS)
    left_nl = ward.status()["bridge_left_nl"]
    assert abs(PATH_NL - left_nl - 50_000 // 12) <= 2 * STEP_PL // 1000
    ward.do("minimum-rate", "off")
    assert ward.status()["rate_nl_per_day"] == RATE


def test_a_stop_on_the_way_does_not_lose_what_was_bridged(cli, bench):
    ward = changed_over(cli, bench)
    ward.do("resume")
    ward.advance(6 * HOUR_MS)
    ward.do("stop")
    left_nl = ward.status()["bridge_left_nl"]
    assert abs(left_nl - PATH_NL // 2) <= 2 * STEP_PL // 1000
    ward.advance(HOUR_MS // 3)
    ward.do("resume")
    assert abs(ward.status()["bridge_left_nl"] - left_nl) <= STEP_PL // 1000 + 1
    assert ward.status()["rate_nl_per_day"] == RATE


def test_a_flushed_path_needs_no_bridge_and_the_new_rate_holds_at_once(cli, bench):
    ward = changed_over(cli, bench, 0)
    ward.do("resume")
    assert ward.status()["bridge_left_nl"] == 0
    assert delivers(ward.steps_in(6 * HOUR_MS), NEW_RATE, 6 * HOUR_MS)


def test_a_bridge_without_another_drug_is_refused(cli, bench):
    ward = prepared(cli, bench, steady())
    with ward.client() as pump:
        data = encode(steady(110_000))
        pump.stage_program(data)
        digest = pump.check_program()["digest"]
        with pytest.raises(Refused) as caught:
            pump.commit_program(digest, False, PATH_NL)
    assert (caught.value.name, caught.value.field) == ("out-of-range", "bridge_nl")


@pytest.mark.case("EC13")
@pytest.mark.parametrize("bridge_nl", [PATH_NL, 0])
def test_a_stronger_drug_does_not_make_the_dose_before_it_look_large(cli, bench, bridge_nl):
    """100 ug in a day of 500 ug/mL are 200 uL: of 2000 ug/mL they would be 400 ug, more than the window allows."""
    ward = running(cli, bench, steady(dose_max_ng_per_day=250_000))
    ward.advance(20 * HOUR_MS)
    fill(ward, concentration=2000)
    send(ward, stronger(dose_max_ng_per_day=250_000), bridge_nl)
    ward.do("resume")
    ward.advance(16 * HOUR_MS)
    assert ward.status()["rate_nl_per_day"] == NEW_RATE
    assert records(ward, "alarm-raised") == []


@pytest.mark.case("EC13")
def test_a_weaker_drug_does_not_make_the_dose_before_it_look_small(cli, bench):
    ward = Ward(cli, bench())
    send(ward, stronger(dose_max_ng_per_day=160_000))
    fill(ward, concentration=2000)
    ward.do("resume")
    ward.advance(DAY_MS)
    fill(ward)
    send(ward, steady(120_000, dose_max_ng_per_day=160_000))
    ward.do("resume")
    used_ng = ward.status()["dose_windows"][2]["used_nl"] * 500 // 1000
    assert 115_000 <= used_ng <= 125_000
