"""Figures of the virtual pump and of the firmware's cost, each beside a limit or a peer measured in the same run.

`make bench` prints a table; `python tests/bench/run.py --json` one JSON document. Nothing here decides a test.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "support"))

from vmworld import World  # noqa: E402
from ward import CONTINUOUS, DAY_MS, ML  # noqa: E402

from pumpctl import operations, program, virtual  # noqa: E402
from pumpctl.client import Pump  # noqa: E402
from pumpctl.virtual import VirtualPump  # noqa: E402
from pumpctl.virtual.vm import Port  # noqa: E402

HEAP_BYTES = 384 * 1024
DAY_LIMIT_S = 2.0
DAYS = 4
ROUND_TRIPS = 200
RAW_BYTES = 1 << 21
VM = """
import sys
sys.path.append({here!r})
from vm_cost import measure
result = measure()
"""


@dataclass(frozen=True)
class Figure:
    """What was measured, what it is held against, and the ratio of the two."""

    name: str
    value: float
    unit: str
    peer: str
    peer_value: float

    @property
    def ratio(self) -> float:
        return self.value / self.peer_value if self.peer_value else 0.0


def infusing(folder: Path) -> tuple[VirtualPump, Pump]:
    """A virtual pump whose time stands still, infusing the example of one rate, and a client of it."""
    os.environ["PUMPCTL_HOME"] = str(folder / "home")
    plant = virtual.start("bench", speed=0)
    pump = Pump.open(str(plant.port), operator="bench")
    operations.commit(pump, operations.propose(pump, program.load(CONTINUOUS)))
    pump.begin_refill()
    plant.fill(20 * ML)
    pump.complete_refill(0, 20 * ML, 500)
    pump.resume()
    return plant, pump


def therapy_days(plant: VirtualPump) -> list[Figure]:
    """Machine time and flash wear of a day of continuous therapy."""
    plant.advance_ms(DAY_MS)
    before = plant.get()["flash"]
    took = []
    for _ in range(DAYS):
        began_s = time.perf_counter()
        plant.advance_ms(DAY_MS)
        took.append(time.perf_counter() - began_s)
    truth = plant.get()
    after = truth["flash"]
    day_s = statistics.median(took)
    blocks = 352
    erases = (after["erases"] - before["erases"]) / DAYS
    return [
        Figure("a virtual day of continuous therapy", day_s, "s", "limit", DAY_LIMIT_S),
        Figure("a virtual day of continuous therapy", day_s, "s", "real time", 86400),
        Figure("heap free while infusing", truth["heap_free"], "bytes", "heap", HEAP_BYTES),
        Figure("flash programs a day", (after["programs"] - before["programs"]) / DAYS, "", "erases a day", erases),
        Figure("flash erases a day", erases, "", "a day's share of 100,000 a block in ten years", blocks * 1e5 / 3653),
    ]


def round_trips(pump: Pump) -> Figure:
    """A command and its answer over the pseudo-terminal, beside a byte there and back."""
    took = []
    for _ in range(ROUND_TRIPS):
        began_s = time.perf_counter()
        pump.status()
        took.append(time.perf_counter() - began_s)
    return Figure("status, there and back", statistics.median(took) * 1e3, "ms", "an echoed byte", raw_echo_ms())


class RawLine:
    """A raw pseudo-terminal as the virtual pump has one, both ends in this process."""

    class _Paths:
        def __init__(self, folder: str) -> None:
            self.port = Path(folder) / "pty"

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._port = Port(self._Paths(self._folder.name))  # type: ignore[arg-type]
        self.master = self._port.master
        os.set_blocking(self.master, True)
        self.slave = os.open(str(Path(self._folder.name) / "pty"), os.O_RDWR | os.O_NOCTTY)

    def close(self) -> None:
        os.close(self.slave)
        self._port.close()
        self._folder.cleanup()


def raw_echo_ms() -> float:
    """A byte through a pseudo-terminal and back, in this process."""
    line = RawLine()
    took = []
    for _ in range(ROUND_TRIPS):
        began_s = time.perf_counter()
        os.write(line.slave, b"x")
        os.write(line.master, os.read(line.master, 1))
        os.read(line.slave, 1)
        took.append(time.perf_counter() - began_s)
    line.close()
    return statistics.median(took) * 1e3


def raw_bytes_per_s() -> float:
    """What a pseudo-terminal carries from the pump's end to the host's in pages of the log's size."""
    line = RawLine()
    page = bytes(768)
    passed = 0
    began_s = time.perf_counter()
    while passed < RAW_BYTES:
        os.write(line.master, page)
        left = len(page)
        while left:
            left -= len(os.read(line.slave, left))
        passed += len(page)
    took_s = time.perf_counter() - began_s
    line.close()
    return passed / took_s


def log_pull(pump: Pump) -> Figure:
    """Reading the whole log, beside the pseudo-terminal alone."""
    began_s = time.perf_counter()
    count = sum(len(page) for page in pump.read_log(1))
    per_s = count / (time.perf_counter() - began_s)
    return Figure("log pull", per_s / 1024, "KiB/s", "raw pseudo-terminal", raw_bytes_per_s() / 1024)


def vm_costs(folder: Path) -> list[Figure]:
    """Cost in the VM, beside an empty function call there."""
    told: dict[str, int] = World(folder).run(VM.format(here=str(HERE)))
    empty_us = told["empty_ns"] / 1e3
    names = {
        "tick_ns": "a tick, with guard",
        "meter_ns": "a tick's metering alone",
        "guard_ns": "a tick's guard alone",
        "turn_ns": "a turn of the main loop with its tick and idling",
    }
    return [Figure(name, told[key] / 1e3, "us", "empty call", empty_us) for key, name in names.items()]


def measure(tell: Callable[[str], None]) -> list[Figure]:
    """All figures, in the order of the table."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        tell("days of therapy")
        plant, pump = infusing(folder)
        try:
            figures = therapy_days(plant)
            tell("the line")
            figures += [round_trips(pump), log_pull(pump)]
        finally:
            pump.close()
            plant.stop()
        tell("cost in the VM")
        return figures + vm_costs(folder)


def table(figures: list[Figure]) -> str:
    """The figures for people, one a line."""
    rows = [("figure", "measured", "held against", "", "ratio")]
    for figure in figures:
        value = f"{number(figure.value)} {figure.unit}"
        peer = f"{number(figure.peer_value)} {figure.unit}"
        rows.append((figure.name, value.strip(), figure.peer, peer.strip(), number(figure.ratio)))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    left = (True, False, True, False, False)
    return "\n".join(
        "  ".join(
            text.ljust(width) if flush else text.rjust(width)
            for text, width, flush in zip(row, widths, left, strict=True)
        )
        for row in rows
    )


def number(value: float) -> str:
    """Three significant digits, or all of a large number's."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of the table")
    options = parser.parse_args()
    figures = measure(lambda text: print(f"measuring {text} ...", file=sys.stderr))
    if options.json:
        document: list[dict[str, Any]] = [{**asdict(figure), "ratio": figure.ratio} for figure in figures]
        print(json.dumps({"figures": document}, indent=1))
    else:
        print(table(figures))


if __name__ == "__main__":
    main()
