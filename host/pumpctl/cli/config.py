"""`pumpctl config`: the config file, where its values come from, and a file to begin with."""

import os

import click

from pumpctl import config as configs
from pumpctl import paths, ports
from pumpctl.cli import settings
from pumpctl.cli.context import Context, pass_context
from pumpctl.cli.group import SuggestingGroup, every_command
from pumpctl.cli.settings import Effective
from pumpctl.cli.template import template_text
from pumpctl.errors import Problem, UsageProblem
from pumpctl.nearest import hint


@click.group(cls=SuggestingGroup)
def config() -> None:
    """Defaults in a file: of the tool, of single commands, of single pumps.

    A flag comes before an environment variable, that before the pump's section of the file, that before the
    command's section, that before the default. What confirms something cannot be set by a file.
    """


@config.command()
@pass_context
def path(context: Context) -> None:
    """Print where the config file is, or would be."""
    file = paths.config_file()
    context.out.result({"file": str(file), "exists": file.exists()})
    context.out.line(str(file))
    if not file.exists():
        context.out.note("there is none yet: `pumpctl config template` prints one to begin with")


@config.command()
@click.option("--write", is_flag=True, help="Write it where the config file belongs; never over one that is there.")
@pass_context
def template(context: Context, write: bool) -> None:
    """Print a config file to begin with: every key that there is, commented out."""
    text = template_text(commands())
    file = paths.config_file()
    if write:
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            with file.open("x", encoding="utf-8") as new:
                new.write(text)
        except FileExistsError:
            remedy = "print the template without --write, and take over what you want"
            raise UsageProblem(f"{file} is there already", value=str(file), remedy=remedy) from None
        context.out.note(f"written to {file}")
    context.out.result({"toml": text, "file": str(file) if write else None})
    if not write:
        context.out.line(text.rstrip("\n"))


@config.command()
@pass_context
def check(context: Context) -> None:
    """Check all of the config file: keys, units, types; exit code 2 lists what is wrong."""
    told = configs.load()
    problems: list[Problem] = []
    for path, command in {"": root(), **commands()}.items():
        if isinstance(command, click.Group):
            problems += settings.check_names(told, path, command)
        if path:
            problems += settings.check(told, path, command)
    configs.fail(told, problems)
    count = len(told.top) + sum(len(pump.settings) for pump in told.pumps.values())
    count += sum(len(told.section(path)) for path in commands())
    context.out.result({"file": str(told.file), "exists": told.file.exists(), "valid": True, "settings": count})
    context.out.line(f"{told.file}: valid, {count} setting{'' if count == 1 else 's'}" if told.file.exists()
                     else f"{told.file}: there is none")  # fmt: skip


@config.command()
@click.argument("command", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Every option of every command, not only those that are set.")
@pass_context
def show(context: Context, command: tuple[str, ...], every: bool) -> None:
    """Show what counts now and where it comes from: flag, environment variable, file and line, or default.

    Of COMMAND every option, such as `config show program send`; without it the global ones and whatever is set.
    """
    told = configs.load()
    wanted = " ".join(command)
    if wanted and wanted not in commands():
        raise UsageProblem(f"there is no command `{wanted}`{hint(wanted, commands())}", field="COMMAND", value=wanted,
                           remedy="see `pumpctl --help`")  # fmt: skip
    pump = ports.known(context.port)
    rows = _global(context, told, pump)
    for path, one in commands().items():
        if wanted in ("", path):
            found = settings.effective(told, pump, path, one, os.environ)
            rows += [row for row in found if every or wanted or row.origin != "default"]
    context.out.result({
        "file": str(told.file), "exists": told.file.exists(), "pump": pump.name if pump else None,
        "options": [row.document() for row in rows],
    })  # fmt: skip
    title = f"{told.file}{'' if told.file.exists() else ' (not there)'}"
    shown = [(row.command, row.option, row.value or "-", row.origin) for row in rows]
    context.out.table(("COMMAND", "OPTION", "VALUE", "FROM"), shown, f"{title}, pump {pump.name}" if pump else title)


def _global(context: Context, told: configs.Config, pump: configs.KnownPump | None) -> list[Effective]:
    """The global options, each from where it is."""
    rows = []
    for key, value in (("port", context.port), ("operator", context.operator)):
        name = f"PUMPCTL_{key.upper()}"
        of_pump = pump.settings.get(key) if pump and key == "operator" else None
        one = of_pump or told.top.get(key)
        if value and value != os.environ.get(name):
            rows.append(Effective("", f"--{key}", value, "flag"))
        elif value:
            rows.append(Effective("", f"--{key}", value, name))
        elif one:
            rows.append(Effective("", f"--{key}", settings.text(one.value), told.place(one)))
        else:
            default = context.who if key == "operator" else "the only pump present"
            rows.append(Effective("", f"--{key}", default, "default"))
    for key, on in (("json", context.json), ("yes", context.yes)):
        name = f"PUMPCTL_{key.upper()}"
        if on:
            rows.append(Effective("", f"--{key}", "true", name if os.environ.get(name) else "flag"))
    return rows


def root() -> click.Group:
    """The tool's own group."""
    command = click.get_current_context().find_root().command
    assert isinstance(command, click.Group)
    return command


def commands() -> dict[str, click.Command]:
    """Every command by its path."""
    return every_command(root())
