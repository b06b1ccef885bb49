"""Watches sensors and counters and makes the pump answer the alarms that come of it."""

from infuser.app import planner
from infuser.app.alarming import Alarming
from infuser.app.watch_device import DeviceWatch
from infuser.app.watch_flow import FlowWatch
from infuser.app.watch_line import LOOK_MS, LineWatch
from infuser.core import repeats
from infuser.wire import alarms, states, units

# The 24 h window is taken as full this many microsteps early, so that the guard need not cut in.
WINDOW_RESERVE_STEPS = 16

STANDING = (states.IDLE, states.SUSPENDED, states.ALARM_STOPPED, states.REFILL)
_NO_FLOW = (alarms.STALL, alarms.UNDER_DELIVERY)


class Watch(Alarming):
    """Compares what is measured with what should be; alarms are the result."""

    def __init__(self, controller, sensors) -> None:
        super().__init__(controller)
        self.sensors = sensors
        self.flow = FlowWatch(self, sensors)
        self.line = LineWatch(self, sensors)
        self.device = DeviceWatch(self, sensors)
        self._line_due_ms = 0
        self._counted = -1
        self._stop_was_pressed = False
        self._stop_list: list[int] = []  # when the last stop commands came

    def begin(self) -> None:
        """Take the present position as agreed and read everything once."""
        self.end_told()
        self.flow.restart()
        self.poll(self.controller.timebase.age_ms())

    def poll(self, now_ms: int) -> None:
        """Read what is due, raise and clear, and make the controller answer."""
        self._stop_button()
        delivery = self.controller.delivery
        running = delivery.running
        self.flow.poll(now_ms, running)
        if now_ms >= self._line_due_ms:
            self._line_due_ms = now_ms + (0 if delivery.turn_ms() < LOOK_MS else LOOK_MS)
            self.line.poll(now_ms, running)
            # Counters that stand still say what they said before; the empty switch does not.
            counted = delivery.guard.mark()
            priming = self.controller.state == states.PRIMING
            if counted != self._counted or priming or self.alarms.entries or self.sensors.at_empty():
                self._counted = counted
                self._check_reservoir()
                self._check_window()
        if self.device.poll(now_ms):
            self.set(alarms.LONG_STOP, self._stopped_long(now_ms))
            self.escalate(now_ms)
        if self.alarms.entries or self.controller.ledger.stop_reason == states.BY_ALARM:
            self._answer()

    def hurry(self) -> None:
        """Measure all of it in the next turn."""
        self.flow.hurry()
        self.device.hurry()
        self._line_due_ms = 0
        self._counted = -1

    def count_stop(self) -> None:
        """A stop command has come: a flood of them is told, for each keeps the therapy from the patient (EC23)."""
        now_ms = self.controller.timebase.age_ms()
        self._stop_list.append(now_ms)
        del self._stop_list[: -repeats.STOPS_KEPT]
        # Told once: a flood must not fill the log with alarms either.
        if repeats.flooded(self._stop_list, now_ms) and not self.alarms.find(alarms.STOP_FLOOD):
            self._stop_list = []
            self.tell(alarms.STOP_FLOOD, repeats.STOPS_KEPT)

    def restart_flow(self) -> None:
        """Take the present position as agreed: what was measured before no longer counts."""
        self.flow.restart()

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
        answer = self._asked()
        if answer == alarms.MOTOR_OFF:
            if controller.state == states.PRIMING and not self.alarms.find(alarms.PRIMING_FAILED):
                self.tell(alarms.PRIMING_FAILED)
            controller.alarm_stop()
            # Once the motor stands, a wrong flow cannot be seen any more: it stays latched, not active.
            if self.alarms.active(alarms.OVER_DELIVERY):
                self.set(alarms.OVER_DELIVERY, False)
                self.flow.restart()
        elif answer == alarms.MINIMUM_RATE:
            if controller.state in states.THERAPY:
                controller.minimum_rate(True, states.BY_ALARM)
        elif answer == alarms.BASAL_ONLY and controller.state == states.BOLUS:
            controller.end_bolus(states.BY_ALARM)
        by_alarm = controller.state == states.MINIMUM_RATE and controller.ledger.stop_reason == states.BY_ALARM
        if by_alarm and answer < alarms.MINIMUM_RATE:
            controller.minimum_rate(False, states.BY_ALARM)

    def _asked(self) -> int:
        """The strongest answer that the alarms ask for in the present state."""
        if self.controller.state != states.PRIMING:
            return self.alarms.answer()
        # Off the patient there is nothing to keep going (EC6). But air is primed out of the line.
        if any(self.alarms.active(alarm) for alarm in _NO_FLOW):
            return alarms.MOTOR_OFF
        return self.alarms.answer(alarms.AIR_IN_LINE)

    def _stop_button(self) -> None:
        pressed = self.sensors.stop_button()
        if pressed and not self._stop_was_pressed:
            self.controller.stop(states.BY_BUTTON)
        self._stop_was_pressed = pressed
