"""Looks at what memory holds before it is relied on: program, counters and limits.

A flipped bit raises seal.Corrupt, which ends in a reset: flash holds the truth.
"""

from infuser.core import seal
from infuser.wire import units

ALL_MS = 10 * units.MS_PER_MIN


class Integrity:
    """Verifies what the controller works with."""

    def __init__(self, controller) -> None:
        self._delivery = controller.delivery
        self._recorder = controller.recorder
        self._basal = controller.basal
        self._due_ms = 0

    def poll(self, now_ms: int) -> None:
        """In every turn of the loop: what the interrupt found, and every ALL_MS all of it."""
        if self._delivery.corrupt():
            self.verify()
        if not 0 < self._due_ms - now_ms <= ALL_MS:
            self._due_ms = now_ms + ALL_MS
            self.verify()

    def verify(self) -> None:
        """seal.Corrupt if any of it is not what was put there."""
        self._delivery.memory.verify()
        self._recorder.verify()
        self._basal.verify()

    def cause(self, error) -> int:
        """Code of the part that failed if `error` came of a flipped bit, else 0."""
        if isinstance(error, seal.Corrupt):
            return error.part
        try:
            self.verify()
        except seal.Corrupt as found:
            return found.part
        return 0
