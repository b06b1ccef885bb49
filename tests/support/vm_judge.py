"""Runs on MicroPython and CPython: judges what the pump does by itself - begins, holds, ends."""

from vm_bench import ORDER, THERAPY, Bench
from vm_course import Mismatch
from vm_reference import MIN_MS

from infuser.wire import alarms, states

# In these states a start that was put off still waits.
_STANDING = (states.IDLE, states.SUSPENDED, states.SELF_TEST, states.PRIMING)


class Over(Exception):
    """A dose window is full: from here on the pump does as its alarm says, and the therapy is not followed further."""


class Judge(Bench):
    """A bench that takes up what happened since a moment, and rejects what should not have, or is missing."""

    # What happened

    def follow(self, before, cut):
        """Boluses begun, held, gone on and ended since; `cut`: they may have been ended before their time."""
        first, last = before.first, self.world.timer.total
        present = self.ledger.bolus_list
        for entry, _ in before.entries:
            if not any([entry is other for other in present]):
                self._ended(entry["bucket"], first, last, cut)
        held_before = [(entry, held) for entry, held in before.entries]
        for entry in present:
            was = [held for other, held in held_before if other is entry]
            if not was:
                self._begun(entry, before, first, last)
            volume = self.volumes[entry["bucket"]]
            if entry["held"] != (was[0] if was else False):
                self.tally("held" if entry["held"] else "went-on")
                (volume.hold if entry["held"] else volume.release)(first, last)
            elif entry["held"]:
                volume.ran_on(last - first)  # between the end of one bolus and the begin of another
        self._check_precedence(present)

    def _check_precedence(self, present):
        running = [entry["bucket"] for entry in present if not entry["held"]]
        first = [bucket for bucket in ORDER if any([entry["bucket"] == bucket for entry in present])][:1]
        if running != first:
            raise Mismatch("{} run, not {}".format(running, first))

    def _ended(self, bucket, first, last, cut):
        volume = self.volumes[bucket]
        if not cut:
            if not volume.done(last):
                raise Mismatch("bucket {} ended before its time".format(bucket))
            if self.told_pl(bucket) != volume.full_pl():
                raise Mismatch(
                    "bucket {} ended at {} pL, not {}".format(bucket, self.told_pl(bucket), volume.full_pl())
                )
            self.tally("whole-" + states.BUCKET_NAMES[bucket])
        self.end_volume(bucket, first, last)

    def _begun(self, entry, before, first, last):
        bucket = entry["bucket"]
        if bucket not in self._asked:
            raise Mismatch("bucket {} began and was not asked for".format(bucket))
        volume_nl, duration_ms = self._asked.pop(bucket)
        if entry["volume_nl"] != volume_nl:
            raise Mismatch("{} nL of bucket {}, asked for {}".format(entry["volume_nl"], bucket, volume_nl))
        self.volumes[bucket].begin(first, last, volume_nl, duration_ms)
        self.tally(states.BUCKET_NAMES[bucket])

    def ask(self, bucket, volume_nl, duration_ms):
        """This bolus or priming may begin now."""
        self._asked[bucket] = (volume_nl, duration_ms)

    def entered(self, before, enters):
        """What every change of state means for what waits; `enters`: therapy began or was taken up again."""
        reference = self.reference
        if self.ledger.state not in _STANDING:
            reference.start_age = 0
        if enters or (self.ledger.state in THERAPY and before.state not in THERAPY):
            self._take_beat(before)

    def _take_beat(self, before):
        """The beat of the periodic bolus goes on, or begins now."""
        reference = self.reference
        told = self.ledger.periodic_age_ms
        if not reference.regimen.program["periodic_bolus_ng"]:
            allowed = [0]
        elif reference.periodic_due:
            allowed = [reference.periodic_after(age) for age in (before.age, self.age())]
        else:
            interval_ms = reference.regimen.program["periodic_interval_min"] * MIN_MS
            begun = told - interval_ms
            allowed = [told if before.age <= begun <= self.age() else begun]
        if told not in allowed:
            raise Mismatch("periodic bolus due at {}, not {}".format(told, allowed))
        reference.periodic_due = told

    # By itself

    def judge(self, before, pressed):
        """Take up what the pump did by itself in a turn of its loop. It must do nothing else."""
        self._judge_clock(before)
        state = self.ledger.state
        if before.state in states.DELIVERING and state not in states.DELIVERING:
            self._judge_stop(before, state)
        elif before.state == states.PRIMING and state == states.INFUSING:
            self._judge_end_of_priming(before)
            self._judge_start(before, state)
        elif state in states.DELIVERING:
            if before.state not in states.DELIVERING:
                self._judge_start(before, state)
            elif state == states.MINIMUM_RATE and self.ledger.alarms.active(alarms.DOSE_LIMIT):
                self._judge_window()
            elif before.state != state and not (before.state in THERAPY and state in THERAPY):
                raise Mismatch("state went from {} to {}, alarms {}".format(before.state, state, self._alarms()))
            self._judge_running(before, pressed)
        elif state != before.state:
            raise Mismatch("state went from {} to {}, alarms {}".format(before.state, state, self._alarms()))
        elif self.reference.start_age and self.reference.start_age <= before.age:
            self._judge_no_start()
        if before.state not in THERAPY:
            self._plan_wait = None
        if self.ledger.start_age_ms != self.reference.start_age:
            raise Mismatch("start at {}, not {}".format(self.ledger.start_age_ms, self.reference.start_age))

    def _judge_window(self):
        """A dose window is full: what power cuts left uncertain counts there too. The therapy is over."""
        # A window of the program before may have been full until now.
        most_nl = min(self.reference.regimen.window_nl(), self.reference.window_before_nl)
        used_nl = (self.used_nl() + self.uncertain * self.step_pl() // 1000) * self.reference.dilution
        if used_nl < most_nl:
            raise Mismatch("minimum rate, {} nL of {} used".format(self.used_nl(), most_nl))
        self.tally("window-full")
        raise Over()

    def _alarms(self):
        return [entry["alarm"] for entry in self.ledger.alarms.entries]

    def _judge_no_start(self):
        """Nothing begins without a reason not to."""
        reference = self.reference
        filled = self.ledger.fill_concentration
        if reference.ended() or filled != reference.regimen.program["concentration_ug_per_ml"]:
            reference.start_age = 0
            self.tally("start-failed")
        elif not self.spoken:
            raise Mismatch("no start at {}".format(reference.start_age))

    def _judge_clock(self, before):
        clock = self.pump.controller.clock
        if clock.valid == before.clock_valid:
            return
        if clock.valid == self.world.clock_lost:
            raise Mismatch("clock valid: {}, lost: {}".format(clock.valid, self.world.clock_lost))
        self.take_clock(1000 if clock.valid else 0)
        self.tally("clock-lost")
        if before.state in states.DELIVERING and before.state != states.PRIMING:
            self.plan(before.first, self.world.timer.total)

    def take_clock(self, doubt_ms):
        """The reference goes by the pump's local time, which is right within `doubt_ms`."""
        clock = self.pump.controller.clock
        told = self.reference.clock
        told.valid = clock.valid
        if clock.valid:
            age = self.age()
            wall_ms = clock.local_ms(age) - clock.utc_offset_min * MIN_MS
            if abs(wall_ms - self.world.wall_clock_ms()) > doubt_ms:
                raise Mismatch("wall clock {} ms, not {}".format(wall_ms, self.world.wall_clock_ms()))
            told.set(clock.local_ms(age), age)

    def _judge_stop(self, before, state):
        if before.state == states.PRIMING:
            self._judge_end_of_priming(before)
        else:
            found = self.reference.plan_step(before.age)
            if state != states.SUSPENDED or not found or found[1]:
                raise Mismatch("stopped in state {}, alarms {}".format(state, self._alarms()))
            self.reference.take_plan(found[0], 0, before.age)
            self.tally("therapy-ended")
        self.stopped(before.first)

    def _judge_end_of_priming(self, before):
        purpose = [entry["purpose"] for entry, _ in before.entries][0]
        empty = self.world.at_empty() or not self.pump.controller.account.reservoir_steps()
        if purpose == states.DRAINING and empty:
            self.tally("drained")
        elif not self.volumes[states.PRIME].done(self.world.timer.total):
            raise Mismatch("priming ended before its time")
        else:
            self.tally("whole-priming")
        if self.ledger.state in states.DELIVERING:
            for bucket in ORDER:
                self.end_volume(bucket, before.first, self.world.timer.total)

    def _judge_start(self, before, state):
        start_age = self.reference.start_age
        if state != states.INFUSING or not start_age or start_age > before.age:
            raise Mismatch("state {} entered at {}, start at {}".format(state, before.age, start_age))
        self.tally("own-start")
        self.entered(before, True)
        self.plan(before.first, self.world.timer.total)

    def _judge_running(self, before, pressed):
        self._expect_periodic(before)
        if pressed:
            self._expect_patient(before)
        self.follow(before, False)
        self._take_bolus_ages(before)
        self._judge_bridge(before)
        self._judge_plan(before)

    def _expect_periodic(self, before):
        reference = self.reference
        due = reference.periodic_due
        if not due or due > before.age or before.state not in THERAPY:
            return
        ended = [entry for entry, _ in before.entries if entry["bucket"] == states.PERIODIC_BOLUS]
        present = self.ledger.bolus(states.PERIODIC_BOLUS)
        if self.ledger.bridge_nl or (ended and ended[0] is present):
            self.tally("periodic-refused")
        else:
            program = reference.regimen.program
            volume_nl = reference.regimen.nl(program["periodic_bolus_ng"])
            self.ask(states.PERIODIC_BOLUS, volume_nl, program["periodic_bolus_min"] * MIN_MS)
            if not present or any([entry is present for entry, _ in before.entries]):
                raise Mismatch("no periodic bolus, due at {}".format(due))
        told = self.ledger.periodic_age_ms
        if told not in (reference.periodic_after(before.age + 1), reference.periodic_after(self.age() + 1)):
            raise Mismatch("next periodic bolus at {}".format(told))
        reference.periodic_due = told

    def _expect_patient(self, before):
        reference = self.reference
        program = reference.regimen.program
        volume_nl = reference.regimen.nl(program["patient_bolus_ng"])
        may = bool(volume_nl) and self.ledger.state in THERAPY and not self.ledger.bridge_nl
        present = self.ledger.bolus(states.PATIENT_BOLUS)
        if may and present and any([entry is present for entry, _ in before.entries]):
            may = False
        if may:
            # Pressed in the turn in which therapy began by itself, it may come before or after that.
            may = reference.patient_may(before.age, self.age()) if before.state in THERAPY else None
        if may and self.used_nl() + volume_nl > reference.regimen.window_nl():
            may = None
        begun = present is not None and not any([entry is present for entry, _ in before.entries])
        if may is not None and begun != may:
            raise Mismatch("patient's bolus {}, should be {}".format(begun, may))
        if begun:
            self.ask(states.PATIENT_BOLUS, volume_nl, program["patient_bolus_min"] * MIN_MS)
        else:
            self.tally("patient-refused")

    def used_nl(self):
        """At least what the dose windows hold and have promised, with some microsteps of reserve."""
        steps = self.pump.delivery.therapy_steps() + 40
        promised_nl = sum([entry["volume_nl"] for entry in self.ledger.bolus_list])
        return steps * self.step_pl() // 1000 + promised_nl

    def _take_bolus_ages(self, before):
        entry = self.ledger.bolus(states.PATIENT_BOLUS)
        if entry and not any([entry is other for other, _ in before.entries]):
            begun = self.ledger.patient_list[-1]["age_ms"]
            if not before.age <= begun <= self.age():
                raise Mismatch("patient's bolus at {}, not {} to {}".format(begun, before.age, self.age()))
            self.reference.given.append(begun)

    def _judge_bridge(self, before):
        if before.bridge_nl == self.ledger.bridge_nl:
            return
        reference = self.reference
        told_pl = self.told_pl(states.BASAL)
        if told_pl < reference.bridge_pl:
            raise Mismatch("bridge ended at {} pL, not {}".format(told_pl, reference.bridge_pl))
        self.tally("bridge-ended")
        if not reference.bridging and not reference.minimum:
            reference.bridge_pl = 0
            return
        reference.bridge_pl = 0
        self.plan(before.first if reference.minimum else before.first - 2, self.world.timer.total)

    def _judge_plan(self, before):
        wanted = self.reference.plan_step(before.age) if before.state in THERAPY else None
        present = (self.ledger.plan_position, self.ledger.plan_ng_per_day)
        if present == before.plan:
            if wanted is None or wanted != self._plan_wait:
                self._plan_wait = wanted
                self._plan_wait_age = before.age
            elif before.age - self._plan_wait_age > MIN_MS:
                raise Mismatch("the plan's {} has been due since {}".format(wanted, self._plan_wait_age))
            return
        self._plan_wait = None
        if present != wanted:
            raise Mismatch("the plan went to {}, not {}".format(present, wanted))
        self.take_plan_age(before, *present)
        self.tally("plan-step")
        self.plan(before.first, self.world.timer.total)

    def take_plan_age(self, before, position, dose):
        """A dose of the plan was journalled since `before`."""
        told = self.ledger.plan_age_ms
        if not before.age <= told <= self.age():
            raise Mismatch("the plan's dose dates from {}".format(told))
        self.reference.take_plan(position, dose, told)
