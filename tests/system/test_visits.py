"""Whole visits at the command line: unattended from a file, and typed at a terminal."""

from pathlib import Path
from typing import Any

import pytest
from access import provision
from typist import CTRL_C, typed
from visiting import REFILL, Cut, Script, answers_file, begin
from ward import CONTINUOUS, DAY_MS, HOUR_MS, MINUTE_MS, ML, PATIENT, SECOND_MS, Ward, infusing, therapy

from infuser.wire import records
from pumpctl import visit_log
from pumpctl.store import Archive
from pumpctl.visit import Unfit

FILE = {"patient": f'"{PATIENT}"', "volume": '"18ml"', "concentration": '"500ug/ml"'}


def usage(ward: Ward, *words: object) -> dict[str, Any]:
    """The error of a visit that is refused before anything is changed."""
    before = ward.status()
    ran = ward.cli("--port", ward.plant.name, "--json", "visit", *words, "--yes")
    assert ran.exit_code == 2, ran.stdout + ran.stderr
    after = ward.status()
    assert {name: before[name] for name in ("state", "log_next", "reservoir_nl", "program_digest")} == {
        name: after[name] for name in ("state", "log_next", "reservoir_nl", "program_digest")
    }
    assert ward.do("visit", "list")["visits"] == []
    told: dict[str, Any] = ran.json["error"]
    return told


def test_a_refill_from_a_file_on_a_pump_with_keys_is_one_document_and_one_page(cli, bench, tmp_path):
    ward = infusing(cli, bench)
    provision_standing(ward)
    ward.advance(DAY_MS)
    file = answers_file(tmp_path, **FILE, residual='"19.7ml"', alarm_volume='"3ml"')
    told = ward.do("visit", "refill", "--from", file, "--yes", "--operator", "Ada")
    assert (told["state"], told["patient"], told["operator"], told["standing"]) == ("completed", PATIENT, "Ada", "")
    assert all(step["done"] for step in told["steps"]) and len(told["steps"]) == 9
    assert told["facts"]["log"]["verified"]
    figures = dict(told["figures"])
    assert figures["expected residual"] == "19.8 mL" and figures["discrepancy"].startswith("-")
    assert figures["alarm volume"] == "3 mL" and figures["reservoir"] == "18 mL"
    now = ward.status()
    assert (now["state"], now["reservoir_nl"], now["low_reservoir_nl"]) == ("infusing", 18 * ML, 3 * ML)
    page, text = (Path(told["facts"]["summary"][kind]).read_text() for kind in ("html", "text"))
    for part in (PATIENT, now["serial"], "Ada", "baclofen 500", "3 mL", "verified", now["refill_due"][:10]):
        assert part in page and part in text, part
    assert "signature" in page and "<script" not in page and "http" not in page.split("</style>")[1]
    (listed,) = ward.do("visit", "list")["visits"]
    assert (listed["kind"], listed["state"], listed["ended"]) == ("refill", "completed", told["ended"])
    assert ward.do("visit", "show", listed["id"])["summary"] == told["summary"]


def provision_standing(ward: Ward) -> None:
    """Keys are given while nothing is delivered."""
    ward.do("stop")
    provision(ward)
    ward.do("resume")


def test_answers_that_are_missing_or_senseless_are_told_before_anything_is_changed(cli, bench, tmp_path):
    ward = infusing(cli, bench)
    ward.advance(HOUR_MS)
    told = usage(ward, "refill", "--from", answers_file(tmp_path, patient=f'"{PATIENT}"'))
    assert "3 answers" in told["message"] and "concentration is missing" in told["message"]
    whole = {**REFILL, "residual": 20 * ML}
    before = ward.status()["log_next"]
    wrong = (
        {"patient": "BENCH-002"}, {"volume": 180 * ML}, {"volume": 900_000}, {"residual": 200 * ML},
        {"residual": 2 * ML}, {"concentration": 2000}, {"alarm_volume": 18 * ML},
        {"alarm_volume": 5 * ML, "volume": 4 * ML},
    )  # fmt: skip
    for answer in wrong:
        with pytest.raises(Unfit, match="nothing was changed"):
            begin(ward, {**whole, **answer}, Script())
    for key in REFILL:
        with pytest.raises(Unfit, match=f"{key} is missing"):
            begin(ward, {name: value for name, value in whole.items() if name != key}, Script())
    now = ward.status()
    assert now["log_next"] == before and now["state"] == "infusing" and ward.do("visit", "list")["visits"] == []


def test_a_discrepancy_over_the_limits_is_accepted_by_name_and_stands_on_the_page(cli, bench):
    ward = infusing(cli, bench)
    words = ("refill", "--patient", PATIENT, "--volume", "18ml", "--concentration", "500ug/ml", "--residual")
    assert "over the limit of 20 % or 2 mL" in usage(ward, *words, "17.9ml")["message"]
    assert "over the limit of 20 % or 50 uL" in usage(ward, *words, "19.9ml", "--limit-volume", "50ul")["message"]
    told = ward.do("visit", *words, "17.9ml", "--accept-discrepancy", "--yes")
    assert dict(told["figures"])["over the limit"].startswith("YES")
    assert "more may have gone out" in Path(told["summary"]).read_text()


