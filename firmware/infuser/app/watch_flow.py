"""Measured flow (EC7, EC8): the encoder's movement against the microsteps commanded."""

from infuser.core.flow import TOLERANCE_STEPS, FlowChecker
from infuser.wire import alarms, units

AT_REST_MS = 10 * units.MS_PER_S
# So many microsteps that followed their command mean that the drive works again.
GOOD_STEPS = 16
NOISE_STEPS = 2
_MISSING = (alarms.STALL, alarms.UNDER_DELIVERY)


class FlowWatch:
    """Over-delivery ends with the motor off; where something is missing the pump keeps trying."""

    def __init__(self, alarming, sensors) -> None:
        self._alarming = alarming
        self._engine = alarming.controller.delivery.engine
        self._sensors = sensors
        self._flow = FlowChecker()
        self._due_ms = 0
        self._agreed_steps = 0  # movement up to which all was as commanded
        self._steady = 0  # deviation that has not changed, and the movement since when
        self._steady_steps = 0

    def hurry(self) -> None:
        """Measure in the next turn."""
        self._due_ms = 0

    def restart(self) -> None:
        """Take the present position as agreed: what was measured before no longer counts."""
        counts = self._sensors.encoder_counts()
        if counts >= 0:
            self._restart(counts, self._engine.issued)

    def _restart(self, counts: int, steps: int) -> None:
        self._flow.restart(counts, steps)
        self._agreed_steps = self._steady = self._steady_steps = 0

    def poll(self, now_ms: int, running: bool) -> None:
        """Compare; while the motor stands, only now and then."""
        if not running and now_ms < self._due_ms:
            return
        self._due_ms = now_ms + AT_REST_MS
        engine = self._engine
        counts = self._sensors.encoder_counts()
        if counts < 0:
            self._alarming.fault(alarms.INTERNAL_FAULT, "encoder", "the encoder does not answer")
            return
        deviation = self._flow.deviation_steps(counts, engine.made_low, engine.issued)
        if deviation >= TOLERANCE_STEPS:
            self._alarming.fault(alarms.OVER_DELIVERY, "drive", "microsteps over", deviation)
        elif deviation <= -TOLERANCE_STEPS:
            self._missing(deviation)
        else:
            if deviation == 0:
                self._agreed_steps = self._flow.moved_steps
            if self._alarming.alarms.entries:
                self._recovered(deviation, running)

    def _missing(self, deviation: int) -> None:
        moved = self._flow.moved_steps - self._agreed_steps
        commanded = moved - deviation
        alarm, text = alarms.STALL, "no microstep made"
        if 4 * moved >= commanded:
            alarm, text = alarms.UNDER_DELIVERY, "microsteps missing"
        self._alarming.fault(alarm, "drive", text, deviation)
        # What is missing stays missing: it is never made up for, and the next microsteps are judged for themselves.
        self._restart(self._flow.last_counts, self._engine.made_low)

    def _recovered(self, deviation: int, running: bool) -> None:
        """What is missing may stay missing: it is good again once no more comes to it, or the motor stands."""
        moved = self._flow.moved_steps
        if deviation < self._steady - NOISE_STEPS:
            self._steady = deviation
            self._steady_steps = moved
        if running and moved - self._steady_steps < GOOD_STEPS:
            return
        for alarm in _MISSING:
            if self._alarming.alarms.active(alarm):
                self._alarming.set(alarm, False)
                if self._engine.made_low == self._engine.issued:
                    self._restart(self._flow.last_counts, self._engine.issued)
