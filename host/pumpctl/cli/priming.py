"""`pumpctl prime`, `flush` and `drain`: what runs off the patient and is counted as priming."""

import click

from infuser.wire import states
from pumpctl import operations, order_changes, timetext
from pumpctl.cli import confirming, fluidpath
from pumpctl.cli.context import Context, pass_context
from pumpctl.cli.params import DURATION, VOLUME
from pumpctl.errors import UsageProblem
from pumpctl.quantity import format_duration, format_volume

_OVER = click.option("--over", type=DURATION, help="Time in which it is given.  [default: 5 min for each mL]")
_OFF = "is the line off the patient?"


@click.command()
@click.argument("volume", type=VOLUME, required=False)
@fluidpath.fluid_path
@_OVER
@confirming.highlight
@pass_context
def prime(
    context: Context,
    volume: int | None,
    catheter_length: int | None,
    lumen: int | None,
    dead_space: int | None,
    over: int | None,
) -> None:
    """Fill the catheter, off the patient; counted as priming, never as therapy.

    VOLUME is told outright, or computed from --catheter-length, --lumen and --dead-space, which the config file may
    hold for each pump. Asks whether the line is off the patient; --yes answers that it is.
    """
    path = (catheter_length, lumen, dead_space)
    told = fluidpath.volume_nl(("VOLUME", volume), *path)
    if told is None:
        remedy = "pumpctl prime 200ul, or pumpctl prime --catheter-length 60cm --lumen 2.2ul/cm --dead-space 0.26ml"
        raise UsageProblem("VOLUME missing", field="VOLUME", remedy=remedy)
    _run(context, states.PRIMING_CATHETER, told, over, f"Prime {format_volume(told)}{fluidpath.computed(*path)}")


@click.command()
@click.argument("volume", type=VOLUME)
@_OVER
@confirming.highlight
@pass_context
def flush(context: Context, volume: int, over: int | None) -> None:
    """Rinse the fluid path with VOLUME from the reservoir, off the patient; counted as priming.

    Asks whether the line is off the patient; --yes answers that it is. `pumpctl bolus --cancel` ends it early.
    """
    _run(context, states.FLUSHING, volume, over, f"Flush with {format_volume(volume)}")


@click.command()
@_OVER
@confirming.highlight
@pass_context
def drain(context: Context, over: int | None) -> None:
    """Empty the reservoir through the line, off the patient, until the empty switch closes.

    Asks whether the line is off the patient; --yes answers that it is. `pumpctl bolus --cancel` ends it early.
    """
    _run(context, states.DRAINING, None, over, "Drain")


def _run(context: Context, purpose: int, volume_nl: int | None, over: int | None, what: str) -> None:
    """Ask and start; without a volume it is what the pump reckons to be in the reservoir."""
    with context.connect() as pump:
        now = pump.status()
        if volume_nl is None:
            volume_nl = int(now["reservoir_nl"])
            what = f"{what} the reservoir, {format_volume(volume_nl)} by the pump's reckoning,"
        over_ms = over or operations.prime_duration_ms(volume_nl)
        changes = order_changes.prime(now, volume_nl, over_ms)
        confirming.show(context, changes, f"Pump {pump.hello.serial}")
        whose = f" on the pump of {now['patient']}" if now["patient"] else ""
        context.confirm(f"{what} over {format_duration(over_ms)}{whose}; {_OFF}")
        reply = pump.prime(volume_nl, over_ms, purpose)
    offset = now["utc_offset_min"]
    context.out.result({
        "purpose": states.PURPOSE_NAMES[purpose], "volume_nl": reply["volume_nl"], "duration_ms": over_ms,
        "ends": timetext.iso(reply["ends_ms"], offset), "changes": confirming.documents(context, changes),
    })  # fmt: skip
    until = timetext.people(reply["ends_ms"], offset)
    context.out.line(f"{_RUNNING[purpose]} {format_volume(reply['volume_nl'])}, until {until}.")


_RUNNING = {states.PRIMING_CATHETER: "Priming", states.FLUSHING: "Flushing with", states.DRAINING: "Draining"}
