"""The pump's state machine: what runs, what stops it, and what it falls back to."""

from infuser.app.checks import wrong_state
from infuser.core import prescription, reservoir
from infuser.core.ledger import NO_BUCKET
from infuser.core.schedule import Schedule
from infuser.wire import alarms, errors, records, states, units
from infuser.wire import program as programs
from infuser.wire.messages import Refusal


class Controller:
    """Owns the transitions between states; every one of them is journalled."""

    def __init__(self, delivery, recorder) -> None:
        self.delivery = delivery
        self.recorder = recorder
        self.ledger = recorder.ledger
        self.clock = recorder.clock
        self.timebase = recorder.timebase
        self.schedule: Schedule | None = None
        self.stopped_at_ms = self.timebase.uptime_ms()
        self.bolus_at_ms: int | None = None
        self._before_priming = states.IDLE

    # What is the case

    @property
    def state(self) -> int:
        """One of infuser.wire.states."""
        return self.ledger.state

    def delivering(self) -> bool:
        """Whether the state is one in which the motor runs."""
        return self.state in states.DELIVERING

    def reservoir_nl(self) -> int:
        """Volume left in the reservoir by the count of microsteps."""
        steps = self.delivery.steps_total() - self.ledger.steps_at_fill
        return reservoir.volume_nl(self.ledger.filled_nl, steps, self.delivery.meter.step_pl)

    def reservoir_steps(self) -> int:
        """Whole microsteps left in the reservoir."""
        return self.reservoir_nl() * units.PL_PER_NL // self.delivery.meter.step_pl

    def low_reservoir_nl(self) -> int:
        """Alarm volume: the program's, or the default."""
        return self.schedule.program["low_reservoir_nl"] if self.schedule else units.LOW_RESERVOIR_DEFAULT_NL

    def basal_nl_per_day(self) -> int:
        """Basal rate that the state asks for now."""
        return self._rate_now()[0]

    def refill_due_ms(self, schedule=None) -> int:
        """Wall time at which the alarm volume is reached at the mean rate; 0 if unknown."""
        schedule = schedule or self.schedule
        now_ms = self.clock.now_ms(self.timebase.uptime_ms())
        if not schedule or not now_ms:
            return 0
        low_nl = schedule.program["low_reservoir_nl"]
        wait_ms = reservoir.due_in_ms(self.reservoir_nl(), low_nl, schedule.mean_nl_per_day)
        return now_ms + wait_ms if wait_ms >= 0 else 0

    # Transitions

    def enter(self, new: int, reason: int) -> None:
        """Make `new` the state, run or stop the motor accordingly, and journal the change."""
        old = self.state
        if new not in states.DELIVERING:
            self.delivery.stop()
            if old in states.DELIVERING:
                self.stopped_at_ms = self.timebase.uptime_ms()
                self.note_delivery(False)
        rate = self._rate_now(new)[0]
        self.recorder.note(records.STATE, old=old, new=new, reason=reason, rate_nl_per_day=rate)
        if new in states.DELIVERING:
            self._run()

    def stop(self, reason: int) -> None:
        """Stop delivery; a pump that an alarm stopped is then suspended, any other state stays as it is."""
        if self.state == states.ALARM_STOPPED:
            self.enter(states.SUSPENDED if self.schedule else states.IDLE, reason)
        if not self.delivering():
            self.delivery.stop()
            return
        priming = self.state == states.PRIMING
        self._halt_bolus(reason)
        self.enter(self._before_priming if priming else states.SUSPENDED, reason)

    def alarm_stop(self) -> None:
        """Motor off because an alarm asks for it."""
        if self.delivering():
            self._halt_bolus(states.BY_ALARM)
            self.enter(states.ALARM_STOPPED, states.BY_ALARM)

    def resume(self) -> None:
        """Start or resume the programmed infusion; Refusal says what is in the way."""
        if self.state not in (states.IDLE, states.SUSPENDED, states.ALARM_STOPPED, states.MINIMUM_RATE):
            raise wrong_state(self.state)
        if not self.schedule:
            raise Refusal(errors.NO_PROGRAM)
        self._refuse_if_unsafe()
        self.enter(states.INFUSING, states.BY_COMMAND)

    def minimum_rate(self, on: bool, reason: int) -> None:
        """Fall to the program's minimum rate, or return from it."""
        wanted = (states.INFUSING, states.BOLUS) if on else (states.MINIMUM_RATE,)
        if self.state not in wanted:
            raise wrong_state(self.state)
        if on:
            self._halt_bolus(reason)
        self.enter(states.MINIMUM_RATE if on else states.INFUSING, reason)

    def _refuse_if_unsafe(self, but: int = 0) -> None:
        for entry in self.ledger.alarms.entries:
            if entry["alarm"] != but and alarms.answer(entry["alarm"]) == alarms.MOTOR_OFF:
                raise Refusal(errors.ALARM_PRESENT, "alarm", entry["alarm"], text=alarms.name(entry["alarm"]))
        if self.ledger.alarms.active(alarms.SOUNDER_FAILED):
            raise Refusal(errors.SOUNDER_FAILED)
        if self.recorder.failure:
            raise Refusal(errors.STORAGE, text=self.recorder.failure)
        if self.reservoir_steps() == 0:
            raise Refusal(errors.RESERVOIR_EMPTY, "reservoir_nl", self.reservoir_nl(), 1, units.RESERVOIR_CAPACITY_NL)

    # Program

    def adopt(self, data: bytes) -> None:
        """Make encoded, checked program bytes (or none) the schedule in force; keeps the state."""
        self.schedule = prescription.check(programs.decode(data)) if data else None
        limit_ng = self.schedule.program["dose_max_ng_per_day"] if self.schedule else 0
        limit_nl = self.schedule.volume_nl(limit_ng) if self.schedule else 0
        self.delivery.guard.day_limit_steps = limit_nl * units.PL_PER_NL // self.delivery.meter.step_pl

    def change_program(self, data: bytes, confirmed: bool, operator: str) -> None:
        """Journal a new program and put it into force at once: no gap, nothing given twice."""
        if self.state == states.BOLUS:
            self.end_bolus(states.BY_PROGRAM)
        if not self.schedule:
            self.stopped_at_ms = self.timebase.uptime_ms()  # a therapy not started within reason is told of
        self.recorder.note(records.PROGRAM, program=data, confirmed=confirmed, operator=operator)
        self.adopt(data)
        if self.delivering():
            self.enter(states.INFUSING, states.BY_PROGRAM)

    # Bolus and priming

    def begin_bolus(self, volume_nl: int, dose_ng: int, duration_ms: int, operator: str) -> None:
        """Deliver a clinician's bolus on top of the basal rate."""
        self._begin_volume(states.CLINICIAN_BOLUS, volume_nl, dose_ng, duration_ms, operator)
        self.bolus_at_ms = self.timebase.uptime_ms()
        self.enter(states.BOLUS, states.BY_COMMAND)

    def begin_priming(self, volume_nl: int, duration_ms: int, operator: str) -> None:
        """Deliver a priming volume, counted apart from therapy; air in the line is what it may be for."""
        self._refuse_if_unsafe(alarms.AIR_IN_LINE)
        self._before_priming = self.state
        self._begin_volume(states.PRIME, volume_nl, 0, duration_ms, operator)
        self.enter(states.PRIMING, states.BY_COMMAND)

    def _begin_volume(self, bucket: int, volume_nl: int, dose_ng: int, duration_ms: int, operator: str) -> None:
        self.recorder.note(
            records.BOLUS_STARTED,
            bucket=bucket,
            dose_ng=dose_ng,
            volume_nl=volume_nl,
            duration_ms=duration_ms,
            start_steps=self.delivery.bucket_steps()[bucket],
            operator=operator,
        )
        self.delivery.sync()
        self.delivery.begin_volume(bucket, volume_nl, duration_ms)

    def end_bolus(self, reason: int) -> int:
        """End a bolus or priming and go on as before; returns the volume delivered in nL."""
        priming = self.state == states.PRIMING
        delivered_nl = self._halt_bolus(reason)
        if priming:
            self.enter(self._before_priming, reason)
        elif self.state == states.BOLUS:
            self.enter(states.INFUSING, reason)
        return delivered_nl

    def _halt_bolus(self, reason: int) -> int:
        bucket = self.ledger.bolus_bucket
        if bucket == NO_BUCKET:
            return 0
        self.delivery.cancel(bucket)
        return self.note_bolus_end(reason)

    def note_bolus_end(self, reason: int) -> int:
        """Journal the end of a bolus or priming; returns the volume delivered in nL."""
        bucket = self.ledger.bolus_bucket
        steps = self.delivery.bucket_steps()[bucket] - self.ledger.bolus_start_steps
        volume_nl = units.steps_volume_nl(steps, self.delivery.meter.step_pl)
        self.recorder.note(records.BOLUS_ENDED, bucket=bucket, steps=steps, volume_nl=volume_nl, reason=reason)
        return volume_nl

    # Running

    def _rate_now(self, state: int | None = None) -> tuple[int, int]:
        """(basal rate in nL a day, ms for which it holds) in a state."""
        state = self.state if state is None else state
        if not self.schedule or state not in (states.INFUSING, states.BOLUS, states.MINIMUM_RATE):
            return 0, units.MS_PER_H
        if state == states.MINIMUM_RATE:
            return self.schedule.minimum_nl_per_day, units.MS_PER_DAY
        return self._scheduled(0)

    def _scheduled(self, ahead_ms: int) -> tuple[int, int]:
        """The program's rate `ahead_ms` from now; its daily mean while the clock is lost."""
        if self.schedule.daily() and not self.clock.valid:
            return self.schedule.mean_nl_per_day, units.MS_PER_DAY
        week_ms = self.clock.week_ms(self.timebase.uptime_ms() + ahead_ms)
        return self.schedule.rate_at(week_ms)

    def _run(self) -> None:
        """Give the engine the rates of the present state, exact to the quantum at which it changes."""
        self.delivery.sync()
        rate, lasts_ms = self._rate_now()
        self.delivery.set_basal(rate, lasts_ms)
        self._prepare()  # at once: the segment may end before the loop comes round
        peak = rate
        if self.schedule and self.state != states.MINIMUM_RATE:
            peak = max(self.schedule.rates() + [rate])
        bucket = self.ledger.bolus_bucket
        if bucket != NO_BUCKET:
            left_ms = max(units.QUANTUM_MS, self.delivery.volume_left_ms(bucket))
            peak += units.bolus_rate_nl_per_day(self.ledger.bolus_volume_nl, left_ms)
        windowed = self.state not in (states.MINIMUM_RATE, states.PRIMING)
        self.delivery.start(peak, bucket != NO_BUCKET, self.reservoir_steps(), windowed)

    def refresh(self) -> None:
        """Follow a changed clock or calendar."""
        if self.delivering():
            self._run()

    def poll(self, now_ms: int) -> None:
        """Keep reservation and segments ahead of the tick, and end what is finished."""
        if not self.delivery.running:
            return
        if self.delivery.poll(now_ms):
            self.delivery.reserve(self.reservoir_steps())
        if self.delivery.basal_needs_next():
            self._prepare()
        bucket = self.ledger.bolus_bucket
        if bucket != NO_BUCKET and self.delivery.volume_done(bucket):
            self.end_bolus(states.DONE)

    def _prepare(self) -> None:
        if self.state == states.MINIMUM_RATE:
            self.delivery.prepare_basal(self.schedule.minimum_nl_per_day, units.MS_PER_DAY)
        elif self.state in (states.INFUSING, states.BOLUS):
            left_ms = self.delivery.basal_left_ms()
            # Steps begin on the minute: a second later the boundary is passed for certain.
            rate, lasts_ms = self._scheduled(left_ms + units.MS_PER_S)
            self.delivery.prepare_basal(rate, lasts_ms + units.MS_PER_S)

    def note_delivery(self, closes_hour: bool) -> None:
        """Journal the delivery counters."""
        self.recorder.note(
            records.DELIVERY,
            step_pl=self.delivery.meter.step_pl,
            reservoir_nl=self.reservoir_nl(),
            rate_nl_per_day=self.basal_nl_per_day(),
            programmed_nl=self.delivery.programmed_nl(),
            closes_hour=closes_hour,
            **dict(zip(records.COUNTER_NAMES, self.delivery.bucket_steps())),
        )
