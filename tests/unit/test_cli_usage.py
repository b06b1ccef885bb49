"""The command line without a pump: usage, messages, exit codes, JSON, environment variables."""

import json
import os
import pty
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from wirepeer import EMPTY_STATUS, Peer, hello, programmable

from infuser.wire import errors as wire_errors
from infuser.wire import messages
from infuser.wire.messages import Refusal
from pumpctl import errors, fault_names, program, virtual
from pumpctl.cli import main
from pumpctl.cli.examples import EXAMPLES
from pumpctl.cli.group import LazyGroup
from pumpctl.ports import Port

EXAMPLE = str(program.example())


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUMPCTL_HOME", str(tmp_path))
    for name in [name for name in os.environ if name.startswith("PUMPCTL_") and name != "PUMPCTL_HOME"]:
        monkeypatch.delenv(name)
    monkeypatch.setattr("pumpctl.ports.usb_ports", lambda: [])


def document(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The one JSON document on stdout."""
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


def every_command() -> list[list[str]]:
    """Every command's path, loaded as the tool loads it."""
    found: list[list[str]] = []

    def walk(group: click.Group, path: list[str]) -> None:
        context = click.Context(group)
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            found.append([*path, name])
            if isinstance(command, click.Group):
                walk(command, [*path, name])

    walk(main.cli, [])
    return found


def test_every_command_loads_and_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    for path in every_command():
        assert main.run([*path, "--help"]) == errors.DONE
        told = capsys.readouterr().out
        assert told.startswith(f"Usage: pumpctl {' '.join(path)}") and "--json" in told
        assert told.count(f"Example: pumpctl {' '.join(path)}") == 1, path


@pytest.mark.parametrize("example", EXAMPLES.values())
def test_every_example_is_understood_by_its_command(
    example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "log.bin").touch()
    words = shlex.split(example)
    command: click.Command = main.cli
    while isinstance(command, click.Group):
        below = command.get_command(click.Context(command), words.pop(0))
        assert below is not None, example
        command = below
    command.make_context(example, words)


def test_help_of_the_tool_imports_no_command() -> None:
    told = (
        "import sys; from pumpctl.cli.main import run; run(['--help']);"
        "print([name for name in sys.modules if name in ('serial', 'rich', 'pumpctl.client', 'pumpctl.virtual')])"
    )
    shown = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout
    assert shown.endswith("[]\n")


def test_the_help_names_the_exit_codes_and_the_warning(capsys: pytest.CaptureFixture[str]) -> None:
    main.run(["--help"])
    told = capsys.readouterr().out
    assert "0 done; 1 internal error; 2 usage or invalid file; 3 refused by" in told
    assert "never connect it to a person" in told


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["--version"]) == errors.DONE
    assert capsys.readouterr().out.startswith("pumpctl 0.")


