"""One life of the emulated chip inside a test's own process, without pseudo-terminal and daemon.

The world behind the pins consists of modules that exist once in a process: whatever makes a Life does so in a child,
see `apart`.
"""

import multiprocessing
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from pumpctl.board import install
from pumpctl.board.__main__ import Bench
from pumpctl.client import Pump
from pumpctl.errors import LinkError
from pumpctl.pending import PendingStore

SERIAL = "e6614103e7321a2b"
WALL_MS = 1_767_571_200_000  # Monday 2026-01-05
MS = 1_000_000  # in ns
_SLICE_NS = 5 * MS
_SILENT_NS = 20_000 * MS  # the pump answers within milliseconds, but it may be starting
_ANSWER_S = 1200.0


class Line:
    """A transport whose waiting lets the chip's time pass. `sent` hears what goes to the pump."""

    name = "the emulated chip"

    def __init__(self, life: "Life") -> None:
        self._life = life
        self._heard = bytearray()
        self.sent: Callable[[bytes], None] = lambda data: None
        life.bench.chip.line.heard = self._heard.extend

    def read(self, timeout_s: float) -> bytes:
        """What has come; LinkError when the chip stays silent for a time of its own, or its life is over."""
        chip = self._life.bench.chip
        end_ns = chip.now_ns + _SILENT_NS
        while timeout_s and not self._heard:
            if self._life.over or chip.now_ns >= end_ns:
                over = f", life over with code {self._life.code} {chip.scratch[0]:x}" if self._life.over else ""
                raise LinkError(f"the chip is silent at {chip.now_ns / MS:.0f} ms{over}")
            chip.run_until_ns(chip.now_ns + _SLICE_NS)
        told = bytes(self._heard)
        self._heard.clear()
        return told

    def write(self, data: bytes) -> None:
        """Bytes for the chip."""
        self.sent(data)
        self._life.bench.chip.line.send(data)

    def close(self) -> None:
        """Nothing is held."""


class Life:
    """From power-on to whatever ends it; the chip's time passes in `run_ms`, and while something is read.

    `folder` keeps the flash and the world between lives. `reset_cause` as the launcher's configuration has it.
    """

    def __init__(self, folder: Path, uf2: Path, reset_cause: str = "power-on") -> None:
        self.folder = folder
        self.bench = Bench(
            {
                "flash": folder / "flash.img", "plant": str(folder / "plant.json"), "serial": SERIAL, "uf2": str(uf2),
                "crystal_ppm": 0, "seed": 1, "wall_ms": WALL_MS, "reset_cause": reset_cause, "control_fd": -1,
                "speed": 0,
            }
        )  # fmt: skip
        self.chip = self.bench.chip
        self.line = Line(self)
        import faults  # type: ignore[import-not-found]
        import plant

        self.plant = plant.plant
        self.faults = faults

    @property
    def over(self) -> bool:
        """Whether the life has ended: see `code`."""
        return self.bench.life.ended

    @property
    def code(self) -> int:
        """How it ended: 42 watchdog, 43 reset, 44 power cut."""
        return self.bench.life.end_code

    def run_ns(self, duration_ns: float) -> None:
        """Let the chip's time pass."""
        end_ns = self.chip.now_ns + duration_ns
        while not self.over and not self.chip.run_until_ns(end_ns):
            pass

    def run_ms(self, duration_ms: float) -> None:
        """Let the chip's time pass."""
        self.run_ns(duration_ms * MS)

    def busy(self, duration_ms: float) -> float:
        """Share of a time in which the processor did something."""
        before_ns, busy_ns = self.chip.now_ns, self.chip.busy_ns
        self.run_ms(duration_ms)
        return (self.chip.busy_ns - busy_ns) / (self.chip.now_ns - before_ns)

    def fault(self, name: str, on: bool = True, value: Any = None) -> None:
        """A fault switch of the bench."""
        self.faults.switch(name, on, value)
        self.bench.pins.refresh()

    def client(self, operator: str = "tester") -> Pump:
        """The pump as pumpctl's client sees it."""
        return Pump(
            self.line, operator=operator, pending=PendingStore(self.folder / "pending"), timeout_s=_ANSWER_S, tries=1
        )


class Prompt:
    """MicroPython's raw prompt on an image that starts no program of its own."""

    def __init__(self, life: Life) -> None:
        self._life = life
        life.run_ms(50)
        while not life.chip.connected:
            life.run_ms(20)
        life.line.write(b"\x03\x01")
        self._until(b"raw REPL; CTRL-B to exit\r\n>")

    def begin(self, script: str) -> None:
        """Start a script; time has to pass for it to run."""
        self._life.line.write(script.encode() + b"\x04")
        self._until(b"OK")

    def end(self) -> str:
        """What the script under way has printed; AssertionError with its traceback if it failed."""
        told = self._until(b"\x04>").rsplit(b"\x04", 2)
        assert not told[1], told[1].decode()
        return told[0].decode().replace("\r", "").strip()

    def run(self, script: str) -> str:
        """Run it; what it printed."""
        self.begin(script)
        return self.end()

    def _until(self, mark: bytes) -> bytes:
        told = b""
        while mark not in told:
            told += self._life.line.read(1)
        assert told.endswith(mark), told
        return told


def installed(folder: Path) -> Path:
    """A new board with the application on its flash; nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    install.install(folder / "flash.img", {})
    return folder


def apart(function: Callable[..., Any], *arguments: Any) -> Any:
    """What a function returns that makes a Life, called in a child process; what it raises fails the test."""
    context = multiprocessing.get_context("fork")
    mine, its = context.Pipe(duplex=False)
    child = context.Process(target=_told, args=(its, function, arguments))
    child.start()
    its.close()
    try:
        failure, told = mine.recv()
    except EOFError:
        failure, told = "the child process died", None
    child.join()
    if failure:
        raise AssertionError(failure)
    return told


def _told(to: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    try:
        to.send(("", function(*arguments)))
    except BaseException:
        to.send((traceback.format_exc(), None))
