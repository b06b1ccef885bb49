"""Whether tick and main loop still make progress: the watchdog is fed only while they do."""

LATE_PERIODS = 3


class Liveness:
    """Follows the tick counter; a tick that has stopped must end in a reset, not in silence."""

    def __init__(self) -> None:
        self._count = 0
        self._since_ms = 0
        self._was_running = False

    def alive(self, now_ms: int, running: bool, count: int, period_ms: int) -> bool:
        """Called in every turn of the loop with the tick's counter and period; False once it is overdue."""
        if not running or not self._was_running or count != self._count:
            self._was_running = running
            self._count = count
            self._since_ms = now_ms
            return True
        return now_ms - self._since_ms < LATE_PERIODS * period_ms
