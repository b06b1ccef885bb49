"""Runs on MicroPython: random therapies with the real pump on a virtual one."""

from vm_course import Mismatch
from vm_therapy import therapy
from vm_world import World


def play(first_seed, count, longest):
    """Therapies of `first_seed` and following; what was done, or the seed and what did not hold."""
    counts = {}
    for seed in range(first_seed, first_seed + count):
        try:
            bench = therapy(seed, World, longest)
        except Mismatch as error:
            return {"seed": seed, "mismatch": str(error), "counts": counts}
        for name, value in bench.counts.items():
            counts[name] = counts.get(name, 0) + value
    return {"seed": None, "counts": counts}
