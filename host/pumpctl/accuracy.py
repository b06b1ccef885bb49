"""Flow accuracy by IEC 60601-2-24: start-up curve, trumpet curve and mean error of a delivered volume.

As in IEC 60601-2-24 (the accuracy tests of its section 12). With the set rate r (mL/h), the mass W_i (g) on the scale
at sample i, the sample interval S (min), the density d (g/mL) and an observation window P (min):

    Q_i     = 60 (W_i - W_(i-1)) / (S d)                            flow at sample i, mL/h
    A       = 100 (Q - r) / r                                       Q: mean flow of the analysis period
    Ep(max) = max over j of (S / P) sum of 100 (Q_i - r) / r        i = j ... j + P/S - 1
    Ep(min) = min over j of the same

The sum telescopes: a window's mean error is that of the volume delivered within it, which is how
it is reckoned here: 100 (delivered - due) / due. Volumes are whole pL, times whole ms. The standard
ends at 31 min, which is for mL an hour; the longer windows say as much of uL an hour.

A motor that steps has an error of its own: at a steady rate the count of microsteps in a window
differs by less than one from what is due, so that `step_percent` = 100 x microstep / due bounds it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from infuser.wire import units
from pumpctl.accuracy_samples import Sample, Stretch, rate_nl_per_day
from pumpctl.errors import UsageProblem
from pumpctl.quantity import format_duration

STANDARD_WINDOWS_MS = tuple(minutes * units.MS_PER_MIN for minutes in (2, 5, 11, 19, 31))
WINDOWS_MS = (*STANDARD_WINDOWS_MS, *(hours * units.MS_PER_H for hours in (1, 2, 4, 8, 12, 24)))
# The start-up curve of the standard shows two hours.
START_UP_MS = 2 * units.MS_PER_H
_START_UP_STEPS = 10
_START_UP_POINTS = 24


@dataclass(frozen=True)
class Window:
    """One observation window: largest and least mean error of all its placements, in percent of what was due."""

    span_ms: int
    placements: int
    max_percent: float
    min_percent: float
    step_percent: float


@dataclass(frozen=True)
class LeftOut:
    """A window for which there is no figure, and why."""

    span_ms: int
    why: str


@dataclass(frozen=True)
class Flow:
    """Mean flow until `at_ms` after the start since the point before, and what it was to be."""

    at_ms: int
    rate_nl_per_day: int
    due_nl_per_day: int


@dataclass(frozen=True)
class Accuracy:
    """The curves. `mean_percent` is the standard's A; `flow_ms` is what each point of `start_up` averages over."""

    every_ms: int
    analysed_ms: int
    delivered_pl: int
    due_pl: int
    windows: list[Window]
    left_out: list[LeftOut]
    flow_ms: int
    start_up: list[Flow]

    @property
    def mean_percent(self) -> float:
        """A, the overall mean percentage error of the analysis period."""
        return _percent(self.delivered_pl, self.due_pl)

    @property
    def rate_nl_per_day(self) -> int:
        """Mean rate that was to be delivered in the analysis period."""
        return self.due_pl * units.MS_PER_DAY // (self.analysed_ms * units.PL_PER_NL)


def analyse(
    stretches: Sequence[Stretch],
    every_ms: int,
    settle_ms: int,
    step_pl: int,
    spans_ms: Sequence[int] = WINDOWS_MS,
    start_up: bool = True,
) -> Accuracy:
    """The curves of samples `every_ms` apart; the first `settle_ms` (stabilisation) count for the start-up curve alone.

    `start_up`: the samples begin with the infusion. UsageProblem where nothing is left to analyse.
    """
    origin_ms = stretches[0][0].at_ms if stretches else 0
    settled = [[one for one in stretch if one.at_ms >= origin_ms + settle_ms] for stretch in stretches]
    settled = [stretch for stretch in settled if len(stretch) > 1 and stretch[-1].due_pl > stretch[0].due_pl]
    if not settled:
        raise _nothing_left(stretches, settle_ms)
    told = [_window(settled, span_ms, every_ms, step_pl) for span_ms in sorted(set(spans_ms))]
    flow_ms = _flow_ms(stretches[0], every_ms, step_pl)
    return Accuracy(
        every_ms,
        sum(stretch[-1].at_ms - stretch[0].at_ms for stretch in settled),
        sum(stretch[-1].delivered_pl - stretch[0].delivered_pl for stretch in settled),
        sum(stretch[-1].due_pl - stretch[0].due_pl for stretch in settled),
        [one for one in told if isinstance(one, Window)],
        [one for one in told if isinstance(one, LeftOut)],
        flow_ms,
        _start_up(stretches[0], every_ms, flow_ms) if start_up else [],
    )


