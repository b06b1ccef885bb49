"""A board at its MicroPython prompt, reached with mpremote's transport: look, copy, compare, switch, go back."""

import ast
import contextlib
import io
import struct
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any, Self

from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport
from serial import SerialException

from pumpctl import firmware_files
from pumpctl.errors import LinkError, UsageProblem, VerificationError
from pumpctl.flash_plan import Plan, PlannedFile
from pumpctl.transport import open_transport

CHUNK_BYTES = 512
READ_S = 10.0
# For what a board does in one go over the whole application: removing, hashing, loading it.
SLOW_S = 180.0
SPARE_BYTES = 32 * 1024
_UNCHANGED = "the application on the board is still the one before: connect the board and run the command again"
_AGAIN = "connect the board and run the command again"


class NoPrompt(LinkError):
    """Something holds the port, but no MicroPython prompt answers on it."""


@dataclass(frozen=True)
class Facts:
    """What a board tells about itself."""

    platform: str
    machine: str
    version: tuple[int, int, int]
    bytecode: int
    free_bytes: int
    frozen: str = ""

    def document(self) -> dict[str, Any]:
        """As it is printed under `--json`."""
        return {**asdict(self), "version": ".".join(map(str, self.version))}


@dataclass(frozen=True)
class Before:
    """The application that a board can go back to: its version, that of the state it reads, its first damaged file."""

    firmware: str
    state: int
    damaged: str


@dataclass(frozen=True)
class Needs:
    """What the application needs of a board."""

    platform: str = "rp2"
    chip: str = "RP2040"
    version: tuple[int, int] = (1, 26)

    def check(self, facts: Facts, plan: Plan) -> None:
        """UsageProblem that says what the board lacks and what to do."""
        found = ".".join(map(str, facts.version))
        least = ".".join(map(str, self.version))
        if facts.platform != self.platform or self.chip not in facts.machine:
            raise UsageProblem(
                f"the board is a {facts.machine} ({facts.platform}), not one with {self.chip}",
                field="board", value=facts.machine, remedy="connect a Raspberry Pi Pico",
            )  # fmt: skip
        if facts.version[:2] < self.version:
            raise UsageProblem(
                f"the board runs MicroPython {found}; {least} or newer is needed",
                field="MicroPython", value=found, low=least,
                remedy="hold BOOTSEL while plugging it in and run the command again, which writes a newer one",
            )  # fmt: skip
        if facts.bytecode != plan.bytecode:
            raise UsageProblem(
                f"the board loads bytecode {facts.bytecode}, mpy-cross made {plan.bytecode}",
                field="mpy-cross", value=plan.bytecode,
                remedy=f"name the mpy-cross of MicroPython {found} with --mpy-cross",
            )  # fmt: skip
        if facts.free_bytes < plan.room + SPARE_BYTES:
            raise UsageProblem(
                f"the board has {facts.free_bytes} bytes free; the application is copied beside the one that is there",
                field="free bytes", value=facts.free_bytes, low=plan.room + SPARE_BYTES,
                remedy="remove files of your own from the board",
            )  # fmt: skip


