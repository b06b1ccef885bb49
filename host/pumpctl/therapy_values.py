"""Second pass over a therapy file: values against the pump's limits and against each other.

Works on what the first pass let through, so that the problems of both passes are told together.
"""

from typing import Any

from infuser.wire import program as programs
from infuser.wire import units
from pumpctl import therapy_boluses, therapy_infusion, therapy_patient, therapy_plan
from pumpctl.errors import Problem
from pumpctl.quantity import format_dose, format_dose_rate, format_volume
from pumpctl.therapy_reader import Reader

# The tables and keys whose values a plan is held against; with a mistake in one of them it is not.
_BENEATH_PLAN = ("drug", "infusion", "limits", "start", "plan.")
# Key of [limits] -> field of the wire, the shortest time first.
_LIMITS = {"dose_max_1h": "dose_max_1h_ng", "dose_max_4h": "dose_max_4h_ng", "dose_max": "dose_max_ng_per_day"}


def read(document: dict[str, Any], broken: set[str]) -> tuple[dict[str, Any], list[Problem]]:
    """(wire program, problems) of a document; `broken` are the paths at which its shape was wrong.

    The program means something only if there are no problems, here and in the shape.
    """
    reader = Reader(document, broken)
    concentration = reader.ranged(
        "drug.concentration", 1, units.CONCENTRATION_MAX_UG_PER_ML, lambda value: f"{value} ug/mL"
    )
    program = programs.new(
        patient=reader.table("patient").get("id"),
        drug=reader.table("drug").get("name"),
        concentration_ug_per_ml=concentration,
        **therapy_infusion.read(reader, concentration),
        **therapy_boluses.clinician(reader, concentration),
        **therapy_boluses.patient(reader, concentration),
        **therapy_boluses.periodic(reader, concentration),
        **_limits(reader),
        start_min=reader.local("start.at", reader.table("start").get("at")) if reader.has("start") else 0,
        low_reservoir_nl=_low_reservoir(reader),
        **therapy_patient.read(reader),
    )
    _check_patient_bolus(reader, program)
    _plan(reader, program, broken)
    return program, reader.problems


def _plan(reader: Reader, program: dict[str, Any], broken: set[str]) -> None:
    steps = therapy_plan.read(reader)
    program["plan_list"] = therapy_plan.to_wire(steps)
    program["plan_increase_permille"] = therapy_plan.increase_max(reader)
    wrong = broken | {problem.path for problem in reader.problems}
    if not steps or any(path.startswith(_BENEATH_PLAN) for path in wrong):
        return
    if not program["plan_increase_permille"] and therapy_plan.rises(program):
        program["plan_increase_permille"] = units.PLAN_INCREASE_MAX_PERMILLE
    therapy_plan.check(reader, steps, program)


def _limits(reader: Reader) -> dict[str, int]:
    limits = {}
    for key, field in _LIMITS.items():
        form = format_dose_rate if field.endswith("_per_day") else format_dose
        limits[field] = reader.ranged(f"limits.{key}", 1, units.DOSE_WINDOW_MAX_NG, form) or 0
    told = [(key, limits[field]) for key, field in _LIMITS.items() if limits[field]]
    for (key, limit), (longer, most) in zip(told, told[1:], strict=False):
        if limit > most:
            wrong = f"{format_dose(limit)} is more than {longer} allows in a longer time, {format_dose(most)}"
            reader.problem(f"limits.{key}", wrong)
    return limits


def _check_patient_bolus(reader: Reader, program: dict[str, Any]) -> None:
    """A bolus larger than what may be given in a time could never be given."""
    dose = program["patient_bolus_ng"] or 0
    for key, field in _LIMITS.items():
        if 0 < program[field] < dose:
            told = f"{format_dose(dose)} is more than limits.{key} allows, {format_dose(program[field])}"
            reader.problem("patient_bolus.dose", told)
            return


def _low_reservoir(reader: Reader) -> int | None:
    if not reader.has("reservoir"):
        return units.LOW_RESERVOIR_DEFAULT_NL
    bounds = units.LOW_RESERVOIR_MIN_NL, units.LOW_RESERVOIR_MAX_NL
    return reader.ranged("reservoir.alarm_volume", *bounds, format_volume)
