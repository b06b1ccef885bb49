"""Dose guard: vetoes microsteps by its own counters, whatever the controller believes.

It can stop the motor and never start it. `allow` runs in the interrupt; everything else is
main-loop work. Counters and limits are verified before they are used: nothing passes after a flipped
bit was found. Four limits hold at once: the rate now, the basal rate with the boluses granted, a
ceiling (reservation on flash, reservoir), and through the ceiling the sliding dose windows.
"""

from infuser.core.seal import MASK
from infuser.core.window import SPANS_MIN, Window
from infuser.wire import units

_MILLI = 1000
_CREDIT_MAX = 128 * _MILLI
# The fraction kept over a stop may make the first step due at once, and rounding another.
_CREDIT_AT_START = 2 * _MILLI
_NO_LIMIT = MASK


class Guard:
    """Independent step counters with their limits; `corrupt` is set for good once a bit was found flipped."""

    def __init__(self, step_pl: int, critical) -> None:
        """`critical` is a context manager factory that keeps the tick interrupt out."""
        self._critical = critical
        self.step_pl = step_pl
        self.steps = 0
        # Priming goes through the rate limit and the ceiling, but into no patient: the windows leave it out.
        self.primed = 0
        self.vetoed = 0
        self.corrupt = False
        self._ceiling = 0
        self._milli = 0
        self._credit = 0
        self._basal_milli = 0
        self._basal_credit = 0
        self._granted = 0
        self.window = Window()
        self.limits = [_NO_LIMIT] * len(SPANS_MIN)
        self._seal = self._mixed()
        self._slow_seal = self._mixed_slow()

    # What the interrupt uses, and what it does not, are sealed apart.

    def _mixed(self) -> int:
        return (
            self.steps
            ^ self._ceiling
            ^ self._milli
            ^ self._credit
            ^ self._basal_milli
            ^ self._basal_credit
            ^ self._granted
        )

    def _mixed_slow(self) -> int:
        mixed = self.step_pl ^ self.primed
        for limit in self.limits:
            mixed ^= limit
        return mixed

    def _sound(self) -> bool:
        if self._mixed() != self._seal:
            self.corrupt = True
        return not self.corrupt

    def _slow_sound(self) -> bool:
        if self._mixed_slow() != self._slow_seal or not self.window.sound():
            self.corrupt = True
        return not self.corrupt

    def intact(self) -> bool:
        """Whether every bit is as it was left; a look at all of it."""
        with self._critical():
            self._sound()
        if not self.window.intact():
            self.corrupt = True
        return self._slow_sound()

    def allow(self, wanted: int, quanta: int) -> int:
        """How many of `wanted` microsteps may go out now; books them. Interrupt-safe."""
        if self.corrupt or self._mixed() != self._seal:
            self.corrupt = True
            self._veto(wanted)
            return 0
        if quanta > 256:
            quanta = 256
        self._credit += self._milli * quanta
        if self._credit > _CREDIT_MAX:
            self._credit = _CREDIT_MAX
        self._basal_credit += self._basal_milli * quanta
        if self._basal_credit > _CREDIT_MAX:
            self._basal_credit = _CREDIT_MAX
        count = self._book(wanted) if wanted else 0
        self._seal = self._mixed()
        return count

    def _book(self, wanted: int) -> int:
        count = wanted
        if count * _MILLI > self._credit:
            count = self._credit // _MILLI
        basal = self._basal_credit // _MILLI
        if count > basal + self._granted:
            count = basal + self._granted
        if count > self._ceiling - self.steps:
            count = self._ceiling - self.steps
            if count < 0:
                count = 0
        self._credit -= count * _MILLI
        if count > basal:
            self._granted -= count - basal
            self._basal_credit -= basal * _MILLI
        else:
            self._basal_credit -= count * _MILLI
        self.steps += count
        self._veto(wanted - count)
        return count

    def _veto(self, count: int) -> None:
        if self.vetoed < MASK - count:
            self.vetoed += count

    def restore(self, steps: int, primed: int, age_ms: int, open_steps: int = 0) -> None:
        """Start from `steps` in all, `primed` of them priming; the windows were filled before.

        `open_steps` of therapy were made in the minute that is under way.
        """
        self.steps = steps
        self._ceiling = 0
        self._seal = self._mixed()
        self.primed = primed
        self._slow_seal = self._mixed_slow()
        self.window.begin(age_ms // units.MS_PER_MIN, steps - primed - open_steps)

    def set_step(self, step_pl: int) -> None:
        """Take up another volume of the microstep; only while nothing runs."""
        if self._slow_sound():
            self.step_pl = step_pl
            self._slow_seal = self._mixed_slow()

    def set_primed(self, primed: int) -> None:
        """How many of the microsteps were priming."""
        if primed != self.primed and self._slow_sound():
            self.primed = primed
            self._slow_seal = self._mixed_slow()

    def set_rate_limits(self, basal_nl_per_day: int, peak_nl_per_day: int) -> None:
        """Largest mean rate of the basal infusion, and of all together; a few steps of credit allow for late ticks."""
        milli = self._milli_per_quantum(peak_nl_per_day)
        basal_milli = self._milli_per_quantum(basal_nl_per_day)
        with self._critical():
            if self._sound():
                self._milli = milli
                self._credit = max(self._credit, _CREDIT_AT_START) if peak_nl_per_day else 0
                self._basal_milli = basal_milli
                self._basal_credit = max(self._basal_credit, _CREDIT_AT_START) if peak_nl_per_day else 0
                self._seal = self._mixed()

    def _milli_per_quantum(self, rate_nl_per_day: int) -> int:
        milli = rate_nl_per_day * units.PL_PER_NL * _MILLI // (self.step_pl * units.QUANTA_PER_DAY)
        return milli + 1 if rate_nl_per_day else 0

    def grant(self, volume_nl: int, most_nl: int) -> None:
        """Let a bolus or priming of `volume_nl` go out above the basal rate; at most `most_nl` is ever granted."""
        steps = units.volume_steps(min(volume_nl, most_nl), self.step_pl)
        most = units.volume_steps(most_nl, self.step_pl) + 1
        with self._critical():
            if self._sound():
                self._granted = min(self._granted + steps + 1, most)
                self._seal = self._mixed()

    def revoke(self) -> None:
        """No bolus is under way: what is left of the grants is void."""
        with self._critical():
            if self._sound():
                self._granted = 0
                if self._basal_milli:
                    # The bolus may have used up the basal rate's credit and left its own: what is due must not wait.
                    self._basal_credit = max(self._basal_credit, _CREDIT_AT_START)
                self._seal = self._mixed()

    def set_ceiling(self, steps: int) -> None:
        """Total count of microsteps that must not be passed (reservation, reservoir). Not to be interrupted."""
        if self._sound():
            self._ceiling = steps
            self._seal = self._mixed()

    def set_limits(self, limits_nl: list[int]) -> None:
        """Largest volume in any of the windows of SPANS_MIN; 0 for none."""
        if self._slow_sound():
            for index, limit_nl in enumerate(limits_nl):
                self.limits[index] = units.volume_steps(limit_nl, self.step_pl) if limit_nl else _NO_LIMIT
            self._slow_seal = self._mixed_slow()

    def limited(self, index: int) -> bool:
        """Whether a window has a limit."""
        return self.limits[index] != _NO_LIMIT

    def poll(self, age_ms: int) -> None:
        """Move the windows along."""
        minute = age_ms // units.MS_PER_MIN
        if minute > self.window.minute and self._slow_sound():
            self.window.advance(minute, self.steps - self.primed)

    def used_steps(self, index: int) -> int:
        """Microsteps of therapy in the window of SPANS_MIN[index]."""
        return self.window.used(index, self.steps - self.primed)

    def mark(self) -> int:
        """A number that changes whenever a microstep is booked or a minute closed."""
        return self.steps + self.window.minute

    def recount(self, before_ug_per_ml: int, now_ug_per_ml: int) -> None:
        """Take what is in the windows, of one concentration, as the microsteps of another that hold as much drug."""
        if self.intact():
            self.window.scale(now_ug_per_ml, before_ug_per_ml, self.steps - self.primed)

    def room_steps(self) -> int:
        """Microsteps that the fullest window still admits; a large number without a limit, none after a flipped bit."""
        if not self._slow_sound():
            return 0
        room = _NO_LIMIT
        for index, limit in enumerate(self.limits):
            if self.limited(index):
                room = min(room, limit - self.used_steps(index))
        return room
