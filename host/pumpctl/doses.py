"""Orders on the dose in force: a temporary rate and the plan of doses, given outright or in percent."""

from typing import Any

from infuser.core.schedule import Schedule
from infuser.wire import program as programs
from infuser.wire import states, units
from pumpctl import program_view, quantity, status_parts, therapy_times, timetext
from pumpctl.dose_asked import DoseAsked
from pumpctl.program import Program

Values = dict[str, Any]

_WEEK_MS = 7 * units.MS_PER_DAY
# 1 January 1970 was a Thursday; weeks are counted from Monday.
_MONDAY_MS = 4 * units.MS_PER_DAY


# Temporary rate


def temporary_dose(status: Values, asked: DoseAsked) -> int:
    """The temporary dose in ng a day; a share is taken of the rate that runs now."""
    return asked.of(status["dose_ng_per_day"], "rate now")


def volume_rate(status: Values, dose_ng_per_day: int) -> str:
    """A daily dose with the flow that carries it at the programmed concentration."""
    told = quantity.format_dose_rate(dose_ng_per_day)
    if not status["concentration_ug_per_ml"]:
        return told
    flow = units.volume_nl(dose_ng_per_day, status["concentration_ug_per_ml"])
    return f"{told} ({quantity.format_rate(flow)})"


def pattern_at(schedule: Schedule, time_ms: int, utc_offset_min: int) -> tuple[int, int]:
    """(dose in ng a day by the pattern, ms until it changes) at a time; for a flex day that of its step."""
    local_ms = time_ms + utc_offset_min * units.MS_PER_MIN
    rate, wait_ms = schedule.rate_at((local_ms - _MONDAY_MS) % _WEEK_MS)
    return units.dose_ng(rate, schedule.concentration), wait_ms


def programmed_now(status: Values, program: Program | None) -> int:
    """What the program gives at this time of day, ng a day; its mean where the program or the time is not known."""
    flex = program is not None and program["mode"] == programs.FLEX
    if program is None or not flex or not status["time_valid"]:
        return dose_in_force(status)
    schedule = Schedule(program, status["plan_dose_ng_per_day"])
    return pattern_at(schedule, status["time_ms"], status["utc_offset_min"])[0]


# Plan


def dose_in_force(status: Values) -> int:
    """The plan's dose in force, ng a day; the pattern's before the first step, 0 when a taper has come to its end."""
    before_first = not status["plan_position"] and not status["plan_dose_ng_per_day"]
    return int(status["program_dose_ng_per_day" if before_first else "plan_dose_ng_per_day"])


def planned_dose(status: Values, asked: DoseAsked) -> int:
    """The dose to cut back to; a share is taken of the one in force."""
    return asked.of(dose_in_force(status), "planned dose")


def plan_title(program: Program, status: Values) -> str:
    """Whose plan it is and where it stands."""
    held = ", held" if status["plan_held"] else ""
    dose = quantity.format_dose_rate(dose_in_force(status))
    return f"{program['patient']}: {dose} in force, step {status['plan_position']} of {status['plan_length']}{held}"


def plan_rows(program: Program, status: Values) -> list[tuple[str, str, str, str]]:
    """(number, from, dose, what it is now) of the pattern and of every step of the plan."""
    position = status["plan_position"]
    pattern = program_view.figures(program)["dose_ng_per_day"]
    rows = [("0", "start", quantity.format_dose_rate(pattern), _standing(0, position, status))]
    for at, step in enumerate(plan_steps(program, status), 1):
        dose = quantity.format_dose_rate(step["dose_ng_per_day"]) if step["dose_ng_per_day"] else "end of therapy"
        rows.append((str(at), step["from"].replace("T", " "), dose, _standing(at, position, status)))
    return rows


def plan_steps(program: Program, status: Values) -> list[Values]:
    """Every step of the plan: `from` as it is now due, local ISO 8601 to the minute, and dose_ng_per_day.

    A step to come moves with the one that is next: a plan that was held is late by as long as it was held.
    """
    position, steps = status["plan_position"], program["plan_list"]
    late_min = 0
    if status["plan_next_ms"] and position < len(steps):
        next_min = status["plan_next_ms"] // units.MS_PER_MIN + status["utc_offset_min"]
        late_min = max(0, next_min - steps[position]["at_min"])
    return [
        {
            "from": therapy_times.iso(step["at_min"] + (late_min if at >= position else 0)),
            "dose_ng_per_day": step["dose_ng_per_day"],
        }
        for at, step in enumerate(steps)
    ]


def _standing(at: int, position: int, status: Values) -> str:
    if at < position:
        return "over"
    if at == position:
        held = ", held" if status["plan_held"] else ""
        return f"in force{held}"
    return "next" if at == position + 1 and not status["plan_held"] else ""


def plan_document(program: Program | None, status: Values) -> Values:
    """The plan for scripts: `length` is 0 where the program has none; times are ISO 8601 or null."""
    return {
        "length": status["plan_length"],
        "position": status["plan_position"],
        "held": status["plan_held"],
        "dose_ng_per_day": dose_in_force(status),
        "next": timetext.iso(status["plan_next_ms"], status["utc_offset_min"]),
        "steps": plan_steps(program, status) if program else [],
    }


def order_document(action: int, patient: str, reply: Values, utc_offset_min: int) -> Values:
    """What an order on the plan came to, for scripts."""
    return {
        "action": states.PLAN_ACTION_NAMES[action],
        "patient": patient,
        "position": reply["position"],
        "dose_ng_per_day": reply["dose_ng_per_day"],
        "held": reply["held"],
        "next": timetext.iso(reply["next_ms"], utc_offset_min),
    }


def order_sentence(reply: Values, utc_offset_min: int) -> str:
    """The same for people."""
    dose = quantity.format_dose_rate(reply["dose_ng_per_day"])
    if reply["held"]:
        return f"The plan is held at {dose}."
    return f"The plan goes on from {dose}; its next step: {status_parts.moment(reply['next_ms'], utc_offset_min)}."
