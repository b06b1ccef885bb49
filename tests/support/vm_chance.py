"""Runs on MicroPython and CPython: random numbers that are the same on both."""

_MASK = (1 << 48) - 1


class Chance:
    """A 48-bit linear congruential generator (the one of POSIX drand48)."""

    def __init__(self, seed):
        self._state = (seed * 0x10001 + 0x330E) & _MASK
        for _ in range(8):
            self._next()

    def _next(self):
        self._state = (self._state * 0x5DEECE66D + 0xB) & _MASK
        return self._state >> 17

    def number(self, low, high):
        """A whole number, both ends included."""
        return low + self._next() % (high - low + 1)

    def of(self, options):
        """One of a sequence."""
        return options[self._next() % len(options)]

    def once_in(self, count):
        """True once in so many times."""
        return self._next() % count == 0

    def within(self, ranges):
        """A number in one of some (low, high)."""
        low, high = self.of(ranges)
        return self.number(low, high)
