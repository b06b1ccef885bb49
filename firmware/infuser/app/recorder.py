"""Writes what happens: first into the journal, then into the ledger."""

from infuser.core import seal


class Recorder:
    """Joins journal, ledger and the two clocks; the only way in which lasting state changes."""

    def __init__(self, journal, ledger, clock, timebase) -> None:
        self.journal = journal
        self.ledger = ledger
        self.clock = clock
        self.timebase = timebase
        self.failure = ""
        self._seal: int | None = None  # none yet: the first note after the replay sets it

    def _digest(self) -> int:
        ledger = self.ledger
        return seal.digest(ledger.__dict__.values(), seal.digest(ledger.alarms.entries))

    def verify(self) -> None:
        """Corrupt if a bit has flipped in the ledger since the last record."""
        if self._seal is not None and self._digest() != self._seal:
            raise seal.Corrupt(seal.LEDGER)

    def note(self, kind: int, **fields) -> None:
        """Append a record and apply it.

        A journal that cannot be written is remembered in `failure` and raises no exception: the
        motor must be stopped by an alarm, not left running by a traceback. Corrupt, and nothing is
        written, if a bit of the ledger has flipped: the record would hand it down.
        """
        self.verify()
        age_ms = self.timebase.age_ms()
        time_ms = self.clock.now_ms(age_ms)
        before = self.journal.next_seq
        try:
            self.journal.append(kind, fields, time_ms, age_ms)
            if self.journal.next_seq <= before:
                self.failure = "journal: record {} was not kept".format(before)
        except OSError as error:
            self.failure = "journal: {}".format(error)
        self.ledger.apply(kind, fields, time_ms, age_ms)
        self._seal = self._digest()
