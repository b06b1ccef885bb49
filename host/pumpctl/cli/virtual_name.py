"""Which virtual pump a command means: --name, the --port that names one, or the only one running."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from pumpctl.cli.context import Context
from pumpctl.errors import LinkError, UsageProblem
from pumpctl.nearest import hint

if TYPE_CHECKING:
    from pumpctl.virtual import VirtualPump

ENVIRONMENT = "PUMPCTL_VIRTUAL_NAME"


def name_option(text: str = "Name of the virtual pump.  [default: the only one running]") -> Callable[..., Any]:
    """The option --name, the same for all commands."""
    return click.option("-n", "--name", metavar="NAME", envvar=ENVIRONMENT, help=text)


def named(context: Context, name: str | None) -> "VirtualPump":
    """The pump meant; UsageProblem lists the choice where there is one, LinkError says that none runs."""
    from pumpctl import virtual as pumps

    known = pumps.all_names()
    if name is None and context.port in known:
        name = context.port
    if name is not None:
        if name not in known:
            raise UsageProblem(
                f"there is no virtual pump '{name}'{hint(name, known)}",
                field="--name",
                value=name,
                remedy=f"choose one of: {', '.join(known)}" if known else "make one with `pumpctl virtual start`",
            )
        return pumps.VirtualPump(name)
    running = pumps.running()
    if not running:
        raise LinkError("no virtual pump runs", field="--name", remedy="start one with `pumpctl virtual start`")
    if len(running) > 1:
        raise UsageProblem(
            f"{len(running)} virtual pumps run: {', '.join(pump.name for pump in running)}",
            field="--name",
            remedy="say which one with --name",
        )
    return running[0]


def names_meant(names: Sequence[str], name: str | None) -> list[str]:
    """Names given as arguments or by --name, of which there must be one."""
    meant = list(names) or ([name] if name else [])
    if not meant:
        raise UsageProblem("no name given", field="NAME", remedy="`pumpctl virtual list` shows the names")
    return meant
