"""Writes what happens: first into the journal, then into the ledger."""


class Recorder:
    """Joins journal, ledger and the two clocks; the only way in which lasting state changes."""

    def __init__(self, journal, ledger, clock, timebase) -> None:
        self.journal = journal
        self.ledger = ledger
        self.clock = clock
        self.timebase = timebase
        self.failure = ""

    def note(self, kind: int, **fields) -> None:
        """Append a record and apply it.

        A journal that cannot be written is remembered in `failure` and raises no exception: the
        motor must be stopped by an alarm, not left running by a traceback.
        """
        age_ms = self.timebase.age_ms()
        time_ms = self.clock.now_ms(age_ms)
        try:
            self.journal.append(kind, fields, time_ms, age_ms)
        except OSError as error:
            self.failure = "journal: {}".format(error)
        self.ledger.apply(kind, fields, time_ms, age_ms)
