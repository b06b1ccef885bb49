"""A program in clinical units: as a JSON document and as lines."""

from typing import Any

from infuser.core.schedule import Schedule
from infuser.wire import program as programs
from pumpctl import program_words as words
from pumpctl import quantity, therapy_patient, therapy_times, week

Program = dict[str, Any]
NONE = "-"
# Fields of the wire that a document tells in another form.
_RETOLD = ("version", "mode", "step_list", "plan_list", "start_min")


def figures(program: Program, plan_ng_per_day: int = 0) -> dict[str, int]:
    """What follows from a program, by the arithmetic that the pump uses; names as UNDERSTOOD_FIELDS.

    `plan_ng_per_day` is the dose of its plan that is in force, 0 for the pattern's own.
    """
    told: dict[str, int] = Schedule(program, plan_ng_per_day).figures()
    return told


def document(program: Program) -> dict[str, Any]:
    """A program for scripts: its fields, what follows from it, and its digest. Times are local, without offset."""
    told = figures(program)
    return {
        "digest": programs.digest_text(programs.digest(programs.encode(program))),
        **{name: value for name, value in program.items() if name not in _RETOLD},
        **therapy_patient.document(program),
        "mode": programs.MODE_NAMES[program["mode"]],
        "steps": [_step_document(step) for step in week.from_wire(program["step_list"])],
        "start_at": therapy_times.iso(program["start_min"]) if program["start_min"] else None,
        "plan": [
            {"at": therapy_times.iso(step["at_min"]), "dose_ng_per_day": step["dose_ng_per_day"]}
            for step in program["plan_list"]
        ],
        **told,
        "dose_with_patient_boluses_ng_per_day": words.dose_with_boluses(program, told),
    }


def _step_document(step: week.Step) -> dict[str, Any]:
    return {
        "days": week.days_text(step.days) or "every day",
        "from": week.clock_text(step.start_min),
        "to": week.clock_text(step.end_min),
        "dose_ng_per_day": step.dose_ng_per_day,
    }


def lines(program: Program | None, plan_ng_per_day: int = 0) -> list[tuple[str, str]]:
    """(name, value) for people; a program that is absent has the same names and no values."""
    if program is None:
        return [(name, NONE) for name in _NAMES]
    told = figures(program, plan_ng_per_day)
    values = (
        program["patient"],
        words.person(program),
        words.screening(program),
        words.hazards(program),
        f"{program['drug']} {program['concentration_ug_per_ml']} ug/mL",
        programs.MODE_NAMES[program["mode"]],
        quantity.format_dose_rate(told["dose_ng_per_day"]),
        quantity.format_rate(told["volume_nl_per_day"]),
        words.rates(told),
        words.steps(program),
        words.start(program),
        words.plan(program),
        words.minimum(program, told),
        words.bolus(program, told),
        words.patient_bolus(program, told),
        words.periodic_bolus(program, told),
        words.with_boluses(program, told),
        words.limits(program),
        quantity.format_volume(program["low_reservoir_nl"]),
    )
    return list(zip(_NAMES, values, strict=True))


_NAMES = (
    "patient", "age, weight, indication", "screening", "contraindications, cautions", "drug", "mode", "dose per day",
    "volume per day", "rate", "steps", "start", "plan", "minimum rate", "bolus", "patient bolus", "periodic bolus",
    "with patient boluses", "dose limit", "alarm volume",
)  # fmt: skip
