"""A config file to begin with, made from the options that there are."""

import json
import re
import textwrap
from collections.abc import Mapping

import click

from pumpctl import config
from pumpctl.cli import settings
from pumpctl.cli.params import QuantityType
from pumpctl.quantity import KINDS

_HEAD = """\
# Defaults of pumpctl. A flag comes before an environment variable, that before the pump's section here, that before
# the command's section. Take the # away from what you want. What confirms something, and what is part of an order to
# a pump, cannot be set here. `pumpctl config check` checks this file, `pumpctl config show` tells what counts.
"""
_EXAMPLES = {"port": "/dev/ttyACM0", "serial": "e6614103e7452d2f", "operator": "Ada"}
_WIDTH = 110


def template_text(commands: Mapping[str, click.Command]) -> str:
    """The file, every key commented out."""
    parts = [_HEAD]
    parts += [_entry(key, json.dumps({**_EXAMPLES, "port": "ward1"}[key]), about)
              for key, about in config.GLOBAL_KEYS.items()]  # fmt: skip
    parts.append("\n# A pump by its name: --port ward1. One table for each; without port and serial a virtual pump.")
    parts.append("# [pump.ward1]")
    for key, (kind, about) in config.PUMP_KEYS.items():
        parts.append(_entry(key, json.dumps(KINDS[kind].example if kind else _EXAMPLES[key]), about))
    for path, command in commands.items():
        options = settings.settable(path, command)
        if options and not isinstance(command, click.Group):
            parts.append(f"\n# [{'.'.join(path.split())}]")
            parts += [_entry(key, _value(option), option.help or "") for key, option in options.items()]
    return "\n".join(parts) + "\n"


def _entry(key: str, value: str, about: str) -> str:
    line = f"# {key} = {value}"
    told = " ".join(about.split())
    if not told:
        return line
    if len(line) + len(told) + 4 <= _WIDTH:
        return f"{line}  # {told}"
    return "\n".join([*(f"## {part}" for part in textwrap.wrap(told, _WIDTH)), line])


def _value(option: click.Option) -> str:
    """A value that the option takes, as TOML."""
    value = json.dumps(_example(option))
    return f"[{value}]" if option.multiple else value


def _example(option: click.Option) -> str | int | float | bool:
    kind = option.type
    if option.is_flag:
        return True
    told = option.default
    if isinstance(told, str | int) and told != "" and not (isinstance(kind, QuantityType) and isinstance(told, int)):
        return told
    if isinstance(kind, QuantityType):
        default = settings.default_of(option)
        return default if re.fullmatch(kind.kind.pattern, default) else kind.kind.example
    if isinstance(kind, click.Choice):
        return str(kind.choices[0])
    if isinstance(kind, click.types.IntParamType | click.types.FloatParamType):
        return getattr(kind, "min", None) or 1
    return {"since": "2026-03-01", "until": "2026-03-31", "alarm": "stall"}.get(settings.key_of(option), "...")
