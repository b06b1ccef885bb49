"""The tick: meter proposes microsteps, guard disposes, drive makes them. Runs in the interrupt."""

from infuser.wire import units

# What is made up for goes out at 72 mL/h at most: a little over the largest rate, gently on the line.
INTERVAL_MIN_US = 5000


class Engine:
    """Joins meter, guard and drive behind one interrupt handler.

    `issued` counts microsteps handed to the drive, `made_low` those of them that are certainly made:
    a burst spreads over one tick period and may wait for the one before it.
    """

    def __init__(self, meter, guard, drive, critical) -> None:
        self.meter = meter
        self.guard = guard
        self.drive = drive
        self.running = False
        self.issued = 0
        self.made_low = 0
        self._now = 0  # quanta since the last time nothing was under way
        self._newest_end = 0
        self._newest_quanta = 0
        self._older_end = 0
        self._older_issued = 0
        self.corrupt = False
        self.period_us = 0
        self._burst_max = 0
        self._burst_quanta = 0
        self._seal = 0
        self.set_period(units.MS_PER_S, critical)

    def _mixed(self) -> int:
        return (
            self.running
            ^ self.issued
            ^ self.made_low
            ^ self._now
            ^ self._newest_end
            ^ self._newest_quanta
            ^ self._older_end
            ^ self._older_issued
            ^ self.period_us
            ^ self._burst_max
            ^ self._burst_quanta
        )

    def sound(self) -> bool:
        """Whether every bit is as it was left; one that was not is remembered in `corrupt`."""
        if self._mixed() != self._seal:
            self.corrupt = True
        return not self.corrupt

    def set_period(self, period_ms: int, critical) -> None:
        """Spread bursts over this tick period from now on; `critical` keeps the interrupt out meanwhile."""
        with critical():
            if self.sound():
                self.period_us = period_ms * 1000
                self._burst_max = min(units.BURST_MAX_STEPS, self.period_us // INTERVAL_MIN_US)
                self._burst_quanta = period_ms // units.QUANTUM_MS + 1
                self._seal = self._mixed()

    def run(self, critical) -> None:
        """From the next tick on microsteps may be made."""
        with critical():
            if self.sound():
                self.running = True
                self._seal = self._mixed()

    def on_tick(self, quanta: int) -> None:
        """Called by the hard timer with the quanta passed since the last tick; allocates nothing."""
        if self._mixed() != self._seal:
            self.corrupt = True
            self._cut()
            return
        self._follow(quanta)
        if self.running:
            self._hand_on(quanta)
        self._seal = self._mixed()

    def _hand_on(self, quanta: int) -> None:
        meter = self.meter
        meter.advance(quanta)
        if meter.corrupt or self.guard.corrupt:
            self._cut()
            return
        wanted = meter.pending()
        if wanted == 0 or not self.drive.ready():
            self.guard.allow(0, quanta)
            return
        if wanted > self._burst_max:
            wanted = self._burst_max
        count = self.guard.allow(wanted, quanta)
        if self.guard.corrupt:
            self._cut()
        elif count:
            meter.issue(count)
            self._note_burst(count)
            self.drive.burst(count, self.period_us // count)

    def _cut(self) -> None:
        # A bit has flipped: no count can be trusted, so none is changed any more; the main loop finds out.
        self.running = False
        self.drive.cut()

    def _follow(self, quanta: int) -> None:
        if self.made_low == self.issued:
            self._now = self._newest_end = self._older_end = 0
            return
        self._now += quanta
        if self._now >= self._newest_end:
            self.made_low = self.issued
        elif self._now >= self._older_end:
            self.made_low = self._older_issued

    def _note_burst(self, count: int) -> None:
        # The drive takes a burst only when the one before has been begun: what came earlier is made.
        if self._older_issued > self.made_low:
            self.made_low = self._older_issued
        # It is under way by now, so it ends within its own time from now, and this one begins by then.
        begins = self._now + self._newest_quanta
        if begins > self._newest_end:
            begins = self._newest_end if self._newest_end > self._now else self._now
        self._newest_quanta = self._burst_quanta
        self._older_end = begins
        self._older_issued = self.issued
        self._newest_end = begins + self._burst_quanta
        self.issued += count

    def halt(self) -> int:
        """Stop the motor within a step; returns microsteps issued that were certainly not made."""
        sound = self.sound()
        self.running = False
        not_made = self.drive.halt()
        if not sound:
            return 0
        self.meter.take_back(not_made)
        self.issued -= not_made
        self.made_low = self._older_issued = self.issued
        self._seal = self._mixed()
        return not_made
