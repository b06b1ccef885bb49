"""Runs on MicroPython and CPython: a pump's hardware that also remembers what it was asked to do."""

# What kept microsteps back at a tick: nothing; for a moment, a drive not done with the last ones, or the guard while
# a bolus begins or something is made up for; the guard where it never should.
FREE, BUSY, VETOED = range(3)


def witness_of(tick_timer, world):
    """The tick timer class of a world, which also counts what it hands on. Allocates nothing in the interrupt."""

    class Witness(tick_timer):
        def __init__(self, handler):
            super().__init__(self._on_quanta)
            self._handle = handler
            self.total = 0
            self.held = FREE
            self.runs = False
            self.started_age = 0
            self.started_at = 0
            self.pending = 0  # the most at once since the last turn of the loop
            world.timer = self

        def start(self, period_ms):
            """As the timer; remembers the instant from which quanta count."""
            if not self.runs:
                self.runs = True
                self.started_age = world.hardware.timebase.age_ms()
                self.started_at = self.total
            super().start(period_ms)

        def stop(self):
            """As the timer."""
            super().stop()
            self.runs = False

        def _on_quanta(self, quanta):
            self.total += quanta
            delivery = world.pump.delivery
            guard = delivery.guard
            vetoed = guard.vetoed
            busy = not delivery.drive.ready()
            self._handle(quanta)
            pending = delivery.meter.pending()
            if pending > self.pending:
                self.pending = pending
            steady = not world.pump.controller.ledger.bolus_list and self.held != BUSY
            if guard.vetoed != vetoed and steady:
                self.held = VETOED
            else:
                self.held = BUSY if busy or pending else FREE

    return Witness


def motor_of(drive, world):
    """The drive class of a world, which also tells what halts left unmade."""

    class Motor(drive):
        def halt(self):
            not_made = super().halt()
            world.not_made += not_made
            return not_made

    return Motor


def files_of(files, world):
    """The files class of a world, which also remembers what the pump counted when it saved its counters."""

    class Kept(files):
        def overwrite(self, name, data):
            counted = world.counted() if name in ("c0", "c1") else None
            super().overwrite(name, data)
            if counted:
                world.saved = counted

    return Kept
