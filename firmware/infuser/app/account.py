"""Volumes told from the count of microsteps: what is left in the reservoir, what was given."""

from infuser.core import reservoir
from infuser.wire import units


class Account:
    """Each microstep counts at the calibration of its time."""

    def __init__(self, delivery, ledger) -> None:
        self._delivery = delivery
        self._ledger = ledger

    def reservoir_nl(self) -> int:
        """Volume left in the reservoir."""
        steps = self._delivery.steps_total() - self._ledger.steps_at_fill
        return reservoir.volume_nl(self._ledger.filled_nl, steps, self._delivery.meter.step_pl)

    def reservoir_steps(self) -> int:
        """Whole microsteps left in the reservoir."""
        return units.volume_steps(self.reservoir_nl(), self._delivery.meter.step_pl)

    def delivered_total_nl(self) -> int:
        """Volume of therapy since the pump was made."""
        return self._ledger.total_nl + self._since_nl(self._ledger.total_steps)

    def delivered_today_nl(self) -> int:
        """Volume of therapy since local midnight."""
        return self._ledger.day_nl + self._since_nl(self._ledger.day_steps)

    def _since_nl(self, steps: int) -> int:
        # After a power cut the count saved last may be older than the one that is counted from.
        made = max(0, self._delivery.therapy_steps() - steps)
        return units.steps_volume_nl(made, self._delivery.meter.step_pl)
