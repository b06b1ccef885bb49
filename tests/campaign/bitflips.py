"""Flips thousands of single bits in the memory and the files of a virtual pump that infuses.

Each therapy is told by its seed, and a dozen bits flip in it; `bitflips.py --seed N --count 1` plays one again.
"""

import argparse
import re
import sys
from collections import Counter

import pool

sys.path[:0] = pool.PLACES

from flipplay import FLIPS, Flipped  # noqa: E402

SHARE = 10


def main() -> int:
    """1 if a single flip ended in something that must not be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flips", type=int, default=10_000, metavar="N", help="end after so many flips")
    parser.add_argument("--count", type=int, metavar="N", help="therapies, instead of --flips")
    pool.options(parser)
    options = parser.parse_args()
    # A therapy ends early where a flip stops it by an alarm: how many it takes is not known before.
    seeds = pool.seeds(options.seed, options.count or options.flips)
    played = Flipped()

    def enough() -> bool:
        return not options.count and played.flips() >= options.flips

    print(f"up to {FLIPS} flips in each therapy")
    pool.run("bit flips", pool.Play("flipplay", "play"), played, seeds, SHARE, options, enough)
    print(played.table())
    for (structure, outcome), number in sorted(played.details.items()):
        print(f"  {structure}: {outcome} {number}")
    kinds = Counter(re.sub(r"\[\d+\]|:.*| byte .*", "", what) for what in played.harmless)
    print("  harmless: " + ", ".join(f"{name} {number}" for name, number in kinds.most_common(20)))
    return 1 if played.failures else 0


if __name__ == "__main__":
    sys.exit(main())
