"""Options of `program send` for a change of drug: what stands in the fluid path, or that it was flushed."""

from collections.abc import Callable
from typing import Any

import click

from pumpctl.cli import fluidpath
from pumpctl.cli.context import Context
from pumpctl.cli.params import VOLUME
from pumpctl.errors import UsageProblem
from pumpctl.operations import Proposal

_REMEDY = "give --bridge 0.3ml, or the catheter, or --no-bridge if the path was flushed with the new drug"


def bridge_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command with these options; it gets `flushed`, `bridge` (nL) and the path's own."""
    command = fluidpath.fluid_path(command)
    command = click.option("--no-bridge", "flushed", is_flag=True, help="The path was flushed with the new drug.")(
        command
    )
    return click.option("--bridge", type=VOLUME, help="Volume in which the drug before still stands.")(command)


def volume_nl(
    flushed: bool, bridge: int | None, catheter_length: int | None, lumen: int | None, dead_space: int | None
) -> int:
    """The bridge in nL, 0 for none. UsageProblem if it is told in two ways.

    A path that the config file knows is bridged only where the drug changes: see `if_needed`.
    """
    if flushed and fluidpath.usual():
        return bridge or 0
    told = fluidpath.volume_nl(("--bridge", bridge), catheter_length, lumen, dead_space)
    if flushed and told is not None:
        raise UsageProblem("--no-bridge and a bridge are both given", field="--no-bridge", remedy="give one of them")
    return told or 0


def if_needed(bridge: int | None) -> bool:
    """Whether the bridge is what usually holds of this pump, so that it is left out where the drug stays the same."""
    return bridge is None and fluidpath.usual()


def confirm_flushed(context: Context, proposal: Proposal, flushed: bool) -> None:
    """Where the drug changes without a bridge, somebody must have said that none of the old one is left."""
    if proposal.bridge_nl or flushed or not proposal.changes_drug or proposal.old is None:
        return
    old, new = (f"{told['drug']} {told['concentration_ug_per_ml']} ug/mL" for told in (proposal.old, proposal.new))
    if context.yes or not context.interactive:
        raise UsageProblem(f"the drug changes from {old} to {new}, and no bridge is told", field="--bridge",
                           remedy=_REMEDY)  # fmt: skip
    context.confirm(f"No bridge from {old} to {new}: was the path flushed with the new drug?")
