"""Cuts the power of the emulated chip at operations of its flash: `make campaign-board`.

A script of commands is played once on the real image; then the chip starts again on the flash as it was at each of
the cut points chosen, and has to keep the promises that tests/support/chipjudge.py lists. The seed chooses the points.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import pool

sys.path[:0] = pool.PLACES

import chipcuts  # noqa: E402
import chiptape  # noqa: E402
from chiplife import apart  # noqa: E402

from pumpctl.board import requirements  # noqa: E402
from pumpctl.errors import PumpctlError  # noqa: E402


def main() -> int:
    """1 if anything did not hold after a single cut, 2 without an image."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=240, metavar="N", help="how many cuts (default %(default)s)")
    parser.add_argument("--seed", type=int, help="without it one by chance")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="chips at once (default %(default)s)")
    parser.add_argument("--uf2", metavar="FILE", help="the image to run, instead of the one that is found")
    parser.set_defaults(dask=None)
    options = parser.parse_args()
    try:
        uf2 = requirements.image(Path(options.uf2) if options.uf2 else None)
    except PumpctlError as error:
        print(f"{error.message}; {error.remedy}", file=sys.stderr)
        return 2
    seed = pool.seeds(options.seed, 1)[0]
    with tempfile.TemporaryDirectory() as folder:
        begun_s = time.monotonic()
        apart(chiptape.record, Path(folder), uf2)
        tape = chiptape.load(Path(folder))
        if tape.broken:
            print(f"the script broke off in {tape.broken}", file=sys.stderr)
        points = chipcuts.choose(tape, options.count, seed)
        told = {part: len(numbers) for part, numbers in tape.parts().items()}
        print(
            f"seed {seed}: {len(tape.operations)} operations in {time.monotonic() - begun_s:.0f} s, {json.dumps(told)}"
        )
        total = chipcuts.Cuts()
        play = pool.Play("chipcuts", "share", {"folder": folder, "uf2": str(uf2), "points": points})
        pool.run("power cuts on the chip", play, total, range(len(points)), 1, options)
    print(json.dumps({"seed": seed, "cuts": total.cuts, "spread": total.spread, "kinds": total.kinds}))
    print(json.dumps({**dict(sorted(total.figures.items())), "s-a-cut": round(total.cpu_s / max(1, total.cuts), 1)}))
    return 1 if total.failures or tape.broken else 0


if __name__ == "__main__":
    sys.exit(main())
