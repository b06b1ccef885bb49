"""Dose guard: vetoes microsteps by its own counters, whatever the controller believes.

It can stop the motor and never start it. `allow` runs in the interrupt; everything else is
main-loop work. Windows are counted in slots and always include one slot too many, so a limit is
reached early rather than late.
"""

from array import array

from infuser.wire import units

SLOT_MS = units.MS_PER_MIN
SLOTS = 1440
_MILLI = 1000
_CREDIT_MAX = 128 * _MILLI
_CREDIT_AT_START = 2 * _MILLI
_MASK = 0x3FFFFFFF
_SLOT_MAX = 0xFFFF


class Guard:
    """Independent step counters with a rate limit, a ceiling and a sliding 24 h window."""

    def __init__(self, step_pl: int) -> None:
        self.step_pl = step_pl
        self.steps = 0
        # Priming goes through the rate limit and the ceiling, but into no patient: the window leaves it out.
        self.primed = 0
        self._steps_check = _MASK
        self.vetoed = 0
        self.corrupt = False
        self._ceiling = 0
        self._milli_per_quantum = 0
        self._credit = 0
        self._slots = array("H", bytearray(2 * SLOTS))
        self._slot = 0
        self._slot_start_steps = 0
        self._slot_start_ms = 0
        self._window_sum = 0
        self.day_limit_steps = 0

    def allow(self, wanted: int, quanta: int) -> int:
        """How many of `wanted` microsteps may go out now; books them. Interrupt-safe."""
        if self._steps_check != self.steps ^ _MASK:
            self.corrupt = True
            self.vetoed += wanted
            return 0
        credit = self._credit + self._milli_per_quantum * (quanta if quanta < 256 else 256)
        if credit > _CREDIT_MAX:
            credit = _CREDIT_MAX
        granted = wanted
        if granted * _MILLI > credit:
            granted = credit // _MILLI
        if granted > self._ceiling - self.steps:
            granted = self._ceiling - self.steps
            if granted < 0:
                granted = 0
        self._credit = credit - granted * _MILLI
        self.steps += granted
        self._steps_check = self.steps ^ _MASK
        self.vetoed += wanted - granted
        return granted

    def restore(self, steps: int, hourly_steps: list[int], now_ms: int, primed: int = 0) -> None:
        """Start from `steps` in all, `primed` of them priming, and the therapy of the past hours, newest last."""
        self.steps = steps
        self.primed = primed
        self._steps_check = steps ^ _MASK
        self._ceiling = 0
        for slot in range(SLOTS):
            self._slots[slot] = 0
        per_hour = units.MS_PER_H // SLOT_MS
        # When within its hour a step was made is not known: as late as can be, and spread only because
        # a slot holds 16 bits.
        for back, count in enumerate(reversed(hourly_steps[-24:])):
            slot = SLOTS - 1 - back * per_hour
            while count > 0:
                self._slots[slot] = min(count, _SLOT_MAX)
                count -= _SLOT_MAX
                slot -= 1
        self._slot = 0
        self._window_sum = sum(self._slots)
        self._slot_start_steps = steps - primed
        self._slot_start_ms = now_ms

    def set_rate_limit(self, rate_nl_per_day: int) -> None:
        """Largest mean rate; a few steps of credit allow for late ticks."""
        milli = rate_nl_per_day * units.PL_PER_NL * _MILLI // (self.step_pl * units.QUANTA_PER_DAY)
        self._milli_per_quantum = milli + 1 if rate_nl_per_day else 0
        # The fraction kept over a stop may make the first step due at once, and rounding another.
        self._credit = max(self._credit, _CREDIT_AT_START) if rate_nl_per_day else 0

    def set_ceiling(self, steps: int) -> None:
        """Total count of microsteps that must not be passed (reservation, reservoir)."""
        self._ceiling = steps

    def poll(self, now_ms: int) -> None:
        """Move the window along."""
        while now_ms - self._slot_start_ms >= SLOT_MS:
            delivered = self.steps - self.primed - self._slot_start_steps
            self._window_sum += delivered - self._slots[self._slot]
            self._slots[self._slot] = delivered
            self._slot = (self._slot + 1) % SLOTS
            self._slot_start_steps = self.steps - self.primed
            self._slot_start_ms += SLOT_MS

    def room_steps(self) -> int:
        """Microsteps that the 24 h window still admits; a large number without a limit."""
        if not self.day_limit_steps:
            return _MASK
        return self.day_limit_steps - self._window_sum - (self.steps - self.primed - self._slot_start_steps)