def _nothing_left(stretches: Sequence[Stretch], settle_ms: int) -> UsageProblem:
    length_ms = sum(stretch[-1].at_ms - stretch[0].at_ms for stretch in stretches)
    return UsageProblem(
        f"nothing to analyse: delivery lasted {format_duration(length_ms)},"
        f" of which {format_duration(settle_ms)} are for the flow to settle",
        field="--settle",
        value=format_duration(settle_ms),
        remedy="measure for longer, or give a shorter --settle",
    )


def _percent(delivered_pl: int, due_pl: int) -> float:
    return float(Fraction(100 * (delivered_pl - due_pl), due_pl))


def _window(stretches: Sequence[Stretch], span_ms: int, every_ms: int, step_pl: int) -> Window | LeftOut:
    """The figures of one window over all its placements in all stretches."""
    if span_ms < every_ms:
        return LeftOut(span_ms, f"shorter than the sample interval of {format_duration(every_ms)}")
    if span_ms % every_ms:
        return LeftOut(span_ms, f"not a whole number of sample intervals of {format_duration(every_ms)}")
    count = span_ms // every_ms
    placed = [pair for stretch in stretches for pair in zip(stretch, stretch[count:], strict=False)]
    if not placed:
        longest_ms = max(stretch[-1].at_ms - stretch[0].at_ms for stretch in stretches)
        return LeftOut(span_ms, f"longer than what can be analysed in one piece, {format_duration(longest_ms)}")
    grown = [(last.delivered_pl - first.delivered_pl, last.due_pl - first.due_pl) for first, last in placed]
    # Delivery may stand still for a while; a window in which nothing was due has no error in percent.
    errors = [_percent(delivered_pl, due_pl) for delivered_pl, due_pl in grown if due_pl > 0]
    if not errors:
        return LeftOut(span_ms, "nothing was due within it")
    least_due_pl = min(due_pl for _, due_pl in grown if due_pl > 0)
    return Window(span_ms, len(errors), max(errors), min(errors), 100 * step_pl / least_due_pl)


def _flow_ms(stretch: Stretch, every_ms: int, step_pl: int) -> int:
    """The shortest window that fits in which so many microsteps are due that the curve is not their noise."""
    due_pl, passed_ms = stretch[-1].due_pl - stretch[0].due_pl, stretch[-1].at_ms - stretch[0].at_ms
    fit = [span for span in (every_ms, *WINDOWS_MS) if every_ms <= span <= passed_ms and span % every_ms == 0]
    enough = (span_ms for span_ms in fit if due_pl * span_ms >= _START_UP_STEPS * step_pl * passed_ms)
    return next(enough, (fit or [every_ms])[-1])


def _start_up(stretch: Stretch, every_ms: int, flow_ms: int) -> list[Flow]:
    """Flow from the start, each point a mean over `flow_ms`: two hours, or as long as makes a curve."""
    until_ms = stretch[0].at_ms + max(START_UP_MS, _START_UP_POINTS * flow_ms)
    at = [one for one in stretch[:: flow_ms // every_ms] if one.at_ms <= until_ms]
    return [_flow(stretch[0], before, after) for before, after in zip(at, at[1:], strict=False)]


def _flow(first: Sample, before: Sample, after: Sample) -> Flow:
    passed_ms = after.at_ms - before.at_ms
    delivered = rate_nl_per_day(after.delivered_pl - before.delivered_pl, passed_ms)
    return Flow(after.at_ms - first.at_ms, delivered, rate_nl_per_day(after.due_pl - before.due_pl, passed_ms))
