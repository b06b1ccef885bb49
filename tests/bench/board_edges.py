"""What edges that an oscilloscope saw say of ticks and step pulses. Times in ns."""

import statistics
from dataclasses import dataclass
from typing import Any

Edges = list[list[int]]


@dataclass(frozen=True)
class Ticks:
    """Lateness of each tick against the earliest's grid; how long each held the interrupt."""

    late_ns: list[int]
    held_ns: list[int]
    lost: int

    @property
    def median_ns(self) -> float:
        return statistics.median(self.late_ns)

    @property
    def rare_ns(self) -> int:
        """What 99.9 % of the ticks stay below; the worst where there are fewer than a thousand."""
        return sorted(self.late_ns)[-1 - len(self.late_ns) // 1000]

    @property
    def worst_ns(self) -> int:
        return max(self.late_ns)


def ticks(edges: Edges, period_ns: int) -> Ticks:
    """Of a probe that is high in each tick; the k-th tick is held against the k-th point of the grid.

    A timer that is held up rings for each tick that it missed, one after the other: `lost` are those that never came.
    """
    pulses = _pulses(edges)
    offsets = [begin - number * period_ns for number, (begin, _) in enumerate(pulses)]
    base = min(offsets)
    late = [offset - base for offset in offsets]
    # Lateness passes, a lost tick stays: what even the most punctual of the last few is behind.
    return Ticks(late, [end - begin for begin, end in pulses], min(late[-5:]) // period_ns)


def empty_ns(edges: Edges, count: int) -> int:
    """What the probe costs itself, by its first pulses."""
    return min(end - begin for begin, end in _pulses(edges)[:count])


@dataclass(frozen=True)
class Steps:
    """Widths of the step pulses, and the time from each to the next."""

    widths_ns: list[int]
    spacings_ns: list[int]


def steps(edges: Edges) -> Steps:
    """Of the step line."""
    pulses = _pulses(edges)
    begins = [begin for begin, _ in pulses]
    gaps = [after - before for before, after in zip(begins, begins[1:], strict=False)]
    return Steps([end - begin for begin, end in pulses], gaps)


def rises(edges: Edges) -> list[int]:
    """When the line went up."""
    return [begin for begin, _ in _pulses(edges)]


def _pulses(edges: Edges) -> list[tuple[int, int]]:
    """(up, down) of each whole pulse."""
    told: list[tuple[int, int]] = []
    up: Any = None
    for at_ns, level in edges:
        if level and up is None:
            up = at_ns
        elif not level and up is not None:
            told.append((up, at_ns))
            up = None
    return told
