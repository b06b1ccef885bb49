"""Whether a program that decodes is one that a pump can hold: words known, times in a calendar, steps runnable."""

from typing import Any

from infuser.core.schedule import Schedule
from infuser.wire import program as programs
from pumpctl import therapy_times
from pumpctl.therapy_keys import CHOICES

_MINUTES_PER_DAY = 24 * 60


def possible(program: dict[str, Any]) -> bool:
    """False for what no pump takes, and nothing here could show."""
    try:
        Schedule(program)
    except (ArithmeticError, LookupError, ValueError):
        return False
    times = [program["start_min"], *(step["at_min"] for step in program["plan_list"])]
    return bool(
        program["mode"] in (programs.CONTINUOUS, programs.FLEX)
        and program["indication"] in (0, *CHOICES["indication"].values())
        and program["screening_response"] in (0, *CHOICES["response"].values())
        and max(times) <= therapy_times.LOCAL_MAX
        and all(step["start_min"] < _MINUTES_PER_DAY for step in program["step_list"])
        and all(program[f"{kind}_bolus_min"] or not program[f"{kind}_bolus_ng"] for kind in ("patient", "periodic"))
        and (program["periodic_interval_min"] or not program["periodic_bolus_ng"])
    )
