"""The bridge between two drugs: the one before still stands in the fluid path and is given at its own rate."""

from dataclasses import dataclass
from typing import Any

from infuser.wire import units
from pumpctl import quantity
from pumpctl.comparison import NONE, Change
from pumpctl.program import Program


def changes_drug(old: Program | None, new: Program) -> bool:
    """Whether a new program is for another drug or concentration than the one before."""
    if old is None:
        return False
    return any(old[name] != new[name] for name in ("drug", "concentration_ug_per_ml"))


@dataclass(frozen=True)
class Bridge:
    """`volume_nl` of the old program's drug, to be given at `rate_nl_per_day`, the old program's mean rate."""

    old: Program
    volume_nl: int
    rate_nl_per_day: int

    @property
    def duration_ms(self) -> int:
        """How long it takes, 0 where the pump names no rate."""
        return self.volume_nl * units.MS_PER_DAY // self.rate_nl_per_day if self.rate_nl_per_day else 0

    @property
    def dose_ng(self) -> int:
        """Dose of the old drug that the bridge holds."""
        return units.dose_ng(self.volume_nl, self.old["concentration_ug_per_ml"])

    @property
    def dose_ng_per_day(self) -> int:
        """Dose of the old drug a day while it lasts."""
        return units.dose_ng(self.rate_nl_per_day, self.old["concentration_ug_per_ml"])

    @property
    def sentence(self) -> str:
        """The bridge in one phrase, for a question."""
        return (
            f"{quantity.format_volume(self.volume_nl)} of {self._drug()} at"
            f" {quantity.format_dose_rate(self.dose_ng_per_day)} over {quantity.format_duration(self._whole_ms())}"
        )

    def changes(self) -> list[Change]:
        """Volume, rate, dose and time, for the comparison of programs."""
        told = (
            ("bridge volume", f"{quantity.format_volume(self.volume_nl)} of {self._drug()}"),
            ("bridge rate", quantity.format_rate(self.rate_nl_per_day)),
            ("bridge dose", f"{quantity.format_dose_rate(self.dose_ng_per_day)}, {quantity.format_dose(self.dose_ng)}"),
            ("bridge lasts", quantity.format_duration(self._whole_ms())),
        )
        return [Change(name, NONE, value) for name, value in told]

    def document(self) -> dict[str, Any]:
        """The bridge for scripts."""
        return {
            "drug": self.old["drug"],
            "concentration_ug_per_ml": self.old["concentration_ug_per_ml"],
            "volume_nl": self.volume_nl,
            "rate_nl_per_day": self.rate_nl_per_day,
            "dose_ng_per_day": self.dose_ng_per_day,
            "dose_ng": self.dose_ng,
            "duration_ms": self.duration_ms,
        }

    def _drug(self) -> str:
        return f"{self.old['drug']} {self.old['concentration_ug_per_ml']} ug/mL"

    def _whole_ms(self) -> int:
        return self.duration_ms // units.MS_PER_S * units.MS_PER_S
