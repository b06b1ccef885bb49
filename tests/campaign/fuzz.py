"""Floods virtual pumps with a million frames, malformed, mutated and random, while they infuse.

Each pump is told by its seed and gets 10000 frames; `fuzz.py --seed N --count 10000` floods one again.
"""

import argparse
import sys

import pool

sys.path[:0] = pool.PLACES

from fuzzplay import FRAMES, Flooded  # noqa: E402

SHARE = 2


def main() -> int:
    """1 if a pump did what it must not."""
    parser = argparse.ArgumentParser(description=__doc__)
    pool.options(parser, 1_000_000)
    options = parser.parse_args()
    flooded = Flooded()
    seeds = pool.seeds(options.seed, -(-options.count // FRAMES))
    pool.run("fuzz", pool.Play("fuzzplay", "play"), flooded, seeds, SHARE, options)
    print(flooded.table())
    return 1 if flooded.failures else 0


if __name__ == "__main__":
    sys.exit(main())