@pytest.mark.parametrize(
    ("args", "meant"),
    [(["statsu"], "status"), (["program", "chek", "x"], "check"), (["alarms", "acknowledge"], "ack")],
)
def test_an_unknown_command_is_answered_with_the_nearest(
    args: list[str], meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(args) == errors.USAGE
    told = capsys.readouterr()
    assert f"Did you mean {meant}" in told.err and told.out == ""


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["bolus", "50", "--over", "10min", "--patient", "P"], "has no unit"),
        (["bolus", "50ul", "--over", "10min", "--patient", "P"], "allowed units for a dose"),
        (["bolus", "50ug", "--over", "10", "--patient", "P"], "allowed units for a duration"),
        (["bolus", "50ug"], "--over and --patient missing"),
        (["bolus", "50ug", "--cancel"], "--cancel goes alone"),
        (["prime", "2ug"], "allowed units for a volume"),
        (["alarms", "pause", "11min"], "allowed 1 s to 10 min"),
        (["alarms", "ack", "stal"], "there is no alarm"),
        (["clock", "set", "--time", "yesterday"], "not an ISO 8601 time"),
        (["clock", "set", "--time", "1999-01-01T00:00:00Z"], "out of range, allowed 2020-01-01"),
        (["status", "--watch", "--json"], "no single JSON document"),
        (["status", "--nonsense"], "No such option"),
        (["minimum-rate", "maybe"], "'on', 'off'"),
        (["program", "check", "none.toml"], "none.toml: No such file"),
    ],
)
def test_a_usage_mistake_ends_with_2_and_says_what_is_allowed(
    args: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(args) == errors.USAGE
    told = capsys.readouterr().err
    assert expected in told and "Traceback" not in told


@pytest.mark.parametrize("args", [["--json", "statsu"], ["status", "--json", "--nonsense"], ["status", "--json"]])
def test_json_errors_are_exactly_one_document(args: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code = main.run(args)
    error = document(capsys)["error"]
    assert error["exit_code"] == code != errors.DONE
    assert error["kind"] and error["message"]


@pytest.mark.parametrize("args", [["--json", "program", "check", EXAMPLE], ["program", "check", EXAMPLE, "--json"]])
def test_the_json_option_may_stand_before_or_after_the_command(
    args: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(args) == errors.DONE
    assert document(capsys)["program"]["dose_ng_per_day"] == 100_000


def test_options_are_environment_variables(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUMPCTL_JSON", "1")
    monkeypatch.setenv("PUMPCTL_PORT", "/dev/ttyNONE")
    assert main.run(["status"]) == errors.NO_LINK
    assert document(capsys)["error"]["value"] == "/dev/ttyNONE"
    monkeypatch.setenv("PUMPCTL_STATUS_INTERVAL", "2")
    assert main.run(["status"]) == errors.USAGE
    assert "has no unit" in document(capsys)["error"]["message"]


def test_without_a_pump_the_tool_says_how_to_get_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["status"]) == errors.NO_LINK
    assert "pumpctl virtual start" in capsys.readouterr().err


def test_an_unknown_virtual_pump_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["--port", "ward7", "stop"]) == errors.NO_LINK
    assert "no virtual pump ward7 is running" in capsys.readouterr().err


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


def test_an_unexpected_fault_is_one_line_and_keeps_its_details(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(path: Path) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr("pumpctl.program.load", broken)
    assert main.run(["program", "check", EXAMPLE]) == errors.INTERNAL
    told = capsys.readouterr().err
    assert "internal error: RuntimeError: boom" in told and "Traceback" not in told
    assert "boom" in (tmp_path / "last-error.txt").read_text(encoding="utf-8")
    monkeypatch.setenv("PUMPCTL_DEBUG", "1")
    assert main.run(["program", "check", EXAMPLE]) == errors.INTERNAL
    assert "Traceback" in capsys.readouterr().err


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
    ours, theirs = pty.openpty()
    with Peer(programmable(program.load(program.example()))) as peer:
        command = [sys.executable, "-m", "pumpctl.cli.main", "-p", peer.port, "program", "send", EXAMPLE]
        with subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs) as tool:
            asked = b""
            while b"[y/N]" not in asked:
                asked += os.read(ours, 1024)
            os.write(ours, b"n\n")
            assert tool.wait(20) == errors.USAGE
        assert peer.ids_of(messages.PROGRAM_COMMIT) == []
    os.close(theirs)
    os.close(ours)
    assert b"Program 100 ug/d of baclofen 500 ug/mL for BENCH-001?" in asked


def test_what_needs_a_person_is_refused_where_there_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    with Peer() as peer:
        assert main.run(["-p", peer.port, "bolus", "50ug", "--over", "10min", "--patient", "P"]) == errors.USAGE
        assert messages.BOLUS not in [command for command, _, _ in peer.seen]
    assert "give --yes" in capsys.readouterr().err


def test_a_refusal_ends_with_3_and_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(request: dict[str, Any]) -> None:
        raise Refusal(wire_errors.NO_PROGRAM)

    with Peer({messages.RESUME: refuse}) as peer:
        assert main.run(["-p", peer.port, "--json", "resume"]) == errors.REFUSED
    error = document(capsys)["error"]
    assert (error["name"], error["code"]) == ("no-program", wire_errors.NO_PROGRAM)
    assert error["remedy"]


def test_the_operator_goes_into_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    with Peer({messages.STOP: lambda request: {"state": 6}}) as peer:
        assert main.run(["stop", "-p", peer.port, "--operator", "Dr Who", "--json"]) == errors.DONE
        assert peer.seen[-1][2]["operator"] == "Dr Who"
    assert document(capsys) == {"state": "suspended"}


def test_a_long_operator_name_is_cut_to_what_the_wire_holds(capsys: pytest.CaptureFixture[str]) -> None:
    with Peer({messages.STOP: lambda request: {"state": 6}}) as peer:
        assert main.run(["stop", "-p", peer.port, "--operator", "é" * 500]) == errors.DONE


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_there_for_each_shell(shell: str) -> None:
    told = {**os.environ, "_PUMPCTL_COMPLETE": f"{shell}_source"}
    shown = subprocess.run(
        [sys.executable, "-m", "pumpctl.cli.main"], env=told, capture_output=True, text=True, check=False
    )
    assert shown.returncode == 0 and "PUMPCTL_COMPLETE" in shown.stdout


def test_the_table_of_commands_is_lazy() -> None:
    assert isinstance(main.cli, LazyGroup)
    assert {"status", "program", "virtual", "demo", "flash", "log", "report"} <= set(main.COMMANDS)


def test_an_unattended_refill_is_refused_before_the_pump_is_stopped(capsys: pytest.CaptureFixture[str]) -> None:
    with Peer() as peer:
        assert main.run(["-p", peer.port, "refill", "--residual", "1ml"]) == errors.USAGE
        assert peer.seen == []
    assert "--volume, --yes missing" in capsys.readouterr().err


def test_a_refill_without_concentration_or_program_is_refused_before_the_pump_is_stopped(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Peer({messages.STATUS: lambda request: EMPTY_STATUS}) as peer:
        given = ["--residual", "0ml", "--volume", "20ml", "--yes"]
        assert main.run(["-p", peer.port, "refill", *given]) == errors.USAGE
        assert {command for command, _, _ in peer.seen} == {messages.HELLO, messages.STATUS}
    told = capsys.readouterr().err
    assert "--concentration is missing" in told and "--concentration 500ug/ml" in told


def test_a_refill_takes_the_programs_concentration() -> None:
    status = {**EMPTY_STATUS, "concentration_ug_per_ml": 500}
    begun = {"expected_residual_nl": 0, "capacity_nl": 20_000_000}
    done = {"discrepancy_nl": 0, "reservoir_nl": 20_000_000, "refill_due_ms": 0, "state": 6}
    handlers = {messages.REFILL_BEGIN: begun, messages.REFILL_COMPLETE: done, messages.STATUS: status}
    with Peer({command: lambda request, reply=reply: reply for command, reply in handlers.items()}) as peer:
        given = ["--residual", "0ml", "--volume", "20ml", "--yes"]
        assert main.run(["-p", peer.port, "refill", *given]) == errors.DONE
        (sent,) = [request for command, _, request in peer.seen if command == messages.REFILL_COMPLETE]
    assert sent["concentration_ug_per_ml"] == 500


def old_firmware(request: dict[str, Any]) -> dict[str, Any]:
    return {**hello(request), "protocol": b"12345678"}


def test_a_board_with_other_declarations_is_flashed(capsys: pytest.CaptureFixture[str]) -> None:
    with Peer({messages.HELLO: old_firmware}) as peer:
        assert main.run(["-p", peer.port, "status"]) == errors.NO_LINK
    assert "`pumpctl flash`" in capsys.readouterr().err


def test_a_virtual_pump_with_other_declarations_is_stopped_and_started(capsys: pytest.CaptureFixture[str]) -> None:
    paths = virtual.VirtualPump("ward1").paths
    paths.directory.mkdir(parents=True)
    paths.config.write_text("{}")
    with Peer({messages.HELLO: old_firmware}) as peer:
        paths.port.symlink_to(peer.port)
        assert main.run(["-p", str(paths.port), "status"]) == errors.NO_LINK
    told = capsys.readouterr().err
    assert "`pumpctl virtual stop --name ward1`, then `pumpctl virtual start --name ward1`" in told
    assert "flash" not in told


def test_with_several_pumps_the_choices_are_listed_as_they_are_to_be_given(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    boards = [Port(f"/dev/ttyACM{at}", f"/dev/ttyACM{at}", "usb", f"Pico, serial E66{at}") for at in range(2)]
    pumps = [Port(name, f"/home/x/{name}/pty", "virtual", "a long path") for name in ("left", "right")]
    monkeypatch.setattr("pumpctl.ports.usb_ports", lambda: boards)
    monkeypatch.setattr("pumpctl.ports.virtual_ports", lambda: pumps)
    assert main.run(["status"]) == errors.NO_LINK
    first, second = capsys.readouterr().err.splitlines()
    assert first == "pumpctl: 4 pumps are present: /dev/ttyACM0, /dev/ttyACM1, left, right"
    assert "--port /dev/ttyACM1 (Pico, serial E661); --port left (virtual pump)" in second


def test_the_help_of_fault_lists_every_fault_with_its_meaning(capsys: pytest.CaptureFixture[str]) -> None:
    main.run(["virtual", "fault", "--help"])
    lines = capsys.readouterr().out.splitlines()
    for name, told in fault_names.FAULTS.items():
        assert any(line.split()[:1] == [name] and line.endswith(told) for line in lines), name


def test_a_dry_run_lists_every_file_that_it_counts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["flash", "--dry-run"]) == errors.DONE
    _, *files, last = capsys.readouterr().out.splitlines()
    sizes = [int(line.split()[-2]) for line in files]
    assert last == f"{len(files)} files, {sum(sizes)} bytes; nothing was installed"
    assert files[-1].startswith("main.py (launcher) ")
    assert main.run(["flash", "--dry-run", "--json"]) == errors.DONE
    told = document(capsys)
    assert sum(file["size"] for file in (*told["files"], told["launcher"])) == told["bytes"] == sum(sizes)
