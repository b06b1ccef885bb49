"""What `--help` teaches somebody who has not used the tool: every command, every option, every unit."""

import click
import pytest

from pumpctl import errors
from pumpctl.cli import main
from pumpctl.cli.examples import EXAMPLES
from pumpctl.cli.group import every_command
from pumpctl.cli.params import QuantityType

pytestmark = pytest.mark.usefixtures("home")
COMMANDS = every_command(main.cli)


def helped(path: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main.run([*path.split(), "--help"]) == errors.DONE
    return capsys.readouterr().out


def test_every_command_has_an_example_and_no_example_is_without_a_command() -> None:
    assert set(EXAMPLES) == set(COMMANDS)
    for path, example in EXAMPLES.items():
        of = " ".join(example.split()[: len(path.split())])
        assert of == path, example


@pytest.mark.parametrize("path", COMMANDS)
def test_a_commands_help_says_what_it_does_and_what_each_option_is(
    path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = COMMANDS[path]
    told = helped(path, capsys)
    assert command.help and command.help.split(".")[0].count(" ") >= 2, "a sentence of what it does"
    assert "Exit codes and environment variables: pumpctl --help" in told
    assert "..." not in told.partition("Commands:")[2], "a line of the list is cut off"
    for param in command.params:
        if isinstance(param, click.Option) and not param.hidden:
            assert param.help and param.help[0].isupper() and param.help[-1] in ".]", param.name
        if isinstance(param.type, QuantityType):
            kind = param.type.kind
            assert f"{kind.what} as {kind.example}" in " ".join(told.split()), f"how {param.name} is written"
        if isinstance(param.type, click.Choice):
            listed = all(str(one) in told for one in param.type.choices)
            assert listed or "such as" in (getattr(param, "help", "") or ""), f"the choices of {param.name}"
    assert max(map(len, told.partition("Faults:")[0].splitlines())) <= 120


@pytest.mark.parametrize(
    ("args", "meant"),
    [
        (["status", "--intervall", "1s"], "--interval"),
        (["program", "send", "x", "--brigde", "1ml"], "--bridge"),
        (["--prot", "x", "status"], "--port"),
        (["config", "shwo"], "show"),
        (["prime", "2ugl"], "'uL'"),
        (["alarms", "ack", "stal"], "stall"),
        (["virtual", "fault", "occlud"], "occlude"),
        (["config", "show", "statsu"], "status"),
    ],
)
def test_a_slip_is_answered_with_what_was_meant(
    args: list[str], meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(args) == errors.USAGE
    told = capsys.readouterr().err
    assert "id you mean" in told and meant in told


def test_a_slip_in_a_virtual_pumps_name_is_answered_with_the_nearest(home, capsys: pytest.CaptureFixture[str]) -> None:
    from pumpctl import virtual

    paths = virtual.VirtualPump("ward1").paths
    paths.directory.mkdir(parents=True)
    paths.config.write_text("{}")
    for words in (["virtual", "stop", "--name", "wrad1"], ["virtual", "remove", "ward"]):
        assert main.run(words) == errors.USAGE
        assert "did you mean ward1?" in capsys.readouterr().err


def test_a_wrong_value_in_the_environment_is_said_to_be_from_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PUMPCTL_PRIME_OVER", "30")
    assert main.run(["prime", "200ul"]) == errors.USAGE
    assert '"30" has no unit' in (told := capsys.readouterr().err) and "(from PUMPCTL_PRIME_OVER)" in told


@pytest.mark.parametrize("words", [[], ["program"], ["virtual"]])
def test_a_group_without_a_command_shows_its_help(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(words) == errors.USAGE
    told = capsys.readouterr()
    assert told.out == "" and told.err.startswith("Usage: pumpctl") and told.err.count("Usage:") == 1
    assert main.run([*words, "--json"]) == errors.USAGE
    assert '"message": "Missing command."' in capsys.readouterr().out
