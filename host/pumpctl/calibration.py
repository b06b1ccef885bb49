"""Volume of a microstep from weighed runs: mean, standard deviation, uncertainty and what to make of them.

With v_i = mass_i / (density x microsteps_i) of n runs: mean v, standard deviation s, and the half width
of the 95 % confidence interval of the mean, t(n - 1) s / sqrt(n), by Student's t (GUM, JCGM 100:2008,
type A, annex G). What all runs have in common - density, balance, evaporation - is not in it.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from infuser.wire import units
from pumpctl.accuracy_scale import volume_pl
from pumpctl.errors import VerificationError
from pumpctl.quantity import decimal

RUNS_MIN, RUNS_MAX = 2, 20
# Two-sided 95 % quantiles of Student's t for 1, 2, ... degrees of freedom.
_T95 = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
    2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093,
)  # fmt: skip
OUTLIER_PERCENT = 5
_PPM = 1_000_000
# The wire's field for the uncertainty; whatever would not fit is useless anyway.
_UNCERTAINTY_MAX_PPM = _PPM


@dataclass(frozen=True)
class Run:
    """One dispensed and weighed volume, by the microsteps that the pump made for it."""

    steps: int
    mass_ng: int
    density_ug_per_ml: int

    @property
    def volume_pl(self) -> int:
        return volume_pl(self.mass_ng, self.density_ug_per_ml)

    @property
    def step_pl(self) -> Fraction:
        """Volume of a microstep by this run alone."""
        return Fraction(self.volume_pl, self.steps)


@dataclass(frozen=True)
class Calibration:
    """What the runs amount to. `runs` are RUNS_MIN to RUNS_MAX."""

    runs: Sequence[Run]

    @property
    def mean_pl(self) -> Fraction:
        """Mean volume of a microstep."""
        return sum((run.step_pl for run in self.runs), Fraction()) / len(self.runs)

    @property
    def step_pl(self) -> int:
        """The mean to the nearest pL, as the pump takes it."""
        return round(self.mean_pl)

    @property
    def deviation_ppm(self) -> int:
        """Standard deviation of the runs, relative to their mean."""
        return round(self._deviation())

    @property
    def uncertainty_ppm(self) -> int:
        """Half width of the mean's 95 % confidence interval, relative to it, rounded up."""
        half_width = _T95[len(self.runs) - 2] * self._deviation() / math.sqrt(len(self.runs))
        return min(_UNCERTAINTY_MAX_PPM, math.ceil(half_width))

    def _deviation(self) -> float:
        spread = statistics.variance(run.step_pl for run in self.runs)
        return math.sqrt(spread / self.mean_pl**2) * _PPM

    def off_mean_ppm(self, run: Run) -> int:
        """How far one run is from the mean."""
        return ppm(run.step_pl, self.mean_pl)

    @property
    def outliers(self) -> list[int]:
        """Numbers (from 1) of runs further than OUTLIER_PERCENT from the median of all."""
        middle = statistics.median(run.step_pl for run in self.runs)
        far = (abs(run.step_pl - middle) * 100 > middle * OUTLIER_PERCENT for run in self.runs)
        return [number for number, beyond in enumerate(far, 1) if beyond]

    @property
    def from_nominal_ppm(self) -> int:
        """How far the new value is from the reference hardware's."""
        return ppm(Fraction(self.step_pl), Fraction(units.STEP_PL_NOMINAL))


def ppm(value: Fraction, reference: Fraction) -> int:
    """How far a value is from a reference, in millionths of that."""
    return round((value - reference) * _PPM / reference)


def step_bounds_pl() -> tuple[int, int]:
    """Least and largest volume of a microstep that the pump believes."""
    off = units.STEP_PL_NOMINAL * units.STEP_PL_TOLERANCE_PERCENT // 100
    return units.STEP_PL_NOMINAL - off, units.STEP_PL_NOMINAL + off


def check(told: Calibration) -> None:
    """VerificationError for a value that no motor explains."""
    low, high = step_bounds_pl()
    if low <= told.step_pl <= high:
        return
    raise VerificationError(
        f"{format_step(told.step_pl)} a microstep is {format_percent(told.from_nominal_ppm)} from nominal"
        f" ({format_step(units.STEP_PL_NOMINAL)}); at most {units.STEP_PL_TOLERANCE_PERCENT} % is taken for a"
        " calibration; the pump keeps its value",
        field="step_pl", value=told.step_pl, low=low, high=high,
        remedy="look for air, a leak or a blocked line, and at the density and the unit of the weights",
    )  # fmt: skip


def check_weighed(run: Run, number: int) -> None:
    """VerificationError for a run that left nothing on the scale."""
    if run.volume_pl <= 0:
        raise VerificationError(
            f"run {number} weighs nothing; the pump keeps its value",
            field="weight", value=run.mass_ng, low=1, remedy="see that the line ends above the vessel",
        )  # fmt: skip


def format_step(step_pl: int) -> str:
    """Volume of a microstep in nL, to the pL."""
    return f"{decimal(step_pl, units.PL_PER_NL, 3)} nL"


def format_percent(off_ppm: int) -> str:
    """A signed deviation in percent, to the ppm."""
    sign = "+" if off_ppm > 0 else ""
    return f"{sign}{decimal(off_ppm, 10_000, 4)} %"
