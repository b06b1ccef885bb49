"""Figures of the virtual pump and of the firmware's cost, each beside a limit or a peer measured in the same run.

`make bench` prints a table; `python tests/bench/run.py --json` one JSON document. Nothing here decides a test.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "support"))

import cost  # noqa: E402
import flow  # noqa: E402
import half_year  # noqa: E402
import line  # noqa: E402
import pull  # noqa: E402
import side_by_side  # noqa: E402
import startup  # noqa: E402
import therapy  # noqa: E402
import wear  # noqa: E402
from figures import Figure, Grid, table  # noqa: E402

DAYS = 180


def measure(days: int, tell: Callable[[str], None]) -> list[Figure]:
    """All figures, in the order of the table."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        tell("days of therapy")
        plant, pump = therapy.infusing(folder)
        try:
            figures = therapy.therapy_days(plant)
            tell("the line")
            figures.append(line.round_trips(pump))
        finally:
            pump.close()
            plant.stop()
        tell("a full journal over the line")
        figures += pull.measure(folder / "pull")
        tell("the tool's start")
        figures += startup.measure(folder / "startup")
        tell("eight pumps side by side")
        figures += side_by_side.measure(folder / "fleet")
        tell("cost in the VM")
        figures += cost.costs(folder / "cost")
        tell(f"{days} days of flex therapy with boluses, about a second for each")
        return figures + half_year.measure(folder / "half-year", days)


def detection(tell: Callable[[str], None]) -> list[Grid]:
    """How soon a motor or a line that fails is found."""
    tell("what is found of a motor or a line that fails")
    with tempfile.TemporaryDirectory() as name:
        return flow.measure(Path(name))


def wear_of_flash(days: int, tell: Callable[[str], None]) -> tuple[list[Figure], list[Grid]]:
    """What days of each therapy cost the flash."""
    tell(f"wear of the flash over {min(days, wear.DAYS)} days of each therapy")
    with tempfile.TemporaryDirectory() as name:
        return wear.measure(Path(name), days)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of the table")
    parser.add_argument("--days", type=int, default=DAYS, help="virtual days of therapy at most (default %(default)s)")
    options = parser.parse_args()
    if options.days < 1:
        parser.error(f"--days = {options.days}, allowed 1 and more")

    def tell(text: str) -> None:
        print(f"measuring {text} ...", file=sys.stderr)

    figures = measure(options.days, tell)
    worn, grids = wear_of_flash(options.days, tell)
    figures += worn
    grids += detection(tell)
    if options.json:
        document: list[dict[str, Any]] = [{**asdict(figure), "ratio": figure.ratio} for figure in figures]
        print(json.dumps({"figures": document, "grids": [asdict(grid) for grid in grids]}, indent=1))
    else:
        print("\n\n".join([table(figures), *(grid.text() for grid in grids)]))


if __name__ == "__main__":
    main()
