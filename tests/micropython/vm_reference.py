"""Runs on MicroPython: what a pump should have delivered, by whole-number arithmetic of its own.

Time is counted in quanta handed on by the tick timer. A command takes a few of them, and a step of the
day's pattern may begin one quantum early or late: where it took effect is left open until the volume
that the pump tells, exact to the picolitre, shows it. Whatever fits no single instant is a fault.
"""

QUANTA_PER_DAY = 864000
QUANTUM_MS = 100
_WEEK_MIN = 10080
_MIN_MS = 60000
_MONDAY_MS = 4 * 86400000  # 1970-01-05


class Mismatch(Exception):
    """The pump did not do what the reference says."""


class Pattern:
    """A program's rates: the minute of the week at which each begins, and nL a day from then on."""

    def __init__(self, starts, minimum_nl_per_day):
        self.starts = sorted(starts)
        self.minimum_nl_per_day = minimum_nl_per_day

    def rate(self, local_ms):
        """nL a day at a local time."""
        minute = (local_ms - _MONDAY_MS) // _MIN_MS % _WEEK_MIN
        begun = [rate for start, rate in self.starts if start <= minute]
        return begun[-1] if begun else self.starts[-1][1]

    def next_change_ms(self, local_ms):
        """Local time of the next beginning after `local_ms`."""
        minute = (local_ms - _MONDAY_MS) // _MIN_MS
        waits = [(start - minute - 1) % _WEEK_MIN + 1 for start, _ in self.starts]
        return (minute + min(waits)) * _MIN_MS + _MONDAY_MS


class Basal:
    """The basal bucket: every volume that it can have, in pL a QUANTA_PER_DAY, at quantum `at`."""

    def __init__(self):
        self.possible = [0]
        self.at = 0
        self.rate = 0
        self._changes = []

    def change(self, first, last, rate):
        """From some quantum between `first` and `last` on the rate is `rate`, in nL a day."""
        # One that was about to happen may have been overtaken by this one.
        self._changes = [(min(begin, first), min(end, last), before) for begin, end, before in self._changes]
        self._changes.append((first, last, rate))

    def undecided(self, now):
        """Whether a change may or may not have happened yet."""
        return any(last > now for _, last, _ in self._changes)

    def settle(self, now):
        """Bring `possible` to quantum `now`; changes that are not due are dropped."""
        found = {(self.at, volume): self.rate for volume in self.possible}
        for first, last, rate in self._changes:
            following = {}
            for (at, volume), before in found.items():
                for instant in range(max(first, at), min(last, now) + 1):
                    following[(instant, volume + before * 1000 * (instant - at))] = rate
            found = following or found
        self.possible = list({volume + rate * 1000 * (now - at) for (at, volume), rate in found.items()})
        self.rate = list(found.values())[0]
        self.at = now
        self._changes = []

    def agree(self, told_pl, step_pl, forgotten_max=0):
        """Keep the volumes that the pump's own figure allows; returns the microsteps that a stop made forgotten."""
        for forgotten in range(forgotten_max + 1):
            volume_pl = told_pl + forgotten * step_pl
            kept = [volume for volume in self.possible if volume // QUANTA_PER_DAY == volume_pl]
            if kept:
                self.possible = [volume - forgotten * step_pl * QUANTA_PER_DAY for volume in kept]
                return forgotten
        near = [volume // QUANTA_PER_DAY - told_pl for volume in self.possible]
        raise Mismatch("basal {} pL, off by {}, forgotten at most {}".format(told_pl, near, forgotten_max))


class Volume:
    """A bucket that takes a volume at a time: a bolus or priming."""

    def __init__(self):
        self.base_pl = 0
        self.running = False
        self._volume_pl = 0
        self._quanta = 1
        self._starts = []

    def begin(self, first, last, volume_nl, duration_ms):
        """From some quantum between `first` and `last` on a volume is spread over a duration."""
        self.running = True
        self._volume_pl = volume_nl * 1000
        self._quanta = duration_ms // QUANTUM_MS
        self._starts = list(range(first, last + 1))

    def _at(self, start, now):
        passed = max(0, min(now - start, self._quanta))
        return self.base_pl + self._volume_pl * passed // self._quanta

    def agree(self, now, told_pl):
        """Keep the starts that the pump's own figure allows."""
        if not self.running:
            if told_pl != self.base_pl:
                raise Mismatch("volume {} pL, not {}".format(told_pl, self.base_pl))
            return
        kept = [start for start in self._starts if self._at(start, now) == told_pl]
        if not kept:
            raise Mismatch("volume {} pL, not {}".format(told_pl, [self._at(start, now) for start in self._starts]))
        self._starts = kept

    def done(self, now):
        """Whether it can have come to its end."""
        return any(now - start >= self._quanta for start in self._starts)

    def end(self, first, last, told_pl, step_pl, forgotten_max):
        """Ended at a quantum between `first` and `last`; returns the microsteps that this made forgotten."""
        instants = range(first, last + 1)
        possible = {self._at(start, now) for start in self._starts for now in instants} or {self.base_pl}
        for forgotten in range(forgotten_max + 1):
            if told_pl + forgotten * step_pl in possible:
                self.base_pl = told_pl
                self.running = False
                self._starts = []
                return forgotten
        raise Mismatch("volume ended at {} pL, not {}, forgotten at most {}".format(told_pl, possible, forgotten_max))
