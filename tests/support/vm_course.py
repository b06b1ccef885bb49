"""Runs on MicroPython and CPython: what buckets should hold, by whole-number arithmetic of its own.

Time is counted in quanta handed on by the tick timer. A command takes a few of them, and a change of the
rate may fall one quantum early or late: where it took effect is left open until the volume that the pump
tells, exact to the picolitre, shows it. Whatever fits no single instant is a fault.
"""

QUANTA_PER_DAY = 864000
QUANTUM_MS = 100


class Mismatch(Exception):
    """The pump did not do what the reference says."""


class Basal:
    """The basal bucket: every volume that it can have, in pL a QUANTA_PER_DAY, at quantum `at`."""

    def __init__(self):
        self.possible = [0]
        self.at = 0
        self.rate = 0
        self._changes = []

    def rebase(self, volume):
        """Quanta are counted from 0 again, at this volume in pL a QUANTA_PER_DAY, with no rate."""
        self.__init__()
        self.possible = [volume]

    def shift(self, added_pl):
        """The same microsteps are worth so much more."""
        self.possible = [volume + added_pl * QUANTA_PER_DAY for volume in self.possible]

    def change(self, first, last, rate):
        """From some quantum between `first` and `last` on the rate is `rate`, in nL a day."""
        # One that was about to happen may have been overtaken by this one.
        self._changes = [(min(begin, first), min(end, last), before) for begin, end, before in self._changes]
        self._changes.append((first, last, rate))

    def undecided(self, now):
        """Whether a change may or may not have happened yet."""
        return any([last > now for _, last, _ in self._changes])

    def settle_changes(self, now):
        """Bring `possible` past the changes if all of them have happened; whether none is left."""
        if self._changes and not self.undecided(now):
            self.settle(max([self.at] + [last for _, last, _ in self._changes]))
        return not self._changes

    def reaches(self, volume_pl):
        """(first, last) quantum at which the volume can come to `volume_pl` at the present rate."""
        wait = [-(-(volume_pl * QUANTA_PER_DAY - volume) // (self.rate * 1000)) for volume in self.possible]
        return self.at + min(wait), self.at + max(wait)

    def settle(self, now):
        """Bring `possible` to quantum `now`; changes that are not due are dropped."""
        if not self._changes:
            if now != self.at:
                passed = self.rate * 1000 * (now - self.at)
                self.possible = [volume + passed for volume in self.possible]
                self.at = now
            return
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
    """A bucket that takes a volume at a time, a bolus or priming: it runs, is held, runs on.

    While it runs, each of `_marks` is a quantum at which it can have begun, times of rest taken out;
    while it is held, a count of quanta that it can have run.
    """

    def __init__(self):
        self.base_pl = 0
        self.running = False
        self.held = False
        self.volume_pl = 0
        self.quanta = 1
        self._marks = []

    def begin(self, first, last, volume_nl, duration_ms):
        """From some quantum between `first` and `last` on a volume is spread over a duration."""
        self.running = True
        self.held = False
        self.volume_pl = volume_nl * 1000
        self.quanta = max(1, duration_ms // QUANTUM_MS)
        self._marks = list(range(first, last + 1))

    def hold(self, first, last):
        """At some quantum between `first` and `last` it comes to rest."""
        self._marks = list({self._ran(mark, now) for mark in self._marks for now in range(first, last + 1)})
        self.held = True

    def release(self, first, last):
        """At some quantum between `first` and `last` it runs on."""
        self._marks = list({now - ran for ran in self._marks for now in range(first, last + 1)})
        self.held = False

    def ran_on(self, quanta):
        """It ran on for at most so many quanta and is held again."""
        self._marks = list({min(ran + more, self.quanta) for ran in self._marks for more in range(quanta + 1)})

    def _ran(self, mark, now):
        return mark if self.held else max(0, min(now - mark, self.quanta))

    def _at(self, mark, now):
        return self.base_pl + self.volume_pl * self._ran(mark, now) // self.quanta

    def full_pl(self):
        """What it amounts to at its end."""
        return self.base_pl + self.volume_pl

    def agree(self, now, told_pl):
        """Keep what the pump's own figure allows."""
        if not self.running:
            if told_pl != self.base_pl:
                raise Mismatch("volume {} pL, not {}".format(told_pl, self.base_pl))
            return
        kept = [mark for mark in self._marks if self._at(mark, now) == told_pl]
        if not kept:
            allowed = [self._at(mark, now) for mark in self._marks]
            raise Mismatch("volume {} pL, not {}{}".format(told_pl, allowed, ", held" if self.held else ""))
        self._marks = kept

    def ends_in(self, now):
        """Quanta until its end; it is not held."""
        return self.quanta - max([self._ran(mark, now) for mark in self._marks])

    def done(self, now):
        """Whether it can have come to its end."""
        return any([self._ran(mark, now) >= self.quanta for mark in self._marks])

    def end(self, first, last, told_pl, step_pl, forgotten_max):
        """Ended at a quantum between `first` and `last`; returns the microsteps that this made forgotten."""
        instants = range(first, last + 1)
        possible = {self._at(mark, now) for mark in self._marks for now in instants} or {self.base_pl}
        for forgotten in range(forgotten_max + 1):
            if told_pl + forgotten * step_pl in possible:
                self.close(told_pl)
                return forgotten
        raise Mismatch("volume ended at {} pL, not {}, forgotten at most {}".format(told_pl, possible, forgotten_max))

    def close(self, base_pl):
        """No volume runs; the bucket is at `base_pl`."""
        self.base_pl = base_pl
        self.running = self.held = False
        self._marks = []
