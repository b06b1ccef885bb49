"""Tick accumulator: how many microsteps are due, exactly, whatever the ticks do.

Each accounting bucket is a channel that integrates its programmed rate in picolitres and a
rational remainder. After any number of quanta, in whatever ticks they came,
`due = floor(programmed volume / step volume)`. Values used in the interrupt stay below 2**30.
A channel is verified before it is used, and nothing goes out after a flipped bit was found.
"""

from infuser.core.channel import QUANTA_AT_ONCE, SEGMENTS, Channel
from infuser.core.seal import MASK
from infuser.wire import states, units

_VALUE_MAX = (1 << 30) - 1


class Meter:
    """The channels of all buckets and the order in which their steps go out.

    `corrupt` is set for good once a bit was found flipped: from then on nothing is due.
    """

    def __init__(self, step_pl: int, critical) -> None:
        """`critical` is a context manager factory that keeps the tick interrupt out."""
        self.step_pl = step_pl
        self._step_check = step_pl ^ MASK
        self.channels = tuple(Channel() for _ in range(states.BUCKETS))
        self.corrupt = False
        self._critical = critical
        self._looked_at = 0

    def set_step(self, step_pl: int) -> None:
        """Take up another volume of the microstep."""
        self.step_pl = step_pl
        self._step_check = step_pl ^ MASK

    def restore(self, bucket: int, steps: int, acc_pl: int, acc_rem: int) -> None:
        """Go on from what a bucket had come to."""
        channel = self.channels[bucket]
        channel.due = channel.issued = steps
        channel.acc_pl = acc_pl
        channel.acc_rem = acc_rem
        channel.seal()

    def advance(self, quanta: int) -> None:
        """Account for `quanta` passed in every running channel. Interrupt-safe."""
        if self._step_check != self.step_pl ^ MASK:
            self.corrupt = True
        for channel in self.channels:
            if (channel.left or channel.queued) and not channel.advance(quanta, self.step_pl):
                self.corrupt = True
        # One after the other also those that seem to stand: a flipped bit may only make it seem so.
        self._looked_at = looked_at = (self._looked_at + 1) % states.BUCKETS
        if not self.channels[looked_at].sound():
            self.corrupt = True

    def pending(self) -> int:
        """Microsteps due and not yet issued. Interrupt-safe."""
        if self.corrupt:
            return 0
        total = 0
        for channel in self.channels:
            part = channel.due - channel.issued
            if part:
                if not (channel.left or channel.sound()):  # one that runs was verified by advance
                    self.corrupt = True
                    return 0
                total += part
        return total

    def intact(self) -> bool:
        """Whether every bit is as it was left; a look at all of it."""
        if self._step_check != self.step_pl ^ MASK:
            self.corrupt = True
        for channel in self.channels:
            with self._critical():
                if not channel.intact():
                    self.corrupt = True
        return not self.corrupt

    def _sound(self, channel: Channel) -> bool:
        if not channel.sound():
            self.corrupt = True
        return not self.corrupt

    def issue(self, count: int) -> None:
        """Book `count` microsteps (at most `pending()`) as handed to the drive. Interrupt-safe."""
        for channel in self.channels:
            part = channel.due - channel.issued
            if part > count:
                part = count
            channel.book(part)
            count -= part

    def take_back(self, count: int) -> None:
        """Un-book the newest `count` microsteps: the drive certainly did not make them."""
        for channel in self.channels:
            if count and self._sound(channel):
                part = min(count, channel.recent)
                channel.issued -= part
                channel.recent -= part
                channel.seal()
                count -= part
        for channel in self.channels:
            if count and self._sound(channel):
                part = min(count, channel.earlier)
                channel.issued -= part
                channel.earlier -= part
                channel.seal()
                count -= part

    def cancel(self, bucket: int) -> int:
        """End a channel and forget what was due but not issued; returns the microsteps forgotten."""
        channel = self.channels[bucket]
        with self._critical():
            forgotten = channel.due - channel.issued
            if self._sound(channel):
                channel.due = channel.issued
                channel.left = 0
                channel.held = 0
                channel.queued = 0
                channel.seal()
        return forgotten

    def hold(self, bucket: int) -> None:
        """Let a volume under way wait; microsteps that are due already still go out."""
        channel = self.channels[bucket]
        with self._critical():
            if self._sound(channel):
                channel.held += channel.left
                channel.left = 0
                channel.seal()

    def release(self, bucket: int) -> None:
        """Go on with a volume that waits, at its own rate."""
        channel = self.channels[bucket]
        with self._critical():
            if self._sound(channel):
                channel.left += channel.held
                channel.held = 0
                channel.seal()

    def set_rate(self, bucket: int, rate_nl_per_day: int, quanta: int) -> None:
        """Run a bucket at a rate from now on for `quanta`; the fraction accumulated is kept."""
        pl, rem = split_rate(rate_nl_per_day)
        channel = self.channels[bucket]
        with self._critical():
            if self._sound(channel):
                channel.pl = pl
                channel.rem = rem
                channel.den = units.QUANTA_PER_DAY
                channel.left = quanta
                channel.queued = 0
                channel.seal()

    def add_rate(self, bucket: int, rate_nl_per_day: int, quanta: int) -> None:
        """Prepare the segment that the interrupt starts when all before it have ended; at most SEGMENTS wait."""
        pl, rem = split_rate(rate_nl_per_day)
        channel = self.channels[bucket]
        if channel.queued >= SEGMENTS:
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
            if self._sound(channel):
                channel.pl = volume_pl // quanta
                channel.rem = volume_pl % quanta
                channel.den = quanta
                channel.acc_rem = 0
                channel.left = quanta
                channel.held = 0
                channel.queued = 0
                channel.seal()

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
    # Not divmod: of a large integer MicroPython makes large ones, however small, and the interrupt could not use them.
    pl = rate_pl_per_day // units.QUANTA_PER_DAY
    rem = rate_pl_per_day % units.QUANTA_PER_DAY
    if pl * QUANTA_AT_ONCE > _VALUE_MAX:
        raise ValueError("rate of {} nL a day is too fast".format(rate_nl_per_day))
    return pl, rem
