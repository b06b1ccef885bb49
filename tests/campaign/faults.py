"""Plays random therapies with random faults through years of virtual time: `make campaign-faults`.

Each is told by its seed; `faults.py --seed SEED --count 1` plays one again. What must hold throughout stands in
vm_fault_truth.py.
"""

import argparse
import json
import sys

import pool

sys.path[:0] = pool.PLACES

from faultplay import Lived  # noqa: E402

DAYS = 4
COUNT = 500


def main() -> int:
    """1 if anything did not hold in a single therapy."""
    parser = argparse.ArgumentParser(description=__doc__)
    pool.options(parser, COUNT)
    parser.add_argument("--days", type=int, default=DAYS, help="virtual days of each (default %(default)s)")
    options = parser.parse_args()
    if options.days < 1 or options.count < 1:
        parser.error("--days and --count are 1 or more")
    play = pool.Play("faultplay", "on_virtual_pump", {"days": options.days})
    lived = Lived()
    pool.run("faults", play, lived, pool.seeds(options.seed, options.count), 1, options)
    print(json.dumps(dict(sorted(lived.counts.items()))))
    return 1 if lived.failures else 0


if __name__ == "__main__":
    sys.exit(main())