def test_an_answer_is_corrected_on_going_on_until_the_pump_has_accounted_for_it(cli, bench):
    ward = infusing(cli, bench)
    with pytest.raises(Cut):
        begin(ward, {**REFILL, "residual": 20 * ML}, Script(cut_at=5))
    assert ward.do("visit", "resume", "--yes", "--set", "residual=19.9ml")["answers"]["residual"] == 19_900_000
    with pytest.raises(Cut):
        begin(ward, {**REFILL, "residual": 18 * ML}, Script(cut_at=6))
    ran = cli("--port", "bench", "visit", "resume", "--yes", "--set", "volume=17ml")
    assert ran.exit_code == 2 and "can no longer be changed" in ran.stderr
    assert ward.do("visit", "resume", "--yes")["state"] == "completed" and ward.state == "infusing"


def test_at_a_terminal_a_refill_is_guided_and_slips_are_caught(cli, bench):
    ward = infusing(cli, bench)
    ward.advance(DAY_MS)
    talk = [
        ("identity", f"{PATIENT}\n"), ("Stop pump", "y\n"),
        ("Volume drawn, expected 19.8 mL", "198ml\n"), ("Volume drawn", "10\n"), ("Volume drawn", "10ml\n"),
        ("is it right?", "n\n"), ("Volume drawn", "19.7ml\n"), ("Volume filled in", "180ml\n"),
        ("Volume filled in", "18ml\n"), ("Concentration", "2mg/ml\n"), ("Concentration", "500ug/ml\n"),
        ("Account for this refill", "y\n"), ("warns", "\n"), ("goes on", "\n"), ("Start 100 ug/d", ""),
        ("type the daily dose", "100ug/d\n"),
    ]  # fmt: skip
    code, screen = typed(ward.plant.name, ["visit", "refill"], talk)
    assert code == 0, screen
    for part in (
        "Step 3 of 9", "Next: fill the new drug in", "residual is 198 mL, allowed 0 uL to 20 mL", "has no unit",
        "volume is 180 mL", "the program is for 500 ug/mL", "over the advisory limit", "is complete",
    ):  # fmt: skip
        assert part in screen, part
    assert ward.status()["reservoir_nl"] == 18 * ML and ward.state == "infusing"


def test_a_wrong_patient_or_a_no_at_a_terminal_ends_it_and_says_how_to_go_on(cli, bench):
    ward = infusing(cli, bench)
    code, screen = typed(ward.plant.name, ["visit", "refill"], [("identity", "BENCH-002\n")])
    assert code == 2 and "is not the one" in screen and "stays open" not in screen
    talk = [("identity", f"{PATIENT}\n"), ("Stop pump", "y\n"), ("Volume drawn", CTRL_C)]
    code, screen = typed(ward.plant.name, ["visit", "refill"], talk)
    assert code == 130 and "visit resume" in screen and "THERAPY IS STOPPED (refill)" in screen
    assert "is still open" in ward.cli("--port", ward.plant.name, "visit", "adjust", "--yes").stderr
    talk = [
        ("Give up visit", "y\n"),
        ("not accounted for?", "n\n"),
        ("Let therapy go on", "y\n"),
        ("type", "100ug/d\n"),
    ]
    code, screen = typed(ward.plant.name, ["visit", "abandon"], talk)
    assert code == 0 and ward.state == "infusing", screen


def test_a_new_pump_is_made_ready_and_priming_is_never_begun_twice(cli, bench):
    ward = Ward(cli, bench())
    ward.advance(5 * SECOND_MS)
    words = ["implant", "--therapy", CONTINUOUS, "--patient", PATIENT, "--volume", "18ml"]
    words += [
        "--concentration", "500ug/ml", "--catheter-length", "60cm", "--lumen", "2.2ul/cm", "--dead-space", "0.2ml",
    ]  # fmt: skip
    assert "catheter_length is missing" in usage(ward, *words[:-6])["message"]
    ran = cli("--port", "bench", "--json", "visit", *words, "--yes")
    assert ran.exit_code == 2 and "time stands still" in ran.json["error"]["message"]
    assert ward.state == "priming"
    ward.advance(5 * MINUTE_MS)
    told = ward.do("visit", "resume", "--yes")
    figures = dict(told["figures"])
    assert figures["primed"].startswith("331.") and told["state"] == "completed"
    with ward.client() as pump:
        kinds = [one["kind"] for one in visit_log.since(pump, told["facts"]["mark"])]
    assert kinds.count(records.BOLUS_STARTED) == 1 and kinds.count(records.PROGRAM) == 1
    assert ward.state == "infusing" and ward.truth()["driver_enabled"]
    assert "has a therapy already" in cli("--port", "bench", "visit", *words, "--yes").stderr


