"""Monotonic time since start, and the only place where ticks that wrap are compared."""

import time


def elapsed_ms(since: int) -> int:
    """Milliseconds since a `time.ticks_ms()` value that is at most 6.2 days old. Interrupt-safe."""
    return time.ticks_diff(time.ticks_ms(), since)


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

    def sleep_ms(self, duration_ms: int) -> None:
        """Wait; ticks go on meanwhile."""
        time.sleep_ms(duration_ms)
