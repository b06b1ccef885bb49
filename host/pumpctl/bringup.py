"""Bring-up of a new board: one part after another is tried with a person's hands, and judged by what the pump reads.

The pump decides what may be done: it refuses all of it while anything is delivered. Nothing here is a test of safety.
"""

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pumpctl import pinout
from pumpctl.client import Pump
from pumpctl.errors import Declined, LinkError, PortError, ProtocolMismatch, Refused, UsageProblem
from pumpctl.replies import Inspected

PASSED = "passed"
FAILED = "failed"
SKIPPED = "skipped"
COLUMNS = ("PART", "", "SEEN")
AGAIN = "again"
GO_ON = "go on"
QUIET_S = 600  # what the pump allows at most

_POLL_S = 0.1


class PartFailed(Exception):
    """A part is not as it must be; the text says what was seen instead."""


class PartSkipped(Exception):
    """A part could not be tried; the text says why."""


class Hands(Protocol):
    """The person at the board."""

    def tell(self, text: str) -> None:
        """Something to do, or to know."""

    def saw(self, question: str) -> bool | None:
        """Whether they saw or heard it; None where nobody can be asked."""

    def confirm(self, question: str) -> None:
        """Go on only with a yes; Declined, UsageProblem."""

    def after(self, part: str, failure: str) -> str:
        """AGAIN or GO_ON after a part that failed."""


@dataclass(frozen=True)
class Part:
    """What is tried: `run` says what it saw, or raises PartFailed or PartSkipped; `check` is where to look then."""

    name: str
    title: str
    run: Callable[["Walk"], str]
    check: str
    signals: tuple[str, ...] = ()
    restarts: bool = False

    @property
    def wires(self) -> str:
        """Where its signals are on the Pico, and what to look at."""
        places = "; ".join(f"`{signal}` is {pinout.signal_place(signal)}" for signal in self.signals)
        return f"{self.check} ({places})" if places else self.check


@dataclass(frozen=True)
class Result:
    """How one part did."""

    part: Part
    result: str
    seen: str

    def document(self) -> dict[str, Any]:
        """For scripts; `check` is where to look if it failed."""
        told = {"part": self.part.name, "result": self.result, "seen": self.seen}
        return {**told, "check": self.part.wires} if self.result == FAILED else told


