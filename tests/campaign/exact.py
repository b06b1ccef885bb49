"""Plays thousands of random therapies on CPython and on the virtual pump: `make campaign-exact`.

Each is told by its seed; `exact.py --seed SEED --cpython 1 --vm 0` plays one again.
"""

import argparse
import sys

import pool

sys.path[:0] = pool.PLACES

from exactplay import Played  # noqa: E402

SHARE = 10


def main() -> int:
    """1 if a single therapy did not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cpython", type=int, default=10_000, metavar="N", help="therapies on CPython")
    parser.add_argument("--vm", type=int, default=10_000, metavar="N", help="therapies on the virtual pump")
    pool.options(parser)
    options = parser.parse_args()
    first_seed = pool.seeds(options.seed, 1).start
    failed = 0
    # A look costs the VM fifteen times as much: its therapies are the short ones.
    on_vm = pool.Play("exactplay", "on_virtual_pump", {"longest": 0})
    for name, play, count in (
        ("CPython", pool.Play("exactplay", "on_cpython"), options.cpython),
        ("virtual pump", on_vm, options.vm),
    ):
        if count:
            played = Played()
            pool.run(name, play, played, pool.seeds(first_seed, count), SHARE, options)
            failed += len(played.failures)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