def test_a_patient_who_may_not_have_it_gets_no_pump_filled(cli, bench, tmp_path):
    ward = Ward(cli, bench())
    ward.advance(5 * SECOND_MS)
    words = ["--patient", PATIENT, "--volume", "18ml", "--concentration", "500ug/ml", "--prime-volume", "0.2ml"]
    child = therapy(tmp_path, age="3y", name="child")
    assert "too young" in usage(ward, "implant", "--therapy", child, *words)["message"]
    much = therapy(tmp_path, dose="150ug/d", screening="50ug", name="much")
    assert "soft limit" in usage(ward, "implant", "--therapy", much, *words)["message"]
    words[1] = "BENCH-002"
    assert "is not the one" in usage(ward, "implant", "--therapy", CONTINUOUS, *words)["message"]


def test_another_concentration_comes_with_its_bridge(cli, bench, tmp_path):
    ward = infusing(cli, bench)
    ward.advance(DAY_MS)
    strong = therapy(tmp_path, concentration="1000ug/ml", minimum="50ug/d")
    words = ["change-drug", "--patient", PATIENT, "--residual", "19.8ml", "--volume", "18ml", "--therapy"]
    same = usage(ward, *words, CONTINUOUS, "--concentration", "500ug/ml", "--bridge", "0.3ml")
    assert "already has" in same["message"]
    words += [str(strong), "--concentration", "1mg/ml"]
    assert "catheter_length is missing" in usage(ward, *words)["message"]
    told = ward.do("visit", *words, "--bridge", "0.3ml", "--yes")
    now = ward.status()
    assert (now["state"], now["concentration_ug_per_ml"], now["bridge_left_nl"] // 1000) == ("infusing", 1000, 300)
    assert dict(told["figures"])["bridge"] == "300 uL"


def test_a_new_dose_is_compared_with_the_last_visit_run_ahead_and_kept_within_the_label(cli, bench):
    ward = infusing(cli, bench)
    ward.do("visit", "refill", "--patient", PATIENT, "--residual", "20ml", "--volume", "18ml",
            "--concentration", "500ug/ml", "--yes")  # fmt: skip
    ward.advance(HOUR_MS)
    ward.do("bolus", "20ug", "--over", "10min", "--patient", PATIENT, "--yes")
    ward.refused("bolus", "20ug", "--over", "10min", "--patient", PATIENT, "--yes")
    ward.plant.fault("air")
    ward.plant.advance_ms(HOUR_MS, until="alarm")
    ward.plant.fault("air", on=False)
    ward.do("alarms", "ack", "all")
    ward.do("resume")
    ward.advance(DAY_MS)
    words = ["adjust", "--patient", PATIENT, "--yes"]
    with Archive() as archive:
        before = len(archive.visits())
    for dose, why in (("+40%", "above 30 %"), ("1000ug/d", "looks like a slip"), ("100%", "already")):
        ran = cli("--port", "bench", "--json", "visit", *words, "--dose", dose)
        assert ran.exit_code == 2 and why in ran.json["error"]["message"]
    told = ward.do("visit", *words, "--dose", "+10%")
    since = dict(told["facts"]["since"])
    assert since["last visit"].startswith("refill") and since["programmed then"] == "100 ug/d"
    assert since["clinician's boluses"].startswith("1 given") and "air" in since["alarms since"]
    assert told["facts"]["preview"] and "not run" not in told["facts"]["preview"][0]
    assert dict(told["figures"])["daily dose"] == "110 ug/d (+10 %)"
    assert ward.status()["dose_ng_per_day"] == 110_000 and ward.state == "infusing"
    with Archive() as archive:
        assert len(archive.visits()) == before + 1


def test_a_pump_that_ran_empty_goes_on_once_it_is_really_filled(cli, bench):
    ward = infusing(cli, bench)
    ward.plant.drain()
    ward.plant.advance_ms(HOUR_MS, until="alarm")
    assert ward.state == "alarm-stopped" and "reservoir-empty" in ward.alarms()
    words = ["visit", "refill", "--patient", PATIENT, "--residual", "0ml", "--volume", "18ml", "--yes"]
    ran = cli("--port", "bench", *words, "--concentration", "500ug/ml", "--accept-discrepancy")
    assert ran.exit_code == 3 and "reservoir-empty" in ran.stderr and "THERAPY IS STOPPED" in ran.stderr
    ward.plant.fill(18 * ML)
    ward.advance(5 * SECOND_MS)
    assert ward.do("visit", "resume", "--yes")["state"] == "completed"
    assert ward.state == "infusing" and "reservoir-empty" not in ward.alarms()
