"""Whether tick, main loop and journal make progress: the watchdog is fed only while all of them do."""

# What stands still, as a code that outlives a reset; 0 is nothing. The numbers follow those of infuser.core.seal.
LOOP = 32
TICK = 33
HANDLER = 34
JOURNAL = 35
BUS = 36
PARTS = {LOOP: "main loop", TICK: "tick", HANDLER: "tick handler", JOURNAL: "journal", BUS: "I2C bus"}
# A tick is late in the main loop only if the timer is dead: what held it up has ended before the loop goes on.
LATE_MS = 250
# Each hour at least one record is written, and a turn of the loop later at most.
JOURNAL_MS = 70 * 60 * 1000


class Liveness:
    """Follows tick and journal; the main loop shows that it lives by asking."""

    def __init__(self) -> None:
        self._next_seq = -1
        self._written_ms = 0

    def standing(self, now_ms: int, late_ms: int, next_seq: int) -> int:
        """Called in every turn of the loop: what stands still, 0 while all is well.

        `late_ms` is the time by which the tick is overdue, negative while it is not; `next_seq` the number of the
        journal's next record.
        """
        if next_seq != self._next_seq:
            self._next_seq = next_seq
            self._written_ms = now_ms
        if late_ms > LATE_MS:
            return TICK
        return JOURNAL if now_ms - self._written_ms > JOURNAL_MS else 0
