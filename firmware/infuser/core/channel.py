"""One accounting bucket of the meter: its rate, what is prepared to follow, and what it amounts to."""

QUANTA_AT_ONCE = 256
# How many rates may wait to follow: several may end within one turn of the main loop.
SEGMENTS = 4


class Channel:
    """A rate segment in force, those prepared to follow, and microsteps; with a seal that tells of a flipped bit.

    A rate is `pl` picolitres and `rem`/`den` of one a quantum; a segment lasts `left` quanta.
    """

    def __init__(self) -> None:
        self.pl = 0
        self.rem = 0
        self.den = 1
        self.left = 0
        self.held = 0
        self.queued = 0
        self._first = 0
        self._next_pl = [0] * SEGMENTS
        self._next_rem = [0] * SEGMENTS
        self._next_left = [0] * SEGMENTS
        self.acc_pl = 0
        self.acc_rem = 0
        self.due = 0
        self.issued = 0
        self.recent = 0
        self.earlier = 0
        self._queue_seal = 0
        self._seal = 0
        self.seal()

    def _mixed(self) -> int:
        # The queue stands apart: it is looked at when a segment begins.
        return (
            self.pl
            ^ self.rem
            ^ self.den
            ^ self.left
            ^ self.held
            ^ self.queued
            ^ self._first
            ^ self.acc_pl
            ^ self.acc_rem
            ^ self.due
            ^ self.issued
            ^ self.recent
            ^ self.earlier
        )

    def _mixed_queue(self) -> int:
        mixed = 0
        for at in range(SEGMENTS):
            mixed ^= self._next_pl[at] ^ self._next_rem[at] ^ self._next_left[at]
        return mixed

    def sound(self) -> bool:
        """Whether everything but the queue is as it was left. Interrupt-safe."""
        return self._mixed() == self._seal

    def intact(self) -> bool:
        """Whether all of it is as it was left."""
        return self._mixed() == self._seal and self._mixed_queue() == self._queue_seal

    def seal(self) -> None:
        """Take what stands here, the queue aside, as right. Interrupt-safe."""
        self._seal = self._mixed()

    def advance(self, quanta: int, step_pl: int) -> bool:
        """Account for `quanta` passed; False if a bit has flipped. Runs in the interrupt: no allocation."""
        if self._mixed() != self._seal:
            return False
        # What does not change need not be gone through twice.
        rest = self._seal ^ self.left ^ self.acc_pl ^ self.acc_rem ^ self.due
        while quanta > 0:
            if self.left == 0:
                if self.queued == 0:
                    break
                if not self._begin_next():
                    return False
                rest = self._mixed() ^ self.left ^ self.acc_pl ^ self.acc_rem ^ self.due
            count = quanta if quanta < self.left else self.left
            if count > QUANTA_AT_ONCE:
                count = QUANTA_AT_ONCE
            quanta -= count
            self.left -= count
            rem = self.acc_rem + self.rem * count
            volume = self.acc_pl + self.pl * count + rem // self.den
            self.acc_rem = rem % self.den
            if volume >= step_pl:
                self.due += volume // step_pl
                volume %= step_pl
            self.acc_pl = volume
        self._seal = rest ^ self.left ^ self.acc_pl ^ self.acc_rem ^ self.due
        return True

    def _begin_next(self) -> bool:
        if self._mixed_queue() != self._queue_seal:
            return False
        first = self._first
        self.pl = self._next_pl[first]
        self.rem = self._next_rem[first]
        self.left = self._next_left[first]
        self._first = (first + 1) % SEGMENTS
        self.queued -= 1
        return True

    def queue(self, pl: int, rem: int, quanta: int) -> None:
        """Prepare one more segment; there must be room. Not to be interrupted."""
        at = (self._first + self.queued) % SEGMENTS
        # By what changes only: a bit that has flipped elsewhere still shows.
        self._queue_seal ^= self._next_pl[at] ^ self._next_rem[at] ^ self._next_left[at] ^ pl ^ rem ^ quanta
        self._next_pl[at] = pl
        self._next_rem[at] = rem
        self._next_left[at] = quanta
        self._seal ^= self.queued ^ (self.queued + 1)
        self.queued += 1

    def book(self, part: int) -> None:
        """`part` microsteps of those due were handed to the drive. Interrupt-safe."""
        if part or self.recent or self.earlier:
            self._seal ^= self.earlier ^ part ^ self.issued ^ (self.issued + part)
            self.earlier = self.recent
            self.recent = part
            self.issued += part
