"""What a measured residual says against the expected one, and from where on it is looked into."""

from dataclasses import dataclass

from infuser.wire import units
from pumpctl import operations, quantity

# Advisory, not the pump's: the field looks into a residual that is off by more than 20 to 25 % of what was expected, or
# by about 2 mL. Below either, a syringe, what stays in the reservoir and the drug's volume explain it.
SHARE_PERMILLE = 200
VOLUME_NL = 2 * units.NL_PER_ML
# What a syringe does not show and a needle holds back: a share of next to nothing says nothing.
TRIFLE_NL = units.NL_PER_ML // 10

_MEASURE = "Measure again: is all of it drawn, is the syringe read right, did air come along?"
_LESS_GIVEN = (
    "More is left than was expected: less may have gone out. Look for stalls, blockages and stops in the log"
    " (`pumpctl log show`), at the catheter, and at the calibration (`pumpctl calibrate`)."
)
_MORE_GIVEN = (
    "Less is left than was expected: more may have gone out, or leaked. Look at the patient first (overdose), for leaks"
    " and runaway in the log (`pumpctl log show`, `pumpctl log replay`), and at the calibration."
)


@dataclass(frozen=True)
class Discrepancy:
    """A residual measured and expected, nL, held against a share of what was expected and a volume."""

    expected_nl: int
    measured_nl: int
    share_permille: int = SHARE_PERMILLE
    volume_nl: int = VOLUME_NL

    @property
    def nl(self) -> int:
        """Measured less expected."""
        return self.measured_nl - self.expected_nl

    @property
    def over(self) -> bool:
        """Whether it is to be looked into."""
        size = abs(self.nl)
        by_share = size > TRIFLE_NL and size * 1000 > self.share_permille * self.expected_nl
        return by_share or size > self.volume_nl

    @property
    def percent(self) -> str:
        """Its share of what was expected, `-` where nothing was."""
        if not self.expected_nl:
            return "-"
        sign = "+" if self.nl > 0 else ""
        return f"{sign}{quantity.decimal(self.nl * 100, self.expected_nl, 1)} %"

    @property
    def sentence(self) -> str:
        """The difference in words."""
        told = operations.discrepancy_text(self.nl)
        share = (
            f" ({self.percent} of the expected {quantity.format_volume(self.expected_nl)})" if self.expected_nl else ""
        )
        return f"{told}{share}" if self.nl else told

    @property
    def limits(self) -> str:
        """The limits in words."""
        return f"{quantity.decimal(self.share_permille, 10, 1)} % or {quantity.format_volume(self.volume_nl)}"

    def advice(self) -> list[str]:
        """What to do where it is over the limits; empty where it is not."""
        if not self.over:
            return []
        return [
            f"The discrepancy is over the advisory limit of {self.limits}: {self.sentence}.",
            _MEASURE,
            _LESS_GIVEN if self.nl > 0 else _MORE_GIVEN,
        ]
