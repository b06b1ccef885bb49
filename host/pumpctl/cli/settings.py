"""What the config file says about a command's options: checked against the options there are, and given to click."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import click

from pumpctl import config, each_time
from pumpctl.cli.params import DoseAskedType, QuantityType
from pumpctl.comparison import HIGHLIGHT_PERMILLE
from pumpctl.config import Config, Setting
from pumpctl.errors import Problem


def own_options(command: click.Command) -> dict[str, click.Option]:
    """The command's own options by their key in the file: `catheter_length` for --catheter-length."""
    found = {}
    for param in command.params:
        if isinstance(param, click.Option) and not (param.name or "").startswith("shared_") and not param.hidden:
            found[key_of(param)] = param
    return found


def key_of(option: click.Option) -> str:
    """The key under which an option stands in the file: its long spelling."""
    return each_time.spelt(max(option.opts, key=len).lstrip("-"))


def why_not(path: str, option: click.Option) -> str:
    """Why a file may not set this option; empty if it may."""
    return each_time.why_not(path, key_of(option), option.is_flag)


def settable(path: str, command: click.Command) -> dict[str, click.Option]:
    """The options of a command that a file may set."""
    return {key: option for key, option in own_options(command).items() if not why_not(path, option)}


def check(of: Config, path: str, command: click.Command) -> list[Problem]:
    """What is wrong with a command's section."""
    problems = []
    known = own_options(command)
    below = command.commands if isinstance(command, click.Group) else {}
    for key, one in of.section(path).items():
        option = known.get(each_time.spelt(key))
        if option is None and each_time.spelt(key) in each_time.REFUSED:
            message = f"may not be set by a file: {each_time.REFUSED[each_time.spelt(key)]}"
        elif option is None:
            message = config.unknown(key, [*settable(path, command), *below])
        elif reason := why_not(path, option):
            message = f"may not be set by a file: {reason}"
        else:
            message = _wrong(option, one.value)
        if message:
            problems.append(config.wrong(of, one.key, message))
    return problems


def check_names(of: Config, path: str, command: click.Group) -> list[Problem]:
    """Tables below a group's section that are no commands of it."""
    told: Any = of.sections
    for name in path.split():
        told = told.get(name, {})
    names = command.list_commands(click.Context(command))
    found = []
    for name, value in (told if isinstance(told, dict) else {}).items():
        if isinstance(value, dict) and name not in names:
            key = ".".join([*path.split(), name])
            what = "" if path else "; a pump is [pump.NAME]"
            found.append(config.wrong(of, key, f"{config.unknown(name, names)}{what}"))
    return found


def _wrong(option: click.Option, value: Any) -> str:
    """What is wrong with an option's value; empty if nothing is."""
    if option.multiple:
        if not isinstance(value, list) or not value:
            return 'must be a list: ["..."]'
        return next((message for one in value if (message := _wrong_one(option, one))), "")
    return _wrong_one(option, value)


def _wrong_one(option: click.Option, value: Any) -> str:
    if option.is_flag:
        return "" if isinstance(value, bool) else "must be true or false"
    number = isinstance(option.type, click.types.IntParamType | click.types.FloatParamType)
    if number and (isinstance(value, bool) or not isinstance(value, int | float)):
        return "must be a number, without quotes"
    if not number and (not isinstance(value, str) or not value):
        quantity = isinstance(option.type, QuantityType | DoseAskedType)
        return "must be text in quotes" + (", with its unit" if quantity else "")
    if isinstance(option.type, click.Path):
        return ""  # whether the file is there is looked at when it is used
    try:
        told = option.type.convert(value, option, None)
    except click.BadParameter as error:
        return error.message
    if key_of(option) == "highlight" and told > HIGHLIGHT_PERMILLE:
        return f"a file may ask for more confirmations, not for fewer: {HIGHLIGHT_PERMILLE // 10}% at most"
    return ""


def defaults(of: Config, pump: config.KnownPump | None, path: str, command: click.Command) -> dict[str, Setting]:
    """Parameter's name -> what the file says of it; the pump's own settings come before the command's."""
    options = settable(path, command)
    told = {each_time.spelt(key): one for key, one in of.section(path).items()}
    told.update(pump.defaults() if pump else {})
    return {str(options[key].name): one for key, one in told.items() if key in options}


def matters(of: Config, path: str, command: click.Command) -> bool:
    """Whether it makes a difference to this command which of the file's pumps is meant."""
    options = settable(path, command)
    return any("operator" in pump.settings or set(pump.defaults()) & set(options) for pump in of.pumps.values())


@dataclass(frozen=True)
class Effective:
    """One option as it counts now: where it is from, and its value as it was written."""

    command: str
    option: str
    value: str
    origin: str

    def document(self) -> dict[str, Any]:
        """For scripts."""
        return {"command": self.command or None, "option": self.option, "value": self.value, "origin": self.origin}


def variable(path: str, option: click.Option) -> str:
    """The environment variable of an option."""
    name = "_".join(["PUMPCTL", *path.split(), key_of(option)]).upper().replace("-", "_")
    return option.envvar if isinstance(option.envvar, str) else name


def effective(
    of: Config, pump: config.KnownPump | None, path: str, command: click.Command, environment: Mapping[str, str]
) -> Iterator[Effective]:
    """The options of a command with what each would be now, were none given with the command."""
    told = defaults(of, pump, path, command)
    for option in own_options(command).values():
        name = variable(path, option)
        shown = max(option.opts, key=len)
        if environment.get(name) and option.allow_from_autoenv:
            yield Effective(path, shown, environment[name], name)
        elif option.name in told:
            one = told[str(option.name)]
            yield Effective(path, shown, text(one.value), of.place(one))
        else:
            yield Effective(path, shown, default_of(option), "default")


def default_of(option: click.Option) -> str:
    """An option's default as its help tells it; empty for none."""
    if "[default: " in (option.help or ""):
        return str(option.help).rpartition("[default: ")[2].rstrip("]")
    value = option.default
    return value if isinstance(value, str) else "" if option.is_flag or not isinstance(value, int) else str(value)


def text(value: Any) -> str:
    """A value of the file as people read it."""
    if isinstance(value, list):
        return ", ".join(map(text, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
