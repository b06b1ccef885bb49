"""`pumpctl clock`: show and set the pump's wall clock."""

import click

from pumpctl import device_changes, operations, timetext
from pumpctl.cli import confirming
from pumpctl.cli.context import Context, pass_context
from pumpctl.cli.group import SuggestingGroup
from pumpctl.quantity import format_dose_rate, format_duration


@click.group(cls=SuggestingGroup)
def clock() -> None:
    """Show or set the pump's clock. Setting it never changes a dose already given."""


@clock.command()
@pass_context
def show(context: Context) -> None:
    """Show the pump's time beside this machine's."""
    with context.connect() as pump:
        told = operations.clock(pump)
    context.out.result(told)
    ahead = told["ahead_ms"]
    difference = "not set" if ahead is None else f"{format_duration(abs(ahead))} {'ahead' if ahead >= 0 else 'behind'}"
    context.out.pairs([("pump", told["time"] or "-"), ("host", told["host_time"]), ("the pump is", difference)])


@clock.command("set")
@click.option("--time", "moment", metavar="ISO", help="ISO 8601 time.  [default: this machine's time and zone]")
@confirming.highlight
@pass_context
def set_clock(context: Context, moment: str | None) -> None:
    """Set the pump's time and its offset from UTC; asks at a terminal only.

    Shown is what it does to the daily pattern and to the plan: with another time of day another step of a flex day
    may hold at once.
    """
    given = timetext.parse(moment) if moment else None
    with context.connect() as pump:
        now = pump.status()
        program = confirming.read_program(context, pump)
        shown_ms, offset_min = given or timetext.now()
        changes = device_changes.clock(now, program, shown_ms, offset_min)
        confirming.show(context, changes, f"Pump {pump.hello.serial}")
        whose = f" of {now['patient']} ({format_dose_rate(now['program_dose_ng_per_day'])})" if now["patient"] else ""
        confirming.at_terminal(context, f"Set the clock of the pump{whose}?", None, changes)
        # The question took its time: this machine's is asked for anew.
        time_ms, offset_min = given or timetext.now()
        reply = pump.set_clock(time_ms, offset_min)
    told = timetext.iso(reply["time_ms"], offset_min)
    context.out.result({
        "time": told, "utc_offset_min": offset_min, "moved_ms": reply["moved_ms"],
        "changes": confirming.documents(context, changes),
    })  # fmt: skip
    context.out.line(f"The pump's clock says {told}; it moved by {format_duration(reply['moved_ms'])}.")
