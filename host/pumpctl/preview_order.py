"""What is asked of a preview, and what one run of it leaves."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from infuser.wire import units
from pumpctl import quantity
from pumpctl.errors import UsageProblem

# The patient takes no bolus, or every one allotted.
NONE, ALL, BOTH = "none", "all", "both"
CHOICES = (NONE, ALL, BOTH)
DAYS_MAX = 366
# A refill, and so a preview, begins with no less.
RESERVOIR_MIN_NL = units.NL_PER_ML

# How a run ends.
DAYS_OVER, EMPTY, ENDED, STOPPED = "days-over", "reservoir-empty", "therapy-ended", "stopped"


@dataclass(frozen=True)
class Order:
    """What to preview: `start_ms` UTC ms since 1970 in a zone, `reservoir_nl` what is in the reservoir then.

    `library` is the drug library that the pump holds, None for the one that every pump begins with.
    """

    program: dict[str, Any]
    start_ms: int
    utc_offset_min: int
    reservoir_nl: int
    days: int
    library: dict[str, Any] | None = None

    @property
    def end_ms(self) -> int:
        """UTC ms at which the days are over."""
        return self.start_ms + self.days * units.MS_PER_DAY

    def check(self) -> None:
        """UsageProblem where something is out of range."""
        _within("days", self.days, 1, DAYS_MAX, str)
        low, high = RESERVOIR_MIN_NL, units.RESERVOIR_CAPACITY_NL
        _within("reservoir", self.reservoir_nl, low, high, quantity.format_volume)

    def kinds(self, boluses: str) -> list[str]:
        """The runs that one of CHOICES stands for; a program without patient's boluses has only one."""
        if not self.program["patient_bolus_ng"]:
            return [NONE]
        return [NONE, ALL] if boluses == BOTH else [boluses]


@dataclass
class Run:
    """What one run left: the pump's own records from its first on, and how it ended. Times are UTC ms.

    `presses_ms`: when the patient's button was pressed. `left_nl`: what the pump reckons is in the reservoir.
    """

    serial: str
    warnings: list[str]
    records: list[dict[str, Any]] = field(default_factory=list)
    presses_ms: list[int] = field(default_factory=list)
    ended: str = DAYS_OVER
    end_ms: int = 0
    left_nl: int = 0


def _within(field: str, value: int, low: int, high: int, form: Callable[[int], str]) -> None:
    if not low <= value <= high:
        message = f"{field} = {form(value)} is out of range, allowed {form(low)} to {form(high)}"
        raise UsageProblem(message, field=field, value=value, low=low, high=high)
