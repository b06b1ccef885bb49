"""Runs on MicroPython: parts of the pump's hardware that also remember what they were asked to do."""

import kernel

from infuser.core.ledger import NO_BUCKET
from infuser.hw.drive import Drive
from infuser.hw.ticktimer import TickTimer
from infuser.hw.watchdog import Watchdog

# What kept microsteps back at a tick: nothing; for a moment, a drive not done with the last ones, or the guard while
# a bolus begins or something is made up for; the guard where it never should.
FREE, BUSY, VETOED = range(3)


class Silence:
    """The control channel of a virtual pump to which nobody gives orders."""

    file = None

    def progress(self, done_ms, of_ms):
        """Nobody asks."""

    def advanced(self, reason):
        """Nobody asks."""


class Unwatched(Watchdog):
    """Never started: a day passes in one go between two sequences."""

    def start(self):
        """It stays off."""


class Witness(TickTimer):
    """The pump's tick timer, which also counts what it hands on. Allocates nothing in the interrupt."""

    pump = None
    drive = None

    def __init__(self, handler):
        super().__init__(self._on_quanta)
        self._handle = handler
        self.total = 0
        self.held = FREE
        self.runs = False
        self.started_ms = 0
        self.started_at = 0
        self.pending = 0  # the most at once since the last turn of the loop

    def start(self, period_ms):
        """As TickTimer; remembers the instant from which quanta count."""
        if not self.runs:
            self.runs = True
            self.started_ms = kernel.now_us // 1000
            self.started_at = self.total
        super().start(period_ms)

    def stop(self):
        """As TickTimer."""
        super().stop()
        self.runs = False

    def _on_quanta(self, quanta):
        self.total += quanta
        meter = self.pump.delivery.meter
        guard = self.pump.delivery.guard
        ledger = self.pump.controller.ledger
        vetoed = guard.vetoed
        busy = not self.drive.ready()
        self._handle(quanta)
        pending = meter.pending()
        if pending > self.pending:
            self.pending = pending
        steady = not self.pump.delivery.fast and ledger.bolus_bucket == NO_BUCKET and self.held != BUSY
        if guard.vetoed != vetoed and steady:
            self.held = VETOED
        else:
            self.held = BUSY if busy or pending else FREE


class Motor(Drive):
    """The pump's drive, which also tells what the last halt left unmade."""

    not_made = 0

    def halt(self):
        """As Drive."""
        not_made = super().halt()
        self.not_made += not_made
        return not_made
