"""`pumpctl alarms`: list, acknowledge, pause the sound."""

import click

from infuser.wire import units
from pumpctl import operations, status_view, timetext
from pumpctl.cli.context import Context, pass_context
from pumpctl.cli.group import SuggestingGroup
from pumpctl.cli.params import DURATION
from pumpctl.errors import UsageProblem
from pumpctl.quantity import format_duration


@click.group(cls=SuggestingGroup)
def alarms() -> None:
    """List, acknowledge and silence alarms."""


@alarms.command("list")
@pass_context
def list_alarms(context: Context) -> None:
    """List the alarms present in order of occurrence, with what to do."""
    with context.connect() as pump:
        now = pump.status()
    found = [status_view.alarm_document(alarm, now["utc_offset_min"]) for alarm in now["alarm_list"]]
    context.out.result({"alarms": found, "audio_pause_ms": now["audio_pause_ms"]})
    if not found:
        context.out.line("No alarm is present.")
        return
    rows = [
        (alarm["id"], alarm["priority"], (alarm["since"] or "unknown")[:16].replace("T", " "), _standing(alarm),
         alarm["text"], alarm["remedy"])
        for alarm in found
    ]  # fmt: skip
    context.out.table(("ALARM", "PRIORITY", "SINCE", "", "WHAT", "DO"), rows, styles=_LAMPS)


# As the pump's own lamps.
_LAMPS = {"high": "bold red", "medium": "yellow", "low": "cyan"}


def _standing(alarm: operations.Values) -> str:
    cause = "present" if alarm["active"] else "cause gone"
    return f"{cause}, acknowledged" if alarm["acknowledged"] else cause


@alarms.command()
@click.argument("alarm", default="all")
@pass_context
def ack(context: Context, alarm: str) -> None:
    """Acknowledge ALARM, by name or number; all of them without it.

    An alarm that latches stays until it was acknowledged and its cause is gone. `alarms list` tells which are present.
    """
    code = operations.alarm_code(alarm)
    with context.connect() as pump:
        count = pump.acknowledge(code)["acknowledged"]
    context.out.result({"acknowledged": count})
    context.out.line(f"{count} alarm{'' if count == 1 else 's'} acknowledged.")


@alarms.command(short_help="Silence the sound for a time; the lamp stays.")
@click.argument("duration", type=DURATION, default="2min")
@click.option("--cancel", is_flag=True, help="End the pause.")
@pass_context
def pause(context: Context, duration: int, cancel: bool) -> None:
    """Silence the sound for DURATION, 2 min without it, 10 min at most; the lamp stays."""
    seconds, rest = divmod(0 if cancel else duration, units.MS_PER_S)
    if rest or seconds > units.AUDIO_PAUSE_MAX_S:
        most = units.AUDIO_PAUSE_MAX_S * units.MS_PER_S
        raise UsageProblem(
            f"a pause of {format_duration(duration)} is not possible, allowed 1 s to {format_duration(most)}",
            field="duration", value=duration, low=units.MS_PER_S, high=most, remedy="pause it again when it has passed",
        )  # fmt: skip
    with context.connect() as pump:
        until_ms = pump.pause_audio(seconds)["until_ms"]
        offset = pump.status()["utc_offset_min"]
    context.out.result({"paused": bool(seconds), "until": timetext.iso(until_ms, offset) if seconds else None})
    shown = f"Silent for {format_duration(seconds * units.MS_PER_S)}." if seconds else "The pause is over."
    context.out.line(shown)
