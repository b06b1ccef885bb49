"""Runs the therapies in which bits flip on the virtual pump, and sums up what came of the flips."""

import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from vmworld import World

SUPPORT = Path(__file__).parent
FLIPS = 12
_FOLDERS = [str(SUPPORT), str(SUPPORT.parent / "micropython"), str(SUPPORT.parent / "campaign")]
_VM_HEAP = "4m"
_VM_SCRIPT = """
import sys
sys.path.extend({folders!r})
from vm_flips import play
result = play({seed}, {count}, {flips})
"""


@dataclass
class Flipped:
    """How often which outcome came of a flip in a structure, and by seed what did not hold."""

    therapies: int = 0
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    details: Counter[tuple[str, str]] = field(default_factory=Counter)
    harmless: list[str] = field(default_factory=list)
    failures: dict[int, str] = field(default_factory=dict)

    def add(self, other: "Flipped") -> None:
        """Take in others."""
        self.therapies += other.therapies
        self.outcomes.update(other.outcomes)
        self.details.update(other.details)
        self.harmless += other.harmless
        self.failures.update(other.failures)

    def flips(self) -> int:
        """Bits flipped in all."""
        return self.outcomes.total()

    def summary(self) -> str:
        """One line."""
        return f"{self.therapies} therapies, {self.flips()} flips, {len(self.failures)} failures"

    def table(self) -> str:
        """The share of each outcome, structure by structure."""
        rows = ["structure         flips  detected    masked  harmless"]
        for structure in sorted({structure for structure, _ in self.outcomes}):
            counts = [self.outcomes[structure, outcome] for outcome in ("detected", "masked", "harmless")]
            shares = "".join(f"{100 * count / sum(counts):9.1f}%" for count in counts)
            rows.append(f"{structure:<14}{sum(counts):9}{shares}")
        return "\n".join(rows)


def play(first_seed: int, count: int, flips: int = FLIPS, within_s: float = 900) -> Flipped:
    """Therapies of so many seeds, up to the first that does not hold."""
    script = _VM_SCRIPT.format(folders=_FOLDERS, seed=first_seed, count=count, flips=flips)
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        told = world.run(script, within_s=within_s, heap=_VM_HEAP)
    if told is None:
        return Flipped(failures={first_seed: f"the virtual pump ended with code {world.code}: {world.errors[-500:]}"})
    played = Flipped(len(told["told"]))
    for _, flipped in told["told"]:
        for structure, outcome, what in flipped:
            word, _, how = outcome.partition(" ")
            played.outcomes[structure, word] += 1
            played.details[structure, outcome] += 1
            if word == "harmless":
                played.harmless.append(what)
    if told["seed"] is not None:
        played.failures[told["seed"]] = told["wrong"]
    return played
