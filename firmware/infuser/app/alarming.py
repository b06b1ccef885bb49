"""Raises and clears alarms: delay, latching, escalation, and the record of each."""

from infuser.wire import alarms, records

# What `tell` tells of: it has happened and is over.
TOLD = (
    alarms.PRIMING_FAILED,
    alarms.POWER_RESTORED,
    alarms.RESUME_FAILED,
    alarms.THERAPY_ENDED,
    alarms.STOP_START,
    alarms.STOP_FLOOD,
    alarms.STORAGE_FAULT,
)


class Alarming:
    """The one way in which an alarm comes and goes; `alarms` is the list of those present."""

    def __init__(self, controller) -> None:
        self.controller = controller
        self.recorder = controller.recorder
        self.alarms = controller.ledger.alarms
        self._pending: dict[int, int] = {}  # alarm -> age at which its cause was first seen

    def set(self, alarm: int, present: bool, detail: int = 0) -> None:
        """Raise an alarm whose cause has lasted, or clear one whose cause is gone; otherwise nothing."""
        if present != self.alarms.active(alarm):
            if not present or self._has_lasted(alarm):
                self._change(alarm, present, detail)
        elif self._pending:
            self._pending.pop(alarm, None)

    def waiting(self) -> bool:
        """Whether a cause is present that is no alarm yet."""
        return bool(self._pending)

    def _has_lasted(self, alarm: int) -> bool:
        delay_ms = alarms.delay_ms(alarm)
        if not delay_ms:
            return True
        now_ms = self.controller.timebase.age_ms()
        if now_ms - self._pending.setdefault(alarm, now_ms) < delay_ms:
            return False
        del self._pending[alarm]
        return True

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

    def tell(self, alarm: int, detail: int = 0) -> None:
        """Raise a latching alarm about something that has happened and is over: it stays until it is answered."""
        self.set(alarm, True, detail)
        self.set(alarm, False)

    def end_told(self) -> None:
        """The power may have failed between the two records of `tell`: what is over must not bar the way for good."""
        for alarm in TOLD:
            self.set(alarm, False)

    def fault(self, alarm: int, part: str, text: str, detail: int = 0) -> None:
        """Raise an alarm and put into the log what was found where."""
        if not self.alarms.active(alarm):
            self.set(alarm, True, detail)
            self.recorder.note(records.FAULT, part=part, detail=detail, masked=False, text=text)

    def degraded(self, part: str, text: str) -> None:
        """Log what is wrong with something stored that therapy can do without, and have somebody look at it."""
        self.recorder.note(records.FAULT, part=part, detail=0, masked=False, text=text)
        self.tell(alarms.STORAGE_FAULT)

    def masked(self, part: str, text: str, detail: int = 0) -> None:
        """Log a fault that changes nothing for the patient; it is no alarm (EC22)."""
        self.recorder.note(records.FAULT, part=part, detail=detail, masked=True, text=text)

    def escalate(self, now_ms: int) -> None:
        """Signal one priority higher what nobody has answered for too long."""
        entry = self.alarms.neglected(now_ms)
        while entry:
            self.recorder.note(records.ALARM_ESCALATED, alarm=entry["alarm"], priority=entry["priority"] + 1)
            entry = self.alarms.neglected(now_ms)
