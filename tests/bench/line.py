"""The serial line: a command and its answer, beside the pseudo-terminal alone."""

import os
import statistics
import tempfile
import time
from pathlib import Path

from figures import Figure

from infuser.wire import messages
from pumpctl.client import Pump
from pumpctl.virtual.vm import Port

ROUND_TRIPS = 200
RAW_BYTES = 1 << 18
RAW_RUNS = 20


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
    """What a pseudo-terminal carries from the pump's end to the host's in pages of the log's size, at its best."""
    line = RawLine()
    best = max(_passed_per_s(line, bytes(messages.CHUNK_MAX)) for _ in range(RAW_RUNS))
    line.close()
    return best


def _passed_per_s(line: RawLine, page: bytes) -> float:
    passed = 0
    began_s = time.perf_counter()
    while passed < RAW_BYTES:
        os.write(line.master, page)
        left = len(page)
        while left:
            left -= len(os.read(line.slave, left))
        passed += len(page)
    return passed / (time.perf_counter() - began_s)
