"""What people get wrong: each mistake with its message, its exit code, and one JSON document under --json."""

import os
import pty
from pathlib import Path

import pytest
from ward import CONTINUOUS, FLEX, HOUR_MS, MINUTE_MS, Ward, filled, infusing, therapy

from pumpctl.transport import open_transport


def fails(cli, exit_code: int, *words: object) -> dict:
    """The error that a command ends in: told to people on stderr, and with --json as exactly one document."""
    shown = cli(*words)
    assert shown.exit_code == exit_code, shown.stdout + shown.stderr
    assert "Traceback" not in shown.stderr
    ran = cli("--json", *words)
    assert ran.exit_code == exit_code
    assert list(ran.json) == ["error"]
    error = ran.json["error"]
    assert error["exit_code"] == exit_code
    assert error["message"].splitlines()[0] in shown.stderr
    return error


def spoilt(tmp_path: Path, source: Path, old: str, new: str) -> Path:
    """A copy of a therapy file with one thing wrong."""
    text = source.read_text()
    assert old in text
    file = tmp_path / "spoilt.toml"
    file.write_text(text.replace(old, new, 1))
    return file


def test_an_unknown_unit_is_named_with_those_that_are_known(cli, tmp_path):
    file = spoilt(tmp_path, CONTINUOUS, '"100ug/d"', '"100grain/d"')
    (problem,) = fails(cli, 2, "program", "check", file)["problems"]
    assert problem["path"] == "infusion.dose"
    assert "unknown unit 'grain/d'" in problem["message"] and "ug/d" in problem["message"]


def test_a_quantity_without_a_unit_is_refused(cli, tmp_path):
    file = spoilt(tmp_path, CONTINUOUS, 'max = "50ug"', 'max = "50"')
    (problem,) = fails(cli, 2, "program", "check", file)["problems"]
    assert problem["path"] == "bolus.max" and "has no unit" in problem["message"]


def test_an_unknown_unit_on_the_command_line_is_refused_too(cli):
    error = fails(cli, 2, "bolus", "50stone", "--over", "10min", "--patient", "X")
    assert "stone" in error["message"]


def test_a_missing_field_is_named(cli, tmp_path):
    file = spoilt(tmp_path, CONTINUOUS, 'minimum = "25ug/d"', "")
    (problem,) = fails(cli, 2, "program", "check", file)["problems"]
    assert "infusion.minimum" in problem["path"] + problem["message"] and "missing" in problem["message"]


def test_all_that_is_wrong_with_a_file_is_told_at_once(cli, tmp_path):
    file = spoilt(tmp_path, CONTINUOUS, 'minimum = "25ug/d"', 'minimun = "25ug/d"')
    problems = fails(cli, 2, "program", "check", file)["problems"]
    assert len(problems) == 2


@pytest.mark.case("EC3")
def test_a_dose_over_the_limit_is_named_with_the_range_allowed(cli, tmp_path):
    file = spoilt(tmp_path, CONTINUOUS, 'dose = "100ug/d"', 'dose = "260ug/d"')
    (problem,) = fails(cli, 2, "program", "check", file)["problems"]
    assert "260 ug/d" in problem["message"] and "250 ug/d" in problem["message"]


@pytest.mark.case("EC2")
def test_a_dose_outside_the_soft_limit_needs_a_confirmation_of_its_own(cli, bench, tmp_path):
    ward = filled(cli, bench)
    high = therapy(tmp_path, dose="1500ug/d", dose_max="1800ug/d")
    ward.do("program", "clear", "--yes")
    error = fails(cli, 2, "program", "send", high, "--yes")
    assert "soft limit" in error["message"] and "--confirm-warnings" in error["remedy"]
    assert ward.status()["mode"] == "none"
    ward.do("program", "send", high, "--yes", "--confirm-warnings")
    assert ward.status()["program_dose_ng_per_day"] == 1_500_000
    ward.do("log", "pull")
    assert ward.do("log", "show", "--kind", "program")["records"][-1]["fields"]["confirmed"]


def test_overlapping_steps_are_named(cli, tmp_path):
    file = spoilt(tmp_path, FLEX, 'from = "17:00"', 'from = "16:00"')
    problems = fails(cli, 2, "program", "check", file)["problems"]
    assert any("overlap" in problem["message"] for problem in problems)


def test_a_file_that_is_not_there_or_not_toml_is_named(cli, tmp_path):
    assert "nowhere.toml" in fails(cli, 2, "program", "check", tmp_path / "nowhere.toml")["message"]
    (tmp_path / "broken.toml").write_text("[patient\nid = 3")
    assert "not TOML" in fails(cli, 2, "program", "check", tmp_path / "broken.toml")["problems"][0]["message"]


