"""What the monitor shows of a pump, in words and as a document: plain values without a screen."""

from dataclasses import dataclass, replace
from typing import Any

from infuser.wire import alarms, errors, records, states, units
from infuser.wire import program as programs
from pumpctl import logview, monitor_day, quantity, status_parts, status_view, timetext
from pumpctl.monitor_day import Day
from pumpctl.monitor_look import Look

Values = dict[str, Any]
# What a tick, and the answers of a pump that are not given at one instant, explain: no difference to tell.
_SLACK_MS = 5 * units.MS_PER_S
_SLACK_STEPS = 2
_SAME_CLOCK_MS = 2 * units.MS_PER_S
LOG_SHOWN = 200
MARKS = {alarms.HIGH: "!!!", alarms.MEDIUM: "!!", alarms.LOW: "!"}


@dataclass(frozen=True)
class Alarm:
    """One alarm as shown; `mark` has as many signs as its priority is high."""

    code: int
    name: str
    priority: int
    since: str
    standing: str
    acknowledged: bool
    text: str
    remedy: str

    @property
    def mark(self) -> str:
        return MARKS.get(self.priority, "?")

    @property
    def priority_name(self) -> str:
        return alarms.PRIORITY_NAMES.get(self.priority, "?")


def alarm_list(look: Look) -> list[Alarm]:
    """The alarms present: the highest priority first, of these what nobody has acknowledged, then the oldest."""
    offset = look.status["utc_offset_min"]
    entries = sorted(
        look.status["alarm_list"], key=lambda one: (-one["priority"], one["acknowledged"], one["since_ms"])
    )
    return [_alarm(entry, offset) for entry in entries]


def _alarm(entry: Values, offset_min: int) -> Alarm:
    told = status_view.alarm_document(entry, offset_min)
    cause = "" if entry["active"] else ", cause gone"
    standing = ("acknowledged" if entry["acknowledged"] else "NOT ACKNOWLEDGED") + cause
    since = (told["since"] or "0000-unknown")[5:16].replace("T", " ")
    return Alarm(
        entry["alarm"], told["id"], entry["priority"], since, standing, entry["acknowledged"], told["text"],
        told["remedy"],
    )  # fmt: skip


def state(look: Look) -> str:
    """The state as a heading, with what stopped the pump."""
    status = look.status
    name = status_parts.state_name(status["state"]).upper().replace("-", " ")
    stopped = status["state"] in (states.SUSPENDED, states.ALARM_STOPPED, states.MINIMUM_RATE)
    return f"{name} by {status_parts.named(states.REASON_NAMES, status['stop_reason'])}" if stopped else name


def rate(look: Look) -> str:
    """Dose and flow now."""
    dose, flow = look.status["dose_ng_per_day"], look.status["rate_nl_per_day"]
    return f"{quantity.format_dose_rate(dose)}  {quantity.format_rate(flow)}"


def therapy(look: Look) -> str:
    """Patient, mode and drug."""
    status = look.status
    if not status["mode"]:
        return "no therapy"
    mode = programs.MODE_NAMES.get(status["mode"], "?")
    return f"{status['patient']}  {status['drug']} {status['concentration_ug_per_ml']} ug/mL {mode}"


