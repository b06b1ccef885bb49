"""micropython-stepper, a package for such drivers, on the same chip at the same flows: its pulses and their times."""

import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import board_edges
from board_pump import BoardPump
from figures import Figure
from mpremote.transport_serial import SerialTransport

PACKAGE = "micropython-stepper==1.0.3"
_START = "from stepper import Stepper\nmotor = Stepper(0, 1, speed_sps={sps!r})\nmotor.free_run(1)"
# What is seen is told in one piece: it must not grow too large.
PIECE_MS = 60_000


@dataclass(frozen=True)
class Made:
    """Pulses by the length of their run: how many are off, and by how much the last is off its time."""

    count: int
    off: int
    last_off_ms: float
    ppm: float


def judged(rises_ns: list[int], interval_ns: float) -> Made:
    """Held against a pulse every `interval_ns` from the first on."""
    passed_ns = rises_ns[-1] - rises_ns[0]
    due = passed_ns / interval_ns
    made = len(rises_ns) - 1
    last_off_ns = passed_ns - made * interval_ns
    return Made(len(rises_ns), round(made - due), last_off_ns / 1e6, -last_off_ns / (made * interval_ns) * 1e6)


def fetch(folder: Path) -> bytes:
    """The package's module, from the index."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), PACKAGE]
    subprocess.run(command, check=True, stdout=sys.stderr)
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return archive.read("stepper/__init__.py")


def play(pump: BoardPump, at: SerialTransport, interval_ns: float, duration_ms: int) -> Made:
    """The package's own timer makes pulses at this rate for a time."""
    at.exec(_START.format(sps=1e9 / interval_ns))
    pump.plant.measure()
    rises: list[int] = []
    for done_ms in range(0, duration_ms, PIECE_MS):
        pump.plant.advance_ms(min(PIECE_MS, duration_ms - done_ms))
        rises += board_edges.rises(pump.plant.measure()["edges"]["probe"])
    at.exec("motor.stop()")
    return judged(rises, interval_ns)


def figures(name: str, ours: Made, theirs: Made) -> list[Figure]:
    """Both at one flow. A step of the pump's may be late by its longest tick, 4 s, and never by more."""
    return [
        Figure(f"{name}: steps off of {ours.count}", ours.off, "", f"{PACKAGE}, of {theirs.count}", theirs.off),
        Figure(f"{name}: last step off its time", ours.last_off_ms, "ms", PACKAGE, theirs.last_off_ms),
    ]
