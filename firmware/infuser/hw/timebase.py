"""The pump's own monotonic time, from ticks that wrap."""

import time

from infuser.core import seal


class Timebase:
    """Milliseconds that never go back. Main context only; to be asked at least once in 6 days.

    `uptime_ms` counts from the start of the program, `age_ms` from the day the pump was made: what had
    passed before this start is told by `begin`.
    """

    def __init__(self) -> None:
        self._last = time.ticks_ms()
        self._age_ms = 0
        self._started_ms = 0
        self._seal = self._mixed()

    def _mixed(self) -> int:
        return self._age_ms ^ self._started_ms ^ self._last  # type: ignore[operator]  # small ints, whatever the stubs say

    def begin(self, age_ms: int) -> None:
        """The pump's age at the start of the program."""
        self._age_ms += age_ms - self._started_ms
        self._started_ms = age_ms
        self._seal = self._mixed()

    def age_ms(self) -> int:
        """The pump's age; seal.Corrupt if a bit of it has flipped in memory."""
        if self._mixed() != self._seal:
            raise seal.Corrupt(seal.AGE)
        now = time.ticks_ms()
        self._age_ms += time.ticks_diff(now, self._last)
        self._last = now
        self._seal = self._mixed()
        return self._age_ms

    def uptime_ms(self) -> int:
        """Milliseconds since this object was made."""
        return self.age_ms() - self._started_ms
