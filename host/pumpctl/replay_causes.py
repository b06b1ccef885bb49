"""What made a pump do something of its own accord: buttons and faults, read out of the records that they left."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from infuser.core.ledger import Ledger
from infuser.wire import alarms, records, states
from pumpctl.logchain import Record

# Pressures that are beyond doubt: past the limit of their alarm, and nothing at all.
_BLOCKED_PA = 90000
_SUCTION_PA = -12000


@dataclass(frozen=True)
class Deed:
    """One thing done to the scratch pump's world: `op` press, fault, set or drain, with a name and a value."""

    op: str
    name: str = ""
    value: Any = None


_BLOCK = (Deed("fault", "occlude", True), Deed("set", "outlet-pa", _BLOCKED_PA))
_OPEN = (Deed("fault", "occlude", False),)
# alarm -> what brings it about at the pump's next look, and what ends it.
_PLAYED = {
    alarms.OCCLUSION_DOWNSTREAM: (_BLOCK, _OPEN),
    alarms.OCCLUSION_UPSTREAM: (
        (Deed("fault", "occlude-upstream", True), Deed("set", "inlet-pa", _SUCTION_PA)),
        (Deed("fault", "occlude-upstream", False),),
    ),
    alarms.AIR_IN_LINE: ((Deed("fault", "air", True),), (Deed("fault", "air", False),)),
    alarms.RESERVOIR_EMPTY: ((Deed("drain"),), ()),
    alarms.CLOCK_LOST: ((Deed("fault", "clock-lost", True),), (Deed("fault", "clock-lost", False),)),
}
# These follow from what the pump counts and is told, so that the scratch pump comes to them by itself.
OWN = (
    alarms.RESERVOIR_LOW,
    alarms.DOSE_LIMIT,
    alarms.LONG_STOP,
    alarms.POWER_RESTORED,
    alarms.RESUME_FAILED,
    alarms.THERAPY_ENDED,
    alarms.STOP_START,
)


class Causes:
    """Turns records that no command has left into deeds; remembers which alarm another one stands in for."""

    def __init__(self) -> None:
        self.stood_in: dict[int, int] = {}  # alarm of the log -> alarm of the scratch pump
        self._standing: set[int] = set()

    def of(self, members: Sequence[Record], ledger: Ledger) -> tuple[list[Deed], list[Deed]]:
        """What has to be done just before the turn of the pump's loop that left these records, and right after it."""
        deeds: list[Deed] = []
        after: list[Deed] = []
        raised: set[int] = set()
        for record in members:
            kind, fields = record["kind"], record["fields"]
            if kind in (records.BOLUS_STARTED, records.BOLUS_REFUSED) and fields["bucket"] == states.PATIENT_BOLUS:
                deeds.append(Deed("press", "patient"))
            elif kind == records.STATE and fields["reason"] == states.BY_BUTTON:
                deeds.append(Deed("press", "stop"))
            elif kind == records.ALARM_RAISED:
                raised.add(fields["alarm"])
                deeds += self._raised(fields["alarm"], ledger)
            elif kind == records.ALARM_CLEARED:
                (after if fields["alarm"] in raised else deeds).extend(self._cleared(fields["alarm"]))
            elif kind == records.STATE and _stopped_by_alarm(fields) and not self._explained(members):
                deeds += self._raised(alarms.INTERNAL_FAULT, ledger)
        return deeds, after

    def beside(self, members: Sequence[Record], ledger: Ledger) -> list[Deed]:
        """What has to be done before a command or a power-on, for alarms that came or went with it."""
        deeds: list[Deed] = []
        for record in members:
            if record["kind"] == records.ALARM_CLEARED:
                deeds += self._cleared(record["fields"]["alarm"])
            elif record["kind"] == records.ALARM_RAISED:
                deeds += self._raised(record["fields"]["alarm"], ledger)
        return deeds

    def alarm(self, alarm: int) -> int:
        """The alarm of the scratch pump that an alarm of the log is there."""
        return self.stood_in.get(alarm, alarm)

    def _explained(self, members: Sequence[Record]) -> bool:
        raised = [one["fields"]["alarm"] for one in members if one["kind"] == records.ALARM_RAISED]
        return any(_stops(alarm) for alarm in raised) or bool(self._standing)

    def _raised(self, alarm: int, ledger: Ledger) -> list[Deed]:
        if alarm in OWN or not (_stops(alarm) or alarm == alarms.CLOCK_LOST):
            return []
        if alarm == alarms.RESERVOIR_EMPTY and not ledger.filled_nl:
            return []
        played = alarm if alarm in _PLAYED else alarms.OCCLUSION_DOWNSTREAM
        if played != alarm:
            self.stood_in[alarm] = played
        self._standing.add(alarm)
        return list(_PLAYED[played][0])

    def _cleared(self, alarm: int) -> list[Deed]:
        if alarm not in self._standing:
            return []
        self._standing.discard(alarm)
        played = self.alarm(alarm)
        if any(self.alarm(other) == played for other in self._standing):
            return []
        return list(_PLAYED[played][1])


def _stops(alarm: int) -> bool:
    return alarms.answer(alarm) == alarms.MOTOR_OFF


def _stopped_by_alarm(fields: dict[str, Any]) -> bool:
    return bool(fields["new"] == states.ALARM_STOPPED and fields["reason"] == states.BY_ALARM)
