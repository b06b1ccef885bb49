"""Plays thousands of random therapies on CPython and on the virtual pump: `make campaign`.

Each is told by its seed; `exact.py --first SEED --cpython 1 --vm 0` plays one again.
"""

import argparse
import os
import random
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/support"), str(ROOT / "firmware")]

from exactplay import Played, on_cpython, on_virtual_pump  # noqa: E402

SHARE = 10


def run(name: str, play: Callable[[int, int], Played], first_seed: int, count: int, jobs: int) -> Played:
    """All therapies of one kind, split over the cores."""
    played = Played()
    begun_s = time.monotonic()
    with ProcessPoolExecutor(jobs) as pool:
        shares = [pool.submit(play, first_seed + at, min(SHARE, count - at)) for at in range(0, count, SHARE)]
        for share in as_completed(shares):
            played.add(share.result())
            print(f"\r{name}: {played.summary()}", end="", file=sys.stderr, flush=True)
            for seed, text in share.result().failures.items():
                print(f"\n  seed {seed}: {text}", file=sys.stderr)
    print(file=sys.stderr)
    print(
        f"{name}: seeds {first_seed} to {first_seed + count - 1}: {played.summary()}; {time.monotonic() - begun_s:.0f}s"
    )
    for seed, text in sorted(played.failures.items()):
        print(f"  seed {seed}: {text}")
    return played


def main() -> int:
    """1 if a single therapy did not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cpython", type=int, default=10_000, metavar="N", help="therapies on CPython")
    parser.add_argument("--vm", type=int, default=10_000, metavar="N", help="therapies on the virtual pump")
    parser.add_argument("--first", type=int, help="first seed; without it one by chance")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at once")
    options = parser.parse_args()
    first_seed = random.randrange(1 << 30) if options.first is None else options.first
    failed = 0
    # A look costs the VM fifteen times as much: its therapies are the short ones.
    on_vm = partial(on_virtual_pump, longest=0)
    for name, play, count in (("CPython", on_cpython, options.cpython), ("virtual pump", on_vm, options.vm)):
        if count:
            failed += len(run(name, play, first_seed, count, options.jobs).failures)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
