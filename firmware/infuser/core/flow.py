"""Measured flow: compares the encoder's movement with the microsteps commanded, in volume.

The encoder has 4096 counts for 3200 microsteps. What is in flight (handed over, perhaps not yet
made) widens the comparison, so a burst under way is never taken for a stall or a runaway.
"""

COUNTS_PER_TURN = 4096
MICROSTEPS_PER_TURN = 3200
_HALF = COUNTS_PER_TURN // 2
# 6 microsteps are 0.59 uL: with what is in flight, found before 1 uL is missing or over.
TOLERANCE_STEPS = 6


class FlowChecker:
    """Position by the encoder against position by command, both in encoder counts."""

    def __init__(self) -> None:
        self.last_counts = -1
        self._moved_counts = 0
        self.start_steps = 0
        self.moved_steps = 0  # since the position was agreed

    def restart(self, counts: int, steps: int) -> None:
        """Take the present as agreed: `counts` of the encoder at `steps` commanded."""
        self.last_counts = counts
        self._moved_counts = 0
        self.moved_steps = 0
        self.start_steps = steps

    def deviation_steps(self, counts: int, made_low: int, issued: int) -> int:
        """Microsteps moved beyond (positive) or short of (negative) what was commanded; 0 within doubt.

        `counts` is the encoder's reading 0..4095, `made_low` what is certainly made, `issued`
        what was handed over. To be called at least once in half a turn.
        """
        # Few values at once: MicroPython takes heap for each call of a function with more than eleven.
        self._moved_counts += (counts - self.last_counts + _HALF) % COUNTS_PER_TURN - _HALF
        self.last_counts = counts
        self.moved_steps = (self._moved_counts * MICROSTEPS_PER_TURN + _HALF) // COUNTS_PER_TURN
        moved = self.moved_steps + self.start_steps
        if moved < made_low:
            return moved - made_low
        if moved > issued:
            return moved - issued
        return 0
