"""Boluses and priming: at most one volume runs at a time, the patient's before the clinician's before the periodic one.

Whatever waits is held where it stands and goes on afterwards. None survives a restart: a bolus is
never given twice.
"""

from infuser.core import lockout
from infuser.wire import alarms, errors, records, states, units

# Highest precedence first.
_ORDER = (states.PRIME, states.PATIENT_BOLUS, states.CLINICIAN_BOLUS, states.PERIODIC_BOLUS)


class Boluses:
    """What runs on top of the basal rate. The controller changes states; this keeps the volumes."""

    def __init__(self, delivery, recorder, basal) -> None:
        self.delivery = delivery
        self.recorder = recorder
        self.ledger = recorder.ledger
        self.basal = basal

    def running(self) -> dict | None:
        """The ledger's entry of the volume that is being delivered."""
        for entry in self.ledger.bolus_list:
            if not entry["held"]:
                return entry
        return None

    def rate_nl_per_day(self) -> int:
        """Rate that the guard must pass for what runs, rounded up; 0 if nothing does."""
        entry = self.running()
        if not entry:
            return 0
        meter = self.delivery.meter
        channel = meter.channels[entry["bucket"]]
        # The fraction of a picolitre in each quantum is rounded up to a whole one.
        return -(-(channel.pl + 1) * units.QUANTA_PER_DAY // units.PL_PER_NL)

    def begin(self, bucket: int, volume_nl: int, dose_ng: int, duration_ms: int, operator: str = "", **more) -> None:
        """Journal a volume and hand it to the meter; a running one of lower precedence is held."""
        self.basal.verify()  # the volume came from there
        self.delivery.sync()
        self.recorder.note(
            records.BOLUS_STARTED,
            bucket=bucket,
            dose_ng=dose_ng,
            volume_nl=volume_nl,
            duration_ms=duration_ms,
            start_steps=self.delivery.bucket_steps()[bucket],
            purpose=more.get("purpose", states.PRIMING_CATHETER),
            next_due_ms=more.get("next_due_ms", 0),
            operator=operator,
        )
        most_nl = more.get("most_nl", units.BOLUS_MAX_NL)
        self.delivery.sync()
        self.delivery.begin_volume(bucket, volume_nl, duration_ms, most_nl)
        self.arrange()

    def arrange(self) -> None:
        """Let the volume of the highest precedence run and hold the others."""
        first = None
        for bucket in _ORDER:
            entry = self.ledger.bolus(bucket)
            if entry is None:
                continue
            held = first is not None
            first = first or entry
            if entry["held"] != held:
                self.delivery.sync()
                if held:
                    self.delivery.meter.hold(bucket)
                else:
                    self.delivery.meter.release(bucket)
                self.recorder.note(records.BOLUS_HELD, bucket=bucket, held=held)

    def finished(self) -> bool:
        """Whether the volume that runs is delivered to its end."""
        entry = self.running()
        if entry is None or not self.delivery.volume_done(entry["bucket"]):
            return False
        # After priming the motor is stopped: its last pulses must be made by then.
        return entry["bucket"] != states.PRIME or self.delivery.all_made()

    def end(self, bucket: int, reason: int) -> int:
        """End a volume where it stands; returns what was delivered of it in nL."""
        self.delivery.cancel(bucket)
        return self.note_end(bucket, reason)

    def end_all(self, reason: int) -> int:
        """End every volume where it stands; returns what was delivered of them in nL."""
        delivered_nl = 0
        for entry in list(self.ledger.bolus_list):
            delivered_nl += self.end(entry["bucket"], reason)
        return delivered_nl

    def note_end(self, bucket: int, reason: int) -> int:
        """Journal the end of a volume that no longer runs; returns what was delivered of it in nL."""
        entry = self.ledger.bolus(bucket)
        # After a power cut the count saved last may be older than the bolus.
        steps = max(0, self.delivery.bucket_steps()[bucket] - entry["start_steps"])
        volume_nl = units.steps_volume_nl(steps, self.delivery.meter.step_pl)
        self.recorder.note(records.BOLUS_ENDED, bucket=bucket, steps=steps, volume_nl=volume_nl, reason=reason)
        if not self.ledger.bolus_list:
            self.delivery.guard.revoke()
        return volume_nl

    # The patient's button

    def patient_refusal(self, state: int, age_ms: int) -> int:
        """The error code that refuses a patient's bolus now, OK if nothing does."""
        schedule = self.basal.schedule
        if not schedule:
            return errors.NO_PROGRAM
        if state not in states.THERAPY:
            return errors.WRONG_STATE
        refused = lockout.refusal(schedule.program, self.given_ms(), age_ms)
        if refused != errors.OK:
            return refused
        if self.ledger.alarms.answer() >= alarms.BASAL_ONLY:
            return errors.RESERVOIR_LOW
        if self.ledger.bridge_nl:
            return errors.BRIDGE_ACTIVE
        if self.ledger.bolus(states.PATIENT_BOLUS):
            return errors.BOLUS_ACTIVE
        return errors.OK if self.fits(schedule.patient_nl) else errors.DOSE_LIMIT

    def fits(self, volume_nl: int) -> bool:
        """Whether a volume fits the reservoir and, with what still waits, the dose windows."""
        return volume_nl <= self.room_nl()

    def room_nl(self) -> int:
        """Volume that the dose windows still admit beside the boluses under way."""
        step_pl = self.delivery.meter.step_pl
        room_nl = units.steps_volume_nl(max(0, self.delivery.guard.room_steps()), step_pl)
        for entry in self.ledger.bolus_list:
            given = self.delivery.bucket_steps()[entry["bucket"]] - entry["start_steps"]
            room_nl -= max(0, entry["volume_nl"] - units.steps_volume_nl(given, step_pl))
        return max(0, room_nl)

    def given_ms(self) -> list[int]:
        """Ages at which the last patient boluses began, oldest first."""
        return [entry["age_ms"] for entry in self.ledger.patient_list]

    def refuse(self, bucket: int, error: int, dose_ng: int, next_due_ms: int = 0) -> None:
        """Journal a bolus that was asked for or due and not given (EC1, EC13, EC20)."""
        self.recorder.note(records.BOLUS_REFUSED, bucket=bucket, error=error, dose_ng=dose_ng, next_due_ms=next_due_ms)

    # Periodic boluses, counted in the pump's own time: no clock set wrong gives one twice

    def periodic_due_ms(self, age_ms: int) -> int:
        """Age at which the next periodic bolus is due, 0 without any; one that was missed is not made up for."""
        schedule = self.basal.schedule
        if not schedule or not schedule.periodic_nl:
            return 0
        due_ms = self.ledger.periodic_age_ms or age_ms + schedule.interval_ms
        if due_ms < age_ms:
            due_ms += -(-(age_ms - due_ms) // schedule.interval_ms) * schedule.interval_ms
        return due_ms

    def periodic_refusal(self) -> int:
        """The error code that refuses a periodic bolus now, OK if nothing does."""
        if self.ledger.alarms.answer() >= alarms.BASAL_ONLY:
            return errors.RESERVOIR_LOW
        if self.ledger.bridge_nl:
            return errors.BRIDGE_ACTIVE
        if self.ledger.bolus(states.PERIODIC_BOLUS):
            return errors.BOLUS_ACTIVE
        return errors.OK if self.fits(self.basal.schedule.periodic_nl) else errors.DOSE_LIMIT
