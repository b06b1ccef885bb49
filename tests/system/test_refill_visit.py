"""A refill from the clinician's side: what is accounted for, what is refused, what is given up."""

from datetime import datetime, timedelta

import pytest
from ward import DAY_MS, HOUR_MS, MINUTE_MS, ML, STEP_PL, infusing, programmed

FILL = ("refill", "--residual", "1ml", "--volume", "18ml", "--yes")


@pytest.mark.on_chip
def test_a_refill_accounts_for_residual_volume_and_the_difference_to_what_was_expected(cli, bench):
    ward = infusing(cli, bench)
    ward.advance(ward.lasting_ms(6 * HOUR_MS))
    expected_nl = ward.status()["reservoir_nl"]
    begun = ward.do("refill", "--begin")
    assert begun["expected_residual_nl"] == expected_nl
    assert ward.state == "refill" and not ward.truth()["driver_enabled"]
    ward.plant.fill(18 * ML)
    done = ward.do("refill", "--residual", "19.9ml", "--volume", "18ml", "--yes")
    assert done["discrepancy_nl"] == 19_900_000 - expected_nl < 0
    assert (done["reservoir_nl"], done["state"]) == (18 * ML, "suspended")
    now = ward.status()
    assert now["refill_due"] == done["refill_due"]
    # 18 mL less 2 mL at 0.2 mL a day.
    assert done["refill_due"].startswith("2026-03-22")
    ward.do("resume")
    ward.advance(ward.lasting_ms(HOUR_MS))
    later = ward.status()
    assert later["reservoir_nl"] == 18 * ML - (later["steps_total"] - now["steps_total"]) * STEP_PL // 1000


def test_a_refill_goes_into_the_log_with_its_figures(cli, bench):
    ward = infusing(cli, bench)
    ward.do("refill", "--begin")
    ward.do(*FILL)
    ward.do("log", "pull")
    (_, refill) = ward.do("log", "show", "--kind", "refill")["records"]
    assert refill["fields"]["measured_residual_nl"] == ML
    assert refill["fields"]["volume_nl"] == 18 * ML
    assert refill["fields"]["expected_residual_nl"] == 20 * ML


def test_a_refill_given_up_leaves_the_reservoir_as_it_was_and_therapy_stopped(cli, bench):
    ward = infusing(cli, bench)
    ward.advance(HOUR_MS)
    before = ward.status()["reservoir_nl"]
    ward.do("refill", "--begin")
    assert ward.refused("resume")["name"] == "wrong-state"
    assert ward.do("refill", "--cancel")["state"] == "suspended"
    assert ward.status()["reservoir_nl"] == before
    assert ward.do("resume")["state"] == "infusing"
    assert ward.refused("refill", "--cancel")["name"] == "no-refill"


@pytest.mark.case("EC16")
def test_after_a_refill_of_another_concentration_the_old_program_is_not_resumed(cli, bench):
    ward = infusing(cli, bench)
    assert ward.do(*FILL, "--concentration", "2000ug/ml")["state"] == "suspended"
    error = ward.refused("resume")
    assert (error["name"], error["value"], error["high"]) == ("concentration-mismatch", 500, 2000)
    assert ward.steps_in(10 * MINUTE_MS) == 0
    assert ward.do(*FILL)["state"] == "suspended"
    assert ward.do("resume")["state"] == "infusing"


def test_more_than_the_reservoir_holds_is_refused(cli, bench):
    ward = infusing(cli, bench)
    error = ward.refused("refill", "--residual", "0ml", "--volume", "21ml", "--yes")
    assert (error["field"], error["high"]) == ("volume_nl", 20 * ML)
    assert "21 mL" in error["message"] and "20 mL" in error["message"]


def test_a_pump_never_filled_is_not_started(cli, bench):
    ward = programmed(cli, bench)
    error = ward.refused("resume")
    assert error["name"] == "reservoir-empty" and "refill" in error["remedy"]


def test_a_refill_interrupted_by_a_power_cut_goes_on(cli, bench):
    ward = infusing(cli, bench)
    ward.do("refill", "--begin")
    ward.plant.power_cut(MINUTE_MS)
    assert ward.state == "refill"
    assert ward.do(*FILL)["reservoir_nl"] == 18 * ML


def test_a_refill_left_lying_is_told_like_any_stopped_therapy(cli, bench):
    ward = infusing(cli, bench)
    ward.do("refill", "--begin")
    ward.advance(31 * MINUTE_MS)
    assert list(ward.alarms()) == ["long-stop"]


def test_the_refill_date_follows_from_the_reservoir_and_the_program(cli, bench):
    ward = infusing(cli, bench)
    due = ward.status()["refill_due"]
    ward.advance(DAY_MS)
    moved = datetime.fromisoformat(due) - datetime.fromisoformat(ward.status()["refill_due"])
    assert abs(moved) <= timedelta(hours=1)