@pytest.mark.case("EC15")
def test_the_wrong_patient_is_refused_without_telling_the_right_one(cli, bench):
    infusing(cli, bench)
    error = fails(cli, 3, "bolus", "50ug", "--over", "10min", "--patient", "SOMEONE", "--yes")
    assert (error["kind"], error["name"]) == ("refused", "patient-mismatch")
    assert "BENCH-001" not in str(error)


def test_a_truncated_log_fails_verification(cli, bench, tmp_path):
    ward = infusing(cli, bench)
    raw = tmp_path / "pump.log"
    ward.do("log", "pull", "--raw", raw)
    assert ward.do("log", "verify", raw)["verified"]
    data = raw.read_bytes()
    raw.write_bytes(data[:-7])
    error = fails(cli, 5, "log", "verify", raw)
    assert [finding["kind"] for finding in error["findings"]] == ["truncated"]
    raw.write_bytes(data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :])
    assert fails(cli, 5, "log", "verify", raw)["findings"][0]["kind"] == "changed"


def test_a_file_that_is_no_log_is_called_foreign(cli, tmp_path):
    (tmp_path / "notes.txt").write_text("nothing of a pump\n" * 20)
    error = fails(cli, 5, "log", "verify", tmp_path / "notes.txt")
    assert error["findings"][0]["kind"] == "foreign"


def test_a_pump_whose_memory_was_erased_does_not_continue_the_archived_log(cli, bench):
    ward = infusing(cli, bench)
    ward.advance(HOUR_MS)
    ward.do("log", "pull")
    ward.do("virtual", "reset")
    error = fails(cli, 5, "log", "pull")
    assert error["findings"][0]["kind"] == "foreign" and "--new-log" in error["remedy"]
    assert ward.do("log", "pull", "--new-log")["new"] > 0


def test_a_busy_port_is_named_as_busy(cli, bench):
    pump = bench()
    link = open_transport(str(pump.port))
    try:
        error = fails(cli, 4, "status")
    finally:
        link.close()
    assert error["kind"] == "port" and "is busy" in error["message"]
    assert cli("status").exit_code == 0


def test_without_a_pump_it_says_how_to_get_one(cli):
    error = fails(cli, 4, "status")
    assert error["message"] == "no pump found" and "virtual start" in error["remedy"]


def test_a_port_that_does_not_exist_is_named(cli):
    assert "/dev/ttyNONE" in fails(cli, 4, "--port", "/dev/ttyNONE", "status")["message"]


def test_two_pumps_and_no_port_given_is_asked_back(cli, bench):
    bench("left")
    bench("right")
    error = fails(cli, 4, "status")
    assert "left" in error["message"] and "right" in error["message"] and "--port" in error["remedy"]
    assert cli("--port", "right", "status").exit_code == 0


def test_a_name_that_is_nearly_a_pump_is_answered_with_it(cli, bench):
    bench("ward-3")
    error = fails(cli, 4, "--port", "ward3", "status")
    assert "did you mean ward-3" in error["message"]


def test_something_that_is_no_pump_is_given_up_after_a_while(cli):
    ours, theirs = pty.openpty()
    try:
        ran = cli("--port", os.ttyname(theirs), "--json", "status")
    finally:
        os.close(ours)
        os.close(theirs)
    assert ran.exit_code == 4
    error = ran.json["error"]
    assert "did not answer hello" in error["message"]


def test_a_command_that_needs_a_confirmation_does_nothing_without_one(cli, bench):
    ward = infusing(cli, bench)
    error = fails(cli, 2, "bolus", "50ug", "--over", "10min", "--patient", "BENCH-001")
    assert "--yes" in error["remedy"]
    assert ward.state == "infusing"
    before = ward.status()["program_digest"]
    assert fails(cli, 2, "program", "send", FLEX)["exit_code"] == 2
    assert ward.status()["program_digest"] == before


def test_a_refusal_names_field_value_range_and_remedy(cli, bench):
    infusing(cli, bench)
    error = fails(cli, 3, "bolus", "50ug", "--over", "5s", "--patient", "BENCH-001", "--yes")
    assert (error["field"], error["value"], error["low"]) == ("duration_ms", 5000, 10_000)
    assert "5 s" in error["message"] and "10 s" in error["message"] and error["remedy"]


def test_there_is_no_program_to_start_on_a_new_pump(cli, bench):
    ward = Ward(cli, bench())
    assert fails(cli, 3, "resume")["name"] == "no-program"
    assert ward.steps_in(MINUTE_MS) == 0
