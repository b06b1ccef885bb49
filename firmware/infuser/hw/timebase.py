"""Monotonic time since start, from ticks that wrap."""

import time


class Timebase:
    """Uptime that does not wrap. Main context only; to be asked at least once in 6 days."""

    def __init__(self) -> None:
        self._last = time.ticks_ms()
        self._uptime_ms = 0

    def uptime_ms(self) -> int:
        """Milliseconds since this object was made."""
        now = time.ticks_ms()
        self._uptime_ms += time.ticks_diff(now, self._last)
        self._last = now
        return self._uptime_ms
