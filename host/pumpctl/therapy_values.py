"""Second pass over a therapy file: values against the pump's limits and against each other.

Works on what the first pass let through, so that the problems of both passes are told together.
"""

from collections.abc import Callable
from typing import Any

from infuser.wire import program as programs
from infuser.wire import units
from pumpctl import therapy_keys as keys
from pumpctl import week
from pumpctl.errors import Problem
from pumpctl.quantity import Kind, QuantityError, format_dose, format_dose_rate, format_duration, format_volume

LOCKOUT_MAX_MIN = 0xFFFF


class Values:
    """Reads the values of a document into a wire program; `problems` collects what is wrong."""

    def __init__(self, document: dict[str, Any], broken: set[str]) -> None:
        self.problems: list[Problem] = []
        self._document = document
        self._broken = broken

    def program(self) -> dict[str, Any]:
        """The wire program; meaningful only if there are no problems in the end."""
        concentration = self._ranged(
            "drug.concentration", 1, units.CONCENTRATION_MAX_UG_PER_ML, lambda value: f"{value} ug/mL"
        )
        mode = keys.MODES.get(str(self._table("infusion").get("mode")), 0)
        step_list = self._continuous(concentration) if mode == programs.CONTINUOUS else self._flex(concentration)
        return {
            "version": programs.VERSION,
            "patient": self._table("patient").get("id"),
            "drug": self._table("drug").get("name"),
            "concentration_ug_per_ml": concentration,
            "mode": mode,
            "step_list": step_list,
            "minimum_ng_per_day": self._minimum(concentration, step_list),
            "bolus_max_ng": self._bolus_max(concentration),
            "bolus_lockout_min": self._lockout(),
            "dose_max_ng_per_day": self._dose_max(),
            "low_reservoir_nl": self._low_reservoir(),
        }

    def _table(self, name: str) -> dict[str, Any]:
        table = self._document.get(name)
        return table if isinstance(table, dict) else {}

    def _quantity(self, path: str, value: Any, kind: Kind) -> int | None:
        """The value in the wire's unit; None where it is absent or the first pass refused it."""
        if value is None or path in self._broken:
            return None
        try:
            return kind.parse(value)
        except QuantityError as error:
            self._problem(path, error.message)
            return None

    def _problem(self, path: str, message: str) -> None:
        self.problems.append(Problem(path, message))

    def _within(self, path: str, value: int | None, low: int, high: int, form: Callable[[int], str]) -> None:
        if value is not None and not low <= value <= high:
            self._problem(path, f"{form(value)} is out of range, allowed {form(low)} to {form(high)}")

    def _ranged(self, path: str, low: int, high: int, form: Callable[[int], str]) -> int | None:
        table, _, name = path.partition(".")
        (kind,) = keys.QUANTITIES[keys.TABLES[table][name].kind]
        value = self._quantity(path, self._table(table).get(name), kind)
        self._within(path, value, low, high, form)
        return value

    def _rate(self, path: str, value: Any, concentration: int | None) -> int | None:
        """A dose rate in ng/d from dose or volume over time."""
        dose_rate, flow = keys.QUANTITIES["rate"]
        if value is None or path in self._broken:
            return None
        if isinstance(value, str) and any(value.endswith(unit) for unit in flow.sizes):
            nl_per_day = self._quantity(path, value, flow)
            return None if nl_per_day is None or not concentration else units.dose_ng(nl_per_day, concentration)
        return self._quantity(path, value, dose_rate)

    def _check_rate(self, path: str, value: int | None, concentration: int | None) -> None:
        if concentration:
            low, high = rate_bounds(concentration)
            self._within(path, value, low, high, lambda rate: f"{format_dose_rate(rate)} at {concentration} ug/mL")

    def _continuous(self, concentration: int | None) -> list[dict[str, Any]]:
        told = self._table("infusion")
        name = "dose" if "dose" in told else "rate"
        rate = self._rate(f"infusion.{name}", told.get(name), concentration)
        self._check_rate(f"infusion.{name}", rate, concentration)
        return [{"day_mask": programs.EVERY_DAY, "start_min": 0, "dose_ng_per_day": rate}]

    def _flex(self, concentration: int | None) -> list[dict[str, Any]]:
        told = self._table("infusion").get("step")
        steps = []
        for number, step in enumerate(told if isinstance(told, list) else [], 1):
            made = self._step(f"infusion.step[{number}]", step, concentration) if isinstance(step, dict) else None
            if made is not None:
                steps.append(made)
        if not isinstance(told, list) or len(steps) < len(told):
            return []
        self.problems.extend(week.problems(steps))
        self._count_starts(steps)
        return week.to_wire(steps)

    def _count_starts(self, steps: list[week.Step]) -> None:
        for day, name in enumerate(keys.DAYS):
            count = len({step.start_min for step in steps if day in step.days})
            if count > units.FLEX_STEPS_PER_DAY_MAX:
                self._problem("infusion.step", f"{count} steps begin on {name}, allowed {units.FLEX_STEPS_PER_DAY_MAX}")
                return

    def _step(self, path: str, told: dict[str, Any], concentration: int | None) -> week.Step | None:
        """A step; its dose rate is 0 where dose or rate is at fault, so that times are checked all the same."""
        if any(f"{path}.{name}" in self._broken or (name not in told and name != "days") for name in _TIMES):
            return None
        start, end = _minutes(told["from"]), _minutes(told["to"])
        minutes = (end - start) % units.MIN_PER_DAY or units.MIN_PER_DAY
        days = tuple(keys.DAYS.index(day) for day in told["days"]) if "days" in told else week.EVERY_DAY
        return week.Step(days, start, minutes, self._step_rate(path, told, minutes, concentration) or 0)

    def _step_rate(self, path: str, told: dict[str, Any], minutes: int, concentration: int | None) -> int | None:
        if path in self._broken:
            return None
        if "rate" in told:
            rate = self._rate(f"{path}.rate", told["rate"], concentration)
            self._check_rate(f"{path}.rate", rate, concentration)
            return rate
        dose = self._quantity(f"{path}.dose", told.get("dose"), keys.QUANTITIES["dose"][0])
        if dose is None:
            return None
        rate = units.dose_rate_ng_per_day(dose, minutes)
        if concentration:
            low, high = rate_bounds(concentration)
            if not low <= rate <= high:
                least, most = -(-low * minutes // units.MIN_PER_DAY), high * minutes // units.MIN_PER_DAY
                span = f"in {format_duration(minutes * units.MS_PER_MIN)} at {concentration} ug/mL"
                self._within(f"{path}.dose", dose, least, most, lambda value: f"{format_dose(value)} {span}")
        return rate

    def _minimum(self, concentration: int | None, step_list: list[dict[str, Any]]) -> int | None:
        rates = [step["dose_ng_per_day"] for step in step_list]
        low, high = rate_bounds(concentration) if concentration else (0, units.DOSE_MAX_NG_PER_DAY)
        slowest = min(rates) if rates and all(rates) else high
        if slowest < low:
            slowest = high
        return self._ranged("infusion.minimum", low, slowest, format_dose_rate)

    def _bolus_max(self, concentration: int | None) -> int | None:
        if "bolus" not in self._document:
            return 0
        most = units.dose_ng(units.BOLUS_MAX_NL, concentration or units.CONCENTRATION_MAX_UG_PER_ML)
        return self._ranged("bolus.max", 1, most, format_dose)

    def _lockout(self) -> int:
        if "bolus" not in self._document:
            return 0
        lockout_ms = self._ranged("bolus.lockout", 0, LOCKOUT_MAX_MIN * units.MS_PER_MIN, format_duration)
        minutes, rest = divmod(lockout_ms or 0, units.MS_PER_MIN)
        if rest:
            self._problem("bolus.lockout", f"{format_duration(lockout_ms or 0)} is not a whole number of minutes")
        return minutes

    def _dose_max(self) -> int | None:
        if "limits" not in self._document:
            return 0
        return self._ranged("limits.dose_max", 1, units.DOSE_MAX_NG_PER_DAY, format_dose_rate)

    def _low_reservoir(self) -> int | None:
        if "reservoir" not in self._document:
            return units.LOW_RESERVOIR_DEFAULT_NL
        bounds = units.LOW_RESERVOIR_MIN_NL, units.LOW_RESERVOIR_MAX_NL
        return self._ranged("reservoir.alarm_volume", *bounds, format_volume)


_TIMES = ("from", "to", "days")


def rate_bounds(concentration_ug_per_ml: int) -> tuple[int, int]:
    """Least and largest dose rate, ng/d, that the motor can deliver at a concentration."""
    return (
        units.dose_ng(units.THERAPY_MIN_NL_PER_DAY, concentration_ug_per_ml),
        units.dose_ng(units.THERAPY_MAX_NL_PER_DAY, concentration_ug_per_ml),
    )


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)
