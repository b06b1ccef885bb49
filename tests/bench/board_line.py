"""The line of the emulated board in the chip's time: pumpctl beside mpremote, over the same port in the same run.

Two times are told: that in which the chip had a question and had not answered it, and all that passes until a tool has
what it asked for, its own pauses among them (mpremote looks for an answer every 10 ms). For the latter the chip is so
slow that it keeps to its pace even while it is busy, and the tool's pauses are made longer in the same proportion.
"""

import contextlib
import io
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from unittest import mock

from board_pump import NS_PER_MS, BoardPump
from figures import Figure
from mpremote import transport_serial
from mpremote.transport_serial import SerialTransport

from infuser.wire import messages
from pumpctl.board import filesystem

ROUND_TRIPS = 20
PACE = 0.05  # of the chip's seconds to ours
NS_PER_KIB = 1e9 / 1024
SEGMENTS = 2  # of the journal that are read: the newest but one, and the newest
_WATCHDOG_CTRL_CLEAR = 0x40058000 + 0x3000
_WATCHDOG_ENABLE = 1 << 30


@contextlib.contextmanager
def prompt(pump: BoardPump) -> Iterator[SerialTransport]:
    """mpremote at the prompt that the pump has left; no watchdog waits for the pump to come back."""
    pump.client.service_repl()
    pump.client.close()
    transport = SerialTransport(str(pump.plant.port.resolve()))
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            transport.enter_raw_repl(soft_reset=False, timeout_overall=120)
        transport.exec(f"import machine\nmachine.mem32[{_WATCHDOG_CTRL_CLEAR}] = {_WATCHDOG_ENABLE}")
        yield transport
    finally:
        transport.close()


@dataclass(frozen=True)
class Talk:
    """The least question and its answer, in ms of the chip and in all; the log, in ns a byte of both, and its files.

    `status_ms`, `status_all_ms`: the pump's longest answer but the log.
    """

    trip_ms: float
    trip_all_ms: float
    byte_ns: float
    byte_all_ns: float
    files: list[str]
    status_ms: float = 0.0
    status_all_ms: float = 0.0


def by_pumpctl(pump: BoardPump) -> Talk:
    """The pump is asked what became of a command, for its status and for its log."""
    segments = _segments(pump)
    oldest = pump.client.status()["log_oldest"]
    files = [name for name in segments if int(name[1:], 16) >= oldest][-SEGMENTS:]

    def read() -> int:
        return sum(len(piece) for piece in pump.client.read_log(int(files[0][1:], 16)))

    talk = _talk(pump, lambda: pump.client._orders.ask(messages.OUTCOME, request_id=1), read, files)
    status_ms, status_all_ms = _trip(pump, pump.client.status)
    return replace(talk, status_ms=status_ms, status_all_ms=status_all_ms)


def by_mpremote(pump: BoardPump, at: SerialTransport, files: list[str]) -> Talk:
    """The prompt is asked for as little as can be, and for the same files."""

    def copy() -> int:
        return sum(len(at.fs_readfile("/pump/" + name)) for name in files)

    with mock.patch.object(transport_serial, "time", _Slowed()), mock.patch.object(at, "is_pty", False):
        return _talk(pump, lambda: at.exec("print(1)"), copy, files)


def figures(ours: Talk, theirs: Talk) -> list[Figure]:
    """Side by side."""
    one, many = "mpremote exec 'print(1)'", "mpremote fs cp"
    return [
        Figure("least question: the chip's part", ours.trip_ms, "ms", one, theirs.trip_ms),
        Figure("least question: until the tool has it", ours.trip_all_ms, "ms", one, theirs.trip_all_ms),
        Figure("status: the chip's part", ours.status_ms, "ms", one, theirs.trip_ms),
        Figure("status: until the tool has it", ours.status_all_ms, "ms", one, theirs.trip_all_ms),
        Figure("log: the chip's part", NS_PER_KIB / ours.byte_ns, "KiB/s", many, NS_PER_KIB / theirs.byte_ns),
        Figure("log: pulled", NS_PER_KIB / ours.byte_all_ns, "KiB/s", many, NS_PER_KIB / theirs.byte_all_ns),
    ]


class _Slowed:
    """`time` as mpremote uses it, in the chip's."""

    @staticmethod
    def sleep(seconds: float) -> None:
        time.sleep(seconds / PACE)

    @staticmethod
    def monotonic() -> float:
        return time.monotonic() * PACE


def _talk(pump: BoardPump, ask: Callable[[], object], read: Callable[[], int], files: list[str]) -> Talk:
    trip_ms, trip_all_ms = _trip(pump, ask)
    with _paced(pump):
        byte_ns, byte_all_ns = _took(pump, read)
    return Talk(trip_ms, trip_all_ms, byte_ns, byte_all_ns, files)


def _trip(pump: BoardPump, ask: Callable[[], object]) -> tuple[float, float]:
    """One question and its answer: time of the chip, and all that passes, in ms."""
    with _paced(pump):
        ask()
        chip_ns, all_ns = _took(pump, lambda: len([ask() for _ in range(ROUND_TRIPS)]))
    return chip_ns / NS_PER_MS, all_ns / NS_PER_MS


@contextlib.contextmanager
def _paced(pump: BoardPump) -> Iterator[None]:
    pump.plant.set_speed(PACE)
    try:
        yield
    finally:
        pump.plant.set_speed(0)


def _took(pump: BoardPump, talk: Callable[[], int]) -> tuple[float, float]:
    """Time of the chip in which it had a question, and all that passed, in ns by what `talk` counts."""
    before = pump.plant.measure()
    count = talk()
    after = pump.plant.measure()
    return (after["spoken_ns"] - before["spoken_ns"]) / count, (after["now_ns"] - before["now_ns"]) / count


def _segments(pump: BoardPump) -> list[str]:
    with filesystem.mounted(pump.plant.paths.flash) as fs:
        return sorted(name for name in fs.listdir("/pump") if name[0] == "j" and len(name) == 9)
