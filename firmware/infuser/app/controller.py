"""The pump's state machine: what runs, what stops it, and what it falls back to."""

from infuser.app import planner, readiness
from infuser.app.account import Account
from infuser.app.basal import Basal
from infuser.app.boluses import Boluses
from infuser.app.checks import wrong_state
from infuser.core import reservoir
from infuser.core.schedule import Schedule
from infuser.wire import alarms, errors, records, states, units

# A start that was put off stays so in these; priming makes it wait.
_KEEPING_START = (states.IDLE, states.SUSPENDED, states.SELF_TEST, states.PRIMING)
_WHY = {
    states.CLINICIAN_BOLUS: states.BY_COMMAND,
    states.PATIENT_BOLUS: states.BY_PATIENT,
    states.PERIODIC_BOLUS: states.BY_TIMER,
}


class Controller:
    """Owns the transitions between states; every one of them is journalled."""

    def __init__(self, delivery, recorder, library) -> None:
        self.delivery = delivery
        self.recorder = recorder
        self.ledger = recorder.ledger
        self.clock = recorder.clock
        self.timebase = recorder.timebase
        self.basal = Basal(delivery, recorder, library)
        self.boluses = Boluses(delivery, recorder, self.basal)
        self.account = Account(delivery, recorder.ledger)
        self.stopped_at_ms = self.timebase.age_ms()
        self._before_priming = states.IDLE

    # What is the case

    @property
    def state(self) -> int:
        """One of infuser.wire.states."""
        return self.ledger.state

    @property
    def schedule(self) -> Schedule | None:
        """The program in force at the dose in force."""
        return self.basal.schedule

    def delivering(self) -> bool:
        """Whether the state is one in which the motor runs."""
        return self.state in states.DELIVERING

    def low_reservoir_nl(self) -> int:
        """Alarm volume: the program's, or the default."""
        return self.schedule.program["low_reservoir_nl"] if self.schedule else units.LOW_RESERVOIR_DEFAULT_NL

    def basal_nl_per_day(self) -> int:
        """Basal rate that the state asks for now."""
        return self.basal.rate_at(self.timebase.age_ms(), self.state)[0]

    def refill_due_ms(self, schedule=None) -> int:
        """Wall time at which the alarm volume is reached at the mean rate; 0 if unknown."""
        schedule = schedule or self.schedule
        now_ms = self.clock.now_ms(self.timebase.age_ms())
        if not schedule or not now_ms:
            return 0
        low_nl = schedule.program["low_reservoir_nl"]
        wait_ms = reservoir.due_in_ms(self.account.reservoir_nl(), low_nl, schedule.total_nl_per_day)
        return now_ms + wait_ms if wait_ms >= 0 else 0

    # Transitions

    def enter(self, new: int, reason: int) -> None:
        """Make `new` the state, run or stop the motor accordingly, and journal the change."""
        old = self.state
        if new not in states.DELIVERING:
            self.delivery.stop()
            if old in states.DELIVERING:
                self.stopped_at_ms = self.timebase.age_ms()
                self.note_delivery(False)
        age_ms = self.timebase.age_ms()
        rate = self.basal.rate_at(age_ms, new)[0]
        next_due_ms = self.ledger.periodic_age_ms
        if new in states.THERAPY and (old not in states.THERAPY or not next_due_ms):
            next_due_ms = self.boluses.periodic_due_ms(age_ms)
        self.recorder.note(
            records.STATE, old=old, new=new, reason=reason, rate_nl_per_day=rate, next_due_ms=next_due_ms
        )
        if new not in _KEEPING_START:
            self._disarm()
        if new in states.DELIVERING:
            self._run()

    def arm(self, start_age_ms: int, remind_min: int = 0, operator: str = "") -> None:
        """Let therapy start by itself at an age of the pump, 0 for not; journalled."""
        self.recorder.note(records.START_AT, start_age_ms=start_age_ms, remind_min=remind_min, operator=operator)

    def _disarm(self) -> None:
        if self.ledger.start_age_ms or self.ledger.remind_min:
            self.arm(0)

    def stop(self, reason: int) -> None:
        """Stop delivery; a pump that an alarm stopped is then suspended, any other state stays as it is."""
        self._disarm()
        if self.state == states.ALARM_STOPPED:
            self.enter(states.SUSPENDED if self.schedule else states.IDLE, reason)
        if not self.delivering():
            self.delivery.stop()
            return
        priming = self.state == states.PRIMING
        self._halt(reason)
        self.enter(self._before_priming if priming else states.SUSPENDED, reason)

    def alarm_stop(self) -> None:
        """Motor off because an alarm asks for it."""
        if self.delivering():
            self._halt(states.BY_ALARM)
            self.enter(states.ALARM_STOPPED, states.BY_ALARM)

    def _halt(self, reason: int) -> None:
        self.delivery.sync()
        self.boluses.end_all(reason)

    def resume(self, reason: int) -> None:
        """Start or resume the programmed infusion; Refusal says what is in the way."""
        if self.state not in (states.IDLE, states.SUSPENDED, states.ALARM_STOPPED, states.MINIMUM_RATE):
            raise wrong_state(self.state)
        readiness.refuse_if_unready(self)
        readiness.refuse_if_unsafe(self)
        self.enter(states.INFUSING, reason)

    def minimum_rate(self, on: bool, reason: int) -> None:
        """Fall to the program's minimum rate, or return from it."""
        wanted = states.THERAPY if on else (states.MINIMUM_RATE,)
        if self.state not in wanted:
            raise wrong_state(self.state)
        if on:
            self._halt(reason)
        self.enter(states.MINIMUM_RATE if on else states.INFUSING, reason)

    # Program

    def change_program(self, data: bytes, confirmed: bool, operator: str) -> None:
        """Journal a new program, checked by prescription.stored, and put it into force: no gap, nothing given twice."""
        if self.state == states.BOLUS:
            self._halt(states.BY_PROGRAM)
        if not self.schedule:
            self.stopped_at_ms = self.timebase.age_ms()  # a therapy not started within reason is told of
        self.recorder.note(records.PROGRAM, program=data, confirmed=confirmed, operator=operator)
        self.basal.refused = ""
        self.basal.adopt()
        if self.schedule and self.schedule.program["plan_list"]:
            planner.note(self, 0, self.schedule.pattern_ng_per_day, states.BY_PROGRAM, operator)
        if self.delivering():
            self.enter(states.INFUSING, states.BY_PROGRAM)

    # Boluses and priming

    def begin_bolus(self, bucket: int, volume_nl: int, dose_ng: int, duration_ms: int, operator: str = "") -> None:
        """Deliver a bolus on top of the basal rate."""
        due_ms = 0
        if bucket == states.PERIODIC_BOLUS:
            due_ms = self._due_after_this()
        self.boluses.begin(bucket, volume_nl, dose_ng, duration_ms, operator, next_due_ms=due_ms)
        if self.state == states.BOLUS:
            self._run()
        else:
            self.enter(states.BOLUS, _WHY[bucket])

    def begin_priming(self, purpose: int, volume_nl: int, duration_ms: int, operator: str) -> None:
        """Run a volume off the patient, counted apart from therapy; air in the line is what it may be for."""
        readiness.refuse_if_unsafe(self, alarms.AIR_IN_LINE)
        self._before_priming = self.state
        most_nl = units.RESERVOIR_CAPACITY_NL if purpose == states.DRAINING else units.PRIMING_MAX_NL
        self.boluses.begin(states.PRIME, volume_nl, 0, duration_ms, operator, purpose=purpose, most_nl=most_nl)
        self.enter(states.PRIMING, states.BY_COMMAND)

    def draining(self) -> bool:
        """Whether the reservoir is being emptied on purpose."""
        entry = self.ledger.bolus(states.PRIME)
        return entry is not None and entry["purpose"] == states.DRAINING

    def end_bolus(self, reason: int) -> int:
        """End boluses or priming and go on as before; returns the volume delivered of them in nL."""
        priming = self.state == states.PRIMING
        drained = self.draining() and reason == states.DONE
        self.delivery.sync()
        delivered_nl = self.boluses.end_all(reason)
        if priming:
            self.enter(self._before_priming, reason)
            if drained:
                self.note_refill(0, 0, 0)
        elif self.state == states.BOLUS:
            self.enter(states.INFUSING, reason)
        return delivered_nl

    def _end_finished(self) -> None:
        entry = self.boluses.running()
        if self.state == states.PRIMING or len(self.ledger.bolus_list) == 1:
            self.end_bolus(states.DONE)
            return
        self.boluses.end(entry["bucket"], states.DONE)
        self.boluses.arrange()
        self._run()

    def patient_bolus(self) -> None:
        """The patient asks for a bolus (UC2); a refusal is journalled (EC1)."""
        age_ms = self.timebase.age_ms()
        schedule = self.schedule
        refused = self.boluses.patient_refusal(self.state, age_ms)
        dose_ng = schedule.program["patient_bolus_ng"] if schedule else 0
        if refused != errors.OK:
            self.boluses.refuse(states.PATIENT_BOLUS, refused, dose_ng, self.ledger.periodic_age_ms)
            return
        self.begin_bolus(states.PATIENT_BOLUS, schedule.patient_nl, dose_ng, schedule.patient_ms)

    def _periodic_bolus(self) -> None:
        schedule = self.schedule
        dose_ng = schedule.program["periodic_bolus_ng"]
        refused = self.boluses.periodic_refusal()
        if refused != errors.OK:
            self.boluses.refuse(states.PERIODIC_BOLUS, refused, dose_ng, self._due_after_this())
        else:
            self.begin_bolus(states.PERIODIC_BOLUS, schedule.periodic_nl, dose_ng, schedule.periodic_ms)

    def _due_after_this(self) -> int:
        return self.boluses.periodic_due_ms(self.timebase.age_ms() + 1)

    # Running

    def _run(self) -> None:
        """Give the engine the rates of the present state, exact to the quantum at which it changes."""
        self.delivery.sync()
        running = self.delivery.running
        if running:
            self.basal.run(self.state)
        windowed = self.state not in (states.MINIMUM_RATE, states.PRIMING)
        peak = self.basal.peak_nl_per_day(self.state)
        self.delivery.start(peak, self.boluses.rate_nl_per_day(), self.account.reservoir_steps(), windowed)
        if not running:
            # Not before: writing the reservation takes a moment in which no time is metered yet.
            self.basal.run(self.state)

    def refresh(self) -> None:
        """Follow a changed clock, calendar or rate."""
        if self.delivering():
            self._run()

    def poll(self, now_ms: int) -> None:
        """Keep reservation and segments ahead of the tick, begin what is due and end what is finished."""
        wanted = self.delivery.poll(now_ms)
        if not self.delivery.running:
            return
        if wanted:
            self.delivery.reserve(self.account.reservoir_steps())
        if self.basal.poll(now_ms, self.state):
            self._run()
        if self.ledger.bolus_list and self.boluses.finished():
            self._end_finished()
        due_ms = self.ledger.periodic_age_ms
        if due_ms and due_ms <= now_ms and self.state in states.THERAPY:
            self._periodic_bolus()

    def note_refill(self, residual_nl: int, volume_nl: int, concentration: int, operator: str = "") -> None:
        """Journal what the reservoir holds from now on; 0 nL once it is drained."""
        self.recorder.note(
            records.REFILL,
            expected_residual_nl=self.account.reservoir_nl(),
            measured_residual_nl=residual_nl,
            volume_nl=volume_nl,
            concentration_ug_per_ml=concentration,
            steps_total=self.delivery.steps_total(),
            operator=operator,
        )
        self.note_delivery(False)

    def note_delivery(self, closes_hour: bool) -> None:
        """Journal the delivery counters."""
        self.recorder.note(
            records.DELIVERY,
            step_pl=self.delivery.meter.step_pl,
            reservoir_nl=self.account.reservoir_nl(),
            rate_nl_per_day=self.basal_nl_per_day(),
            programmed_nl=self.delivery.programmed_nl(),
            closes_hour=closes_hour,
            **dict(zip(records.COUNTER_NAMES, self.delivery.bucket_steps())),
        )
