"""The fluid path: occlusions by pressure and by its rise, air, and priming that gets nowhere."""

from infuser.core.priming import Priming
from infuser.core.rising import Rising
from infuser.wire import alarms, states, units

LOOK_MS = 4 * units.MS_PER_S
OUTLET_MAX_PA = 69000
INLET_MIN_PA = -7000
# A pressure alarm's cause is gone only well below its threshold.
OUTLET_CLEAR_PA = 35000
INLET_CLEAR_PA = -3500
# A rise of so much, never falling, is a blocked line although its pressure is not high yet.
OUTLET_RISE_PA = 15000
SUCTION_RISE_PA = 3000
STEPS_PER_LOOK = 3


class LineWatch:
    """EC6, EC10, EC11 and EC12. `pressure_pa` is the outlet's at the last look."""

    def __init__(self, alarming, sensors) -> None:
        self._alarming = alarming
        self._controller = alarming.controller
        self._sensors = sensors
        self.pressure_pa = 0
        self._outlet = Rising(OUTLET_RISE_PA)
        self._suction = Rising(SUCTION_RISE_PA)
        self._outlet_clear_pa = OUTLET_CLEAR_PA
        self._inlet_clear_pa = INLET_CLEAR_PA
        self._steps = -1
        self._priming: Priming | None = None
        self._priming_entry: dict | None = None

    def poll(self, now_ms: int, running: bool) -> None:
        """Look at pressures and air."""
        outlet_pa = self.pressure_pa = self._sensors.outlet_pa()
        inlet_pa = self._sensors.inlet_pa()
        air = self._sensors.air()
        climbs = self._climbs(outlet_pa, inlet_pa)
        if climbs or self._alarming.alarms.entries or inlet_pa < INLET_MIN_PA or outlet_pa > OUTLET_MAX_PA or air:
            self._judge_outlet(outlet_pa)
            self._judge_inlet(inlet_pa)
            self._judge_air(running, air)
        if self._controller.state == states.PRIMING:
            self._judge_priming(now_ms, outlet_pa)

    def _climbs(self, outlet_pa: int, inlet_pa: int) -> bool:
        """A look counts only once the motor has moved since the one before."""
        steps = self._controller.delivery.engine.issued
        made = steps - self._steps
        if made == 0:
            return False
        self._steps = steps
        if not 0 < made <= STEPS_PER_LOOK:
            # So fast that an open line stands under pressure too, and a blocked one reaches its limit in no time.
            self._outlet.restart()
            self._suction.restart()
            return False
        blocked = self._outlet.look(outlet_pa)
        return self._suction.look(-inlet_pa) or blocked

    def _judge_outlet(self, outlet_pa: int) -> None:
        alarm = alarms.OCCLUSION_DOWNSTREAM
        if self._alarming.alarms.active(alarm):
            self._alarming.set(alarm, outlet_pa > self._outlet_clear_pa, outlet_pa)
        elif outlet_pa > OUTLET_MAX_PA or self._outlet.blocked:
            self._outlet_clear_pa = min(OUTLET_CLEAR_PA, (self._outlet.base_pa + outlet_pa) // 2)
            self._outlet.restart()
            self._alarming.set(alarm, True, outlet_pa)

    def _judge_inlet(self, inlet_pa: int) -> None:
        alarm = alarms.OCCLUSION_UPSTREAM
        if self._alarming.alarms.active(alarm):
            self._alarming.set(alarm, inlet_pa < self._inlet_clear_pa, inlet_pa)
        elif inlet_pa < INLET_MIN_PA or self._suction.blocked:
            self._inlet_clear_pa = max(INLET_CLEAR_PA, (inlet_pa - self._suction.base_pa) // 2)
            self._suction.restart()
            self._alarming.set(alarm, True, inlet_pa)

    def _judge_air(self, running: bool, air: bool) -> None:
        if self._controller.state != states.PRIMING:
            passing = running or self._alarming.alarms.active(alarms.AIR_IN_LINE)
            self._alarming.set(alarms.AIR_IN_LINE, air and passing)

    def _judge_priming(self, now_ms: int, outlet_pa: int) -> None:
        entry = self._controller.ledger.bolus(states.PRIME)
        if entry is None:
            return
        if entry is not self._priming_entry:
            self._priming_entry = entry
            self._priming = self._begun(now_ms, entry)
        failure = self._priming.failure(now_ms, outlet_pa)
        if failure:
            self._alarming.fault(alarms.PRIMING_FAILED, "priming", failure, outlet_pa)
            self._alarming.set(alarms.PRIMING_FAILED, False)  # told, and over: the motor stands

    def _begun(self, now_ms: int, entry: dict) -> Priming:
        left_ms = self._controller.delivery.volume_left_ms(states.PRIME)
        rate = units.bolus_rate_nl_per_day(entry["volume_nl"], max(1, left_ms))
        return Priming(now_ms, left_ms, rate, entry["purpose"] != states.DRAINING)
