"""The pump's lasting state: nothing but what the journal's records amount to.

Live operation and the replay after a power cut go through the same `apply`, so the state after a
restart is the state before it. A snapshot is the ledger itself as bytes.
"""

from infuser.core import outcomes, repeats, snapshot
from infuser.core.alarmlist import AlarmList
from infuser.wire import alarms, messages, records, states, units
from infuser.wire import program as programs

HOURS_KEPT = 24


class Ledger:
    """State as of the last record applied."""

    def __init__(self) -> None:
        self.state = states.IDLE
        self.stop_reason = states.DONE
        self.state_before_test = states.IDLE
        self.reason_before_test = states.DONE
        self.program = b""
        self.program_age_ms = 0  # when it came into force
        self.filled_nl = 0
        self.steps_at_fill = 0
        self.fill_concentration = 0
        # Boluses and priming under way; one that is held waits for another to end.
        self.bolus_list: list[dict] = []
        self.clinician_age_ms = 0  # when the last clinician's bolus began, 0 for never
        self.patient_list: list[dict] = []
        self.periodic_age_ms = 0  # when the next periodic bolus is due, 0 for none
        self.start_age_ms = 0  # when therapy starts by itself, 0 for not
        self.remind_min = 0
        self.temporary_ng_per_day = 0
        self.temporary_end_ms = 0
        self.plan_position = 0
        self.plan_ng_per_day = 0
        self.plan_held = False
        self.plan_shift_min = 0
        self.plan_age_ms = 0  # when the plan's dose or hold last changed
        self.bridge_nl = 0
        self.bridge_nl_per_day = 0
        self.bridge_minimum_nl_per_day = 0
        self.bridge_concentration = 0
        self.bridge_start_steps = 0
        self.step_pl = units.STEP_PL_NOMINAL
        self.calibration_ppm = 0
        self.calibrated_ms = 0
        # Volumes of therapy up to the last calibration, and the count of microsteps then.
        self.total_nl = 0
        self.total_steps = 0
        self.utc_offset_min = 0
        self.day = 0
        self.day_nl = 0
        self.day_steps = 0
        self.hour_steps = 0
        self.hour_list: list[dict] = []
        self.outcome_list: list[dict] = []
        self.anybodys_list: list[dict] = []
        self.crash_list: list[dict] = []  # the last starts after the program had failed
        self.trip_list: list[dict] = []  # the last stops by an alarm, and by which
        self.library = ""
        self.library_version = 0
        self.library_digest = b""
        self.trust_digest = b""
        self.keys_digest = b""
        self.sign_in_failures = 0  # since the last success
        self.sign_in_age_ms = 0  # when the last of them was
        # Microsteps of each bucket in the last DELIVERY record, and the volume of boluses that may have followed it.
        self.counter_list: list[dict] = []
        self.bolus_since_nl = 0
        self.prescriber_digest = b""
        self.signed_only = False  # no program but one that the prescriber has signed
        self.alarms = AlarmList()

    def snapshot(self) -> bytes:
        """The whole ledger as bytes."""
        return snapshot.encode(self)

    def restore(self, data: bytes) -> None:
        """Become what a snapshot says; see snapshot.restore."""
        snapshot.restore(self, data)

    def apply(self, kind: int, fields: dict, time_ms: int, age_ms: int) -> None:
        """Take one record into account; kinds without lasting effect change nothing."""
        handler = _APPLY.get(kind)
        if handler:
            handler(self, fields, time_ms)
        elif kind in _APPLY_AGED:
            _APPLY_AGED[kind](self, fields, age_ms)
        elif kind == records.ALARM_RAISED:
            self._alarm_raised(fields, time_ms, age_ms)

    def bolus(self, bucket: int) -> dict | None:
        """The bolus or priming of a bucket that is under way or held."""
        for entry in self.bolus_list:
            if entry["bucket"] == bucket:
                return entry
        return None

    def digest(self) -> bytes:
        """Digest of the program in force; empty without one."""
        return programs.digest(self.program) if self.program else b""

    def outcome(self, request_id: int, role: int | None = None) -> int | None:
        """errors.OK or BEGUN of a recent changing command, None if it is not known: refused, or never heard.

        With `role` only of a command that needs one, or of one that needs none: a stranger may claim another's id.
        """
        error = None if role == messages.NOBODY else outcomes.find(self.outcome_list, request_id)
        return outcomes.find(self.anybodys_list, request_id) if error is None and not role else error

    def _boot(self, fields: dict, age_ms: int) -> None:
        # Microsteps in doubt are in no counter; the hour counts them as delivered.
        self.hour_steps -= fields["steps_uncertain"]
        if fields["cause"] in repeats.CRASHES:
            self.crash_list.append({"age_ms": age_ms})
            del self.crash_list[: -repeats.KEPT]

    def _state(self, fields: dict, age_ms: int) -> None:
        if fields["new"] == states.ALARM_STOPPED and fields["reason"] == states.BY_ALARM:
            self.trip_list.append({"alarm": self.alarms.stopper(), "age_ms": age_ms})
            del self.trip_list[: -repeats.KEPT]
        # A second power cut during the self-test must not make the pump forget that therapy was running.
        if fields["new"] == states.SELF_TEST and fields["old"] != states.SELF_TEST:
            self.state_before_test = fields["old"]
            self.reason_before_test = self.stop_reason
        self.periodic_age_ms = fields["next_due_ms"]
        self.state = fields["new"]
        self.stop_reason = fields["reason"]

    def _program(self, fields: dict, age_ms: int) -> None:
        self.program = fields["program"]
        self.program_age_ms = age_ms
        self.plan_position = self.plan_ng_per_day = self.plan_shift_min = self.plan_age_ms = 0
        self.plan_held = False
        self.temporary_ng_per_day = self.temporary_end_ms = self.periodic_age_ms = 0

    def _command(self, fields: dict, time_ms: int) -> None:
        outcomes.take(self.outcome_list, self.anybodys_list, fields)

    def _delivery(self, fields: dict, time_ms: int) -> None:
        therapy = 0
        for name in records.THERAPY_NAMES:
            therapy += fields[name]
        self.counter_list = [{"steps": fields[name]} for name in records.COUNTER_NAMES]
        self.bolus_since_nl = sum([entry["volume_nl"] for entry in self.bolus_list])
        if fields["closes_hour"]:
            # After a power cut the count saved last may be older than the hour.
            self.hour_list.append({"steps": max(0, therapy - self.hour_steps)})
            del self.hour_list[:-HOURS_KEPT]
            self.hour_steps = therapy
        if time_ms:
            day = (time_ms + self.utc_offset_min * units.MS_PER_MIN) // units.MS_PER_DAY
            if day != self.day:
                self.day = day
                self.day_nl = 0
                self.day_steps = therapy

    def _alarm_raised(self, fields: dict, time_ms: int, age_ms: int) -> None:
        self.alarms.raise_(fields["alarm"], time_ms, age_ms, fields["detail"])

    def _alarm_escalated(self, fields: dict, time_ms: int) -> None:
        self.alarms.escalate(fields["alarm"], fields["priority"])

    def _alarm_cleared(self, fields: dict, time_ms: int) -> None:
        self.alarms.clear(fields["alarm"])

    def _alarm_ack(self, fields: dict, time_ms: int) -> None:
        if fields["alarm"] in (0, alarms.STOP_START) and self.alarms.find(alarms.STOP_START):
            self.trip_list = []
        self.alarms.acknowledge(fields["alarm"])

    def _bolus_started(self, fields: dict, age_ms: int) -> None:
        bucket = fields["bucket"]
        entry = {name: fields[name] for name in ("bucket", "volume_nl", "start_steps", "purpose")}
        entry["held"] = False
        self.bolus_list.append(entry)
        self.bolus_since_nl += fields["volume_nl"]
        # Lock-outs count from here.
        if bucket == states.CLINICIAN_BOLUS:
            self.clinician_age_ms = age_ms
        elif bucket == states.PATIENT_BOLUS:
            self.patient_list.append({"age_ms": age_ms})
            del self.patient_list[: -units.PATIENT_BOLUSES_PER_DAY_MAX]
        elif bucket == states.PERIODIC_BOLUS:
            self.periodic_age_ms = fields["next_due_ms"]

    def _bolus_ended(self, fields: dict, time_ms: int) -> None:
        entry = self.bolus(fields["bucket"])
        if entry:
            self.bolus_list.remove(entry)

    def _bolus_refused(self, fields: dict, time_ms: int) -> None:
        if fields["bucket"] == states.PERIODIC_BOLUS:
            self.periodic_age_ms = fields["next_due_ms"]

    def _bolus_held(self, fields: dict, time_ms: int) -> None:
        entry = self.bolus(fields["bucket"])
        if entry:
            entry["held"] = fields["held"]

    def _temporary(self, fields: dict, age_ms: int) -> None:
        self.temporary_ng_per_day = fields["dose_ng_per_day"]
        self.temporary_end_ms = age_ms + fields["duration_ms"] if fields["dose_ng_per_day"] else 0

    def _start_at(self, fields: dict, time_ms: int) -> None:
        self.start_age_ms = fields["start_age_ms"]
        self.remind_min = fields["remind_min"]

    def _plan(self, fields: dict, age_ms: int) -> None:
        self.plan_position = fields["position"]
        self.plan_ng_per_day = fields["dose_ng_per_day"]
        self.plan_held = fields["held"]
        self.plan_shift_min = fields["shift_min"]
        self.plan_age_ms = age_ms

    def _bridge(self, fields: dict, time_ms: int) -> None:
        self.bridge_nl = fields["volume_nl"]
        self.bridge_nl_per_day = fields["rate_nl_per_day"]
        self.bridge_minimum_nl_per_day = fields["minimum_nl_per_day"]
        self.bridge_concentration = fields["concentration_ug_per_ml"]
        self.bridge_start_steps = fields["start_steps"]

    def _calibration(self, fields: dict, time_ms: int) -> None:
        self.step_pl = fields["step_pl"]
        self.calibration_ppm = fields["uncertainty_ppm"]
        self.calibrated_ms = time_ms
        self.total_nl = fields["total_nl"]
        self.total_steps = fields["therapy_steps"]
        self.day_nl = fields["today_nl"]
        self.day_steps = fields["therapy_steps"]
        self.filled_nl = fields["reservoir_nl"]
        self.steps_at_fill = fields["steps_total"]

    def _refill(self, fields: dict, time_ms: int) -> None:
        self.filled_nl = fields["volume_nl"]
        self.steps_at_fill = fields["steps_total"]
        self.fill_concentration = fields["concentration_ug_per_ml"]

    def _clock(self, fields: dict, time_ms: int) -> None:
        self.utc_offset_min = fields["utc_offset_min"]

    def _library(self, fields: dict, time_ms: int) -> None:
        self.library = fields["library"]
        self.library_version = fields["version"]
        self.library_digest = fields["digest"]

    def _trust(self, fields: dict, time_ms: int) -> None:
        self.trust_digest = fields["digest"]

    def _keys(self, fields: dict, time_ms: int) -> None:
        self.keys_digest = fields["digest"]
        self.sign_in_failures = 0

    def _prescriber(self, fields: dict, time_ms: int) -> None:
        self.prescriber_digest = fields["digest"]
        self.signed_only = fields["required"]

    def _sign_in(self, fields: dict, age_ms: int) -> None:
        self.sign_in_failures = 0 if fields["accepted"] else fields["failures"]
        self.sign_in_age_ms = age_ms


