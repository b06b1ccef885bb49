"""Which of many like events get a record of their own: a burst, then one at a time; the others are counted.

Not sealed: a bit that flips here makes a record more or fewer, and touches no dose.
"""


class NoteLimit:
    """Admits `burst` events at once and one more every `every_ms`; what was counted is told `tell_ms` after its first.

    Times are the pump's age in ms. `every_ms` 0: nothing is ever admitted, all is counted.
    """

    def __init__(self, burst: int, every_ms: int, tell_ms: int) -> None:
        self._burst = burst
        self._every_ms = every_ms
        self._tell_ms = tell_ms
        self._left = burst
        self._since_ms = 0  # up to here the allowance is made out
        self._counted = 0
        self._due_ms = 0

    def admits(self, age_ms: int) -> bool:
        """Whether one more event gets a record; if not, it is counted."""
        if self._every_ms:
            earned = (age_ms - self._since_ms) // self._every_ms
            self._left = min(self._burst, self._left + earned)
            self._since_ms += earned * self._every_ms
        if self._left:
            self._left -= 1
            return True
        self.count(1, age_ms)
        return False

    def count(self, events: int, age_ms: int) -> None:
        """So many events that get no record."""
        if events and not self._counted:
            self._due_ms = age_ms + self._tell_ms
        self._counted += events

    def told(self, age_ms: int) -> int:
        """The count if it is due to be told, and begin anew; else 0."""
        if not self._counted or age_ms < self._due_ms:
            return 0
        told, self._counted = self._counted, 0
        return told
