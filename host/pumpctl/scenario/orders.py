"""Commands of the command line as steps: which there are, their parameters, and how they are run."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import click

from pumpctl import errors
from pumpctl.cli import main
from pumpctl.cli.output import Advance, Output
from pumpctl.scenario.kinds import Wrong, near, type_name

# A file that begins so is made by the scenario and thrown away after it.
SCRATCH = "scratch:"
# These concern this machine, another pump or the scratch pump's world.
_NOT_ORDERS = (
    "ports", "virtual", "demo", "flash", "report", "accuracy", "titrate", "visit", "monitor", "fleet", "doctor",
    "config", "completion",
)  # fmt: skip
# Global options, and names that every step has for itself.
_TAKEN = ("port", "json", "yes", "operator", "at", "after")


@cache
def commands() -> dict[str, click.Command]:
    """Every command that a step may give, by its path: `alarms ack`."""
    found: dict[str, click.Command] = {}

    def walk(group: click.Group, path: str) -> None:
        context = click.Context(group)
        for name in group.list_commands(context):
            below = group.get_command(context, name)
            if below is None or (not path and name in _NOT_ORDERS):
                continue
            whole = f"{path} {name}".strip()
            if isinstance(below, click.Group):
                walk(below, whole)
            else:
                found[whole] = below

    walk(main.cli, "")
    return found


def parameters(command: click.Command) -> dict[str, click.Parameter]:
    """The parameters of a command by the names that people use: `over` for --over, `dose` for DOSE."""
    found = {}
    for one in command.params:
        name = max(one.opts, key=len).lstrip("-") if isinstance(one, click.Option) else str(one.name)
        if name not in _TAKEN:
            found[name] = one
    return found


def check(name: str, told: dict[str, Any]) -> None:
    """Wrong, if there is no such command or it has no such parameter."""
    if name not in commands():
        raise Wrong(f'there is no command "{name}"; {near(name, list(commands()))}', "command")
    known = parameters(commands()[name])
    for key, value in told.items():
        if key not in known:
            raise Wrong(f'unknown key; command "{name}" has {", ".join(known) or "none"}', key)
        _check_value(known[key], key, value)


def _check_value(parameter: click.Parameter, key: str, value: Any) -> None:
    flag = isinstance(parameter, click.Option) and parameter.is_flag
    if flag != isinstance(value, bool):
        raise Wrong(f"is {type_name(value)}, must be {'true or false' if flag else 'text or a number'}", key)
    if flag or isinstance(value, int) and not isinstance(parameter.type, click.types.IntParamType | click.Choice):
        return
    if not isinstance(value, str | int):
        raise Wrong(f"is {type_name(value)}, must be text or a number", key)
    if isinstance(parameter.type, click.Path):
        return
    try:
        parameter.type.convert(str(value), parameter, None)
    except click.BadParameter as error:
        raise Wrong(error.message, key) from None


def words(name: str, told: dict[str, Any], folder: Path, scratch: Path) -> list[str]:
    """The words typed for it; files are relative to `folder`, or with the mark SCRATCH to `scratch`."""
    known = parameters(commands()[name])
    options: list[str] = []
    arguments: list[str] = []
    for key, parameter in known.items():
        if key not in told:
            continue
        value = told[key]
        if isinstance(parameter, click.Argument):
            arguments.append(_text(parameter, value, folder, scratch))
        elif value is True:
            options.append(max(parameter.opts, key=len))
        elif value is False:
            options += parameter.secondary_opts[:1]
        else:
            options += [max(parameter.opts, key=len), _text(parameter, value, folder, scratch)]
    return [*name.split(), *options, *(["--", *arguments] if arguments else [])]


def _text(parameter: click.Parameter, value: Any, folder: Path, scratch: Path) -> str:
    text = str(value)
    if not isinstance(parameter.type, click.Path):
        return text
    if text.startswith(SCRATCH):
        return str(scratch / text.removeprefix(SCRATCH))
    return str((folder / text).resolve())


@dataclass
class Answer:
    """What came of a command: its document, or the error."""

    document: dict[str, Any] = field(default_factory=dict)
    error: errors.PumpctlError | None = None


class _Kept(Output):
    """Keeps the document; notes and tables are nobody's."""

    def __init__(self) -> None:
        super().__init__(True)
        self.document: dict[str, Any] = {}

    def result(self, document: dict[str, Any]) -> None:
        """Keep it."""
        self.document = document

    def note(self, text: str) -> None:
        """Nothing."""

    @contextlib.contextmanager
    def progress(self, title: str, total: float) -> Iterator[Advance]:
        """Nothing: the play has a bar of its own."""
        yield lambda done: None


def run(typed: list[str], port: str, operator: str) -> Answer:
    """Run a command in this process, as if typed with --json and --yes."""
    out = _Kept()
    try:
        main.cli.main(
            args=["--port", port, "--json", "--yes", "--operator", operator, *typed],
            prog_name="pumpctl", standalone_mode=False, obj=out,
        )  # fmt: skip
    except Exception as error:
        return Answer(out.document, main.as_shown(error))
    return Answer(out.document)