_APPLY = {
    records.COMMAND: Ledger._command,
    records.DELIVERY: Ledger._delivery,
    records.ALARM_CLEARED: Ledger._alarm_cleared,
    records.ALARM_ACK: Ledger._alarm_ack,
    records.ALARM_ESCALATED: Ledger._alarm_escalated,
    records.BOLUS_ENDED: Ledger._bolus_ended,
    records.BOLUS_HELD: Ledger._bolus_held,
    records.BOLUS_REFUSED: Ledger._bolus_refused,
    records.START_AT: Ledger._start_at,
    records.BRIDGE: Ledger._bridge,
    records.CALIBRATION: Ledger._calibration,
    records.REFILL: Ledger._refill,
    records.CLOCK: Ledger._clock,
    records.LIBRARY: Ledger._library,
    records.TRUST: Ledger._trust,
    records.KEYS: Ledger._keys,
    records.PRESCRIBER: Ledger._prescriber,
}
_APPLY_AGED = {
    records.BOOT: Ledger._boot,
    records.STATE: Ledger._state,
    records.PROGRAM: Ledger._program,
    records.SIGN_IN: Ledger._sign_in,
    records.BOLUS_STARTED: Ledger._bolus_started,
    records.TEMPORARY_RATE: Ledger._temporary,
    records.PLAN: Ledger._plan,
}
