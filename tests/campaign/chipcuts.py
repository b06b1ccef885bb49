"""Cuts the power of the emulated chip at operations of its flash, spread over a script, and sums up what came of it."""

import random
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import chiptape
from chipjudge import judge
from chiplife import apart

_MODES = ("left out", "half done")
# Figures of which the largest counts; all others are counts.
_MOST = (
    "uncertain-slow",
    "uncertain-fast",
    "made-not-counted-slow",
    "made-not-counted-fast",
    "record-newer",
    "boot-ms",
)

Point = tuple[int, bool]


@dataclass
class Cuts:
    """Cut points played; where in the script and of what kind they were; figures; and by point what did not hold."""

    cuts: int = 0
    spread: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    figures: dict[str, int] = field(default_factory=dict)
    cpu_s: float = 0.0
    failures: dict[int, str] = field(default_factory=dict)

    def add(self, other: "Cuts") -> None:
        """Take in another."""
        self.cuts += other.cuts
        self.spread += other.spread
        self.kinds += other.kinds
        for name, value in other.figures.items():
            mine = self.figures.get(name)
            self.figures[name] = value if mine is None else max(mine, value) if name in _MOST else mine + value
        self.cpu_s += other.cpu_s
        self.failures.update(other.failures)

    def summary(self) -> str:
        """One line."""
        told = self.figures.get
        return (
            f"{self.cuts} cuts, at most {told('uncertain-slow', 0)} microsteps uncertain at therapy rates, "
            f"{told('known', 0)} commands sent again, {len(self.failures)} violations"
        )


def choose(tape: chiptape.Tape, count: int, seed: int) -> list[Point]:
    """So many cut points: the same number from each part of the script as far as it has them, evenly spread in it."""
    rng = random.Random(seed)
    parts = list(tape.parts().values())
    chosen: list[Point] = []
    for at, numbers in enumerate(sorted(parts, key=len)):
        quota = min(2 * len(numbers), -(-(count - len(chosen)) // (len(parts) - at)))
        start = rng.random()
        half = rng.randrange(2)
        points = [int((start + index) * 2 * len(numbers) / quota) for index in range(quota)]
        # Each number stands for two points; neighbours in the choice differ in kind.
        told = {(numbers[point // 2 % len(numbers)], bool((point + half + index) % 2)) for index, point in
                enumerate(points)}  # fmt: skip
        spare = ((number, kind) for number in numbers for kind in (False, True) if (number, kind) not in told)
        while len(told) < quota:
            told.add(next(spare))
        chosen += sorted(told)
    return chosen


@lru_cache(1)
def _tape(folder: str) -> chiptape.Tape:
    return chiptape.load(Path(folder))


def play(tape: chiptape.Tape, uf2: Path, points: list[Point], first: int = 0) -> Cuts:
    """Play these cut points, numbered from `first` on."""
    total = Cuts()
    for index, (number, half) in enumerate(points, first):
        one = tape.operations[number]
        begun_s = time.monotonic()
        figures: dict[str, int] = {}
        failures = {}
        with tempfile.TemporaryDirectory() as folder:
            try:
                figures = apart(judge, Path(folder), uf2, tape, number, half)
            except AssertionError as error:
                where = f"operation {number} ({one.truth.part}), {_MODES[half]}"
                failures[index] = f"{where}: {str(error).strip().splitlines()[-1]}"
        kind = f"{'erase' if one.erase else 'program'} {_MODES[half]}"
        took_s = time.monotonic() - begun_s
        total.add(Cuts(1, Counter([one.truth.part]), Counter([kind]), figures, took_s, failures))
    return total


def share(first: int, count: int, folder: str, uf2: str, points: list[Point]) -> Cuts:
    """Cut points number `first` and those after it."""
    return play(_tape(folder), Path(uf2), points[first : first + count], first)
