"""The chip's watchdog: once started it cannot be stopped, only fed."""

from machine import WDT


class Watchdog:
    """Resets the chip when `feed` has not been called for `timeout_ms` (at most 8388)."""

    def __init__(self, timeout_ms: int = 8000) -> None:
        self._timeout_ms = timeout_ms
        self._watchdog = None

    def start(self) -> None:
        """From now on it must be fed."""
        if self._watchdog is None:
            self._watchdog = WDT(timeout=self._timeout_ms)

    def feed(self) -> None:
        """Put the reset off; nothing while not started."""
        if self._watchdog is not None:
            self._watchdog.feed()