class Board:
    """A board whose prompt answers; a context manager. `root` is where on its file system the application lives."""

    def __init__(self, spec: str, *, root: str = "", prompt_s: float = 10.0) -> None:
        self.spec = spec
        self.root = root
        self._remedy = _UNCHANGED
        # Opened once by our own transport: its errors say why a port cannot be had.
        open_transport(spec).close()
        with self._told():
            self._transport = SerialTransport(spec)
            self._transport.serial.timeout = min(prompt_s, READ_S)
        try:
            # On failure mpremote prints what it got instead.
            with contextlib.redirect_stdout(io.StringIO()):
                self._transport.enter_raw_repl(soft_reset=False, timeout_overall=prompt_s)
        except (TransportError, OSError) as error:
            self.close()
            remedy = "connect a Pico with MicroPython 1.26 or newer, and end whatever runs on it"
            raise NoPrompt(
                f"no MicroPython prompt answers on {spec}", field="port", value=spec, remedy=remedy
            ) from error
        self._transport.serial.timeout = READ_S
        self._equip()

    def _equip(self) -> None:
        code = firmware_files.beside("onboard.py").read_bytes()
        try:
            self._run(code)
        except LinkError as error:
            if "MemoryError" not in error.message:
                raise
            self._restart_interpreter()  # an application that ended for want of memory still holds it
            self._run(code)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the port; never raises."""
        with contextlib.suppress(OSError, SerialException):
            self._transport.close()

    def facts(self) -> Facts:
        """What the board is."""
        told = self._value(f"facts({self.root!r})", SLOW_S)
        try:
            facts = Facts(**told)
            sound = all(isinstance(number, int) for number in (*facts.version, facts.bytecode, facts.free_bytes))
            sound = sound and isinstance(facts.frozen, str)
        except TypeError:
            sound = False
        if not sound or not isinstance(facts.platform, str) or not isinstance(facts.machine, str):
            raise self._nonsense()
        return facts

    def state_version(self) -> int:
        """Version of the state that a pump has stored there, 0 if none has."""
        return int(self._value(f"state_version({self.root!r})"))

    def empty_memory(self) -> None:
        """Rid a chip of what an application left in its memory."""
        self._restart_interpreter()
        self._equip()

    def _restart_interpreter(self) -> None:
        with self._told(), contextlib.redirect_stdout(io.StringIO()):
            self._transport.enter_raw_repl(soft_reset=True, timeout_overall=READ_S)

    def copy(self, plan: Plan, progress: Callable[[float], None] = lambda done: None) -> None:
        """Put the application beside the one that is there; `progress` gets bytes copied."""
        self._run(f"begin({self.root!r}, {plan.folders!r})", SLOW_S)
        done = 0
        for file in plan.files:
            self._write(f"{self.root}/app.new/{file.path}", file)
            done += len(file.data)
            progress(done)

    def verify(self, plan: Plan) -> None:
        """Compare the hashes that the board computes with the plan's; VerificationError names the first wrong file.

        The board holds its files against their list, and the list against the plan: all hashes at once are too much
        for its memory.
        """
        listed = f"{self.root}/app.new/{firmware_files.IMAGE_LIST}"
        (wanted,) = (file.sha256 for file in plan.files if file.path == firmware_files.IMAGE_LIST)
        wrong = firmware_files.IMAGE_LIST
        if self._value(f"digest({listed!r})") == wanted:
            wrong = str(self._value(f"damaged({self.root!r}, NEW)", SLOW_S))
        if wrong:
            raise VerificationError(f"not on the board as it was sent: {wrong}", value=wrong, remedy=_UNCHANGED)

    def try_out(self, plan: Plan) -> None:
        """Load the copy once, without starting it; VerificationError says why it does not load."""
        told = str(self._value(f"try_out({self.root!r})", SLOW_S))
        if told:
            raise VerificationError(
                f"firmware {plan.version} does not load on this board: {told}", field="application", value=told,
                remedy="the application on the board is still the one before",
            )  # fmt: skip

    def before(self) -> Before | None:
        """The application to go back to; None if there is none."""
        if not self._value(f"_exists({self.root!r} + OLD)"):
            return None
        damaged = str(self._value(f"damaged({self.root!r}, OLD)", SLOW_S))
        told = {} if damaged else self._value(f"about({self.root!r}, OLD)")
        state = str(told.get("state", ""))
        return Before(str(told.get("firmware", "")), int(state) if state.isdecimal() else 0, damaged)

    def roll_back(self) -> None:
        """Make the application before the one that starts, and keep the other one in its place."""
        self._remedy = "connect the board and run `pumpctl flash --roll-back` again"
        self._run(f"roll_back({self.root!r})", SLOW_S)

    def switch(self, plan: Plan) -> None:
        """Make the copy the application that starts; the launcher is replaced only if it differs."""
        self._remedy = _AGAIN
        self._run(f"switch({self.root!r})", SLOW_S)
        path = f"{self.root}/main.py"
        if self._value(f"digest({path!r})") == plan.launcher.sha256:
            return
        self._write(path + ".new", plan.launcher)
        if self._value(f"digest({path + '.new'!r})") != plan.launcher.sha256:
            raise VerificationError(f"{path} is not on the board as it was sent", remedy=_AGAIN)
        self._run(f"os.rename({path + '.new'!r}, {path!r})")

    def restart(self) -> None:
        """Reset the chip; the port goes away."""
        with contextlib.suppress(TransportError, OSError, struct.error):
            self._transport.exec_raw_no_follow("import machine\nmachine.reset()")

    def _write(self, path: str, file: PlannedFile) -> None:
        self._run(f"f = open({path!r}, 'wb')")
        for at in range(0, len(file.data), CHUNK_BYTES):
            self._run(f"f.write({file.data[at : at + CHUNK_BYTES]!r})")
        self._run("f.close()")

    def _value(self, expression: str, within_s: float = READ_S) -> Any:
        """What an expression is worth on the board, as far as plain literals go; LinkError for anything else."""
        try:
            return ast.literal_eval(self._run(f"print(repr({expression}))", within_s).decode())
        except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
            raise self._nonsense() from error

    def _nonsense(self) -> LinkError:
        message = f"the board on {self.spec} does not answer as MicroPython does"
        return LinkError(message, field="port", value=self.spec, remedy=self._remedy)

    def _run(self, code: str | bytes, within_s: float = READ_S) -> bytes:
        with self._told():
            printed: bytes
            printed, failed = self._transport.exec_raw(code, timeout=within_s)
            if failed:
                raise TransportExecError(printed, failed.decode(errors="replace"))
            return printed

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Whatever ends the connection, as an error for people."""
        told: dict[str, Any] = {"field": "port", "value": self.spec, "remedy": self._remedy}
        try:
            yield
        except TransportExecError as error:
            last = error.error_output.strip().splitlines()[-1:]
            raise LinkError(f"the board on {self.spec} failed: {''.join(last)}", **told) from error
        except (TransportError, OSError, struct.error) as error:
            raise LinkError(f"the link to the board on {self.spec} was lost", **told) from error
