"""Tick accumulator: how many microsteps are due, exactly, whatever the ticks do.

Each accounting bucket is a channel that integrates its programmed rate in picolitres and a
rational remainder. After any number of quanta, in whatever ticks they came,
`due = floor(programmed volume / step volume)`. Values used in the interrupt stay below 2**30.
"""

from infuser.wire import states, units

QUANTA_AT_ONCE = 256
# How many rates may wait to follow: several may end within one turn of the main loop.
SEGMENTS = 4
_VALUE_MAX = (1 << 30) - 1


class Channel:
    """One bucket: a rate segment in force, those prepared to follow, and what they amount to.

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

    def advance(self, quanta: int, step_pl: int) -> None:
        """Account for `quanta` passed. Runs in the interrupt: no allocation."""
        while quanta > 0:
            if self.left == 0:
                if self.queued == 0:
                    return
                self._begin_next()
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

    def _begin_next(self) -> None:
        first = self._first
        self.pl = self._next_pl[first]
        self.rem = self._next_rem[first]
        self.left = self._next_left[first]
        self._first = (first + 1) % SEGMENTS
        self.queued -= 1

    def queue(self, pl: int, rem: int, quanta: int) -> None:
        """Prepare one more segment; there must be room. Not to be interrupted."""
        at = (self._first + self.queued) % SEGMENTS
        self._next_pl[at] = pl
        self._next_rem[at] = rem
        self._next_left[at] = quanta
        self.queued += 1


class Meter:
    """The channels of all buckets and the order in which their steps go out."""

    def __init__(self, step_pl: int, critical) -> None:
        """`critical` is a context manager factory that keeps the tick interrupt out."""
        self.step_pl = step_pl
        self.channels = tuple(Channel() for _ in range(states.BUCKETS))
        self._critical = critical

    def advance(self, quanta: int) -> None:
        """Account for `quanta` passed in every running channel. Interrupt-safe."""
        for channel in self.channels:
            if channel.left or channel.queued:
                channel.advance(quanta, self.step_pl)

    def pending(self) -> int:
        """Microsteps due and not yet issued. Interrupt-safe."""
        total = 0
        for channel in self.channels:
            total += channel.due - channel.issued
        return total

    def issue(self, count: int) -> None:
        """Book `count` microsteps (at most `pending()`) as handed to the drive. Interrupt-safe."""
        for channel in self.channels:
            channel.earlier = channel.recent
            part = channel.due - channel.issued
            if part > count:
                part = count
            channel.recent = part
            channel.issued += part
            count -= part

    def take_back(self, count: int) -> None:
        """Un-book the newest `count` microsteps: the drive certainly did not make them."""
        for channel in self.channels:
            part = min(count, channel.recent)
            channel.issued -= part
            channel.recent -= part
            count -= part
        for channel in self.channels:
            part = min(count, channel.earlier)
            channel.issued -= part
            channel.earlier -= part
            count -= part

    def cancel(self, bucket: int) -> int:
        """End a channel and forget what was due but not issued; returns the microsteps forgotten."""
        channel = self.channels[bucket]
        with self._critical():
            forgotten = channel.due - channel.issued
            channel.due = channel.issued
            channel.left = 0
            channel.held = 0
            channel.queued = 0
        return forgotten

    def hold(self, bucket: int) -> None:
        """Let a volume under way wait; microsteps that are due already still go out."""
        channel = self.channels[bucket]
        with self._critical():
            channel.held += channel.left
            channel.left = 0

    def release(self, bucket: int) -> None:
        """Go on with a volume that waits, at its own rate."""
        channel = self.channels[bucket]
        with self._critical():
            channel.left += channel.held
            channel.held = 0

    def set_rate(self, bucket: int, rate_nl_per_day: int, quanta: int) -> None:
        """Run a bucket at a rate from now on for `quanta`; the fraction accumulated is kept."""
        pl, rem = split_rate(rate_nl_per_day)
        channel = self.channels[bucket]
        with self._critical():
            channel.pl = pl
            channel.rem = rem
            channel.den = units.QUANTA_PER_DAY
            channel.left = quanta
            channel.queued = 0

    def add_rate(self, bucket: int, rate_nl_per_day: int, quanta: int) -> None:
        """Prepare the segment that the interrupt starts when all before it have ended; at most SEGMENTS wait."""
        pl, rem = split_rate(rate_nl_per_day)
        channel = self.channels[bucket]
        if channel.queued == SEGMENTS:
            raise ValueError("{} segments wait already".format(SEGMENTS))
        with self._critical():
            channel.queue(pl, rem, quanta)

    def set_volume(self, bucket: int, volume_nl: int, quanta: int) -> None:
        """Deliver exactly `volume_nl` evenly over `quanta` (1 to a day's)."""
        if not 0 < quanta <= units.QUANTA_PER_DAY:
            raise ValueError("{} quanta, allowed 1 to {}".format(quanta, units.QUANTA_PER_DAY))
        volume_pl = volume_nl * units.PL_PER_NL
        if volume_pl // quanta * QUANTA_AT_ONCE > _VALUE_MAX:
            raise ValueError("{} nL in {} quanta is too fast".format(volume_nl, quanta))
        channel = self.channels[bucket]
        with self._critical():
            channel.pl = volume_pl // quanta
            channel.rem = volume_pl % quanta
            channel.den = quanta
            channel.acc_rem = 0
            channel.left = quanta
            channel.held = 0
            channel.queued = 0

    def issued(self) -> int:
        """Microsteps issued in all buckets."""
        total = 0
        for channel in self.channels:
            total += channel.issued
        return total

    def programmed_pl(self, bucket: int) -> int:
        """Programmed volume so far in pL, less what a stop made forgotten."""
        channel = self.channels[bucket]
        return channel.due * self.step_pl + channel.acc_pl


def split_rate(rate_nl_per_day: int) -> tuple[int, int]:
    """A rate as whole picolitres a quantum and a remainder in 1/QUANTA_PER_DAY pL."""
    rate_pl_per_day = rate_nl_per_day * units.PL_PER_NL
    pl, rem = divmod(rate_pl_per_day, units.QUANTA_PER_DAY)
    if pl * QUANTA_AT_ONCE > _VALUE_MAX:
        raise ValueError("rate of {} nL a day is too fast".format(rate_nl_per_day))
    return pl, rem
