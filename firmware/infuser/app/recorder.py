"""Writes what happens: first into the journal, then into the ledger."""

from infuser.core import seal
from infuser.wire import errors, records

_ENOSPC = 28


class Recorder:
    """Joins journal, ledger and the two clocks; the only way in which lasting state changes.

    `frozen`: the flash holds another firmware's state, and what happens is noted in memory alone. `crowded`: the flash
    was full, and the log's oldest records had to make room.
    """

    def __init__(self, journal, ledger, clock, timebase) -> None:
        self.journal = journal
        self.ledger = ledger
        self.clock = clock
        self.timebase = timebase
        self.failure = ""
        self.frozen = False
        self.crowded = False
        self._announced: dict | None = None
        self._begun = False
        self._seal: int | None = None  # none yet: the first note after the replay sets it

    def _digest(self) -> int:
        ledger = self.ledger
        return seal.digest(ledger.__dict__.values(), seal.digest(ledger.alarms.entries))

    def verify(self) -> None:
        """Corrupt if a bit has flipped in the ledger since the last record."""
        if self._seal is not None and self._digest() != self._seal:
            raise seal.Corrupt(seal.LEDGER)

    def announce(self, **command) -> None:
        """A command is heard: it is recorded as begun before the first record or change that comes of it.

        So it is not carried out again after a power cut, and one that is refused before it changed anything costs
        no record here.
        """
        self._announced = command
        self._begun = False

    def begin(self) -> None:
        """Record the command announced, if any, as begun: to be called before a change that comes without a record."""
        command, self._announced = self._announced, None
        if command:
            self._begun = True
            self.note(records.COMMAND, error=errors.BEGUN, **command)

    def settle(self) -> bool:
        """The command announced, if one was, is done or refused; whether it was recorded as begun."""
        begun = self._begun
        self._begun = False
        self._announced = None
        return begun

    def note(self, kind: int, **fields) -> None:
        """Append a record and apply it.

        A journal that cannot be written is remembered in `failure` and raises no exception: the
        motor must be stopped by an alarm, not left running by a traceback. Corrupt, and nothing is
        written, if a bit of the ledger has flipped: the record would hand it down.
        """
        self.begin()
        self.verify()
        age_ms = self.timebase.age_ms()
        time_ms = self.clock.now_ms(age_ms)
        if not self.frozen:
            self._append(kind, fields, time_ms, age_ms)
        self.ledger.apply(kind, fields, time_ms, age_ms)
        self._seal = self._digest()

    def _append(self, kind: int, fields: dict, time_ms: int, age_ms: int) -> None:
        before = self.journal.next_seq
        try:
            self.store(self.journal.append, kind, fields, time_ms, age_ms)
            if self.journal.next_seq <= before:
                self.failure = "journal: record {} was not kept".format(before)
        except OSError as error:
            self.failure = "journal: {}".format(error)

    def store(self, write, *told) -> None:
        """Call write(*told), again with a segment of the log less as long as the flash is full; OSError passes."""
        while True:
            try:
                write(*told)
                return
            except OSError as error:
                if error.args[:1] != (_ENOSPC,) or not self.journal.drop_oldest():
                    raise
                self.crowded = True
