"""A program beside another one: every setting, each interval of a flex day and each step of a plan."""

from itertools import zip_longest
from typing import Any

from infuser.core import reservoir
from infuser.core.schedule import Schedule
from infuser.wire import program as programs
from pumpctl import program_view, quantity, status_view, therapy_plan, therapy_times, week
from pumpctl import program_words as words
from pumpctl.comparison import NONE, Change, Number

Program = dict[str, Any]
Values = dict[str, Any]
Named = dict[str, int]

# Settings whose change is grave however small it is.
_GRAVE = ("patient", "drug", "mode", "contraindications, cautions")


def changes(old: Program | None, new: Program | None, plan_ng_per_day: int = 0) -> list[Change]:
    """Every setting of two programs, in the order of a therapy file; either may be absent.

    `plan_ng_per_day` is what the old program's plan has come to: that dose is given now, and compared.
    """
    before = dict(program_view.lines(old, plan_ng_per_day))
    after = dict(program_view.lines(new))
    numbers = _pairs(_numbers(old, plan_ng_per_day), _numbers(new))
    told: list[Change] = []
    for name, now in before.items():
        if name == "rate":
            told += _rates(old, new, plan_ng_per_day)
        elif name == "steps":
            told += _steps(old, new, plan_ng_per_day)
        elif name == "plan":
            told += _plan(old, new)
        elif name == "dose limit":
            told += _limits(old, new)
        else:
            grave = name in _GRAVE and old is not None and new is not None
            told.append(Change(name, now, after[name], numbers.get(name, ()), grave))
    return told


def refill(status: Values, old: Program | None, new: Program | None, due_ms: int, plan_ng_per_day: int) -> list[Change]:
    """When the alarm volume is reached: without any patient's bolus, as the pump tells, and with all that are allotted.

    `due_ms` is the pump's answer for the new program, 0 where there is none.
    """
    now, then = (status_view.refill_due(told_ms, status) for told_ms in (status["refill_due_ms"], due_ms))
    told = [Change("refill due", now, then)]
    pressed = [program is not None and bool(program["patient_bolus_ng"]) for program in (old, new)]
    if any(pressed):
        sides = ((old, plan_ng_per_day, status["refill_due_ms"]), (new, 0, due_ms))
        now, then = (
            status_view.refill_due(_with_boluses_ms(status, program, plan, told_ms), status) if program else NONE
            for program, plan, told_ms in sides
        )
        told.append(Change("with all boluses", now, then))
    return told


def _with_boluses_ms(status: Values, program: Program, plan_ng_per_day: int, due_ms: int) -> int:
    """The same if the patient takes every bolus allowed; 0 where the pump knows no time."""
    if not due_ms:
        return 0
    schedule = Schedule(program, plan_ng_per_day)
    rate = schedule.total_nl_per_day + schedule.patient_nl * program["patient_boluses_per_day"]
    return int(status["time_ms"]) + reservoir.due_in_ms(status["reservoir_nl"], program["low_reservoir_nl"], rate)


def _numbers(program: Program | None, plan_ng_per_day: int = 0) -> dict[str, Named]:
    """Setting -> its numbers by their labels, the one that gives the setting its name first."""
    if program is None:
        return {}
    told = program_view.figures(program, plan_ng_per_day)
    patient, periodic = program["patient_bolus_ng"], program["periodic_bolus_ng"]
    return {
        "drug": {"strength": program["concentration_ug_per_ml"]},
        "dose per day": {"": told["dose_ng_per_day"]},
        "volume per day": {"": told["volume_nl_per_day"]},
        "minimum rate": {"": program["minimum_ng_per_day"]},
        "bolus": {"dose": program["bolus_max_ng"], "lock-out": program["bolus_lockout_min"]},
        "patient bolus": {
            "dose": patient, "time": program["patient_bolus_min"], "lock-out": program["patient_lockout_min"],
            "number": program["patient_boluses_per_day"],
        },
        "periodic bolus": {
            "dose": periodic, "time": program["periodic_bolus_min"], "interval": program["periodic_interval_min"],
        },
        "with patient boluses": {"": words.dose_with_boluses(program, told) if patient else 0},
        "alarm volume": {"": program["low_reservoir_nl"]},
    }  # fmt: skip


