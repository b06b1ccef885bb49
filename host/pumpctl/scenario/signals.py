"""What lamps and sounder did, from their edges at the pins."""

from collections.abc import Sequence
from typing import Any

# Shorter than this a lamp or the sounder is being tested and signals nothing.
TEST_MS = 100
_HZ = {"C": 523, "c": 262, "d": 294, "e": 330, "f": 349, "g": 392, "a": 440, "b": 494}
Interval = tuple[float, float, int]  # from, to, value


class Trace:
    """The edges of every signal since the beginning: name -> (ms, value)."""

    def __init__(self) -> None:
        self._edges: dict[str, list[tuple[float, int]]] = {}

    def add(self, edges: Sequence[tuple[float, str, int]]) -> None:
        """Further edges, in order."""
        for at_ms, name, value in edges:
            self._edges.setdefault(name, []).append((at_ms, int(value)))

    def dark(self, at_ms: float) -> None:
        """The power failed, or the chip was reset: everything is off until the firmware says otherwise."""
        self.add([(at_ms, name, 0) for name in list(self._edges)])

    def on(self, name: str, begin_ms: float, end_ms: float) -> list[Interval]:
        """The stretches within a span in which a signal was on, each with its value."""
        found: list[Interval] = []
        since, value = begin_ms, 0
        for at_ms, new in [*self._edges.get(name, []), (end_ms, 0)]:
            at_ms = min(at_ms, end_ms)
            if value and at_ms > max(since, begin_ms):
                found.append((max(since, begin_ms), at_ms, value))
            since, value = at_ms, new
        return found


def lit(trace: Trace, colour: str, begin_ms: float, end_ms: float) -> list[Interval]:
    """When a lamp was lit, tests left out."""
    return [one for one in trace.on(colour, begin_ms, end_ms) if one[1] - one[0] >= TEST_MS or one[1] == end_ms]


def flashing(found: Sequence[Interval], begin_ms: float, end_ms: float) -> tuple[float, float]:
    """(Hz, share in permille in which it is on) of a signal over a span, over whole periods where there are two."""
    starts = [one[0] for one in found if one[0] > begin_ms]
    if len(starts) < 2:
        on_ms = sum(one[1] - one[0] for one in found)
        return 0.0, 1000 * on_ms / max(1, end_ms - begin_ms)
    span_ms = starts[-1] - starts[0]
    on_ms = sum(one[1] - one[0] for one in found if starts[0] <= one[0] < starts[-1])
    return 1000 * (len(starts) - 1) / span_ms, 1000 * on_ms / span_ms


def tones(trace: Trace, begin_ms: float, end_ms: float) -> list[int]:
    """The sounder's frequencies in order, tests left out."""
    return [one[2] for one in trace.on("sounder", begin_ms, end_ms) if one[1] - one[0] >= TEST_MS]


def notes(melody: str) -> list[str]:
    """The tones of a melody as written; a dash is a longer gap."""
    return [one if one == "C" else one.lower() for one in melody.replace("-", " ").split()]


def names(heard: Sequence[int]) -> list[str]:
    """Tones as written, a frequency that is none of them by its number."""
    by_hz = {hz: name for name, hz in _HZ.items()}
    return [by_hz.get(hz, str(hz)) for hz in heard]


def plays(heard: Sequence[Any], melody: Sequence[Any]) -> bool:
    """Whether what was heard is this melody over and over, at least once whole; begin and end may be cut off."""
    size = len(melody)
    for shift in range(size):
        whole = len(heard) - (-shift % size) >= size
        if whole and all(tone == melody[(at + shift) % size] for at, tone in enumerate(heard)):
            return True
    return False
