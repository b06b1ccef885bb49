"""Runs on MicroPython and CPython: what people do to the pump, and what the reference then expects of it."""

from vm_bench import THERAPY, Before
from vm_course import Mismatch
from vm_judge import Judge
from vm_reference import MIN_MS, Regimen

from infuser.app.commands import carry_out
from infuser.wire import messages, program, states

PATIENT = "bench"


class Orders(Judge):
    """The bench with its handles. Each order returns whether the pump took it."""

    def _order(self, command, **request):
        """(reply or None if refused, what was before)."""
        self.turn()
        self.pump.delivery.sync()
        self.look()
        # A burst that is stopped in the microseconds in which it is fetched counts as made.
        self.world.settle_pulses()
        self._forget_backlog()
        before = Before(self)
        request["operator"] = PATIENT
        try:
            reply = carry_out(self.pump, command, request)
        except messages.Refusal:
            reply = None
        self.pump.hurry()
        self.spoken = True
        self.pump.delivery.sync()
        self._turn_pages()
        self.tally("refused" if reply is None else messages.MESSAGES[command][0])
        return reply, before

    def _close(self, before, cut=False, enters=False):
        """What every order that was taken ends with."""
        self.follow(before, cut)
        self.entered(before, enters)
        self.look()

    def _go_on(self, before, cut=False, enters=False):
        """The basal rate may be another one."""
        if self.ledger.state in states.DELIVERING and self.ledger.state != states.PRIMING:
            self.plan(before.first, self.world.timer.total)
        self._close(before, cut, enters)

    # Start and stop

    def halt(self, command=messages.STOP, **more):
        """Stop, for a refill too."""
        if command == messages.STOP:
            more = {"resume_after_ms": more.get("resume_after_ms", 0), "remind_min": more.get("remind_min", 0)}
        reply, before = self._order(command, **more)
        if reply is None:
            return False
        self.reference.start_age = 0
        if before.state in states.DELIVERING:
            self.stopped(before.first)
        if more.get("resume_after_ms") and self.ledger.state == states.SUSPENDED:
            self._armed(before, more["resume_after_ms"])
        self.entered(before, False)
        return True

    def _armed(self, before, delay_ms):
        told = self.ledger.start_age_ms
        if not before.age + delay_ms <= told <= self.age() + delay_ms:
            raise Mismatch("start at {}, {} ms after {}".format(told, delay_ms, before.age))
        self.reference.start_age = told
        self.tally("armed")

    def resume(self, delay_ms=0):
        """Start or resume therapy, at once or later."""
        reply, before = self._order(messages.RESUME, delay_ms=delay_ms)
        if reply is None:
            return False
        wait_ms = max(delay_ms, self._start_wait_ms(before.age))
        if bool(wait_ms) != (self.ledger.state not in states.DELIVERING):
            raise Mismatch("resumed into state {}, to wait {} ms".format(self.ledger.state, wait_ms))
        if wait_ms:
            self._armed(before, wait_ms)
            return True
        self.reference.minimum = False
        self._go_on(before, enters=before.state not in THERAPY)
        return True

    def _start_wait_ms(self, age):
        start_min = self.reference.regimen.program["start_min"]
        return max(0, start_min * MIN_MS - self.reference.clock.local_ms(age)) if start_min else 0

    def minimum(self, on):
        """Fall to the minimum rate, or return from it."""
        reply, before = self._order(messages.MINIMUM_RATE, on=on)
        if reply is None:
            return False
        self.reference.minimum = on
        self._go_on(before, cut=True)
        return True

    def temporary(self, dose_ng_per_day, duration_ms):
        """Another basal dose for a time; 0 ends it."""
        request = {
            "dose_ng_per_day": dose_ng_per_day,
            "duration_ms": duration_ms,
            "patient": PATIENT,
            "confirmed": True,
        }
        reply, before = self._order(messages.TEMPORARY_RATE, **request)
        if reply is None:
            return False
        reference = self.reference
        told = self.ledger.temporary_end_ms
        wanted = duration_ms if dose_ng_per_day else 0
        if wanted and not before.age + wanted <= told <= self.age() + wanted:
            raise Mismatch("temporary rate to {}, {} ms after {}".format(told, wanted, before.age))
        reference.temporary_rate = reference.regimen.nl(dose_ng_per_day)
        reference.temporary_end = told
        self._go_on(before)
        return True

    # Program and plan

    def set_program(self, values, bridge_nl=0):
        """Stage and commit a program."""
        encoded = program.encode(values)
        carry_out(self.pump, messages.PROGRAM_STAGE, {"total": len(encoded), "offset": 0, "chunk": encoded})
        digest = program.digest(encoded)
        request = {"digest": digest, "confirmed": True, "bridge_nl": bridge_nl, "signature": b""}
        reply, before = self._order(messages.PROGRAM_COMMIT, **request)
        if reply is None:
            return False
        reference = self.reference
        self._bridge(values, bridge_nl)
        fell = reference.minimum and self.pump.delivery.running
        reference.adopt(Regimen(program.decode(encoded)), self.ledger.plan_age_ms)
        if self.pump.delivery.running:
            if fell:  # the plan is noted before the state
                self.plan(before.first, self.world.timer.total)
            reference.minimum = False
            self._go_on(before, cut=True, enters=True)
        else:
            self._close(before)
        return True

    def _bridge(self, values, bridge_nl):
        reference = self.reference
        old = reference.regimen
        if not old or old.program["concentration_ug_per_ml"] == values["concentration_ug_per_ml"]:
            return
        reference.bridge_pl = 0
        # What went out before counts as more of a weaker drug.
        before, now = old.program["concentration_ug_per_ml"], values["concentration_ug_per_ml"]
        reference.dilution = max(reference.dilution, -(-before // now))
        if bridge_nl:
            step_pl = self.step_pl()
            steps = self.pump.delivery.bucket_steps()[states.BASAL] - (-bridge_nl * 1000 // step_pl)
            reference.bridge_pl = steps * step_pl
            given = [entry["dose_ng_per_day"] for entry in old.program["plan_list"] if entry["dose_ng_per_day"]]
            if given and reference.ended():
                old.scale(given[-1])  # the taper's last dose
            reference.bridge_rate, reference.bridge_minimum = old.mean, old.minimum
            self.tally("bridge")

    def plan_order(self, action, dose_ng_per_day=0):
        """Hold the plan, let it go on, cut its dose back."""
        request = {"action": action, "dose_ng_per_day": dose_ng_per_day, "patient": PATIENT}
        reply, before = self._order(messages.PLAN_ORDER, **request)
        if reply is None:
            return False
        reference = self.reference
        age = self.ledger.plan_age_ms
        # The dose that is held already, ordered once more, is no news.
        news = not reference.held_since or dose_ng_per_day != reference.dose
        if action == states.PLAN_GO_ON:
            if reference.held_since:
                self._take_shift(age)
                self.take_plan_age(before, reference.position, reference.dose)
        else:
            reference.held_since = reference.held_since or age
        if action == states.PLAN_CUT_BACK and news:
            self.take_plan_age(before, reference.done_at(dose_ng_per_day), dose_ng_per_day)
        if (self.ledger.plan_position, self.ledger.plan_ng_per_day) != (reference.position, reference.dose):
            raise Mismatch("plan at {}, not {}".format(self.ledger.plan_position, reference.position))
        self._go_on(before)
        return True

    def _take_shift(self, age):
        """What is still to come is put off by the time of the hold, in whole minutes."""
        reference = self.reference
        shift_min = reference.shift_min + (age - reference.held_since) // MIN_MS
        if not shift_min - 1 <= self.ledger.plan_shift_min <= shift_min:
            raise Mismatch("plan put off by {} min, not {}".format(self.ledger.plan_shift_min, shift_min))
        reference.shift_min = self.ledger.plan_shift_min
        reference.held_since = 0

    # Volumes

    def bolus(self, dose_ng, duration_ms):
        """A clinician's bolus."""
        regimen = self.reference.regimen
        self.ask(states.CLINICIAN_BOLUS, regimen.nl(dose_ng), duration_ms)
        request = {"dose_ng": dose_ng, "duration_ms": duration_ms, "patient": PATIENT, "confirmed": True}
        return self._begin(messages.BOLUS, states.CLINICIAN_BOLUS, request)

    def prime(self, purpose, volume_nl, duration_ms):
        """Prime, flush, or drain all there is."""
        all_nl = self.pump.controller.account.reservoir_nl()
        self.ask(states.PRIME, all_nl if purpose == states.DRAINING else volume_nl, duration_ms)
        request = {"purpose": purpose, "volume_nl": volume_nl, "duration_ms": duration_ms}
        return self._begin(messages.PRIME, states.PRIME, request)

    def _begin(self, command, bucket, request):
        reply, before = self._order(command, **request)
        if reply is None:
            self._asked.pop(bucket, None)
            return False
        self._close(before)
        return True

    def cancel(self):
        """End boluses or priming."""
        reply, before = self._order(messages.BOLUS_CANCEL)
        if reply is None:
            return False
        if self.pump.delivery.running:
            self._close(before, cut=True)
        else:
            self.stopped(before.first)
        return True

    # The pump itself

    def acknowledge(self):
        """All alarms."""
        self._order(messages.ALARM_ACK, alarm=0)

    def set_clock(self, time_ms, utc_offset_min):
        """Another wall time."""
        reply, before = self._order(messages.CLOCK_SET, time_ms=time_ms, utc_offset_min=utc_offset_min)
        if reply is None:
            return False
        self.take_clock(1000)
        self._go_on(before)
        return True

    def refill(self, wait_ms, volume_nl, concentration, more_steps=0):
        """Drawn out and filled anew, with some microsteps more than is told; the pump stands then."""
        self.halt(messages.REFILL_BEGIN)
        self.pass_ms(wait_ms)
        self.world.fill(volume_nl * 1000 // self.step_pl() + more_steps)
        request = {"measured_residual_nl": 0, "volume_nl": volume_nl, "concentration_ug_per_ml": concentration}
        self._order(messages.REFILL_COMPLETE, **request)
        self.look()

    def calibrate(self, step_pl):
        """Another volume of the microstep; only while the pump stands."""
        before_pl = [self.told_pl(bucket) for bucket in range(states.BUCKETS)]
        reply, before = self._order(messages.CALIBRATE, step_pl=step_pl, uncertainty_ppm=1000, runs=3)
        if reply is None:
            return False
        if self.reference.bridge_pl:
            self._rescale_bridge(before_pl)
        self.calibrated(before_pl)
        self._close(before)
        return True

    def _rescale_bridge(self, before_pl):
        """A bridge is counted from the microsteps at its begin, each worth what one is worth now."""
        ledger = self.ledger
        steps = ledger.bridge_start_steps - (-ledger.bridge_nl * 1000 // self.step_pl())
        self.reference.bridge_pl = steps * self.step_pl()
