"""The program in a report: whether the log's bytes are one, its settings, its steps and its plan."""

from typing import Any

from infuser.core.schedule import Schedule
from infuser.wire import codec
from infuser.wire import program as programs
from pumpctl import program_view, therapy_times
from pumpctl.program_sense import possible
from pumpctl.report_html import pairs, table
from pumpctl.report_text import dose, in_print, volume

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
# Rows of the program that stand elsewhere on the page, or in a table of their own.
_ELSEWHERE = ("patient", "drug", "steps", "plan")


def read(data: bytes) -> dict[str, Any] | None:
    """The program of a record's bytes; None where they are not one that a pump could follow."""
    try:
        program = programs.decode(data)
    except codec.CodecError:
        return None
    return program if possible(program) else None


def program(told: dict[str, Any]) -> str:
    """A program's settings, its steps, and the plan of its doses if it has one."""
    settings = [(name, in_print(value)) for name, value in program_view.lines(told) if name not in _ELSEWHERE]
    return pairs(settings) + f"<div>{_steps(told)}{_plan(told)}</div>"


def _steps(told: dict[str, Any]) -> str:
    schedule = Schedule(told)
    rows = []
    for step in told["step_list"]:
        rate_ng = step["dose_ng_per_day"]
        at = f"{step['start_min'] // 60:02d}:{step['start_min'] % 60:02d}"
        flow = volume(schedule.volume_nl(rate_ng)) + " a day"
        rows.append((_days(step["day_mask"]), at, dose(rate_ng) + " a day", flow))
    return table(("days", "from", "dose rate", "flow"), rows, (2, 3))


def _plan(told: dict[str, Any]) -> str:
    if not told["plan_list"]:
        return ""
    rows = [
        (str(at), therapy_times.people(step["at_min"]), dose(step["dose_ng_per_day"]) + " a day")
        for at, step in enumerate(told["plan_list"], 1)
    ]
    return table(("plan", "from", "dose"), rows, (2,), "plan")


def _days(mask: int) -> str:
    if mask & programs.EVERY_DAY == programs.EVERY_DAY:
        return "every day"
    return " ".join(name for at, name in enumerate(_DAYS) if mask >> at & 1)
