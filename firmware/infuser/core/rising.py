"""Rate of rise: a line that is blocked keeps what is pressed into it, an open one lets it go.

In an open line the pressure between two microsteps falls back; in a blocked one it climbs with every
microstep, long before it is high. How far depends on the line's compliance, so what is judged is that
it climbs and never falls, and by how much in all.
"""

RISES = 3
RISE_MIN_PA = 500
_FALL_PA = 250


class Rising:
    """Looks at a pressure after each movement of the motor; `total_pa` in at least RISES looks is a blocked line."""

    def __init__(self, total_pa: int) -> None:
        self.total_pa = total_pa
        self.base_pa = 0
        self._last_pa = 0
        self._rises = -1
        self.blocked = False

    def restart(self) -> None:
        """The next look is the first."""
        self._rises = -1
        self.blocked = False

    def look(self, pa: int) -> bool:
        """Take a pressure in; whether it has been climbing as in a blocked line."""
        if self._rises < 0 or pa < self._last_pa - _FALL_PA:
            self._rises = 0
            self.base_pa = self._last_pa = pa
        elif pa >= self._last_pa + RISE_MIN_PA:
            self._rises += 1
            self._last_pa = pa
        elif self._rises:
            # It stands still: what has been reached is how the line answers to this rate.
            self._rises = 0
            self.base_pa = self._last_pa = pa
        self.blocked = self._rises >= RISES and pa - self.base_pa >= self.total_pa
        return self.blocked
