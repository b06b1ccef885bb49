"""The tick: meter proposes microsteps, guard disposes, drive makes them. Runs in the interrupt."""

BURST_MAX = 64


class Engine:
    """Joins meter, guard and drive behind one interrupt handler."""

    def __init__(self, meter, guard, drive) -> None:
        self.meter = meter
        self.guard = guard
        self.drive = drive
        self.period_us = 1000000
        self.running = False
        self.issued = 0
        self.made_low = 0
        self._issued_before = 0

    def on_tick(self, quanta: int) -> None:
        """Called by the hard timer with the quanta passed since the last tick; allocates nothing.

        A burst spreads over one tick period, so what was issued two ticks ago is certainly made:
        `made_low`, for the flow checker.
        """
        self.made_low = self._issued_before
        self._issued_before = self.issued
        if not self.running:
            return
        meter = self.meter
        meter.advance(quanta)
        wanted = meter.pending()
        if wanted == 0 or not self.drive.ready():
            self.guard.allow(0, quanta)
            return
        if wanted > BURST_MAX:
            wanted = BURST_MAX
        count = self.guard.allow(wanted, quanta)
        if count:
            meter.issue(count)
            self.issued += count
            self.drive.burst(count, self.period_us // count)

    def halt(self) -> int:
        """Stop the motor within a step; returns microsteps issued that were certainly not made."""
        self.running = False
        not_made = self.drive.halt()
        self.meter.take_back(not_made)
        self.issued -= not_made
        self._issued_before = self.made_low = self.issued
        return not_made
