"""The alarms present, in order of occurrence: raised, cleared, acknowledged, latched."""

from infuser.wire import alarms


class AlarmList:
    """Entries follow ALARM_FIELDS; a condition that clears and returns is a new occurrence."""

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

    def raise_(self, alarm: int, since_ms: int, detail: int) -> None:
        """The cause of an alarm appeared."""
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
            }
        )

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
