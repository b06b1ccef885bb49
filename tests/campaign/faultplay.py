"""Plays therapies with faults, each on a virtual pump of its own, and sums up what came of them."""

import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from vmworld import World

HERE = Path(__file__).parent
ON_VM = (HERE, HERE.parent / "support", HERE.parent / "micropython")
HEAP = "8m"
_SCRIPT = """
import sys
sys.path.extend({places!r})
from vm_fault_course import play
result = play({seed}, {days})
"""
_YEAR_MS = 365 * 86_400_000


@dataclass
class Lived:
    """Therapies played, what was done in them, the most that a motor moved unordered, and by seed what did not hold."""

    therapies: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    over_pl: int = 0
    failures: dict[int, str] = field(default_factory=dict)

    def add(self, other: "Lived") -> None:
        """Take in others."""
        self.therapies += other.therapies
        self.counts.update(other.counts)
        self.over_pl = max(self.over_pl, other.over_pl)
        self.failures.update(other.failures)

    def summary(self) -> str:
        """One line."""
        faults = sum(count for name, count in self.counts.items() if name.startswith("fault-"))
        cuts = sum(count for name, count in self.counts.items() if name.startswith("end-"))
        years = self.counts["passed-ms"] / _YEAR_MS
        return (
            f"{self.therapies} therapies, {years:.2f} virtual years, {faults} faults, {cuts} restarts, "
            f"{self.counts['records']} records, {self.counts['pulses']} microsteps, "
            f"at most {self.over_pl / 1e6:.2f} uL unordered, {len(self.failures)} violations"
        )


def on_virtual_pump(first_seed: int, count: int, days: int = 4, within_s: float = 600) -> Lived:
    """Therapies of some days, each in a world that nothing was in before."""
    lived = Lived()
    for seed in range(first_seed, first_seed + count):
        lived.add(_one(seed, days, within_s))
    return lived


def _one(seed: int, days: int, within_s: float) -> Lived:
    script = _SCRIPT.format(places=[str(place) for place in ON_VM], seed=seed, days=days)
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), seed=seed)
        told = world.run(script, within_s=within_s, heap=HEAP)
    if told is None:
        return Lived(1, failures={seed: f"the world ended with code {world.code}: {world.errors[-500:]}"})
    failures = {seed: told["violation"]} if told["violation"] else {}
    return Lived(1, Counter(told["counts"]), told["over_pl"], failures)
