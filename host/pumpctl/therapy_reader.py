"""Reads single values of a therapy file in the wire's units and holds them against bounds.

Passes over what the first pass refused, so that the problems of both passes are told together.
"""

from collections.abc import Callable
from typing import Any

from infuser.wire import units
from pumpctl import therapy_keys as keys
from pumpctl import therapy_times
from pumpctl.errors import Problem, UsageProblem
from pumpctl.quantity import Kind, format_dose_rate, format_duration

MINUTES_MAX = 0xFFFF


class Reader:
    """A document whose shape was checked; `broken` are the paths refused there. Collects `problems`.

    Every method gives None where a value is absent or was refused.
    """

    def __init__(self, document: dict[str, Any], broken: set[str]) -> None:
        self.problems: list[Problem] = []
        self._document = document
        self._broken = broken

    def has(self, table: str) -> bool:
        """Whether the file has this table."""
        return table in self._document

    def table(self, name: str) -> dict[str, Any]:
        """A table of the file; empty if it is absent or none."""
        table = self._document.get(name)
        return table if isinstance(table, dict) else {}

    def steps(self, name: str) -> list[Any]:
        """The [[name.step]] tables as they stand in the file."""
        told = self.table(name).get("step")
        return told if isinstance(told, list) else []

    def refused(self, path: str) -> bool:
        """Whether the first pass refused what stands at a path."""
        return path in self._broken

    def problem(self, path: str, message: str) -> None:
        """Note what is wrong with a value."""
        self.problems.append(Problem(path, message))

    def within(self, path: str, value: int | None, low: int, high: int, form: Callable[[int], str]) -> None:
        """Note a value that is out of bounds."""
        if value is not None and not low <= value <= high:
            self.problem(path, f"{form(value)} is out of range, allowed {form(low)} to {form(high)}")

    def quantity(self, path: str, value: Any, kind: Kind) -> int | None:
        """A quantity of one kind."""
        return self._parsed(path, value, kind.parse)

    def local(self, path: str, value: Any) -> int | None:
        """A local time in minutes since 1970."""
        return self._parsed(path, value, therapy_times.parse)

    def _parsed(self, path: str, value: Any, parse: Callable[[str], int]) -> int | None:
        if value is None or self.refused(path):
            return None
        try:
            return parse(value)
        except UsageProblem as error:
            self.problem(path, error.message)
            return None

    def ranged(self, path: str, low: int, high: int, form: Callable[[int], str]) -> int | None:
        """The quantity of a table's key, `table.key`, within bounds."""
        table, _, name = path.partition(".")
        (kind,) = keys.QUANTITIES[keys.TABLES[table][name].kind]
        value = self.quantity(path, self.table(table).get(name), kind)
        self.within(path, value, low, high, form)
        return value

    def minutes(self, path: str, low: int, high: int) -> int | None:
        """A duration of whole minutes within bounds, which are minutes too."""
        duration_ms = self.ranged(path, low * units.MS_PER_MIN, high * units.MS_PER_MIN, format_duration)
        if duration_ms is None:
            return None
        minutes, rest = divmod(duration_ms, units.MS_PER_MIN)
        if rest:
            self.problem(path, f"{format_duration(duration_ms)} is not a whole number of minutes")
        return minutes

    def count(self, path: str, low: int, high: int) -> int | None:
        """A number without a unit within bounds."""
        table, _, name = path.partition(".")
        value = self.table(table).get(name)
        if value is None or self.refused(path):
            return None
        self.within(path, int(value), low, high, str)
        return int(value)

    def rate(self, path: str, value: Any, concentration: int | None) -> int | None:
        """A dose rate in ng/d from dose or volume over time."""
        dose_rate, flow = keys.QUANTITIES["rate"]
        if value is None or self.refused(path):
            return None
        if isinstance(value, str) and any(value.endswith(unit) for unit in flow.sizes):
            nl_per_day = self.quantity(path, value, flow)
            return None if nl_per_day is None or not concentration else units.dose_ng(nl_per_day, concentration)
        return self.quantity(path, value, dose_rate)

    def check_rate(self, path: str, value: int | None, concentration: int | None) -> None:
        """Hold a dose rate against what the motor can deliver."""
        if concentration:
            low, high = rate_bounds(concentration)
            self.within(path, value, low, high, lambda rate: f"{format_dose_rate(rate)} at {concentration} ug/mL")


def rate_bounds(concentration_ug_per_ml: int) -> tuple[int, int]:
    """Least and largest dose rate, ng/d, that the motor can deliver at a concentration."""
    return (
        units.dose_ng(units.THERAPY_MIN_NL_PER_DAY, concentration_ug_per_ml),
        units.dose_ng(units.THERAPY_MAX_NL_PER_DAY, concentration_ug_per_ml),
    )
