"""The largest dose of a preview's windows: hand-computed, and never less than any window really holds."""

from fractions import Fraction
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from infuser.wire import records, states, units
from pumpctl.preview_window import Curve, curves, largest_steps

HOUR_MS = units.MS_PER_H
START_MS = 1_772_434_800_000
GROWTHS = st.lists(st.tuples(st.integers(1, 9), st.integers(0, 20)), min_size=1, max_size=8)


def curve(growths: list[tuple[int, int]]) -> Curve:
    """A curve from (ms passed, steps made) after each other, beginning with nothing at 0."""
    times, counts = zip(*growths, strict=True)
    return Curve([(0, 0), *zip(accumulate(times), accumulate(counts), strict=True)])


def exactly(of: Curve, time_ms: int) -> Fraction:
    """The count at a time, in rational arithmetic."""
    points = list(zip(of.times_ms, of.counts, strict=True))
    if time_ms <= points[0][0]:
        return Fraction(points[0][1])
    for (start_ms, low), (end_ms, high) in zip(points, points[1:], strict=False):
        if start_ms <= time_ms <= end_ms:
            return low + Fraction((high - low) * (time_ms - start_ms), end_ms - start_ms)
    return Fraction(points[-1][1])


@given(st.lists(GROWTHS, min_size=1, max_size=3), st.integers(1, 40))
def test_no_window_holds_more_than_the_largest_and_rounding_adds_a_step_an_end(
    growths: list[list[tuple[int, int]]], span_ms: int
) -> None:
    of = [curve(one) for one in growths]
    last_ms = max(one.times_ms[-1] for one in of)
    most = max(
        sum(exactly(one, end) - exactly(one, end - span_ms) for one in of) for end in range(last_ms + span_ms + 1)
    )
    assert most <= largest_steps(of, span_ms) < most + 2 * len(of)


def test_a_bolus_on_top_of_a_constant_rate_is_the_largest_window() -> None:
    basal = Curve([(0, 0), (48 * HOUR_MS, 2880)])
    bolus = Curve([(0, 0), (30 * HOUR_MS, 0), (30 * HOUR_MS + 10 * units.MS_PER_MIN, 100)])
    assert largest_steps([basal], 24 * HOUR_MS) == 1440
    assert largest_steps([basal, bolus], 24 * HOUR_MS) == 1540
    assert largest_steps([basal, bolus], HOUR_MS) == 160


def test_a_window_longer_than_the_run_holds_all_of_it() -> None:
    assert largest_steps([Curve([(0, 0), (HOUR_MS, 77)])], 24 * HOUR_MS) == 77
    assert largest_steps([Curve([])], HOUR_MS) == 0


def test_a_bolus_is_counted_between_its_beginning_and_its_end() -> None:
    counts = dict.fromkeys(records.COUNTER_NAMES, 0)
    log = [
        {"kind": records.DELIVERY, "time_ms": START_MS - 1, "fields": {**counts, "basal_steps": 5}},
        {"kind": records.BOLUS_STARTED, "time_ms": START_MS + 10, "fields": {"bucket": 1, "start_steps": 0}},
        {"kind": records.BOLUS_ENDED, "time_ms": START_MS + 20, "fields": {"bucket": 1, "steps": 7}},
        {"kind": records.DELIVERY, "time_ms": START_MS + 100, "fields": {**counts, records.COUNTER_NAMES[1]: 7}},
    ]
    bolus = curves(log, START_MS)[states.PATIENT_BOLUS]
    assert bolus.times_ms == [START_MS, START_MS + 10, START_MS + 20, START_MS + 100]
    assert bolus.counts == [0, 0, 7, 7]
