"""`pumpctl virtual`: start, stop and list virtual pumps, and let their time pass."""

from pathlib import Path
from typing import Any

import click

from pumpctl.cli.context import Context, pass_context
from pumpctl.cli.group import SuggestingGroup
from pumpctl.cli.params import DURATION
from pumpctl.cli.virtual_name import name_option, named, names_meant
from pumpctl.cli.virtual_plant import PLANT_COMMANDS
from pumpctl.cli.virtual_play import play
from pumpctl.errors import LinkError
from pumpctl.quantity import format_duration


class InOrder(SuggestingGroup):
    """Lists its commands in the order in which they were added, not by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in that order."""
        return list(self.commands)


@click.group(cls=InOrder)
def virtual() -> None:
    """Start, advance, break and stop virtual pumps: the firmware itself, in virtual time.

    A virtual pump keeps its flash and its mechanics in a folder of its own until `remove`. Several
    can run side by side; --name says which one is meant and may be left out when only one runs.
    """


@virtual.command()
@name_option("Name of the pump; a new one is made if there is none.  [default: bench]")
@click.option(
    "--speed",
    type=click.FloatRange(min=0),
    help="Virtual seconds a second; 0: time moves only by `advance`.  [default: as before, 1 for a new pump]",
)
@click.option(
    "--micropython",
    metavar="PATH",
    envvar="MICROPYTHON",
    show_envvar=True,
    help="MicroPython unix port to run it on.  [default: the installed one]",
)
@click.option("--seed", type=int, help="Seed of the plant's noise.  [default: as before, 1 for a new pump]")
@click.option(
    "--crystal-ppm",
    type=click.IntRange(-1000, 1000),
    help="Error of the pump's crystal.  [default: as before, 0 for a new pump]",
)
@click.option(
    "--chip",
    type=click.Choice(["vm", "rp2040"]),
    help="What runs the firmware: the unix port, or the real image on an emulated RP2040.  [default: as before, vm for "
    "a new pump]",
)
@click.option(
    "--uf2",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar="PUMP_UF2",
    show_envvar=True,
    help="MicroPython image for the emulated chip.  [default: as before; the cached one for a new pump]",
)
@click.option("--bare", is_flag=True, default=None, help="An emulated chip at MicroPython's prompt, to be flashed.")
@pass_context
def start(context: Context, /, name: str | None, **settings: Any) -> None:
    """Start a virtual pump in the background.

    Returns once the firmware answers. A pump that was stopped goes on as after a power-on.

    With --chip rp2040 the firmware runs as on a Pico: some tens of seconds to start, hours of therapy in minutes.
    """
    from pumpctl import virtual as pumps

    pump = pumps.start(name or pumps.DEFAULT_NAME, **settings)
    status = pump.status()
    context.out.result(_document(status))
    others = len(pumps.running()) > 1
    context.out.line(f"virtual pump '{pump.name}' runs; its serial port is {pump.port}")
    asked = f"pumpctl {f'--port {pump.name} ' if others else ''}"
    suffix = f" --name {pump.name}" if others else ""
    if settings["bare"]:
        context.out.line(f"flash it:         {asked}flash")
    else:
        context.out.line(f"ask it:           {asked}status")
        context.out.line(f"let time pass:    pumpctl virtual advance 36h{suffix}")
    context.out.line(f"stop it:          pumpctl virtual stop{suffix}")


@virtual.command("list")
@pass_context
def list_(context: Context) -> None:
    """List the virtual pumps, running or not."""
    from pumpctl import virtual as pumps

    found = [_status(pumps.VirtualPump(name)) for name in pumps.all_names()]
    context.out.result({"pumps": found})
    if not found:
        context.out.line("no virtual pumps; `pumpctl virtual start` makes one")
        return
    rows = [[pump["name"], pump["state"], pump["port"]] for pump in found]
    context.out.table(("NAME", "STATE", "PORT"), rows)


@virtual.command()
@click.argument("duration", type=DURATION)
@click.option(
    "--until",
    type=click.Choice(["alarm"]),
    help="Stop at the next alarm of a higher priority than those already signalled.",
)
@name_option()
@pass_context
def advance(context: Context, duration: int, until: str | None, name: str | None) -> None:
    """Let virtual time pass, and return when it has.

    DURATION is written with its unit: 36h, 90min, 30d.
    """
    pump = named(context, name)
    with context.out.progress(f"{pump.name}: {format_duration(duration)}", duration) as tell:
        answer = pump.advance_ms(duration, until, lambda done_ms, of_ms: tell(done_ms))
        if not answer["stopped_by"]:
            tell(duration)
    context.out.result({"name": pump.name, **answer})
    stopped = "stopped by an alarm" if answer["stopped_by"] else "there"
    context.out.line(f"{pump.name}: {stopped} after {format_duration(answer['now_ms'])} of virtual time in all")


@virtual.command()
@click.argument("factor", metavar="X", type=click.FloatRange(min=0))
@name_option()
@pass_context
def speed(context: Context, factor: float, name: str | None) -> None:
    """Set how fast virtual time runs.

    X virtual seconds a second; at 0 time stands still between `advance` orders.
    """
    pump = named(context, name)
    pump.set_speed(factor)
    context.out.result({"name": pump.name, "speed": factor})
    context.out.line(f"{pump.name}: " + (f"{factor:g} virtual seconds a second" if factor else "time stands still"))


@virtual.command()
@name_option()
@click.option("--all", "every", is_flag=True, help="Stop every virtual pump that runs.")
@pass_context
def stop(context: Context, name: str | None, every: bool) -> None:
    """Stop a virtual pump; its state stays.

    Flash and mechanics are found again by the next start.
    """
    from pumpctl import virtual as pumps

    meant = pumps.running() if every else [named(context, name)]
    for pump in meant:
        pump.stop()
        context.out.line(f"{pump.name}: stopped")
    if not meant:
        context.out.line("no virtual pump runs")
    context.out.result({"stopped": [pump.name for pump in meant]})


@virtual.command()
@name_option()
@pass_context
def reset(context: Context, name: str | None) -> None:
    """Make a virtual pump as new.

    Flash and mechanics are lost; the pump starts again if it was running.
    """
    pump = named(context, name)
    again = pump.reset()
    context.out.result({"name": pump.name, "running": again})
    context.out.line(f"{pump.name}: as new, " + ("running" if again else "not running"))


@virtual.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@name_option("Name of the virtual pump, if it is only one.")
@pass_context
def remove(context: Context, names: tuple[str, ...], name: str | None) -> None:
    """Delete virtual pumps that do not run."""
    from pumpctl import virtual as pumps

    meant = names_meant(names, name)
    for one in meant:
        pumps.VirtualPump(one).remove()
        context.out.line(f"{one}: removed")
    context.out.result({"removed": meant})


for command in (*PLANT_COMMANDS, play):
    virtual.add_command(command)


def _status(pump: Any) -> dict[str, Any]:
    """What `list` tells of one pump, whatever state it is in."""
    if not pump.running:
        return {"name": pump.name, "state": "stopped", "port": str(pump.port)}
    try:
        return _document(pump.status())
    except LinkError:
        return {"name": pump.name, "state": "failed", "port": str(pump.port)}


def _document(status: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in status.items() if key not in ("pid", "vm_pid")}
