"""Lets the emulated chip's time pass: at a pace, by order, or as much as it needs to answer."""

import time
import types
from collections.abc import Callable
from typing import Any

from pumpctl.board.emulator import NS_PER_MS, Chip

_LAG_MAX_S = 2.0
_PROGRESS_S = 0.2
# The chip has come to rest when it was busy for less than a tenth of so long a time.
_REST_NS = 25 * NS_PER_MS
_REST_BUSY = 0.1
# A chip that sleeps may still be at work on an answer: it listens to its sounder, say. Noise is never answered.
_ANSWER_NS = 2000 * NS_PER_MS
_LOOK_NS = 100 * NS_PER_MS


class Governor(types.ModuleType):
    """`idle` for the world's modules: `speed`, `cable_out`, advances; and `turn`, which the bench calls for ever.

    `speed` 0: time moves only by an advance, and while the chip starts or has something to answer.
    """

    def __init__(self, chip: Chip) -> None:
        super().__init__("idle")
        self._chip = chip
        self.control: Any = None
        self.speed = 0.0
        self.ready = False
        self._base_s = time.monotonic()
        self._base_ns = chip.now_ns
        self._goal_ns = 0.0
        self._start_ns = 0.0
        self._told_s = 0.0
        self._until: Callable[[], bool] | None = None
        self._mark_ns = self._mark_busy_ns = 0.0
        self.resting = False

    @property
    def cable_out(self) -> bool:
        """Whether the serial line is interrupted."""
        return self._chip.line.cut

    @cable_out.setter
    def cable_out(self, out: bool) -> None:
        self._chip.line.cut = out

    def set_speed(self, value: float) -> None:
        """Emulated seconds a second from here on, as far as the machine keeps up."""
        self.speed = value
        self._base_s = time.monotonic()
        self._base_ns = self._chip.now_ns

    def advancing(self) -> bool:
        """Whether an advance is under way."""
        return self._goal_ns > 0

    def advance(self, duration_us: int, until: Callable[[], bool] | None = None) -> None:
        """Run ahead as fast as the machine can for `duration_us`, or until `until()`."""
        self._start_ns = self._chip.now_ns
        self._goal_ns = max(1.0, self._start_ns + duration_us * 1000)
        self._until = until
        self._told_s = time.monotonic()

    def end_advance(self, reason: str | None) -> None:
        """End the advance under way, if any."""
        if self._goal_ns:
            self._goal_ns = 0.0
            self._until = None
            self.set_speed(self.speed)
            self.control.advanced(reason)

    def wake(self) -> None:
        """Something has come for the chip: it does not rest until that is done."""
        self.resting = False
        self._mark()

    def turn(self) -> float | None:
        """Let some time pass; for how many seconds nothing is to be done now, None: until something is heard."""
        if self._goal_ns:
            self._advance()
            return 0.0
        if self.speed == 0:
            if self.resting:
                return None
            self._run_to(self._mark_ns + _REST_NS)
            return 0.0
        return self._pace()

    def _advance(self) -> None:
        chip = self._chip
        slice_ns = min(self._goal_ns, chip.now_ns + _LOOK_NS) if self._until is not None else self._goal_ns
        self._run_to(slice_ns)
        if self._until is not None and self._until():
            self.end_advance("alarm")
        elif chip.now_ns >= self._goal_ns:
            self.end_advance(None)
        elif time.monotonic() - self._told_s > _PROGRESS_S:
            self._told_s = time.monotonic()
            passed_ns = chip.now_ns - self._start_ns
            self.control.progress(int(passed_ns // NS_PER_MS), int((self._goal_ns - self._start_ns) // NS_PER_MS))

    def _pace(self) -> float:
        now_s = time.monotonic()
        target_ns = self._base_ns + (now_s - self._base_s) * self.speed * 1e9
        if target_ns - self._chip.now_ns > _LAG_MAX_S * self.speed * 1e9:
            # The machine is too slow: what it missed is not made up for.
            self.set_speed(self.speed)
            target_ns = self._chip.now_ns + NS_PER_MS
        if target_ns <= self._chip.now_ns:
            return min(0.005, (self._chip.now_ns - target_ns) / self.speed / 1e9)
        self._run_to(target_ns)
        return 0.0

    def _run_to(self, target_ns: float) -> None:
        chip = self._chip
        chip.run_until_ns(target_ns)
        if chip.now_ns - self._mark_ns >= _REST_NS:
            busy_ns = chip.busy_ns - self._mark_busy_ns
            idle = busy_ns < _REST_BUSY * (chip.now_ns - self._mark_ns) and not chip.line.waiting
            self.resting = idle and not 0 < chip.line.asked_for_ns < _ANSWER_NS
            self.ready = self.ready or (self.resting and chip.connected)
            self._mark()

    def _mark(self) -> None:
        self._mark_ns = self._chip.now_ns
        self._mark_busy_ns = self._chip.busy_ns
