"""Floods virtual pumps with everything that may come down a line, and sums up what came of it."""

import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vmworld import World

SUPPORT = Path(__file__).parent
FRAMES = 10_000  # for each pump
# Half of the pumps are held against exact arithmetic; by the seed.
MODES = ("closed", "closed", "anybody", "open")
_FOLDERS = [str(SUPPORT), str(SUPPORT.parent / "micropython"), str(SUPPORT.parent / "campaign")]
_VM_HEAP = "2m"  # the flood and the reference are loaded too
_VM_SCRIPT = """
import sys
sys.path.extend({folders!r})
from vm_fuzz import play
result = play({seed}, {frames}, {mode!r})
"""


@dataclass
class Flooded:
    """Frames sent by generator and mode, what the pumps did meanwhile, and by seed what did not hold."""

    pumps: int = 0
    frames: int = 0
    answers: int = 0
    hours: float = 0
    steps: int = 0
    records: Counter[str] = field(default_factory=Counter)
    modes: Counter[str] = field(default_factory=Counter)
    generators: Counter[str] = field(default_factory=Counter)
    heap_most: int = 0  # the largest growth of memory in use, in bytes
    ratios: list[float] = field(default_factory=list)  # machine time of an answer after the flood to that before
    failures: dict[int, str] = field(default_factory=dict)

    def add(self, other: "Flooded") -> None:
        """Take in others."""
        for name in ("pumps", "frames", "answers", "hours", "steps"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.records.update(other.records)
        self.modes.update(other.modes)
        self.generators.update(other.generators)
        self.heap_most = max(self.heap_most, other.heap_most)
        self.ratios += other.ratios
        self.failures.update(other.failures)

    def summary(self) -> str:
        """One line."""
        return (
            f"{self.frames} frames at {self.pumps} pumps, {self.answers} answers, {self.hours:.0f} virtual hours, "
            f"{self.steps} microsteps, {len(self.failures)} failures"
        )

    def table(self) -> str:
        """What was sent and what it cost."""
        rows = [f"  {name:<18}{count:>9}" for name, count in sorted(self.generators.items())]
        rows.append("  " + ", ".join(f"{mode} {count}" for mode, count in sorted(self.modes.items())))
        rows.append("  records: " + ", ".join(f"{mode} {count}" for mode, count in sorted(self.records.items())))
        rows.append(f"  memory in use grew by at most {self.heap_most} bytes")
        if self.ratios:
            middle = sorted(self.ratios)[len(self.ratios) // 2]
            rows.append(f"  an answer takes {middle:.2f} times what it took before the flood (median)")
        return "\n".join(rows)


def play(first_seed: int, count: int, frames: int = FRAMES, within_s: float = 900) -> Flooded:
    """One pump for each seed."""
    total = Flooded()
    for seed in range(first_seed, first_seed + count):
        total.add(_flood(seed, frames, within_s))
    return total


def _flood(seed: int, frames: int, within_s: float) -> Flooded:
    mode = MODES[seed % len(MODES)]
    script = _VM_SCRIPT.format(folders=_FOLDERS, seed=seed, frames=frames, mode=mode)
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        played: dict[str, Any] | None = world.run(script, within_s=within_s, heap=_VM_HEAP)
    if played is None:
        return Flooded(failures={seed: f"{mode}: the virtual pump ended with {world.code}: {world.errors[-500:]}"})
    if played["wrong"]:
        return Flooded(failures={seed: f"{mode}: {played['wrong']}: {world.errors[-500:]}"})
    told = played["told"]
    return Flooded(
        1,
        told["frames"],
        told["answers"],
        told["hours"],
        told["steps"],
        Counter({mode: told["records"]}),
        Counter({mode: told["frames"]}),
        Counter(played["counts"]),
        told["heap"][1] - told["heap"][0],
        [told["us"][1] / told["us"][0]],
    )