def clock(look: Look) -> str:
    """The pump's time beside this machine's; a virtual pump has a time of its own."""
    ahead_ms = look.ahead_ms
    if ahead_ms is None:
        return "clock LOST"
    shown = timetext.people(look.status["time_ms"], look.status["utc_offset_min"])[5:]
    if abs(ahead_ms) < _SAME_CLOCK_MS:
        return f"clock {shown}, as here"
    if look.virtual:
        return f"clock {shown}, virtual time"
    size = quantity.format_duration(abs(ahead_ms) // units.MS_PER_S * units.MS_PER_S)
    return f"clock {shown}, {size} {'ahead' if ahead_ms > 0 else 'behind'}"


def time_text(local_ms: int) -> str:
    """HH:MM of a local time."""
    minute = local_ms % units.MS_PER_DAY // units.MS_PER_MIN
    return f"{minute // 60:02d}:{minute % 60:02d}"


def amount(look: Look, volume_nl: int) -> str:
    """A volume with the dose in it, where the concentration is known."""
    concentration = look.status["delivered_ug_per_ml"]
    shown = quantity.format_volume(volume_nl)
    return f"{shown} ({quantity.format_dose(units.dose_ng(volume_nl, concentration))})" if concentration else shown


def progress(look: Look, day: Day) -> str:
    """How what was delivered stands to the plan until now."""
    if day.planned_nl is None:
        if not look.status["time_valid"]:
            return "no plan: the pump's clock is lost"
        if look.program is None:
            return "no plan: no therapy"
        return f"no plan: {'the clock was set back' if look.set_back else 'therapy has not started'}"
    slack_nl = look.status["rate_nl_per_day"] * _SLACK_MS // units.MS_PER_DAY
    slack_nl += units.steps_volume_nl(_SLACK_STEPS, look.status["step_pl"])
    off_nl = day.behind_nl
    if abs(off_nl) <= slack_nl:
        return f"as planned ({quantity.format_volume(day.planned_nl)} by now)"
    word = "BEHIND" if off_nl > 0 else "AHEAD of"
    return f"{quantity.format_volume(abs(off_nl))} {word} {quantity.format_volume(day.planned_nl)} planned by now"


def interruptions(day: Day) -> list[str]:
    """What happened to therapy within the day's plan."""
    told = []
    if day.by_hand_nl:
        told.append(f"boluses by hand {quantity.format_volume(day.by_hand_nl)}")
    for name, duration_ms in (("stopped", day.stopped_ms), ("at the minimum rate", day.reduced_ms)):
        if duration_ms >= units.MS_PER_S:
            told.append(f"{name} {quantity.format_duration(duration_ms // units.MS_PER_S * units.MS_PER_S)}")
    return told


def room(look: Look) -> list[str]:
    """What may still go out within each dose window that is limited."""
    status, told = look.status, []
    concentration = status["delivered_ug_per_ml"]
    for window in status["window_list"]:
        if not window["limit_nl"]:
            continue
        left, limit = max(0, window["limit_nl"] - window["used_nl"]), window["limit_nl"]
        if concentration:
            left, limit = units.dose_ng(left, concentration), units.dose_ng(limit, concentration)
        form = quantity.format_dose if concentration else quantity.format_volume
        told.append(f"{form(left)} of {form(limit)} in {status_parts.window_span(window)}")
    return told


def refill(look: Look) -> str:
    """When a refill is due, and in how long."""
    status = look.status
    due = status_view.refill_due(status["refill_due_ms"], status)
    if due in ("-", "now"):
        return "refill due NOW" if due == "now" else "no refill date"
    left_ms = status["refill_due_ms"] - status["time_ms"]
    unit_ms = units.MS_PER_DAY if left_ms > 2 * units.MS_PER_DAY else units.MS_PER_H
    return f"refill {due}, in {quantity.format_duration(left_ms // unit_ms * unit_ms)}"


def running(look: Look) -> list[tuple[str, str]]:
    """(name, value) of what runs beside the programmed rate or waits to, and a sound that is paused."""
    rows = status_parts.running(look.status) + status_parts.allotted(look.status)
    if look.status["audio_pause_ms"]:
        rows.append(("sound", f"PAUSED for {status_parts.whole(look.status['audio_pause_ms'])} more"))
    return rows


def log_rows(look: Look, routine: bool = False) -> list[tuple[str, str, str]]:
    """(time without the year, kind, sentence) of the log, the oldest first; with `routine` the hourly records too."""
    shown = [one for one in look.placed if routine or one.kind not in logview.ROUTINE]
    return [(_short(time), kind, text) for _, time, kind, text in logview.rows(shown[-LOG_SHOWN:])]


def log_tail(look: Look) -> list[tuple[str, str, str]]:
    """The same for a few lines: without the hourly records, and of a command only how it ended."""
    begun = [one for one in look.placed if one.kind == records.COMMAND and one.fields["error"] == errors.BEGUN]
    hidden = {id(one) for one in begun if one is not look.placed[-1]}
    return log_rows(replace(look, placed=[one for one in look.placed if id(one) not in hidden]))


def _short(time: str) -> str:
    mark = "~" if time.startswith("~") else ""
    bare = time.removeprefix("~")
    return mark + (bare[5:] if bare[4:5] == "-" else bare)


def document(look: Look, problem: str = "") -> Values:
    """What the screen shows, for scripts: volumes nL, times ISO 8601 or ms."""
    day, status = monitor_day.of(look), look.status
    offset = status["utc_offset_min"]
    start_ms = day.start_ms - offset * units.MS_PER_MIN
    return {
        "serial": look.hello.serial,
        "live": True,
        "status": status_view.document(status, look.hello),
        "today": {
            "plan_since": timetext.iso(start_ms, offset) if day.planned_nl is not None else None,
            "delivered_nl": day.delivered_nl,
            "boluses_by_hand_nl": day.by_hand_nl,
            "planned_nl": day.planned_nl,
            "planned_until_midnight_nl": day.whole_nl,
            "behind_nl": day.behind_nl if day.planned_nl is not None else None,
            "stopped_ms": day.stopped_ms,
            "minimum_rate_ms": day.reduced_ms,
            "told": progress(look, day),
        },
        "room": [
            {"span_min": window["span_min"], "limit_nl": window["limit_nl"],
             "left_nl": max(0, window["limit_nl"] - window["used_nl"])}
            for window in status["window_list"] if window["limit_nl"]
        ],
        "reservoir_capacity_nl": units.RESERVOIR_CAPACITY_NL,
        "alarms": [
            {"id": one.name, "priority": one.priority_name, "acknowledged": one.acknowledged,
             "text": one.text, "remedy": one.remedy}
            for one in alarm_list(look)
        ],
        "clock_ahead_ms": look.ahead_ms,
        "log": [{"time": time, "kind": kind, "text": text} for time, kind, text in log_rows(look)[-20:]],
        "log_problem": problem or None,
    }  # fmt: skip
