"""Cuts the whole pump's power at every flash operation of a script, left out and half done: `make campaign-power`.

What must hold after each cut stands in tests/power/vm_pump_judge.py and vm_pump_after.py. Instead of seeds there are
shares of the cut points; `power.py --seed SHARE --count 1` plays one again.
"""

import argparse
import json
import sys

import pool

sys.path[:0] = pool.PLACES

from cutplay import SHARES, Cuts  # noqa: E402


def main() -> int:
    """1 if anything did not hold after a single cut."""
    parser = argparse.ArgumentParser(description=__doc__)
    pool.options(parser, SHARES)
    options = parser.parse_args()
    first = options.seed or 0
    if not 1 <= options.count <= SHARES - first:
        parser.error(f"there are shares 0 to {SHARES - 1}")
    total = Cuts()
    pool.run("power cuts", pool.Play("cutplay", "share"), total, range(first, first + options.count), 1, options)
    told = {"cuts": total.cuts, "points": total.points, "records": total.records, "dropped": total.dropped}
    print(json.dumps({**told, "kinds_missing": total.kinds_missing, **dict(sorted(total.figures.items()))}))
    return 1 if total.failures or total.kinds_missing else 0


if __name__ == "__main__":
    sys.exit(main())
