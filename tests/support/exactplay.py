"""Plays random therapies in a world on CPython or on the virtual pump, and sums up what came of them."""

import gc
import json
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from exactworld import World
from vm_therapy import therapy

SUPPORT = Path(__file__).parent
ON_VM = SUPPORT.parent / "micropython"
_VM_HEAP = "4m"
_VM_SCRIPT = """
import sys
sys.path.append({on_vm!r})
sys.path.append({support!r})
from vm_exact_steps import play
result = play({seed}, {count}, {longest})
"""


@dataclass
class Played:
    """Therapies played: how many, what was done in them, and by seed what did not hold."""

    therapies: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    failures: dict[int, str] = field(default_factory=dict)

    def add(self, other: "Played") -> None:
        """Take in others."""
        self.therapies += other.therapies
        self.counts.update(other.counts)
        self.failures.update(other.failures)

    def summary(self) -> str:
        """One line: therapies, virtual days, looks, microsteps, mismatches."""
        days = self.counts["passed-ms"] / 86_400_000
        return (
            f"{self.therapies} therapies, {days:.0f} virtual days, {self.counts['looks']} looks, "
            f"{self.counts['steps']} microsteps, {len(self.failures)} mismatches"
        )


def on_cpython(first_seed: int, count: int) -> Played:
    """Therapies in plain stand-ins; any error of the firmware counts as a mismatch."""
    # The firmware collects garbage around what it reads for a command: not in all that the test's process holds.
    gc.collect()
    gc.freeze()
    played = Played()
    for seed in range(first_seed, first_seed + count):
        try:
            played.counts.update(therapy(seed, World).counts)
        except Exception as error:
            played.failures[seed] = f"{type(error).__name__}: {error}"
        played.therapies += 1
    return played


def on_virtual_pump(first_seed: int, count: int, longest: int = 2, within_s: float = 600) -> Played:
    """Therapies on the MicroPython VM, none of more than a `longest` length, up to the first that does not hold."""
    from vmworld import World as VmWorld

    script = _VM_SCRIPT.format(on_vm=str(ON_VM), support=str(SUPPORT), seed=first_seed, count=count, longest=longest)
    with tempfile.TemporaryDirectory() as folder:
        told = VmWorld(Path(folder)).run(script, within_s=within_s, heap=_VM_HEAP)
    if told["seed"] is None:
        return Played(count, Counter(told["counts"]))
    played = Played(told["seed"] - first_seed + 1, Counter(told["counts"]))
    played.failures[told["seed"]] = told["mismatch"]
    return played


def printed(played: Played) -> str:
    """What was done, for the record of a test."""
    return f"{played.summary()}: {json.dumps(dict(sorted(played.counts.items())))}"
