"""The hands of a replay: let a scratch pump's time pass to an age to the ms, and its loop turn there and not before."""

from collections.abc import Sequence
from typing import Any

from infuser.wire import messages
from pumpctl.exchange import Exchange
from pumpctl.replay_causes import Deed
from pumpctl.virtual import VirtualPump

# The loop turns once in so many ms; a byte that is no message makes it turn at once, and again 100 ms later.
_TURN_MS = 4000
_TURN_AGAIN_MS = 100
_LEAD_MS = _TURN_MS + _TURN_AGAIN_MS
_WAKE = b"\0"
# Before a turn, so that a button has been down long enough by then and no other turn has seen a fault.
_BEFORE_MS = 50


class Hands:
    """A scratch pump, its serial line and its age. `now_ms` is that age, `truth` what the bench told last."""

    def __init__(self, bench: VirtualPump, link: Exchange) -> None:
        self.bench = bench
        self.link = link
        self.now_ms = 0
        self.truth: dict[str, Any] = {}
        self._younger_ms = 0  # what the bench's clock is ahead of the pump's age

    def greet(self) -> dict[str, Any]:
        """After a start: learn the pump's age; its status."""
        self.link.hello()
        status = self.link.ask(messages.STATUS, {})
        self.truth = self.bench.get()
        self.now_ms = status["age_ms"]
        self._younger_ms = self.truth["now_ms"] - status["age_ms"]
        return status

    def advance_to(self, age_ms: int) -> None:
        """Let time pass up to an age; nothing where it is past."""
        if age_ms > self.now_ms:
            passed = self.bench.advance_ms(age_ms - self.now_ms)
            self.now_ms = passed["now_ms"] - self._younger_ms

    def look(self) -> None:
        """What time it is by now, and what has been done."""
        self.truth = self.bench.get()
        self.now_ms = self.truth["now_ms"] - self._younger_ms

    def do(self, deeds: Sequence[Deed]) -> None:
        """Do something to the pump's world, at this instant."""
        for deed in deeds:
            if deed.op == "press":
                self.bench.press(deed.name)
            elif deed.op == "fault":
                self.bench.fault(deed.name, deed.value)
            elif deed.op == "set":
                self.bench.set(deed.name, deed.value)
            else:
                self.bench.drain()

    def turn_at(self, at_ms: int, deeds: Sequence[Deed] = ()) -> None:
        """Let the loop turn at an age and, so far as can be, not shortly before; what is done it sees there first."""
        if at_ms - _LEAD_MS > self.now_ms:
            self.advance_to(at_ms - _LEAD_MS)
            self._wake()
        if deeds:
            self.advance_to(at_ms - _BEFORE_MS)
            self.do(deeds)
        self.advance_to(at_ms)
        self._wake()
        self.look()

    def press_stop(self, at_ms: int, counted: int) -> None:
        """Press the stop button so that the loop sees it at an age, by which the pump has `counted` microsteps.

        The button stops the motor at once: right after the turn before, unless more was made by then.
        """
        self.advance_to(at_ms - _TURN_MS + _BEFORE_MS)
        made = self.link.ask(messages.STATUS, {})["steps_total"]
        early_ms = _TURN_MS - _BEFORE_MS - 2 * _TURN_AGAIN_MS
        self.advance_to(at_ms - (early_ms if made >= counted else _BEFORE_MS))
        self.bench.press("stop")
        self.turn_at(at_ms)

    def saves_at(self, at_ms: int) -> bool:
        """Let the loop turn at an age; whether it saved something by itself in that turn."""
        self.advance_to(at_ms - _LEAD_MS)
        self._wake()
        self.advance_to(at_ms - _LEAD_MS + 2 * _TURN_AGAIN_MS)
        self.look()
        before = self.truth["flash"]["programs"]
        self.turn_at(at_ms)
        return bool(self.truth["flash"]["programs"] != before)

    def _wake(self) -> None:
        self.link.transport.write(_WAKE)