class Walk:
    """One bring-up: `pump` is the pump at the moment, `wait` has something done and waits until the pump reads it."""

    def __init__(self, connect: Callable[[], Pump], hands: Hands, within_s: float) -> None:
        self._connect = connect
        self.hands = hands
        self.within_s = within_s
        self.pump = connect()

    def close(self) -> None:
        """Let go of the pump."""
        self.pump.close()

    def run(self, parts: Sequence[Part], tell: Callable[[Result], None]) -> list[Result]:
        """Try every part in turn; each result is told at once. Refused while the pump delivers, LinkError."""
        self.pump.inspect()  # refused here before anybody has taken a tool in hand
        self._quiet(QUIET_S)
        try:
            return [self._tried(at, part, len(parts), tell) for at, part in enumerate(parts, 1)]
        finally:
            self._quiet(0)

    def _tried(self, at: int, part: Part, of: int, tell: Callable[[Result], None]) -> Result:
        self.hands.tell(f"\nPart {at} of {of}, {part.name}: {part.title}.")
        result = self._try(part)
        while result.result == FAILED and self.hands.after(part.name, _failure(result)) == AGAIN:
            result = self._try(part)
        tell(result)
        return result

    def _quiet(self, pause_s: int) -> None:
        # An open cover and a pressed button are alarms. The pump refuses it where it was asked too often: let it sound.
        with contextlib.suppress(Refused, LinkError):
            if pause_s or self.pump.status().audio_pause_ms:
                self.pump.pause_audio(pause_s)

    def _try(self, part: Part) -> Result:
        try:
            return Result(part, PASSED, self._seen(part))
        except PartFailed as failed:
            return Result(part, FAILED, str(failed))
        except PartSkipped as skipped:
            return Result(part, SKIPPED, str(skipped))
        except (Declined, UsageProblem) as declined:
            return Result(part, SKIPPED, declined.message)
        except Refused as refused:
            return Result(part, FAILED, "; ".join(refused.lines()))
        except LinkError as lost:
            if not self._reconnected(0):
                raise
            return Result(part, FAILED, f"{lost.message}; it answers again, after {self.pump.hello.boot_count} starts")

    def _seen(self, part: Part) -> str:
        boots = self.pump.status().boot_count
        seen = part.run(self)
        if not part.restarts and self.pump.status().boot_count != boots:
            raise PartFailed(f"{seen}; but the pump started anew meanwhile: does its supply break down?")
        return seen

    def wait(
        self, do: str, holds: Callable[[Inspected], bool], shown: Callable[[Inspected], str], within_s: float = 0
    ) -> Inspected:
        """Have something done, and wait until it `holds`; PartFailed tells what is `shown` when the time is up."""
        if do:
            self.hands.tell(f"  {do}")
        within_s = within_s or self.within_s
        end_s = time.monotonic() + within_s
        while True:
            told = self.pump.inspect()
            if holds(told):
                return told
            if time.monotonic() > end_s:
                raise PartFailed(f"{shown(told)} after {within_s:g} s")
            time.sleep(_POLL_S)

    def wait_for_restart(self, boots: int) -> None:
        """Wait until the pump has started anew; PartFailed if it does not in twice the time."""
        if not self._reconnected(boots + 1):
            raise PartFailed(f"no new start within {2 * self.within_s:g} s")

    def _reconnected(self, boots: int) -> bool:
        """Whether the pump answers on a port opened anew, having started so often, within twice the time."""
        end_s = time.monotonic() + 2 * self.within_s
        while time.monotonic() < end_s:
            self.pump.close()
            with contextlib.suppress(LinkError, PortError, ProtocolMismatch):
                self.pump = self._connect()
                if self.pump.hello.boot_count >= boots:
                    return True
            time.sleep(5 * _POLL_S)
        return False


def _failure(result: Result) -> str:
    return f"{result.seen}. Look at: {result.part.wires}"


def chosen(parts: Sequence[Part], only: Sequence[str], leave_out: Sequence[str]) -> list[Part]:
    """The parts meant, in their order; UsageProblem if none is left."""
    found = [part for part in parts if (not only or part.name in only) and part.name not in leave_out]
    if not found:
        raise UsageProblem(
            "no part is left to try", field="--skip", remedy="leave out --skip, or name others by --only"
        )
    return found


def document(results: Sequence[Result]) -> dict[str, Any]:
    """All results for scripts; `passed` if no part failed."""
    counts = {name: sum(one.result == name for one in results) for name in (FAILED, SKIPPED)}
    return {"passed": not counts[FAILED], **counts, "parts": [one.document() for one in results]}


def rows(results: Sequence[Result]) -> list[tuple[str, str, str]]:
    """(part, result, what was seen) under COLUMNS."""
    return [(one.part.name, one.result, one.seen) for one in results]


def summary(results: Sequence[Result]) -> list[str]:
    """Where to look for each part that failed, and how many did."""
    failed = [one for one in results if one.result == FAILED]
    skipped = [one.part.name for one in results if one.result == SKIPPED]
    told = [f"{one.part.name}: look at {one.part.wires}" for one in failed]
    told.append(f"{len(failed)} of {len(results)} parts failed." if failed else "No part failed.")
    if skipped:
        told.append(f"Not tried: {', '.join(skipped)}.")
    if failed:
        again = " ".join(f"--only {one.part.name}" for one in failed)
        told += ["Once mended:", f"pumpctl selftest --bring-up {again}"]
    return told
