"""Options that tell a fluid path: its volume is computed from the catheter's length and lumen."""

from collections.abc import Callable
from typing import Any

import click
from click.core import ParameterSource

from pumpctl import tubing
from pumpctl.cli.params import LENGTH, VOLUME, VOLUME_PER_LENGTH
from pumpctl.errors import UsageProblem
from pumpctl.quantity import format_volume

_OPTIONS = (
    click.option("--catheter-length", type=LENGTH, help='Length of the catheter, for example "60cm".'),
    click.option("--lumen", type=VOLUME_PER_LENGTH, help='What it holds a length, for example "2.2ul/cm".'),
    click.option("--dead-space", type=VOLUME, help="What stands between reservoir and catheter.  [default: 0]"),
)


def fluid_path(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command with the three options; it gets `catheter_length` (um), `lumen` (pL/mm), `dead_space` (nL)."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def volume_nl(given: tuple[str, int | None], length: int | None, lumen: int | None, dead: int | None) -> int | None:
    """The volume `given` outright under its name, or that of the path; None if neither is told. UsageProblem."""
    name, outright = given
    if outright is not None and usual():
        return outright
    if length is None and lumen is None and dead is None:
        return outright
    example = f"{name}, or --catheter-length 60cm --lumen 2.2ul/cm --dead-space 0.26ml"
    if outright is not None:
        raise UsageProblem(f"{name} and a catheter are both given", field=name, remedy=f"give {example}")
    missing = [option for option, value in (("--catheter-length", length), ("--lumen", lumen)) if value is None]
    if length is None or lumen is None:
        raise UsageProblem(f"{' and '.join(missing)} missing", field=missing[0], remedy=f"give {example}")
    return tubing.path_nl(length, lumen, dead or 0)


def usual() -> bool:
    """Whether all that is known of the path is from the config file: what usually holds of this pump, not an order."""
    told = [_source(name) for name in ("catheter_length", "lumen", "dead_space")]
    return ParameterSource.DEFAULT_MAP in told and set(told) <= {ParameterSource.DEFAULT_MAP, ParameterSource.DEFAULT}


def _source(name: str) -> ParameterSource | None:
    ctx = click.get_current_context(silent=True)
    return ctx.get_parameter_source(name) if ctx else None


def computed(length: int | None, lumen: int | None, dead: int | None) -> str:
    """How the volume was computed, in brackets for a question; empty where it was given."""
    if length is None or lumen is None:
        return ""
    catheter = format_volume(tubing.catheter_nl(length, lumen))
    return f" (catheter {catheter}, dead space {format_volume(dead or 0)})"
