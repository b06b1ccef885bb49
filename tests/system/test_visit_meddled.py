"""A visit that is gone on with after somebody else was at the pump: what was true then is not taken for true now."""

from pathlib import Path
from typing import Any

import pytest
from typist import typed
from visiting import REFILL, Cut, Script, begin, give_up, go_on
from ward import DAY_MS, HOUR_MS, ML, PATIENT, Ward, infusing, therapy

from pumpctl import visit_kinds, visit_summary
from pumpctl.store_visits import Visit
from pumpctl.visit import Unfit, amend

ADJUST = {"patient": PATIENT, "dose": "+10%", "preview": False}
PROGRAM_STEP = 5


def steady(cli: Any, bench: Any) -> Ward:
    """A pump whose dose may be raised again."""
    ward = infusing(cli, bench)
    ward.advance(DAY_MS + HOUR_MS)
    return ward


def send(ward: Ward, folder: Path, **settings: str) -> None:
    """Another laptop programs the pump."""
    ward.do("program", "send", therapy(folder, **settings), "--yes")


def test_a_dose_decided_before_somebody_else_changed_it_is_asked_for_again(cli, bench, tmp_path):
    ward = steady(cli, bench)
    with pytest.raises(Cut):
        begin(ward, {**ADJUST, "dose": "110ug/d"}, Script(cut_at=PROGRAM_STEP), kind="adjust")
    send(ward, tmp_path, dose="90ug/d")
    ran = cli("--port", "bench", "--json", "visit", "resume", "--yes")
    assert ran.exit_code == 2 and "dose is missing" in ran.json["error"]["message"]
    assert "Others have programmed the pump" in ran.stderr and ward.status()["dose_ng_per_day"] == 90_000
    with pytest.raises(Cut):
        begin(ward, {**ADJUST, "dose": "-5%"}, Script(cut_at=PROGRAM_STEP), kind="adjust")
    send(ward, tmp_path, dose="80ug/d")
    told = ward.do("visit", "resume", "--yes", "--set", "dose=-10%")
    assert ward.status()["dose_ng_per_day"] == 72_000
    assert dict(told["figures"])["daily dose"] == "72 ug/d (-10 %)"


def test_another_dose_than_the_one_run_ahead_is_run_ahead_again():
    open_one = Visit(1, "S", "adjust", "Ada", "", given={"dose": "+10%"}, answers={"dose": "+10%", "preview": True})
    open_one.done = ["look", "history", "dose", "preview"]
    amend(open_one, visit_kinds.KINDS["adjust"], {"dose": "+10%"})
    assert open_one.done[-1] == "preview"
    amend(open_one, visit_kinds.KINDS["adjust"], {"dose": "+20%"})
    assert open_one.done == ["look", "history"] and open_one.given["dose"] == "+20%"


def test_an_alarm_volume_that_somebody_else_has_changed_is_kept(cli, bench, tmp_path):
    ward = infusing(cli, bench)
    with pytest.raises(Cut):
        begin(ward, {**REFILL, "residual": 20 * ML}, Script(cut_at=2))
    send(ward, tmp_path, alarm_volume="3ml")
    go_on(ward, Script())
    assert ward.status()["low_reservoir_nl"] == 3 * ML


def test_a_residual_drawn_before_therapy_went_on_is_measured_again_before_the_pump_stops(cli, bench):
    ward = infusing(cli, bench)
    with pytest.raises(Cut):
        begin(ward, {**REFILL, "residual": 20 * ML}, Script(cut_at=5))
    ward.do("refill", "--cancel")
    ward.do("resume")
    with pytest.raises(Unfit, match="residual is missing"):
        go_on(ward, Script())
    assert ward.state == "infusing"
    ward.do("visit", "resume", "--yes", "--set", "residual=20ml")
    assert ward.status()["reservoir_nl"] == 18 * ML and ward.state == "infusing"


