"""The pump's lasting state: nothing but what the journal's records amount to.

Live operation and the replay after a power cut go through the same `apply`, so the state after a
restart is the state before it. A snapshot is the ledger itself as bytes.
"""

from infuser.core.alarmlist import AlarmList
from infuser.wire import codec, messages, records, states, units
from infuser.wire import program as programs

REPLIES_KEPT = 16
HOURS_KEPT = 24

_SNAPSHOT_FIELDS = (
    ("version", "u8"),
    ("state", "u8"),
    ("stop_reason", "u8"),
    ("state_before_test", "u8"),
    ("reason_before_test", "u8"),
    ("program", "blob"),
    ("filled_nl", "u32"),
    ("steps_at_fill", "u32"),
    ("fill_concentration", "u32"),
    ("bolus_bucket", "u8"),
    ("bolus_volume_nl", "u32"),
    ("bolus_start_steps", "u32"),
    ("bolus_time_ms", "u64"),
    ("utc_offset_min", "i32"),
    ("day", "u32"),
    ("day_steps", "u32"),
    ("hour_steps", "u32"),
    ("hour_list", (("steps", "u32"),)),
    ("outcome_list", (("request_id", "u64"), ("error", "u16"))),
    ("alarm_list", messages.ALARM_FIELDS),
)
_VERSION = 1
NO_BUCKET = 255


class Ledger:
    """State as of the last record applied."""

    def __init__(self) -> None:
        self.state = states.IDLE
        self.stop_reason = states.DONE
        self.state_before_test = states.IDLE
        self.reason_before_test = states.DONE
        self.program = b""
        self.filled_nl = 0
        self.steps_at_fill = 0
        self.fill_concentration = 0
        self.bolus_bucket = NO_BUCKET
        self.bolus_volume_nl = 0
        self.bolus_start_steps = 0
        self.bolus_time_ms = 0
        self.utc_offset_min = 0
        self.day = 0
        self.day_steps = 0
        self.hour_steps = 0
        self.hour_list: list[dict] = []
        self.outcome_list: list[dict] = []
        self.alarms = AlarmList()

    def snapshot(self) -> bytes:
        """The whole ledger as bytes."""
        values = {name: getattr(self, name) for name, _ in _SNAPSHOT_FIELDS[1:-1]}
        values["version"] = _VERSION
        values["alarm_list"] = self.alarms.entries
        return codec.encode(_SNAPSHOT_FIELDS, values)

    def restore(self, snapshot: bytes) -> None:
        """Become what `snapshot` says; codec.CodecError if it is not one of this version."""
        if not snapshot or snapshot[0] != _VERSION:
            raise codec.CodecError("snapshot of another version")
        values = codec.decode(_SNAPSHOT_FIELDS, snapshot)
        for name, _ in _SNAPSHOT_FIELDS[1:-1]:
            setattr(self, name, values[name])
        self.alarms.entries = values["alarm_list"]

    def apply(self, kind: int, fields: dict, time_ms: int) -> None:
        """Take one record into account; kinds without lasting effect change nothing."""
        handler = _APPLY.get(kind)
        if handler:
            handler(self, fields, time_ms)

    def digest(self) -> bytes:
        """Digest of the program in force; empty without one."""
        return programs.digest(self.program) if self.program else b""

    def outcome(self, request_id: int) -> int | None:
        """Error code of a recent changing command, None if it is not known."""
        for entry in self.outcome_list:
            if entry["request_id"] == request_id:
                return entry["error"]
        return None

    def _state(self, fields: dict, time_ms: int) -> None:
        # A second power cut during the self-test must not make the pump forget that therapy was running.
        if fields["new"] == states.SELF_TEST and fields["old"] != states.SELF_TEST:
            self.state_before_test = fields["old"]
            self.reason_before_test = self.stop_reason
        self.state = fields["new"]
        self.stop_reason = fields["reason"]

    def _program(self, fields: dict, time_ms: int) -> None:
        self.program = fields["program"]

    def _command(self, fields: dict, time_ms: int) -> None:
        for entry in self.outcome_list:
            if entry["request_id"] == fields["request_id"]:
                entry["error"] = fields["error"]
                return
        self.outcome_list.append({"request_id": fields["request_id"], "error": fields["error"]})
        del self.outcome_list[:-REPLIES_KEPT]

    def _delivery(self, fields: dict, time_ms: int) -> None:
        therapy = fields["basal_steps"] + fields["patient_bolus_steps"] + fields["clinician_bolus_steps"]
        if fields["closes_hour"]:
            self.hour_list.append({"steps": therapy - self.hour_steps})
            del self.hour_list[:-HOURS_KEPT]
            self.hour_steps = therapy
        if time_ms:
            day = (time_ms + self.utc_offset_min * units.MS_PER_MIN) // units.MS_PER_DAY
            if day != self.day:
                self.day = day
                self.day_steps = therapy

    def _alarm_raised(self, fields: dict, time_ms: int) -> None:
        self.alarms.raise_(fields["alarm"], time_ms, fields["detail"])

    def _alarm_cleared(self, fields: dict, time_ms: int) -> None:
        self.alarms.clear(fields["alarm"])

    def _alarm_ack(self, fields: dict, time_ms: int) -> None:
        self.alarms.acknowledge(fields["alarm"])

    def _bolus_started(self, fields: dict, time_ms: int) -> None:
        self.bolus_bucket = fields["bucket"]
        self.bolus_volume_nl = fields["volume_nl"]
        self.bolus_start_steps = fields["start_steps"]
        if fields["bucket"] != states.PRIME:
            self.bolus_time_ms = time_ms  # the lock-out counts from here

    def _bolus_ended(self, fields: dict, time_ms: int) -> None:
        self.bolus_bucket = NO_BUCKET

    def _refill(self, fields: dict, time_ms: int) -> None:
        self.filled_nl = fields["volume_nl"]
        self.steps_at_fill = fields["steps_total"]
        self.fill_concentration = fields["concentration_ug_per_ml"]

    def _clock(self, fields: dict, time_ms: int) -> None:
        self.utc_offset_min = fields["utc_offset_min"]


_APPLY = {
    records.STATE: Ledger._state,
    records.PROGRAM: Ledger._program,
    records.COMMAND: Ledger._command,
    records.DELIVERY: Ledger._delivery,
    records.ALARM_RAISED: Ledger._alarm_raised,
    records.ALARM_CLEARED: Ledger._alarm_cleared,
    records.ALARM_ACK: Ledger._alarm_ack,
    records.BOLUS_STARTED: Ledger._bolus_started,
    records.BOLUS_ENDED: Ledger._bolus_ended,
    records.REFILL: Ledger._refill,
    records.CLOCK: Ledger._clock,
}
