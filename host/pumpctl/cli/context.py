"""What every command gets: the global options, the output, and the way to a pump and to a person."""

import contextlib
import getpass
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from pumpctl.cli.output import PROMPT, Output, folded
from pumpctl.errors import Declined, FileProblem, UsageProblem
from pumpctl.printable import printable

if TYPE_CHECKING:
    from pumpctl.client import Pump
    from pumpctl.ports import Port

OPERATOR_MAX = 60


@dataclass
class Context:
    """Global options of one run; `out` prints, `connect` opens the pump meant by `port`."""

    port: str | None = None
    json: bool = False
    yes: bool = False
    operator: str = ""
    out: Output = field(default_factory=Output)
    # What cli.confirming adds: the change from which on a setting is marked, and the answer given beforehand.
    highlight_permille: int | None = None
    confirmation: str = ""

    def override(self, name: str, value: Any) -> None:
        """An option given after the command replaces the global one."""
        setattr(self, name, value)
        if name == "json":
            self.out.json = value

    def use_config(self, ctx: click.Context) -> None:
        """Give the command of `ctx` the config file's defaults: the pump's own, then the command's, then all others.

        FileProblem if something is wrong with the file's part that counts here; but a stop goes on without the file.
        """
        from pumpctl import config

        config.leave_out(False)
        try:
            self._use_config(ctx)
        except FileProblem as problem:
            if ctx.info_name != "stop":
                raise
            config.leave_out(True)
            self.out.note(f"warning: the config file is left out: {'; '.join(problem.lines())}")

    def _use_config(self, ctx: click.Context) -> None:
        from pumpctl import config

        path = " ".join(ctx.command_path.split()[1:])
        if path.split()[:1] in (["config"], ["doctor"]):
            return  # which must say what is wrong with the file
        told = config.load()
        if told.empty:
            return
        from pumpctl import ports
        from pumpctl.cli import settings

        root = ctx.find_root().command
        assert isinstance(root, click.Group)
        config.fail(told, settings.check_names(told, "", root) + settings.check(told, path, ctx.command))
        self.port = self.port or told.text("port") or None
        pump = ports.known(self.port) if settings.matters(told, path, ctx.command) else None
        self.operator = self.operator or (pump.text("operator") if pump else "") or told.text("operator")
        found = settings.defaults(told, pump, path, ctx.command)
        ctx.default_map = {name: one.value for name, one in found.items()}

    @property
    def who(self) -> str:
        """The operator's name as it goes into the pump's log."""
        name = self.operator
        if not name:
            with contextlib.suppress(OSError, KeyError, ImportError):
                name = getpass.getuser()
        return name[:OPERATOR_MAX]

    @contextlib.contextmanager
    def connect(self) -> Iterator["Pump"]:
        """A pump whose protocol was checked; closed at the end. PortError, LinkError."""
        from pumpctl.client import Pump

        with Pump.open(self.resolve(), operator=self.who) as pump:
            for told in pump.settled:
                self.out.note(told)
            yield pump

    def resolve(self) -> "Port":
        """The way to the pump meant. PortError."""
        from pumpctl import ports

        return ports.resolve(self.port, self._choose if self.interactive else None)

    @property
    def interactive(self) -> bool:
        """Whether there is a person to ask."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    def confirm(self, question: str) -> None:
        """Go on only if a person says yes, or `--yes` was given; Declined or UsageProblem otherwise."""
        if self.yes:
            return
        question = printable(question)
        if not self.interactive:
            raise UsageProblem(f"not confirmed: {question}", remedy="confirm at a terminal, or give --yes")
        if not click.confirm(folded(question, PROMPT), err=True):
            raise Declined("not confirmed; nothing was changed")

    def ask(self, question: str, kind: "click.ParamType[Any]", option: str) -> Any:
        """A value from a person; UsageProblem names the option to give where nobody can be asked."""
        if not self.interactive:
            raise UsageProblem(f"{option} is missing", field=option, remedy=f"give {option}")
        return click.prompt(question, type=kind, err=True)

    def _choose(self, found: Sequence["Port"]) -> "Port":
        for at, port in enumerate(found, 1):
            self.out.note(f"  {at}  {port.name}  {port.description}")
        chosen = click.prompt("Several pumps are present; which one", type=click.IntRange(1, len(found)), err=True)
        return found[chosen - 1]


pass_context = click.make_pass_decorator(Context)
