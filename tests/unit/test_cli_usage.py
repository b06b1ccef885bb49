"""The command line without a pump: usage, messages, exit codes, JSON, environment variables."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
from desk import document

from pumpctl import errors, fault_names, program
from pumpctl.cli import group, main
from pumpctl.cli.examples import EXAMPLES
from pumpctl.cli.group import LazyGroup

pytestmark = pytest.mark.usefixtures("home")
EXAMPLE = str(program.example())


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
    assert main.run(["--json", "--version"]) == errors.DONE
    assert document(capsys)["version"].startswith("0.")


def test_help_is_text_even_for_a_script(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["--json", "status", "--help"]) == errors.DONE
    told = capsys.readouterr().out
    assert told.startswith("Usage: pumpctl status") and "{" not in told


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


def test_no_variable_left_in_a_shell_decides_on_an_order(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("STOP_FOR", "30"), ("BOLUS_PATIENT", "P"), ("BOLUS_CONFIRM", "P 10ug"),
                        ("PROGRAM_SEND_CONFIRM_WARNINGS", "1"), ("VISIT_REFILL_RESIDUAL", "x")):  # fmt: skip
        monkeypatch.setenv(f"PUMPCTL_{name}", value)
    monkeypatch.setenv("PUMPCTL_PORT", "/dev/ttyNONE")
    assert main.run(["stop", "--json"]) == errors.NO_LINK
    assert main.run(["bolus", "10ug", "--over", "10min", "--json"]) == errors.USAGE
    assert "--patient missing" in capsys.readouterr().out
    commands = group.every_command(main.cli)
    for path in ("bolus", "program send", "visit refill"):
        with commands[path].make_context(path, [], resilient_parsing=True) as made:
            told = {param.name: param.resolve_envvar_value(made) for param in commands[path].params}
        assert not any(told.values()), (path, told)


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


def test_the_help_of_fault_lists_every_fault_with_its_meaning(capsys: pytest.CaptureFixture[str]) -> None:
    main.run(["virtual", "fault", "--help"])
    lines = capsys.readouterr().out.splitlines()
    for name, told in fault_names.FAULTS.items():
        assert any(line.split()[:1] == [name] and line.endswith(told) for line in lines), name


def test_a_dry_run_lists_every_file_that_it_counts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["flash", "--dry-run"]) == errors.DONE
    _, *files, budget, last = capsys.readouterr().out.splitlines()
    sizes = [int(line.split()[-2]) for line in files]
    assert last == f"{len(files)} files, {sum(sizes)} bytes; nothing was installed"
    assert files[-1].startswith("main.py (launcher) ")
    assert re.fullmatch(r"Bytecode: \d+ of 180224 bytes; largest module infuser/\S+, \d+ of 8192 bytes", budget)
    assert main.run(["flash", "--dry-run", "--json"]) == errors.DONE
    told = document(capsys)
    assert sum(file["size"] for file in (*told["files"], told["launcher"])) == told["bytes"] == sum(sizes)
