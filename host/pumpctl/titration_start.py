"""The program that a titration begins with: after screening, or what is given already."""

from typing import Any

from infuser.core import eligibility
from infuser.wire import program as programs
from infuser.wire import units
from pumpctl import eligible, program_changes, quantity, titration
from pumpctl.errors import UsageProblem
from pumpctl.program import Program
from pumpctl.therapy_reader import rate_bounds

Values = dict[str, Any]

# Not of the label: where nothing else is asked for, what the pump falls back to, and the room above the target that
# boluses may take. The pump's own windows leave a quarter too.
_MINIMUM_PART = 4
_ROOM_PART = 4


def after_screening(told: Values, library: Values, target_ng_per_day: int, minimum: int = 0, limit: int = 0) -> Program:
    """A continuous program with the label's first dose: twice the screening dose, or that dose itself where its effect
    lasted over 8 h; never above the target.

    `told` holds the wire's fields on patient, screening and drug. `minimum` and `limit` in ng a day, 0 for a quarter of
    the first dose and a quarter above the target. FileProblem or UsageProblem says why there is none.
    """
    program = programs.new(**told, low_reservoir_nl=units.LOW_RESERVOIR_DEFAULT_NL)
    eligible.patient(program, library, titration.NAME, titration.REMEDY)
    most = eligibility.first_dose_max_ng(program)
    if not most:
        raise UsageProblem("no screening response is told, and the first dose follows from it", field="--response",
                           remedy="give --screening 50ug --response positive, or begin with --from FILE")  # fmt: skip
    dose = min(most, target_ng_per_day or most)
    least = rate_bounds(program["concentration_ug_per_ml"])[0]
    if dose < least:
        raise UsageProblem(
            f"the first dose, {quantity.format_dose_rate(dose)}, is less than the motor's least at"
            f" {program['concentration_ug_per_ml']} ug/mL, {quantity.format_dose_rate(least)}",
            field="--concentration", value=dose, low=least, remedy="use a lower concentration",
        )  # fmt: skip
    return {
        **program,
        "mode": programs.CONTINUOUS,
        "step_list": [{"day_mask": programs.EVERY_DAY, "start_min": 0, "dose_ng_per_day": dose}],
        "minimum_ng_per_day": minimum or max(least, dose // _MINIMUM_PART),
        "dose_max_ng_per_day": limit or _room(max(dose, target_ng_per_day)),
    }


def _room(target_ng_per_day: int) -> int:
    return min(target_ng_per_day + target_ng_per_day // _ROOM_PART, units.DOSE_WINDOW_MAX_NG)


def of_therapy(program: Program, limit: int = 0, plan_ng_per_day: int = 0) -> Program:
    """A therapy without its plan, its pattern at the dose that the plan has come to; a `limit` replaces its own."""
    steps = program_changes.scaled(program, plan_ng_per_day)
    least = min(step["dose_ng_per_day"] for step in steps)
    return {
        **program,
        "step_list": steps,
        "minimum_ng_per_day": min(program["minimum_ng_per_day"], least),
        "dose_max_ng_per_day": limit or program["dose_max_ng_per_day"],
        "plan_list": [],
        "plan_increase_permille": 0,
    }