def _pairs(old: dict[str, Named], new: dict[str, Named]) -> dict[str, tuple[Number, ...]]:
    """The numbers that both have; of a bolus that comes or goes the dose says all."""
    pairs = {}
    for name in old.keys() & new.keys():
        both = [Number(old[name][label], new[name][label], label) for label in old[name]]
        if both[0].label == "dose" and not (both[0].now and both[0].new):
            both = [Number(both[0].now, both[0].new)]
        pairs[name] = tuple(both)
    return pairs


def _rates(old: Program | None, new: Program | None, plan_ng_per_day: int) -> list[Change]:
    """The flow, or the lowest and the highest where either program has several."""
    bounds = [
        (told["rate_low_nl_per_day"], told["rate_high_nl_per_day"]) if told else None
        for told in (
            program_view.figures(old, plan_ng_per_day) if old else None,
            program_view.figures(new) if new else None,
        )
    ]
    flat = all(one is None or one[0] == one[1] for one in bounds)
    made = []
    for at, name in enumerate(("rate",) if flat else ("rate, lowest", "rate, highest")):
        values = [one[at] if one else None for one in bounds]
        now, then = (NONE if value is None else words.per_hour(value) for value in values)
        both = [value for value in values if value is not None]
        made.append(Change(name, now, then, (Number(both[0], both[1]),) if len(both) == 2 else ()))
    return made


def _steps(old: Program | None, new: Program | None, plan_ng_per_day: int) -> list[Change]:
    """Each interval of the day in which neither program changes its rate; none where both are continuous."""
    present = [program for program in (old, new) if program is not None]
    if all(program["mode"] != programs.FLEX for program in present):
        return []
    if old is None or new is None:
        only = week.from_wire(present[0]["step_list"])
        rates = [(words.span(step), quantity.format_dose_rate(step.dose_ng_per_day)) for step in only]
        return [Change(name, NONE, rate) if old is None else Change(name, rate, NONE) for name, rate in rates]
    both = week.both_from_wire(scaled(old, plan_ng_per_day), new["step_list"])
    return [
        Change(
            words.span(now), quantity.format_dose_rate(now.dose_ng_per_day),
            quantity.format_dose_rate(then.dose_ng_per_day), (Number(now.dose_ng_per_day, then.dose_ng_per_day),),
        )
        for now, then in both
    ]  # fmt: skip


def scaled(program: Program, plan_ng_per_day: int) -> list[dict[str, int]]:
    """The program's steps at the dose that its plan has come to, as the pump scales them."""
    if not plan_ng_per_day:
        return list(program["step_list"])
    pattern = therapy_plan.pattern_dose(program)
    return [
        {**step, "dose_ng_per_day": step["dose_ng_per_day"] * plan_ng_per_day // pattern}
        for step in program["step_list"]
    ]


def _limits(old: Program | None, new: Program | None) -> list[Change]:
    """What may be given in any 1, 4 and 24 hours."""
    made = []
    for hours in (1, 4, 24):
        values = [words.limit(program, hours) if program else None for program in (old, new)]
        now, then = (NONE if value is None else quantity.format_dose(value) if value else words.NO for value in values)
        both = [value for value in values if value is not None]
        made.append(Change(f"most in {hours} h", now, then, (Number(both[0], both[1]),) if len(both) == 2 else ()))
    return made


def _plan(old: Program | None, new: Program | None) -> list[Change]:
    """What kind of plan it is, then each of its steps with date and dose."""
    kind, next_kind = (words.plan_kind(program) if program else NONE for program in (old, new))
    made = [Change("plan", kind, next_kind)]
    before, after = (program["plan_list"] if program else [] for program in (old, new))
    for at, (now, then) in enumerate(zip_longest(before, after), 1):
        doses = [step["dose_ng_per_day"] for step in (now, then) if step is not None]
        both = (Number(doses[0], doses[1]),) if len(doses) == 2 and doses[0] != doses[1] else ()
        made.append(Change(f"plan step {at}", _plan_step(now), _plan_step(then), both))
    return made


def _plan_step(step: dict[str, int] | None) -> str:
    if step is None:
        return NONE
    dose = quantity.format_dose_rate(step["dose_ng_per_day"]) if step["dose_ng_per_day"] else "end of therapy"
    return f"{therapy_times.people(step['at_min'])}\n{dose}"
