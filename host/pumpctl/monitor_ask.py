"""What the monitor asks before an order, and its page of help: boxes over the screen, answered by one key."""

import textwrap
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from infuser.wire import program as programs
from infuser.wire import states
from pumpctl import monitor_view, quantity, status_parts
from pumpctl.monitor_draw import Line
from pumpctl.monitor_link import Order
from pumpctl.monitor_look import Look
from pumpctl.monitor_plot import Glyphs

_WIDTH = 66
_CHOICES = "123456789"
# What goes on in the place of the programmed dose when therapy is resumed.
_FIRST = ("temporary rate", "bridge")


@dataclass(frozen=True)
class Dialog:
    """Lines in a box. `answers` are the keys that give an order; every other one closes it and tells `no`."""

    title: str
    lines: tuple[str, ...]
    answers: Mapping[str, Order] = field(default_factory=dict)
    no: str = ""


def resume(look: Look | None) -> Dialog | str:
    """Asks whether to start or resume therapy, naming patient and dose; why not where there is nothing to resume."""
    if look is None or look.program is None:
        return "there is no therapy to resume: the pump holds no program"
    status = look.status
    if status["state"] in states.THERAPY:
        return "therapy runs already"
    dose, mode = quantity.format_dose_rate(status["program_dose_ng_per_day"]), programs.MODE_NAMES.get(status["mode"])
    if status["plan_length"] and status["plan_dose_ng_per_day"]:
        dose = (
            f"{quantity.format_dose_rate(status['plan_dose_ng_per_day'])}, step {status['plan_position']} of its plan"
        )
    present = ", ".join(alarm.name for alarm in monitor_view.alarm_list(look)) or "none"
    first = [f"at first   {name}, {value}" for name, value in status_parts.running(status) if name in _FIRST]
    lines = (
        f"patient    {status['patient']}",
        f"dose       {dose}, {mode}",
        *first,
        f"drug       {status['drug']} {status['concentration_ug_per_ml']} ug/mL",
        f"reservoir  {quantity.format_volume(status['reservoir_nl'])}",
        f"state      {status_parts.state_name(status['state'])}; alarms: {present}",
        "",
        f"y  resume {dose} for {status['patient']}",
        "any other key: do not",
    )
    agreed = (status["patient"], status["program_digest"])
    return Dialog("Resume therapy?", lines, {"y": Order("resume", agreed=agreed)}, "not resumed")


def acknowledge(look: Look | None, seen: Collection[int]) -> Dialog | Order | str:
    """Which alarm to acknowledge: only what was read is acknowledged.

    The only alarm there is goes without a question if it is among those `seen`; every other one is named first, and
    those for which a box has no room wait for their turn.
    """
    present = monitor_view.alarm_list(look) if look else []
    found = [alarm for alarm in present if not alarm.acknowledged][: len(_CHOICES)]
    if not found:
        return "no alarm waits to be acknowledged"
    if len(present) == 1 and found[0].code in seen:
        return Order("acknowledge", codes=(found[0].code,))
    chosen = dict(zip(_CHOICES, found, strict=False))
    lines = tuple(
        f"{key}  {alarm.mark:<3} {alarm.priority_name:<6}  {alarm.name}, since {alarm.since}"
        for key, alarm in chosen.items()
    )
    answers = {key: Order("acknowledge", codes=(alarm.code,)) for key, alarm in chosen.items()}
    answers["a"] = Order("acknowledge", codes=tuple(alarm.code for alarm in found))
    last = ("", f"a  all {len(found)} of these", "any other key: none")
    return Dialog("Acknowledge which alarm?", lines + last, answers, "nothing acknowledged")


HELP = Dialog(
    "Keys",
    (
        "a  acknowledge an alarm; a new one and several are named first",
        "p  pause the sound for 2 min, again: end the pause",
        "s  STOP delivery at once, without a question",
        "r  resume therapy, after you confirmed patient and dose",
        "l  the log on the whole screen; there f shows the hourly records",
        "c  watch another pump that answers on this port",
        "q  quit; the pump goes on as it is",
        "",
        "!!! high, !! medium, ! low: priority of an alarm",
        "The bar of the day: filled is delivered, the mark is the plan by now.",
        "NOT LIVE, and a ? before each value: no answer, what is shown is old.",
        "",
        "any key closes this",
    ),
)


def over(lines: list[Line], dialog: Dialog, width: int, glyphs: Glyphs) -> list[Line]:
    """The screen with a dialog in the middle of it; its last two lines stay as they are."""
    told = [part for line in dialog.lines for part in (textwrap.wrap(line, _WIDTH - 6) or [""])]
    edge, side = glyphs.rule * (_WIDTH - 2), glyphs.box[4]
    body = [f"{side}  {line:<{_WIDTH - 6}}  {side}" for line in (dialog.title, "", *told)]
    box = [f"{glyphs.box[0]}{edge}{glyphs.box[1]}", *body, f"{glyphs.box[2]}{edge}{glyphs.box[3]}"]
    top = max(1, (len(lines) - len(box)) // 2)
    left = (width - _WIDTH) // 2
    shown = list(lines)
    for at, row in enumerate(box, top):
        if at >= len(lines) - 2:
            break
        kind = "strong" if at > top + 1 else "alert"
        under = "".join(part for part, _ in shown[at]).ljust(width)
        shown[at] = [(under[:left], "plain"), (row, kind), (under[left + _WIDTH :], "plain")]
    return shown
