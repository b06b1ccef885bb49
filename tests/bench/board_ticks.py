"""Ticks and step pulses of a priming at 60 mL/h, the motor's largest rate, while the pump has other things to do."""

import contextlib
import os
import select
import statistics
import termios
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import board_edges
from board_pump import EMPTY_PULSES, PRIMING_NL_PER_S, BoardPump, Values
from figures import Figure

from infuser.app.delivery import TICK_MIN_MS
from infuser.core.engine import INTERVAL_MIN_US
from infuser.core.journal import FIRST_SEQ
from infuser.wire import frame, messages, units
from pumpctl.errors import Refused
from pumpctl.virtual.world.flashpart import ERASE_US, PROGRAM_US

PRIMING_S = 30
# At its ends the ticks have other periods.
END_S = 3
TICK_NS = TICK_MIN_MS * 1_000_000
TICK_GOAL_MS = 100  # a quantum of metering: a tick as late as this still meters exactly, but its steps come bunched
HELD_GOAL_MS = 10
REFUSED = 20  # as many as get a record of their own
PULSE_US = 2
_GARBAGE = bytes(range(1, 256))


@dataclass(frozen=True)
class Load:
    """What the pump has to do while it primes. `stall_ms`: how long the flash holds everything up at the longest."""

    name: str
    work: Callable[[BoardPump, threading.Event], None]
    stall_ms: int = ERASE_US // 1000


def silent(_pump: BoardPump, done: threading.Event) -> None:
    """Nobody says anything."""
    done.wait()


def flood(pump: BoardPump, done: threading.Event) -> None:
    """Garbage and valid requests for the status in turn, as fast as the chip takes them, until `done`."""
    valid = frame.encode(messages.encode_request(messages.STATUS, 1 << 60, {}))
    data = (_GARBAGE + b"\0" + valid) * 8
    pump.client.close()  # it holds the port for itself
    port = os.open(os.path.realpath(pump.plant.port), os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    at = 0
    try:
        while not done.is_set():
            readable, writable, _ = select.select([port], [port], [], 0.05)
            if readable:
                os.read(port, 4096)
            if writable:
                at += os.write(port, data[at : at + 512])
                at %= len(data)
    finally:
        termios.tcflush(port, termios.TCOFLUSH)  # what the chip has not been told yet
        os.close(port)


def pull(pump: BoardPump, done: threading.Event) -> None:
    """The log is read over and over."""
    while not done.is_set():
        for _ in pump.client.read_log(FIRST_SEQ):
            if done.is_set():
                break


def written(pump: BoardPump, _done: threading.Event) -> None:
    """Sound is paused again and again: two records each time, until that is asked for too often."""
    with contextlib.suppress(Refused):
        while True:
            pump.client.pause_audio(0)


def refused(pump: BoardPump, done: threading.Event) -> None:
    """Orders that are not taken while it primes: a record each, until they are only counted."""
    for _ in range(REFUSED):
        with contextlib.suppress(Refused):
            if not done.is_set():
                pump.client.minimum_rate(True)


LOADS = (
    Load("silent line", silent),
    Load("serial flood", flood),
    Load("log pull", pull),
    Load("journal writes, stalls of 50 ms", written, 50),
    Load("journal writes, stalls of 400 ms", refused, 400),
)


def measure(pump: BoardPump, tell: Callable[[str], None], seconds: int = PRIMING_S) -> list[Figure]:
    """Figures of every load, then those that all of them share."""
    empty_ns = board_edges.empty_ns(pump.booted["edges"]["probe"], EMPTY_PULSES)
    figures, held, widths = [], [], []
    spacings: list[int] = []
    for load in LOADS:
        tell(f"ticks: {load.name}")
        seen, off = _under(pump, load, seconds)
        told = board_edges.ticks(seen["edges"]["probe"], TICK_NS)
        figures += _lateness(load, told, seen)
        figures.append(Figure(f"steps off, {load.name}", off, "", "due", _due(seconds)))
        held += told.held_ns
        pulses = board_edges.steps(seen["edges"]["step"])
        widths += pulses.widths_ns
        spacings = spacings or pulses.spacings_ns
    return figures + _interrupts([one - empty_ns for one in held]) + _pulses(widths, spacings)


def _under(pump: BoardPump, load: Load, seconds: int) -> tuple[Values, int]:
    """What was seen of a priming under a load, and how many steps of it were wrong."""
    pump.plant.set_flash_times(load.stall_ms * 1000, PROGRAM_US)
    pump.prime(seconds * 1000)
    pump.advance(END_S)
    before = pump.plant.measure()
    with _at_work(pump, load):
        pump.advance(seconds - 2 * END_S)
        seen = pump.plant.measure()
    if load.work is flood:
        pump.call_again()
    off = pump.priming_off_steps(END_S)
    pump.plant.set_flash_times(ERASE_US, PROGRAM_US)
    return {**seen, "erases_ns": seen["stalled_ns"] - before["stalled_ns"]}, off


@contextlib.contextmanager
def _at_work(pump: BoardPump, load: Load) -> Iterator[None]:
    done = threading.Event()
    worker = threading.Thread(target=load.work, args=(pump, done))
    worker.start()
    try:
        yield
    finally:
        done.set()
        worker.join()


def _due(seconds: int) -> int:
    return PRIMING_NL_PER_S * seconds * units.PL_PER_NL // units.STEP_PL_NOMINAL


def _lateness(load: Load, told: board_edges.Ticks, seen: Values) -> list[Figure]:
    name = f"tick late, {load.name}"
    stall = ("flash held it up", load.stall_ms)
    return [
        Figure(f"{name}, median of {len(told.late_ns)}", told.median_ns / 1e6, "ms", "quantum", TICK_GOAL_MS),
        Figure(f"{name}, 99.9 %", told.rare_ns / 1e6, "ms", *stall),
        Figure(f"{name}, worst", told.worst_ns / 1e6, "ms", *stall),
        Figure(f"ticks lost, {load.name}", told.lost, "", "stalls in all, ms", seen["erases_ns"] / 1e6),
    ]


def _interrupts(held_ns: list[int]) -> list[Figure]:
    return [
        Figure("interrupt of a tick, median", statistics.median(held_ns) / 1e6, "ms", "goal", HELD_GOAL_MS),
        Figure("interrupt of a tick, longest", max(held_ns) / 1e6, "ms", "goal", HELD_GOAL_MS),
    ]


def _pulses(widths_ns: list[int], spacings_ns: list[int]) -> list[Figure]:
    mean_us = units.STEP_PL_NOMINAL / (PRIMING_NL_PER_S * units.PL_PER_NL) * 1e6
    return [
        Figure("step pulse, narrowest", min(widths_ns) / 1e3, "us", "ordered", PULSE_US),
        Figure("step pulse, median", statistics.median(widths_ns) / 1e3, "us", "ordered", PULSE_US),
        Figure("step pulse, widest", max(widths_ns) / 1e3, "us", "ordered", PULSE_US),
        Figure("step to step, median", statistics.median(spacings_ns) / 1e3, "us", "by the rate", mean_us),
        Figure("step to step, least", min(spacings_ns) / 1e3, "us", "least allowed", INTERVAL_MIN_US),
        Figure("step to step, most", max(spacings_ns) / 1e3, "us", "by the rate", mean_us),
    ]
