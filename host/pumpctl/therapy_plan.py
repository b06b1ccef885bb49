"""The [plan] table: doses from given days on, and what they may be after each other."""

from dataclasses import dataclass
from typing import Any

from infuser.core import plan
from infuser.core.schedule import Schedule
from infuser.wire import program as programs
from infuser.wire import units
from pumpctl import therapy_keys as keys
from pumpctl import therapy_times
from pumpctl.quantity import decimal, format_dose_rate
from pumpctl.therapy_reader import Reader, rate_bounds

_PATTERN = ("concentration_ug_per_ml", "mode", "step_list", "minimum_ng_per_day")


@dataclass(frozen=True)
class Step:
    """One step of the plan: its path in the file, local minutes since 1970, ng a day."""

    path: str
    at_min: int
    dose_ng_per_day: int


def read(reader: Reader) -> list[Step] | None:
    """The steps of the plan, none without one; None if any of them cannot be read."""
    told = reader.steps("plan")
    if len(told) > units.PLAN_STEPS_MAX:
        reader.problem("plan.step", f"{len(told)} steps, allowed {units.PLAN_STEPS_MAX}")
    if reader.has("plan") and reader.has("periodic_bolus"):
        reader.problem("plan", "a plan and [periodic_bolus] exclude each other; leave one of them out")
    made = [
        _step(reader, f"plan.step[{number}]", step) for number, step in enumerate(told, 1) if isinstance(step, dict)
    ]
    steps = [step for step in made if step is not None]
    return steps if len(steps) == len(told) else None


def _step(reader: Reader, path: str, told: dict[str, Any]) -> Step | None:
    at_min = reader.local(f"{path}.at", told.get("at"))
    dose = reader.quantity(f"{path}.dose", told.get("dose"), keys.QUANTITIES["dose_rate"][0])
    return None if at_min is None or dose is None else Step(path, at_min, dose)


def increase_max(reader: Reader) -> int | None:
    """Most that a step may add, in permille; 0 without the key."""
    if "increase_max" not in reader.table("plan"):
        return 0
    most = units.PLAN_INCREASE_MAX_PERMILLE
    return reader.ranged("plan.increase_max", 1, most, lambda permille: f"{decimal(permille, 10, 1)} %")


def pattern_dose(program: dict[str, Any]) -> int:
    """Mean daily dose of the pattern, ng, as the pump reckons it: what the plan starts from.

    Needs nothing but what [drug] and [infusion] say; the rest may still be at fault.
    """
    pattern = programs.new(**{name: program[name] for name in _PATTERN})
    return int(Schedule(pattern).pattern_ng_per_day)


def rises(program: dict[str, Any]) -> bool:
    """Whether a program's plan is a titration; a taper falls."""
    return plan.rising(program["plan_list"], pattern_dose(program))


def check(reader: Reader, steps: list[Step], program: dict[str, Any]) -> None:
    """Hold the plan against the pattern that it starts from and its steps against each other."""
    before, rising = pattern_dose(program), rises(program)
    low, high = bounds(program, before)
    _check_times(reader, steps, program["start_min"], rising)
    for step in steps:
        dose, most = step.dose_ng_per_day, before + before * program["plan_increase_permille"] // 1000
        if (dose < before) if rising else (dose > before):
            way = "rises" if rising else "falls"
            _wrong_dose(reader, step, f"comes after {format_dose_rate(before)}, but the plan {way}; it may do only one")
        elif not dose and step is not steps[-1]:
            _wrong_dose(reader, step, "ends the therapy and can only be the last step")
        elif rising and dose > most:
            share = decimal(program["plan_increase_permille"], 10, 1)
            told = f"allowed up to {format_dose_rate(most)}, {share} % more than {format_dose_rate(before)}"
            _wrong_dose(reader, step, f"is out of range, {told}")
        elif dose and not low <= dose <= high:
            told = f"allowed {format_dose_rate(low)} to {format_dose_rate(high)}"
            _wrong_dose(reader, step, f"is out of range, {told} by motor and dose limit")
        before = dose


def _wrong_dose(reader: Reader, step: Step, wrong: str) -> None:
    reader.problem(f"{step.path}.dose", f"{format_dose_rate(step.dose_ng_per_day)} {wrong}")


def _check_times(reader: Reader, steps: list[Step], start_min: int, rising: bool) -> None:
    """Steps come one after the other; an increase is at least 24 h after what went before."""
    least = units.MIN_PER_DAY if rising else 1
    before, what = start_min, "the start"
    for number, step in enumerate(steps, 1):
        if before and step.at_min < before + least:
            why = f"24 h after {what}, before which no increase is due" if rising else f"after {what}"
            at, earliest = therapy_times.people(step.at_min), therapy_times.people(before + least)
            reader.problem(f"{step.path}.at", f"{at} is too early, allowed from {earliest}: {why}")
        before, what = step.at_min, f"step {number}"


def bounds(program: dict[str, Any], pattern: int) -> tuple[int, int]:
    """Least and largest daily dose to which the pattern can be scaled, all its parts within what the motor can do."""
    rates = [step["dose_ng_per_day"] for step in program["step_list"]]
    low, high = rate_bounds(program["concentration_ug_per_ml"])
    limit = min(program["dose_max_ng_per_day"] or units.DOSE_MAX_NG_PER_DAY, units.DOSE_MAX_NG_PER_DAY)
    return -(-low * pattern // min(rates)), min(high * pattern // max(rates), limit)


def to_wire(steps: list[Step] | None) -> list[dict[str, int]]:
    """The wire's plan list."""
    return [{"at_min": step.at_min, "dose_ng_per_day": step.dose_ng_per_day} for step in steps or ()]
