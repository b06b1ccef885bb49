"""Runs on MicroPython and CPython: the real pump in a virtual world, and the reference that each microstep is held against.

A world has: `pump`, `hardware`, `timer` (see vm_witness), `not_made`, `saved`, `clock_lost`; now_ms(), idle(ms),
settle_pulses(), steps_made(), press(), wall_clock_ms(), restart(off_ms).
"""

from vm_course import QUANTUM_MS, Basal, Mismatch, Volume
from vm_reference import MIN_MS, Reference
from vm_witness import BUSY, FREE, VETOED

from infuser.wire import states

# A burst made slowly holds up a fast bolus for two seconds, writing to flash for some more: that many at 60 mL an hour.
BACKLOG_MAX = 500
ORDER = (states.PRIME, states.PATIENT_BOLUS, states.CLINICIAN_BOLUS, states.PERIODIC_BOLUS)
THERAPY = (states.INFUSING, states.BOLUS)
# What waits while the pump stands.
_STANDING = (states.IDLE, states.SUSPENDED, states.SELF_TEST)
_FAST_LOOP_MS = 100
_STRIDE_MAX_MS = 20000


class Before:
    """What the pump said before a turn of its loop or an order."""

    def __init__(self, bench):
        ledger = bench.pump.controller.ledger
        self.age = bench.age()
        self.first = bench.world.timer.total
        self.state = ledger.state
        self.entries = [(entry, entry["held"]) for entry in ledger.bolus_list]
        self.plan = (ledger.plan_position, ledger.plan_ng_per_day)
        self.bridge_nl = ledger.bridge_nl
        self.clock_valid = bench.pump.controller.clock.valid


