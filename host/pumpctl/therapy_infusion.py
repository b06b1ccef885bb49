"""The [infusion] table: what is delivered over the day, and the minimum rate below it."""

from typing import Any

from infuser.wire import program as programs
from infuser.wire import units
from pumpctl import therapy_keys as keys
from pumpctl import week
from pumpctl.quantity import format_dose, format_dose_rate, format_duration
from pumpctl.therapy_reader import Reader, rate_bounds

_TIMES = ("from", "to", "days")


def read(reader: Reader, concentration: int | None) -> dict[str, Any]:
    """The wire's mode, step_list and minimum_ng_per_day."""
    mode = keys.MODES.get(str(reader.table("infusion").get("mode")), 0)
    steps = _continuous(reader, concentration) if mode == programs.CONTINUOUS else _flex(reader, concentration)
    return {"mode": mode, "step_list": steps, "minimum_ng_per_day": _minimum(reader, concentration, steps)}


def _continuous(reader: Reader, concentration: int | None) -> list[dict[str, Any]]:
    told = reader.table("infusion")
    name = "dose" if "dose" in told else "rate"
    rate = reader.rate(f"infusion.{name}", told.get(name), concentration)
    reader.check_rate(f"infusion.{name}", rate, concentration)
    return [{"day_mask": programs.EVERY_DAY, "start_min": 0, "dose_ng_per_day": rate}]


def _flex(reader: Reader, concentration: int | None) -> list[dict[str, Any]]:
    told = reader.steps("infusion")
    steps = []
    for number, step in enumerate(told, 1):
        made = _step(reader, f"infusion.step[{number}]", step, concentration) if isinstance(step, dict) else None
        if made is not None:
            steps.append(made)
    if not told or len(steps) < len(told):
        return []
    reader.problems.extend(week.problems(steps))
    _count_starts(reader, steps)
    return week.to_wire(steps)


def _count_starts(reader: Reader, steps: list[week.Step]) -> None:
    for day, name in enumerate(keys.DAYS):
        count = len({step.start_min for step in steps if day in step.days})
        if count > units.FLEX_STEPS_PER_DAY_MAX:
            reader.problem("infusion.step", f"{count} steps begin on {name}, allowed {units.FLEX_STEPS_PER_DAY_MAX}")
            return


def _step(reader: Reader, path: str, told: dict[str, Any], concentration: int | None) -> week.Step | None:
    """A step; its dose rate is 0 where dose or rate is at fault, so that times are checked all the same."""
    if any(reader.refused(f"{path}.{name}") or (name not in told and name != "days") for name in _TIMES):
        return None
    start, end = _minutes(told["from"]), _minutes(told["to"])
    minutes = (end - start) % units.MIN_PER_DAY or units.MIN_PER_DAY
    days = tuple(keys.DAYS.index(day) for day in told["days"]) if "days" in told else week.EVERY_DAY
    return week.Step(days, start, minutes, _step_rate(reader, path, told, minutes, concentration) or 0)


def _step_rate(reader: Reader, path: str, told: dict[str, Any], minutes: int, concentration: int | None) -> int | None:
    if reader.refused(path):
        return None
    if "rate" in told:
        rate = reader.rate(f"{path}.rate", told["rate"], concentration)
        reader.check_rate(f"{path}.rate", rate, concentration)
        return rate
    dose = reader.quantity(f"{path}.dose", told.get("dose"), keys.QUANTITIES["dose"][0])
    if dose is None:
        return None
    rate = units.dose_rate_ng_per_day(dose, minutes)
    if concentration:
        low, high = rate_bounds(concentration)
        if not low <= rate <= high:
            least, most = -(-low * minutes // units.MIN_PER_DAY), high * minutes // units.MIN_PER_DAY
            span = f"in {format_duration(minutes * units.MS_PER_MIN)} at {concentration} ug/mL"
            reader.within(f"{path}.dose", dose, least, most, lambda value: f"{format_dose(value)} {span}")
    return rate


def _minimum(reader: Reader, concentration: int | None, step_list: list[dict[str, Any]]) -> int | None:
    rates = [step["dose_ng_per_day"] for step in step_list]
    low, high = rate_bounds(concentration) if concentration else (0, units.DOSE_MAX_NG_PER_DAY)
    slowest = min(rates) if rates and all(rates) else high
    if slowest < low:
        slowest = high
    return reader.ranged("infusion.minimum", low, slowest, format_dose_rate)


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)
