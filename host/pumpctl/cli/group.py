"""Command groups that load their commands when used, suggest near names and share options."""

import importlib
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from pumpctl import each_time
from pumpctl.cli.context import Context
from pumpctl.cli.examples import EXAMPLES
from pumpctl.nearest import nearest

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class SuggestingGroup(click.Group):
    """A group that answers an unknown command with the nearest names."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a suggestion when there is no such command."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-") and not ctx.resilient_parsing:
            near = nearest(name, self.list_commands(ctx), 3)
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            raise click.UsageError(f"No such command '{name}'.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each command with its whole first sentence, where click would cut it off."""
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [
            (name, command.get_short_help_str(limit=200)) for name, command in found if command and not command.hidden
        ]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)


class LazyGroup(SuggestingGroup):
    """A group whose commands are imported when called: name -> (module, attribute, help line)."""

    def __init__(self, *args: Any, table: Mapping[str, tuple[str, str, str]], **told: Any) -> None:
        super().__init__(*args, **told)
        self._table = table
        _complete_values("", self)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the table's order, which follows a therapy's life."""
        return list(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command and give it the shared options."""
        if cmd_name not in self._table:
            return None
        module, attribute, _ = self._table[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return share_options(command, cmd_name)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem[Any]]":
        """Names and options for a shell, without importing any command."""
        from click.shell_completion import CompletionItem

        found = [CompletionItem(name, help=line) for name, (_, _, line) in self._table.items()
                 if name.startswith(incomplete)]  # fmt: skip
        return found + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, _, line) in self._table.items()])


def every_command(group: click.Group, path: str = "") -> dict[str, click.Command]:
    """Every command below a group by its path, such as `program send`, groups among them; imports them all."""
    found: dict[str, click.Command] = {}
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        whole = f"{path} {name}".strip()
        found[whole] = command
        if isinstance(command, click.Group):
            found.update(every_command(command, whole))
    return found


def _remember(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    context = ctx.find_object(Context)
    if context is None or param.name is None:
        return
    if value is not None:
        context.override(param.name.removeprefix("shared_"), value)
    if param.name == "shared_port" and not ctx.resilient_parsing and not isinstance(ctx.command, click.Group):
        context.use_config(ctx)


def _shared() -> list[click.Option]:
    """The global options once more, so that they may stand after the command as well.

    The port comes first of all: the config file may have defaults for the pump that it means.
    """
    told: dict[str, Any] = {"callback": _remember, "expose_value": False, "default": None, "allow_from_autoenv": False}
    return [
        click.Option(["-p", "--port", "shared_port"], metavar="PORT", is_eager=True, help="Pump to talk to.", **told),
        click.Option(["--json", "shared_json"], flag_value=True, is_flag=True, help="Print one JSON document.", **told),
        click.Option(["--yes", "shared_yes"], flag_value=True, is_flag=True, help="Answer every question yes.", **told),
        click.Option(["--operator", "shared_operator"], metavar="NAME", help="Who acts, for the pump's log.", **told),
    ]


def share_options(command: click.Command, path: str) -> click.Command:
    """Let the command called `path`, and those below it, take the global options too and show an example; done once."""
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            share_options(below, f"{path} {name}")
    example = f"\b\nExample: pumpctl {EXAMPLES[path]}\n{_MORE}"
    if example not in (command.epilog or ""):
        command.epilog = "\n\n".join(part for part in (command.epilog, _units(command), example) if part)
    for param in command.params:
        if isinstance(param, click.Option) and not param.envvar and param.allow_from_autoenv:
            _name_variable(param, path)
    taken = {name for param in command.params for name in (*param.opts, param.name)}
    for option in _shared():
        if option.name not in taken and not taken & set(option.opts):
            command.params.append(option)
    _complete_values(path, command)
    return command


def _name_variable(option: click.Option, path: str) -> None:
    """The variable has the name that people know, where the parameter's own is another: --for is no DURATION to them.

    What was left in a shell decides on no order: such an option has none.
    """
    key = each_time.spelt(max(option.opts, key=len).lstrip("-"))
    if each_time.why_not(path, key, option.is_flag):
        option.allow_from_autoenv = False
    else:
        option.envvar = "_".join(["PUMPCTL", *path.split(), key]).upper().replace("-", "_")


_MORE = "Exit codes and environment variables: pumpctl --help"


def _units(command: click.Command) -> str:
    """How the quantities among a command's parameters are written."""
    from pumpctl.cli.params import DoseAskedType, QuantityType
    from pumpctl.quantity import KINDS

    kinds = {}
    for param in command.params:
        if isinstance(param.type, QuantityType):
            kinds[param.type.kind.what] = param.type.kind
        elif isinstance(param.type, DoseAskedType):
            kinds.update({"dose rate": KINDS["dose_rate"], "share": KINDS["share"]})
    told = [f"{name} as {kind.example} ({kind.shown})" for name, kind in kinds.items()]
    return f"Units: {'; '.join(told)}." if told else ""


def _complete_values(path: str, command: click.Command) -> None:
    """Where a shell asks, the command's parameters know what to offer."""
    if "_PUMPCTL_COMPLETE" in os.environ:
        from pumpctl.cli import completing

        completing.attach(path, command)
