"""Runs on MicroPython and CPython: the real pump in a virtual world, and beside it the reference.

A world has: `pump`, `hardware`, `timer` (see vm_witness), `not_made`, `saved`, `clock_lost`; now_ms(), idle(ms),
settle_pulses(), talk(), press(), lose_clock(), fill(steps), at_empty(), steps_made(), wall_clock_ms(), restart(off_ms).
"""

from vm_course import QUANTUM_MS, Basal, Mismatch, Volume
from vm_reference import MIN_MS, Reference
from vm_witness import BUSY, FREE, VETOED

from infuser.wire import states

# A burst made slowly holds up a fast bolus for four seconds, one that waits behind it for as long: that many microsteps
# at 50 mL an hour. They are made up for; none is lost.
BACKLOG_MAX = 1200
ORDER = (states.PRIME, states.PATIENT_BOLUS, states.CLINICIAN_BOLUS, states.PERIODIC_BOLUS)
THERAPY = (states.INFUSING, states.BOLUS)
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
        self.ended = False  # the therapy is over
        self.uncertain = 0  # microsteps that power cuts left in doubt
        self.spoken = False  # an order was given since the last turn
        self.lazy = False  # the main loop comes round late
        self._made_before = world.steps_made()
        self._ordered = 0  # the last quantum at which an order can have taken effect
        self._change_age = 0  # age of the next change of the basal rate, 0 for none
        self._pressed = False
        self._asked = {}  # bucket -> (nL, ms) of what may begin
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
            turn_ms = max(turn_ms, min(turn_ms * self.chance.number(1, 5), self._late_most_ms()))
        return turn_ms

    def _late_most_ms(self):
        """How late the loop may be: what it has reserved on flash must last, two microsteps at least."""
        pl_per_s = self.basal.rate * 1000 // 86400 + 1
        for volume in self.volumes.values():
            if volume.running and not volume.held:
                pl_per_s += volume.volume_pl * 10 // volume.quanta
        return min(_STRIDE_MAX_MS, 2 * self.step_pl() * 1000 // pl_per_s)

    def stand_h(self, hours):
        """Hours without delivery, an hour at a time."""
        for _ in range(hours):
            self.world.idle(60 * MIN_MS)
            self.turn()

    def turn(self):
        """One turn of the main loop; True if the next one shall come soon."""
        if self.spoken:
            # An order is carried out in a turn that ends with knowing that somebody talked.
            self.world.talk()
            self._turn()
            self.spoken = False
        return self._turn()

    def _turn(self):
        self.counts["turns"] += 1
        self._forget_backlog()
        pressed, self._pressed = self._pressed, False
        before = Before(self)
        busy = self.pump.poll()
        self.judge(before, pressed)
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
        self._ordered = last

    def _turn_pages(self):
        """Tell the reference of changes of the rate up to the present."""
        reference = self.reference
        soon = self.age() + 2 * QUANTUM_MS
        while self._change_age and self._change_age <= soon:
            at = self.quantum_at(self._change_age)
            # An order that takes its time over the change goes over to the new rate at once, when it is done.
            last = self._ordered if at <= self._ordered else 0
            self.basal.change(at - 1, max(at + 1, last), reference.rate(self._change_age))
            self._change_age = reference.next_change(self._change_age)
        if not reference.bridging or reference.minimum or not self.basal.settle_changes(self.world.timer.total):
            return
        if self.basal.rate:
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
        over = any(issued[bucket] > self.told_pl(bucket) // self.step_pl() for bucket in range(states.BUCKETS))
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

    def recount(self, made, counted):
        """The pump counts from `counted` on where the plant had made `made`; returns what was made beyond."""
        beyond = made - self._made_before - counted
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
