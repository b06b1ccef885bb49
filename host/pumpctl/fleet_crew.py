"""Does one thing on several pumps side by side, a thread for each: what fails on one never stops the others."""

import contextlib
import math
import queue
import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Protocol, Self

from pumpctl.client import Pump
from pumpctl.errors import DONE, INTERRUPTED, Internal, PumpctlError
from pumpctl.fleet import Member

Values = dict[str, Any]
Advance = Callable[[float], None]
Task = Callable[[Pump, Advance], Values]
JOBS_MAX = 8
_LOOK_S = 0.1
# A request is given up after 3 s; what still runs so long after Ctrl-C is left behind.
_LEAVE_S = 15.0


class Interrupted(PumpctlError):
    """Ctrl-C came before a pump's turn, or in the middle of what can be broken off."""

    exit_code = INTERRUPTED
    kind = "interrupted"


class Watch(Protocol):
    """Hears how far each pump is; called from several threads."""

    def advance(self, name: str, share: float) -> None:
        """`share` of 1 is done."""

    def ended(self, name: str, error: PumpctlError | None) -> None:
        """That pump is finished."""

    def stopping(self) -> None:
        """Ctrl-C was pressed: what runs is let end."""


class Seat:
    """A pump of the crew: `result` is what came of the last task, `error` what took it out of those after."""

    def __init__(self, member: Member, operator: str) -> None:
        self.member = member
        self.serial = member.serial
        self.result: Values = {}
        self.error: PumpctlError | None = None
        self.settled: list[str] = []
        self._operator = operator
        self._pump: Pump | None = None

    @property
    def name(self) -> str:
        """What a person calls the pump."""
        return self.member.name

    def pump(self) -> Pump:
        """The pump, greeted when first needed and held until the crew is closed."""
        if self._pump is None:
            self._pump = Pump.open(self.member.port, operator=self._operator)
            self.serial = self._pump.hello.serial
            self.settled = self._pump.settled
        return self._pump

    def close(self) -> None:
        """Let go of the port."""
        if self._pump is not None:
            self._pump.close()
            self._pump = None

    def document(self) -> Values:
        """The pump's entry for scripts: name, port, serial, ok, and result or error."""
        told: Values = {"name": self.name, "port": self.member.port.spec, "serial": self.serial or None}
        if self.error is not None:
            return {**told, "ok": False, "error": self.error.document()}
        return {**told, "ok": True, "result": self.result}


_Seats = queue.SimpleQueue[Seat]


class Crew:
    """The pumps of one command in table order; a context manager that lets go of every port."""

    def __init__(self, members: Sequence[Member], operator: str = "", jobs: int = JOBS_MAX) -> None:
        self.seats = [Seat(member, operator) for member in members]
        self._jobs = jobs
        self._stop = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for seat in self.seats:
            seat.close()

    @property
    def able(self) -> list[Seat]:
        """Those that have not failed."""
        return [seat for seat in self.seats if seat.error is None]

    @property
    def failed(self) -> list[Seat]:
        """Those that have."""
        return [seat for seat in self.seats if seat.error is not None]

    @property
    def interrupted(self) -> bool:
        """Whether somebody pressed Ctrl-C on the way."""
        return self._stop.is_set()

    @property
    def exit_code(self) -> int:
        """0 if all succeeded, 130 if Ctrl-C kept some from it, else that of the first that failed, in table order."""
        codes = [seat.error.exit_code for seat in self.seats if seat.error is not None]
        return INTERRUPTED if INTERRUPTED in codes else next(iter(codes), DONE)

    def each(self, task: Task, watch: Watch, seats: Sequence[Seat] | None = None) -> None:
        """Do `task` on the pumps that have not failed, or on some of them; afterwards each has a result or an error.

        Ctrl-C breaks off what can be broken off, lets the rest end and begins nothing new.
        """
        meant = [seat for seat in (self.seats if seats is None else seats) if seat.error is None]
        waiting: _Seats = queue.SimpleQueue()
        for seat in meant:
            waiting.put(seat)
        finished: _Seats = queue.SimpleQueue()
        for _ in range(min(self._jobs, len(meant))):
            threading.Thread(target=self._work, args=(task, watch, waiting, finished), daemon=True).start()
        for seat in self._without(meant, finished, watch):
            if seat.error is None:
                seat.error = Interrupted(
                    "left behind by Ctrl-C: it may or may not have been done", remedy="see `pumpctl fleet status`"
                )

    def _work(self, task: Task, watch: Watch, waiting: _Seats, finished: _Seats) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                seat = waiting.get_nowait()
                try:
                    seat.result = self._done(seat, task, watch)
                except PumpctlError as error:
                    seat.error = error
                except Exception as error:  # a fault of ours on one pump must not stop the others
                    seat.error = Internal(f"internal error: {type(error).__name__}: {error}")
                watch.ended(seat.name, seat.error)
                finished.put(seat)

    def _done(self, seat: Seat, task: Task, watch: Watch) -> Values:
        def advance(share: float) -> None:
            if self._stop.is_set():
                raise Interrupted("broken off by Ctrl-C", remedy="run it again: it goes on from where it was")
            watch.advance(seat.name, share)

        if self._stop.is_set():
            raise Interrupted("not begun: Ctrl-C came before", remedy="run it again")
        return task(seat.pump(), advance)

    def _without(self, meant: Sequence[Seat], finished: _Seats, watch: Watch) -> list[Seat]:
        """Wait for all of them; those that are left where somebody would not wait for them."""
        # Not by joining the threads: Python 3.11 takes a thread for ended when Ctrl-C interrupts its join.
        left = list(meant)
        leave_s = math.inf
        while left and time.monotonic() < leave_s:
            try:
                with contextlib.suppress(queue.Empty):
                    left.remove(finished.get(timeout=_LOOK_S))
            except KeyboardInterrupt:
                if self._stop.is_set():
                    break  # a second Ctrl-C waits for nobody
                self._stop.set()
                watch.stopping()
                leave_s = time.monotonic() + _LEAVE_S
        return left
