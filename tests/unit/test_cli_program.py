"""Therapy files at the command line: checked, compared, confirmed, committed, started."""

import json
from pathlib import Path
from typing import Any

import pytest
from desk import declined, document
from wirepeer import Peer, programmable

from infuser.wire import errors as wire_errors
from infuser.wire import messages
from infuser.wire.messages import Refusal
from pumpctl import errors, program
from pumpctl.cli import main

pytestmark = pytest.mark.usefixtures("home")
EXAMPLE = str(program.example())


def test_an_invalid_therapy_file_tells_every_problem_with_its_path(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.toml"
    text = Path(EXAMPLE).read_text(encoding="utf-8")
    bad.write_text(text.replace('"100ug/d"', '"100"').replace("lockout", "lokout"), encoding="utf-8")
    assert main.run(["program", "check", str(bad)]) == errors.USAGE
    told = capsys.readouterr()
    assert told.out == ""
    for path in ("infusion.dose", "bolus.lokout", "bolus.lockout"):
        assert f"{path}: " in told.err
    assert main.run(["program", "check", str(bad), "--json"]) == errors.USAGE
    assert {one["path"] for one in document(capsys)["error"]["problems"]} == {
        "infusion.dose", "bolus.lokout", "bolus.lockout",
    }  # fmt: skip


def test_a_valid_therapy_file_is_shown_in_clinical_units(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["program", "show", EXAMPLE]) == errors.DONE
    told = capsys.readouterr().out
    assert "100 ug/d" in told and "200 uL/d" in told and "\x1b" not in told


def test_a_file_that_cannot_be_written_is_the_users_to_mend(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Peer(programmable(program.load(program.example()))) as peer:
        assert main.run(["-p", peer.port, "--yes", "program", "send", EXAMPLE]) == errors.DONE
        assert main.run(["-p", peer.port, "program", "read", "-o", str(tmp_path / "no" / "x.toml")]) == errors.USAGE
    assert "No such file" in capsys.readouterr().err


def test_a_therapy_sent_is_compared_confirmed_committed_and_started(capsys: pytest.CaptureFixture[str]) -> None:
    with Peer(programmable(program.load(program.example()))) as peer:
        assert main.run(["-p", peer.port, "--yes", "--json", "program", "send", EXAMPLE]) == errors.DONE
        sent = [command for command, _, _ in peer.seen]
    told = capsys.readouterr()
    assert "dose per day" in told.err
    result = json.loads(told.out)
    assert result["verified"] and result["started"] and result["old"] is None
    assert sent.index(messages.PROGRAM_CHECK) < sent.index(messages.PROGRAM_COMMIT) < sent.index(messages.RESUME)


def test_without_start_a_therapy_is_only_programmed() -> None:
    with Peer(programmable(program.load(program.example()))) as peer:
        assert main.run(["-p", peer.port, "--yes", "program", "send", EXAMPLE, "--no-start"]) == errors.DONE
        assert peer.ids_of(messages.RESUME) == []


@pytest.mark.parametrize(("option", "code"), [([], errors.DONE), (["--start"], errors.REFUSED)])
def test_a_refused_start_is_said_and_is_an_error_only_if_it_was_asked_for(
    option: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(request: dict[str, Any]) -> None:
        raise Refusal(wire_errors.RESERVOIR_EMPTY)

    with Peer({**programmable(program.load(program.example())), messages.RESUME: refuse}) as peer:
        assert main.run(["-p", peer.port, "--yes", "program", "send", EXAMPLE, *option]) == code
    told = capsys.readouterr().err
    assert "the reservoir is not filled" in told and "`pumpctl refill`" in told


@pytest.mark.case("EC2")
def test_a_soft_limit_needs_its_own_confirmation(capsys: pytest.CaptureFixture[str]) -> None:
    with Peer(programmable(program.load(program.example()), ("much too much",))) as peer:
        send = ["-p", peer.port, "--yes", "program", "send", EXAMPLE]
        assert main.run(send) == errors.USAGE
        assert peer.ids_of(messages.PROGRAM_COMMIT) == []
        assert "much too much" in capsys.readouterr().err
        assert main.run([*send, "--confirm-warnings"]) == errors.DONE
        (confirmed,) = [request["confirmed"] for seen, _, request in peer.seen if seen == messages.PROGRAM_COMMIT]
    assert confirmed is True


def test_at_a_terminal_patient_and_dose_are_named_and_a_no_changes_nothing() -> None:
    with Peer(programmable(program.load(program.example()))) as peer:
        asked = declined(peer, "program", "send", EXAMPLE)
        assert peer.ids_of(messages.PROGRAM_COMMIT) == []
    assert "Program 100 ug/d of baclofen 500 ug/mL for BENCH-001?" in asked
