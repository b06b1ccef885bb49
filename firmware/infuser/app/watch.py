"""Watches sensors and counters, raises and clears alarms, and makes the pump answer them."""

from infuser.app import planner
from infuser.core.flow import TOLERANCE_STEPS, FlowChecker
from infuser.wire import alarms, records, states, units

SLOW_MS = 60 * units.MS_PER_S
PRESSURE_MS = 4 * units.MS_PER_S
FLOW_AT_REST_MS = 10 * units.MS_PER_S
BATTERY_LOW_MV = 3500
BATTERY_EMPTY_MV = 3200
BATTERY_HYSTERESIS_MV = 100
TEMPERATURE_MAX_MC = 55000
TEMPERATURE_HYSTERESIS_MC = 3000
OUTLET_MAX_PA = 69000
INLET_MIN_PA = -7000
# A pressure alarm's cause is gone only well below its threshold.
OUTLET_CLEAR_PA = 35000
INLET_CLEAR_PA = -3500
# The 24 h window is taken as full this many microsteps early, so that the guard need not cut in.
WINDOW_RESERVE_STEPS = 16


STANDING = (states.IDLE, states.SUSPENDED, states.ALARM_STOPPED, states.REFILL)


class Watch:
    """Compares what is measured with what should be; alarms are the result."""

    def __init__(self, controller, sensors) -> None:
        self.controller = controller
        self.recorder = controller.recorder
        self.alarms = controller.ledger.alarms
        self.sensors = sensors
        self.flow = FlowChecker()
        self.pressure_pa = 0
        self.battery_mv = 0
        self.temperature_mc = 0
        self._slow_due_ms = 0
        self._pressure_due_ms = 0
        self._flow_due_ms = 0
        self._counted = -1
        self._stop_was_pressed = False

    def begin(self) -> None:
        """Take the present position as agreed and read everything once."""
        self.restart_flow()
        self.poll(self.controller.timebase.age_ms())

    def poll(self, now_ms: int) -> None:
        """Read what is due, raise and clear, and make the controller answer."""
        self._stop_button()
        running = self.controller.delivery.running
        fast = self.controller.delivery.turn_ms() < PRESSURE_MS
        if running or now_ms >= self._flow_due_ms:
            self._check_flow(now_ms)
        if now_ms >= self._pressure_due_ms:
            self._pressure_due_ms = now_ms + (0 if fast else PRESSURE_MS)
            self._check_line(running)
            # Counters that stand still say what they said before; the empty switch does not.
            counted = self.controller.delivery.guard.mark()
            priming = self.controller.state == states.PRIMING
            if counted != self._counted or priming or self.alarms.entries or self.sensors.at_empty():
                self._counted = counted
                self._check_reservoir()
                self._check_window()
        if now_ms >= self._slow_due_ms:
            self._slow_due_ms = now_ms + SLOW_MS
            self._check_supply()
            self._check_self(now_ms)
        if self.alarms.entries or self.controller.ledger.stop_reason == states.BY_ALARM:
            self._answer()

    def hurry(self) -> None:
        """Measure all of it in the next turn."""
        self._slow_due_ms = self._pressure_due_ms = self._flow_due_ms = 0
        self._counted = -1

    def set(self, alarm: int, present: bool, detail: int = 0) -> None:
        """Raise an alarm whose cause appeared, or clear one whose cause is gone; otherwise nothing."""
        if present != self.alarms.active(alarm):
            self._change(alarm, present, detail)

    # What seldom happens stands apart from what every turn calls: MicroPython takes heap for each call of a
    # function with more than eleven values.

    def _change(self, alarm: int, present: bool, detail: int) -> None:
        if present:
            # The motor stands before the slow business of writing begins.
            if alarms.answer(alarm) == alarms.MOTOR_OFF:
                self.controller.delivery.stop()
            priority = alarms.priority(alarm)
            self.recorder.note(records.ALARM_RAISED, alarm=alarm, priority=priority, detail=detail)
        else:
            self.recorder.note(records.ALARM_CLEARED, alarm=alarm)

    def fault(self, alarm: int, part: str, text: str, detail: int = 0) -> None:
        """Raise an alarm and put into the log what was found where."""
        if not self.alarms.active(alarm):
            self.set(alarm, True, detail)
            self.recorder.note(records.FAULT, part=part, detail=detail, masked=False, text=text)

    def restart_flow(self) -> None:
        """Take the present position as agreed: what was measured before no longer counts."""
        counts = self.sensors.encoder_counts()
        if counts >= 0:
            self.flow.restart(counts, self.controller.delivery.engine.issued)

    def _check_flow(self, now_ms: int) -> None:
        engine = self.controller.delivery.engine
        self._flow_due_ms = now_ms + FLOW_AT_REST_MS
        counts = self.sensors.encoder_counts()
        if counts < 0:
            self.fault(alarms.INTERNAL_FAULT, "encoder", "the encoder does not answer")
            return
        deviation = self.flow.deviation_steps(counts, engine.made_low, engine.issued)
        if deviation <= -TOLERANCE_STEPS:
            self.fault(alarms.STALL, "drive", "microsteps missing", deviation)
        elif deviation >= TOLERANCE_STEPS:
            self.fault(alarms.OVER_DELIVERY, "drive", "microsteps over", deviation)

    def _check_line(self, running: bool) -> None:
        outlet_pa = self.pressure_pa = self.sensors.outlet_pa()
        inlet_pa = self.sensors.inlet_pa()
        air = self.sensors.air()
        if self.alarms.entries or inlet_pa < INLET_MIN_PA or outlet_pa > OUTLET_MAX_PA or air:
            self._judge_line(running, outlet_pa, inlet_pa, air)

    def _judge_line(self, running: bool, outlet_pa: int, inlet_pa: int, air: bool) -> None:
        blocked = self.alarms.active(alarms.OCCLUSION_DOWNSTREAM)
        self.set(alarms.OCCLUSION_DOWNSTREAM, outlet_pa > (OUTLET_CLEAR_PA if blocked else OUTLET_MAX_PA), outlet_pa)
        blocked = self.alarms.active(alarms.OCCLUSION_UPSTREAM)
        self.set(alarms.OCCLUSION_UPSTREAM, inlet_pa < (INLET_CLEAR_PA if blocked else INLET_MIN_PA), inlet_pa)
        if self.controller.state != states.PRIMING:
            self.set(alarms.AIR_IN_LINE, air and (running or self.alarms.active(alarms.AIR_IN_LINE)))

    def _check_reservoir(self) -> None:
        controller = self.controller
        if not controller.ledger.filled_nl:
            # Never filled, or drained: there is nothing to run empty, and a start is refused.
            self.set(alarms.RESERVOIR_EMPTY, False)
            self.set(alarms.RESERVOIR_LOW, False)
            return
        if controller.draining():
            # By the count too: one microstep more may be due of what an earlier priming left over.
            counted_out = controller.account.reservoir_steps() == 0 and controller.delivery.all_made()
            if counted_out or self.sensors.at_empty():
                controller.end_bolus(states.DONE)
            return
        volume_nl = controller.account.reservoir_nl()
        empty = controller.account.reservoir_steps() == 0 or self.sensors.at_empty()
        if controller.state != states.REFILL:
            self.set(alarms.RESERVOIR_EMPTY, empty, volume_nl)
        self.set(alarms.RESERVOIR_LOW, volume_nl <= controller.low_reservoir_nl() and not empty, volume_nl)

    def _check_supply(self) -> None:
        battery_mv = self.battery_mv = self.sensors.battery_mv()
        low = BATTERY_LOW_MV + (BATTERY_HYSTERESIS_MV if self.alarms.active(alarms.BATTERY_LOW) else 0)
        empty = BATTERY_EMPTY_MV + (BATTERY_HYSTERESIS_MV if self.alarms.active(alarms.BATTERY_EMPTY) else 0)
        powered = self.sensors.supply_present()
        self.set(alarms.BATTERY_EMPTY, battery_mv < empty and not powered, battery_mv)
        self.set(alarms.BATTERY_LOW, battery_mv < low and not powered, battery_mv)
        heat_mc = self.temperature_mc = self.sensors.temperature_mc()
        limit = TEMPERATURE_MAX_MC - (TEMPERATURE_HYSTERESIS_MC if self.alarms.active(alarms.OVERHEAT) else 0)
        self.set(alarms.OVERHEAT, heat_mc > limit, heat_mc)
        self.set(alarms.COVER_OPEN, self.sensors.cover_open())

    def _check_self(self, now_ms: int) -> None:
        controller = self.controller
        self.set(alarms.CLOCK_LOST, not controller.clock.valid)
        if self.recorder.failure:
            self.set(alarms.JOURNAL_FAULT, True)
        if controller.delivery.guard.corrupt:
            self.fault(alarms.INTERNAL_FAULT, "guard", "the dose guard's counters are damaged")
        if controller.delivery.timer.failed:
            self.fault(alarms.INTERNAL_FAULT, "tick", "the tick handler failed")
        self.set(alarms.LONG_STOP, self._stopped_long(now_ms))

    def _stopped_long(self, now_ms: int) -> bool:
        controller = self.controller
        ledger = controller.ledger
        if not controller.schedule or controller.state not in STANDING or planner.therapy_ended(controller):
            return False
        # Who told the pump when to start again need not be reminded, unless that was asked for too.
        if ledger.start_age_ms and not ledger.remind_min:
            return False
        remind_min = ledger.remind_min or units.STOP_REMINDER_DEFAULT_MIN
        return bool(now_ms - controller.stopped_at_ms >= remind_min * units.MS_PER_MIN)

    def _check_window(self) -> None:
        room = self.controller.delivery.guard.room_steps()
        full = self.alarms.active(alarms.DOSE_LIMIT)
        self.set(alarms.DOSE_LIMIT, room < (2 * WINDOW_RESERVE_STEPS if full else WINDOW_RESERVE_STEPS), room)

    def _answer(self) -> None:
        controller = self.controller
        # Air is primed out of the line: while that goes on it must not stop the motor.
        passing = alarms.AIR_IN_LINE if controller.state == states.PRIMING else 0
        answer = self.alarms.answer(passing)
        if answer == alarms.MOTOR_OFF:
            if controller.state == states.PRIMING:
                self.set(alarms.PRIMING_FAILED, True)
                self.set(alarms.PRIMING_FAILED, False)
            controller.alarm_stop()
            # Once the motor stands, a stall cannot be seen any more: it stays latched, not active.
            for alarm in (alarms.STALL, alarms.OVER_DELIVERY):
                if self.alarms.active(alarm):
                    self.set(alarm, False)
                    self.restart_flow()
        elif answer == alarms.MINIMUM_RATE:
            if controller.state in states.THERAPY:
                controller.minimum_rate(True, states.BY_ALARM)
        elif answer == alarms.BASAL_ONLY and controller.state == states.BOLUS:
            controller.end_bolus(states.BY_ALARM)
        by_alarm = controller.state == states.MINIMUM_RATE and controller.ledger.stop_reason == states.BY_ALARM
        if by_alarm and answer < alarms.MINIMUM_RATE:
            controller.minimum_rate(False, states.BY_ALARM)

    def _stop_button(self) -> None:
        pressed = self.sensors.stop_button()
        if pressed and not self._stop_was_pressed:
            self.controller.stop(states.BY_BUTTON)
        self._stop_was_pressed = pressed