class Bench:
    """A pump and the reference beside it: time passes, and whatever the pump does by itself is judged."""

    def __init__(self, world, chance):
        self.world = world
        self.chance = chance
        self.reference = Reference()
        self.basal = Basal()
        self.volumes = {bucket: Volume() for bucket in ORDER}
        self.counts = {"looks": 0, "exact": 0, "forgotten": 0, "refused": 0, "turns": 0}
        self.doubtful = 0
        self.lazy = False  # the main loop comes round late
        self._made_before = world.steps_made()
        self._change_age = 0  # age of the next change of the basal rate, 0 for none
        self._pressed = False
        self._asked = None  # (bucket, nL, ms) of the bolus or priming that is being ordered
        self._plan_wait = None
        self._slack = [0] * states.BUCKETS  # microsteps that a calibration left due at the next run
        self._slack_pl = [-1] * states.BUCKETS

    @property
    def pump(self):
        return self.world.pump

    @property
    def ledger(self):
        return self.world.pump.controller.ledger

    def step_pl(self):
        return self.ledger.step_pl

    def told_pl(self, bucket):
        return self.pump.delivery.meter.programmed_pl(bucket)

    def tally(self, name, count=1):
        self.counts[name] = self.counts.get(name, 0) + count

    # Time

    def age(self):
        return self.pump.timebase.age_ms()

    def quantum_at(self, age):
        """The first quantum that begins at or after an age."""
        timer = self.world.timer
        return timer.started_at - (timer.started_age - age) // QUANTUM_MS

    def age_at(self, quantum):
        timer = self.world.timer
        return timer.started_age + (quantum - timer.started_at) * QUANTUM_MS

    def pass_ms(self, duration_ms):
        """The main loop for a time."""
        end_ms = self.world.now_ms() + duration_ms
        while self.world.now_ms() < end_ms:
            wait_ms = _FAST_LOOP_MS if self.turn() else self._stride_ms()
            self.world.idle(min(wait_ms, max(1, end_ms - self.world.now_ms())))
            self.look()

    def _stride_ms(self):
        turn_ms = self.pump.delivery.turn_ms()
        if self.lazy and turn_ms > _FAST_LOOP_MS:
            turn_ms = max(turn_ms, min(turn_ms * self.chance.number(1, 5), _STRIDE_MAX_MS))
        return turn_ms

    def stand_h(self, hours):
        """Hours without delivery, an hour at a time."""
        for _ in range(hours):
            self.world.idle(60 * MIN_MS)
            self.turn()

    def turn(self):
        """One turn of the main loop; True if the next one shall come soon."""
        self.counts["turns"] += 1
        self._forget_backlog()
        pressed, self._pressed = self._pressed, False
        before = Before(self)
        busy = self.pump.poll()
        self._judge(before, pressed)
        return busy

    def press(self):
        """The patient presses the button; the next turn of the loop finds it."""
        self.world.press()
        self._pressed = True
        self.tally("press")

    # The basal rate

    def plan(self, first, last):
        """The basal rate is what is ordered now from a quantum between `first` and `last` on."""
        reference = self.reference
        reference.bridging = bool(reference.bridge_pl) and self.told_pl(states.BASAL) < reference.bridge_pl
        age = self.age()
        if self.world.timer.runs:
            age = self.age_at(first)
        # A step that begins while the motor is being started may begin a quantum late too.
        age -= 2 * QUANTUM_MS
        self.basal.change(first, last, reference.rate(age))
        self._change_age = reference.next_change(age)

    def _turn_pages(self):
        """Tell the reference of changes of the rate up to the present."""
        reference = self.reference
        soon = self.age() + 2 * QUANTUM_MS
        while self._change_age and self._change_age <= soon:
            at = self.quantum_at(self._change_age)
            self.basal.change(at - 1, at + 1, reference.rate(self._change_age))
            self._change_age = reference.next_change(self._change_age)
        if reference.bridging and not self.basal.changing() and self.basal.rate and not reference.minimum:
            first, last = self.basal.reaches(reference.bridge_pl)
            if first <= self.world.timer.total + 2:
                reference.bridging = False
                age = self.age_at(last) - 2 * QUANTUM_MS
                self.basal.change(first - 1, last + 1, reference.rate(age))
                self._change_age = reference.next_change(age)

    # Looking

    def look(self):
        """Hold what is programmed and issued against the reference."""
        now = self.world.timer.total
        self._turn_pages()
        if self.basal.undecided(now):
            return
        self.basal.settle(now)
        self.basal.agree(self.told_pl(states.BASAL), self.step_pl())
        for bucket, volume in self.volumes.items():
            volume.agree(now, self.told_pl(bucket))
        self._compare_steps()

    def due(self, bucket):
        """Whole microsteps in what is programmed."""
        told_pl = self.told_pl(bucket)
        due = told_pl // self.step_pl()
        # What a calibration made of the fraction is due as soon as the bucket runs.
        return due - self._slack[bucket] if told_pl == self._slack_pl[bucket] else due

    def _compare_steps(self):
        self.counts["looks"] += 1
        issued = self.pump.delivery.bucket_steps()
        due = [self.due(bucket) for bucket in range(states.BUCKETS)]
        timer = self.world.timer
        if timer.held == FREE:
            self.counts["exact"] += 1
        allowed = BACKLOG_MAX if timer.held == BUSY else 0
        over = [count for count, most in zip(issued, due) if count > most]
        if over or sum(due) - sum(issued) > allowed:
            veto = ", held by the guard" if timer.held == VETOED else ""
            raise Mismatch("issued {}, due {}{}".format(issued, due, veto))
        self._compare_plant()

    def _compare_plant(self):
        made = self.world.steps_made() - self._made_before
        total = self.pump.delivery.steps_total()
        unmade = total - made
        if not self.world.timer.runs and unmade == self.doubtful + 1:
            self.doubtful += 1  # a pulse that a halt caught while it was fetched: it counts as made
        if unmade < self.doubtful or (not self.world.timer.runs and unmade != self.doubtful):
            raise Mismatch("the plant made {} microsteps, the pump counts {}".format(made, total))

    def recount(self):
        """The pump's count begins anew where it is now; returns what the plant made beyond it."""
        made = self.world.steps_made() - self._made_before
        beyond = made - self.pump.delivery.steps_total()
        self._made_before += beyond
        self.doubtful = 0
        return beyond

    def calibrated(self, before_pl):
        """The microstep is worth something else: `before_pl` is what the buckets held before."""
        for bucket in range(states.BUCKETS):
            told_pl = self.told_pl(bucket)
            if bucket == states.BASAL:
                self.basal.shift(told_pl - before_pl[bucket])
            else:
                self.volumes[bucket].close(told_pl)
            self._slack[bucket] = told_pl // self.step_pl() - self.pump.delivery.bucket_steps()[bucket]
            self._slack_pl[bucket] = told_pl

    # Ends

    def _forget_backlog(self):
        self.world.timer.pending = self.pump.delivery.meter.pending()
        self.world.not_made = 0

    def _forgettable(self):
        """Microsteps that a stop can make forgotten: not issued yet, or issued and not made."""
        return self.world.timer.pending + self.world.not_made

    def end_volume(self, bucket, first, last):
        forgotten = self.volumes[bucket].end(first, last, self.told_pl(bucket), self.step_pl(), self._forgettable())
        self.tally("forgotten", forgotten)

    def stopped(self, first):
        """The motor stands; what was due and not made is forgotten."""
        now = self.world.timer.total
        self._turn_pages()
        self.basal.settle(now)
        told_pl = self.told_pl(states.BASAL)
        self.tally("forgotten", self.basal.agree(told_pl, self.step_pl(), self._forgettable()))
        for bucket in ORDER:
            self.end_volume(bucket, first, now)
        self._change_age = 0
        self.reference.minimum = False
        self.basal.rate = 0
        self.world.timer.held = FREE
        self.look()

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
            if entry["held"] != (was[0] if was else False):
                self.tally("held" if entry["held"] else "went-on")
                volume = self.volumes[entry["bucket"]]
                (volume.hold if entry["held"] else volume.release)(first, last)
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
                raise Mismatch("bucket {} ended at {} pL, not {}".format(bucket, self.told_pl(bucket), volume.full_pl()))
            self.tally("whole-" + states.BUCKET_NAMES[bucket])
        self.end_volume(bucket, first, last)

    def _begun(self, entry, before, first, last):
        bucket = entry["bucket"]
        if self._asked is None or self._asked[0] != bucket:
            raise Mismatch("bucket {} began and was not asked for".format(bucket))
        _, volume_nl, duration_ms = self._asked
        self._asked = None
        if entry["volume_nl"] != volume_nl:
            raise Mismatch("{} nL of bucket {}, asked for {}".format(entry["volume_nl"], bucket, volume_nl))
        self.volumes[bucket].begin(first, last, volume_nl, duration_ms)
        self.tally(states.BUCKET_NAMES[bucket])

    def ask(self, bucket, volume_nl, duration_ms):
        """This bolus or priming may begin now."""
        self._asked = (bucket, volume_nl, duration_ms)

    def asked(self):
        """Whether something asked for has not begun."""
        return self._asked is not None

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

    def _judge(self, before, pressed):
        self._judge_clock(before)
        state = self.ledger.state
        if before.state in states.DELIVERING and state not in states.DELIVERING:
            self._judge_stop(before, state)
        elif state in states.DELIVERING:
            if before.state not in states.DELIVERING:
                self._judge_start(before, state)
            elif before.state != state and not (before.state in THERAPY and state in THERAPY):
                raise Mismatch("state went from {} to {}, alarms {}".format(before.state, state, self._alarms()))
            self._judge_running(before, pressed)
        elif state != before.state:
            raise Mismatch("state went from {} to {}, alarms {}".format(before.state, state, self._alarms()))
        elif self.reference.start_age and self.reference.start_age <= before.age:
            self._judge_no_start()
        if self.ledger.start_age_ms != self.reference.start_age:
            raise Mismatch("start at {}, not {}".format(self.ledger.start_age_ms, self.reference.start_age))

    def _alarms(self):
        return [entry["alarm"] for entry in self.ledger.alarms.entries]

    def _judge_no_start(self):
        """Nothing begins without a reason not to."""
        reference = self.reference
        filled = self.ledger.fill_concentration
        if reference.ended() or filled != reference.regimen.program["concentration_ug_per_ml"]:
            reference.start_age = 0
            self.tally("start-failed")
        else:
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
            prime = self.volumes[states.PRIME]
            if not prime.done(self.world.timer.total):
                raise Mismatch("priming ended in state {} before its time".format(state))
            self.tally("whole-priming")
        else:
            found = self.reference.plan_step(before.age)
            if state != states.SUSPENDED or not found or found[1]:
                raise Mismatch("stopped in state {}, alarms {}".format(state, self._alarms()))
            self.reference.take_plan(found[0], 0, before.age)
            self.tally("therapy-ended")
        self.stopped(before.first)

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
        elif self.ledger.bolus(states.PATIENT_BOLUS):
            pass
        self.follow(before, False)
        self._take_bolus_ages(before)
        self._judge_bridge(before)
        self._judge_plan(before)

    def _expect_periodic(self, before):
        reference = self.reference
        due = reference.periodic_due
        self._periodic = False
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
            may = reference.patient_may(before.age, self.age())
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
