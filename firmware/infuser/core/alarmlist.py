"""The alarms present, in order of occurrence: raised, cleared, acknowledged, latched."""

from infuser.wire import alarms


class AlarmList:
    """Entries follow snapshot.ALARM_FIELDS; a condition that clears and returns is a new occurrence."""

    def __init__(self) -> None:
        self.entries: list[dict] = []

    def find(self, alarm: int) -> dict | None:
        """The entry of an alarm that is present."""
        for entry in self.entries:
            if entry["alarm"] == alarm:
                return entry
        return None

    def active(self, alarm: int) -> bool:
        """Whether the alarm's cause is present."""
        entry = self.find(alarm)
        return entry is not None and entry["active"]

    def raise_(self, alarm: int, since_ms: int, raised_ms: int, detail: int) -> None:
        """The cause of an alarm appeared, by the wall clock and by the pump's age."""
        entry = self.find(alarm)
        if entry:
            self.entries.remove(entry)
        self.entries.append(
            {
                "alarm": alarm,
                "priority": alarms.priority(alarm),
                "since_ms": since_ms,
                "active": True,
                "acknowledged": False,
                "latched": alarms.latching(alarm),
                "detail": detail,
                "raised_ms": raised_ms,
            }
        )

    def escalate(self, alarm: int, priority: int) -> None:
        """Signal an alarm that nobody answered at a higher priority; its next occurrence begins at its own."""
        entry = self.find(alarm)
        if entry:
            entry["priority"] = priority

    def neglected(self, age_ms: int) -> dict | None:
        """An alarm that waits for an answer for longer than it may, and is not signalled higher yet."""
        for entry in self.entries:
            alarm = entry["alarm"]
            limit_ms = alarms.escalate_ms(alarm)
            if limit_ms and not entry["acknowledged"] and entry["priority"] == alarms.priority(alarm):
                if age_ms - entry["raised_ms"] >= limit_ms:
                    return entry
        return None

    def stopper(self) -> int:
        """The last alarm present that stops the motor, 0 for none."""
        for entry in reversed(self.entries):
            if alarms.answer(entry["alarm"]) == alarms.MOTOR_OFF:
                return entry["alarm"]
        return 0

    def clear(self, alarm: int) -> None:
        """The cause is gone; a latching alarm stays until it is acknowledged."""
        entry = self.find(alarm)
        if entry:
            entry["active"] = False
            self._drop_finished(entry)

    def acknowledge(self, alarm: int) -> int:
        """Acknowledge one alarm, or all with 0; returns how many."""
        count = 0
        for entry in list(self.entries):
            if alarm in (0, entry["alarm"]) and not entry["acknowledged"]:
                entry["acknowledged"] = True
                count += 1
                self._drop_finished(entry)
        return count

    def _drop_finished(self, entry: dict) -> None:
        if not entry["active"] and (entry["acknowledged"] or not entry["latched"]):
            self.entries.remove(entry)

    def answer(self, but: int = 0) -> int:
        """The strongest answer that the alarms present ask for, one of them left out if wanted."""
        strongest = alarms.KEEP
        for entry in self.entries:
            if entry["alarm"] != but:
                strongest = max(strongest, alarms.answer(entry["alarm"]))
        return strongest

    def priority(self) -> int:
        """Highest priority present, 0 for none: what the lamp shows."""
        return max([entry["priority"] for entry in self.entries], default=0)

    def unanswered(self) -> bool:
        """Whether something present has not been acknowledged: what the sounder says."""
        return any(not entry["acknowledged"] for entry in self.entries)
