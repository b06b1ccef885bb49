"""Samples of a delivered volume beside the volume due: from readings of a scale to an even grid in time."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from infuser.wire import units

# Readings further apart than so many intervals leave a hole, over which no window is laid.
HOLE_INTERVALS = 2


@dataclass(frozen=True)
class Sample:
    """What had been delivered at a time, and what was to be: pL since any start."""

    at_ms: int
    delivered_pl: int
    due_pl: int


Stretch = Sequence[Sample]


def at_rate(readings: Iterable[tuple[int, int]], rate_nl_per_day: int) -> list[Sample]:
    """Samples of (ms, pL) readings against one rate from the first reading on."""
    samples: list[Sample] = []
    start_ms: int | None = None
    for at_ms, delivered_pl in readings:
        start_ms = at_ms if start_ms is None else start_ms
        due_pl = (at_ms - start_ms) * rate_nl_per_day * units.PL_PER_NL // units.MS_PER_DAY
        samples.append(Sample(at_ms, delivered_pl, due_pl))
    return samples


def interval_ms(samples: Stretch) -> int:
    """The usual distance between samples, to the second where it is one or more."""
    usual = statistics.median_low(after.at_ms - before.at_ms for before, after in pairwise(samples))
    return max(1, units.MS_PER_S * round(usual / units.MS_PER_S) or usual)


def even(samples: Stretch, every_ms: int) -> list[Stretch]:
    """The samples at whole multiples of `every_ms` from the first of each stretch, by linear interpolation.

    A new stretch begins behind a hole of more than HOLE_INTERVALS intervals.
    """
    stretches: list[list[Sample]] = []
    for one in samples:
        if stretches and one.at_ms - stretches[-1][-1].at_ms <= HOLE_INTERVALS * every_ms:
            stretches[-1].append(one)
        else:
            stretches.append([one])
    return [_grid(stretch, every_ms) for stretch in stretches]


def _grid(samples: Stretch, every_ms: int) -> list[Sample]:
    grid = [samples[0]]
    for before, after in pairwise(samples):
        while (at_ms := grid[-1].at_ms + every_ms) <= after.at_ms:
            grid.append(_between(before, after, at_ms))
    return grid


def _between(before: Sample, after: Sample, at_ms: int) -> Sample:
    passed_ms, of_ms = at_ms - before.at_ms, after.at_ms - before.at_ms
    delivered_pl = before.delivered_pl + (after.delivered_pl - before.delivered_pl) * passed_ms // of_ms
    return Sample(at_ms, delivered_pl, before.due_pl + (after.due_pl - before.due_pl) * passed_ms // of_ms)


def rate_nl_per_day(volume_pl: int, passed_ms: int) -> int:
    """Mean flow of a volume over a time, rounded down."""
    return volume_pl * units.MS_PER_DAY // (passed_ms * units.PL_PER_NL)
