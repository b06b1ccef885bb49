"""Wall clock and local time from the pump's own age; setting it never touches a dose."""

from infuser.wire import units


class Clock:
    """Wall time in ms since 1970 (UTC) as an offset to the age, or lost."""

    def __init__(self) -> None:
        self._offset_ms = 0
        self.valid = False
        self.utc_offset_min = 0

    def set(self, time_ms: int, age_ms: int) -> None:
        """Take `time_ms` as the present; a time outside the plausible epoch marks the clock lost."""
        self.valid = units.EPOCH_MIN_MS <= time_ms < units.EPOCH_MAX_MS
        self._offset_ms = time_ms - age_ms if self.valid else 0

    def now_ms(self, age_ms: int) -> int:
        """Wall time, 0 while the clock is lost."""
        return self._offset_ms + age_ms if self.valid else 0

    def local_ms(self, age_ms: int) -> int:
        """Local wall time; the age itself while the clock is lost, so that days still pass."""
        base_ms = self._offset_ms + self.utc_offset_min * units.MS_PER_MIN if self.valid else 0
        return base_ms + age_ms

    def day(self, age_ms: int) -> int:
        """Number of the local day."""
        return self.local_ms(age_ms) // units.MS_PER_DAY

    def week_ms(self, age_ms: int) -> int:
        """Local time since Monday 00:00 (1 January 1970 was a Thursday)."""
        return (self.local_ms(age_ms) + 3 * units.MS_PER_DAY) % (7 * units.MS_PER_DAY)
