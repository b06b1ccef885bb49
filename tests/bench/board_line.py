"""The line of the emulated board in the chip's time: pumpctl beside mpremote, over the same port in the same run."""

import contextlib
import io
from collections.abc import Callable, Iterator

from board_pump import NS_PER_MS, BoardPump
from figures import Figure
from mpremote.transport_serial import SerialTransport

ROUND_TRIPS = 20
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


def by_pumpctl(pump: BoardPump) -> tuple[float, float, list[str]]:
    """(ms of a status there and back, ns a byte of the log, the files that hold what was read)."""
    trip_ns = _spoken(pump, lambda: [pump.client.status() for _ in range(ROUND_TRIPS)]) / ROUND_TRIPS
    oldest = pump.client.status()["log_oldest"]
    segments = _segments(pump)
    first = [name for name in segments if int(name[1:], 16) >= oldest][-SEGMENTS]
    size = 0

    def read() -> None:
        nonlocal size
        size = sum(len(piece) for piece in pump.client.read_log(int(first[1:], 16)))

    # Pages are asked for while others come, so the time between is not told apart: all that passes counts.
    before = pump.plant.measure()["now_ns"]
    read()
    took_ns = pump.plant.measure()["now_ns"] - before
    return trip_ns / NS_PER_MS, took_ns / size, segments[segments.index(first) :]


def beside(pump: BoardPump, at: SerialTransport, told: tuple[float, float, list[str]]) -> list[Figure]:
    """The figures, with mpremote's at the prompt."""
    trip_ms, ns_a_byte, files = told
    exec_ms = _spoken(pump, lambda: [at.exec("print(1)") for _ in range(ROUND_TRIPS)]) / ROUND_TRIPS / NS_PER_MS
    size = 0

    def copy() -> None:
        nonlocal size
        size = sum(len(at.fs_readfile("/pump/" + name)) for name in files)

    copy_ns = _spoken(pump, copy)
    return [
        Figure("a status there and back", trip_ms, "ms", "mpremote exec 'print(1)'", exec_ms),
        Figure("the log pulled", 1e9 / 1024 / ns_a_byte, "KiB/s", "mpremote fs cp", size * 1e9 / 1024 / copy_ns),
    ]


def _segments(pump: BoardPump) -> list[str]:
    from pumpctl.board import filesystem

    with filesystem.mounted(pump.plant.paths.flash) as fs:
        return sorted(name for name in fs.listdir("/pump") if name[0] == "j" and len(name) == 9)


def _spoken(pump: BoardPump, talk: Callable[[], object]) -> int:
    """Time of the chip in which it had a question and had not answered it, in ns."""
    before = pump.plant.measure()["spoken_ns"]
    talk()
    return int(pump.plant.measure()["spoken_ns"]) - int(before)