def test_nobody_is_told_to_fill_what_somebody_else_has_filled(cli, bench):
    ward = infusing(cli, bench)
    with pytest.raises(Cut):
        begin(ward, {**REFILL, "residual": 20 * ML}, Script(cut_at=3))
    ward.do("refill", "--residual", "20ml", "--volume", "17ml", "--yes")
    code, screen = typed("bench", ["visit", "resume"], [("warns", "\n"), ("goes on", "\n"), ("type the", "100ug/d\n")])
    assert code == 0 and "fill slowly" not in screen and "Draw all" not in screen, screen
    assert ward.status()["reservoir_nl"] == 17 * ML and ward.state == "infusing"


def test_a_pump_that_ran_dry_gives_therapy_again_after_its_refill(cli, bench):
    ward = infusing(cli, bench)
    ward.do("virtual", "drain", "--name", "bench")
    ward.plant.advance_ms(HOUR_MS, until="alarm")
    ward.advance(HOUR_MS)
    assert ward.state == "alarm-stopped"
    ward.do("virtual", "fill", "18ml", "--name", "bench")
    told = begin(ward, {**REFILL, "residual": 0, "accept_discrepancy": True}, Script())
    assert told.state == "completed" and ward.state == "infusing"


def test_a_visit_that_cannot_be_given_up_as_asked_says_that_therapy_is_stopped(cli, bench, tmp_path):
    ward = infusing(cli, bench)
    strong = therapy(tmp_path, concentration="1000ug/ml", minimum="50ug/d")
    given = {**REFILL, "residual": 20 * ML, "therapy": str(strong), "concentration": 1000, "bridge": 300_000}
    with pytest.raises(Cut):
        begin(ward, given, Script(cut_at=6), kind="change-drug")
    ran = cli("--port", "bench", "visit", "abandon", "--yes", "--resume")
    assert ran.exit_code == 3 and "holds 1000 ug/mL" in ran.stderr
    assert "stays open" in ran.stderr and "THERAPY IS STOPPED" in ran.stderr


def test_what_was_reduced_or_put_off_before_the_refill_is_so_after_it(cli, bench):
    ward = infusing(cli, bench)
    ward.do("minimum-rate", "on")
    begin(ward, {**REFILL, "residual": 20 * ML}, Script())
    assert (ward.state, ward.status()["dose_ng_per_day"]) == ("minimum-rate", 25_000)

    def cut(pump: Any, line: Any) -> None:
        resume = pump.resume

        def resumed(*told: Any) -> None:
            resume(*told)
            raise Cut

        pump.resume = resumed

    with pytest.raises(Cut):
        begin(ward, {**REFILL, "residual": 18 * ML}, Script(), cut)
    assert ward.state == "infusing"
    go_on(ward, Script())
    assert ward.state == "minimum-rate"
    ward.do("stop", "--for", "8h")
    ward.advance(HOUR_MS)
    for _ in range(2):
        begin(ward, {**REFILL, "residual": 18 * ML}, Script())
        now = ward.status()
        assert now["state"] == "suspended" and 6 * HOUR_MS < now["start_in_ms"] <= 7 * HOUR_MS
    with pytest.raises(Cut):
        begin(ward, {**REFILL, "residual": 18 * ML}, Script(cut_at=3))
    give_up(ward, touched=False, resume=True)
    assert ward.state == "suspended" and ward.status()["start_in_ms"] > 6 * HOUR_MS


def test_the_dose_that_starts_and_stands_on_the_page_is_the_plans(cli, bench, tmp_path):
    ward = infusing(cli, bench)
    plan = tmp_path / "plan.toml"
    ward.do("titrate", "--from-pump", "--target", "120ug/d", "--increase", "10%", "-o", plan)
    ward.do("program", "send", plan, "--yes")
    ward.advance(DAY_MS + 2 * HOUR_MS)
    script = Script()
    told = begin(ward, {**REFILL, "residual": ward.status()["reservoir_nl"]}, script)
    assert any("Start 110 ug/d" in line for line in script.told)
    assert dict(told.figures)["daily dose"] == "110 ug/d" and "100 ug/d" not in visit_summary.text(told)
    assert "this machine's" not in visit_summary.text(told), "a virtual pump has a time of its own"
