"""Runs on MicroPython and CPython: random therapies, each from a new pump to a stopped one, told by a seed.

Resolution: a rate is any whole number of nL a day, a bolus any whole number of nL from 1 on; both go out
in microsteps, and what is less than one waits for the next.
"""

from vm_chance import Chance
from vm_course import Mismatch
from vm_judge import Over
from vm_programs import CONCENTRATIONS, Programs
from vm_reference import DAY_MS, MIN_MS

from infuser.wire import states, units

MONDAY_MS = 1767571200000  # 2026-01-05
_FULL_NL = units.RESERVOIR_CAPACITY_NL
_REFILL_NL = 3 * units.NL_PER_ML
# Waits in ms, by how long a therapy is to last.
_WAITS = (
    ((1, 99), (1, 99), (100, 2500), (2500, 12000), (12000, 90000)),
    ((100, 2500), (2500, 60000), (60000, 600000), (600000, 5400000)),
    ((2500, 60000), (600000, 5400000), (5400000, 14400000), (14400000, 100000000)),
)


class Therapy(Programs):
    """One therapy: a program and what comes upon it."""

    def begin(self):
        """From nothing to a running infusion."""
        chance = self.chance
        self.set_clock(MONDAY_MS + chance.number(0, 7 * DAY_MS), chance.number(-12, 14) * 60)
        self.refill(0, _FULL_NL, self.concentration)
        if chance.once_in(4):
            self.calibrate(chance.number(88358, 107992))
        self.new_program()
        self.resume()

    # Time

    def wait(self):
        """Some time, or up to the next thing that is due."""
        duration_ms = self.chance.within(_WAITS[self.length])
        coming = self._coming()
        if coming and self.chance.number(0, 2):
            next_ms = self.chance.of(coming) - self.age() + self.chance.number(-3000, 3000)
            if 0 < next_ms < 4 * _WAITS[self.length][-1][1]:
                duration_ms = next_ms
                self.tally("near-due")
        self._pass(duration_ms)

    def _pass(self, duration_ms):
        end_ms = self.world.now_ms() + duration_ms
        while self.world.now_ms() < end_ms:
            left_nl = self.pump.controller.account.reservoir_nl()
            rate = max(self.basal.rate, 1)
            room_ms = (left_nl - _REFILL_NL // 2) * DAY_MS // rate
            if left_nl < _REFILL_NL or self.used_nl() > self._window_nl():
                self.fill_up()
                return
            self.pass_ms(min(end_ms - self.world.now_ms(), max(1000, room_ms)))

    def _window_nl(self):
        regimen = self.reference.regimen
        return regimen.window_nl() * 3 // 4 if regimen else _FULL_NL

    def _coming(self):
        """Ages of what comes by itself."""
        reference = self.reference
        coming = [age for age in (reference.temporary_end, reference.periodic_due, reference.start_age) if age]
        if reference.given and reference.regimen:
            coming.append(reference.given[-1] + reference.regimen.program["patient_lockout_min"] * MIN_MS)
        for volume in self.volumes.values():
            if volume.running and not volume.held:
                coming.append(self.age() + 100 * volume.ends_in(self.world.timer.total))
        if reference.regimen and reference.clock.valid:
            entries = reference.regimen.program["plan_list"]
            if reference.position < len(entries):
                due_min = entries[reference.position]["at_min"] + reference.shift_min
                coming.append(self.age() + due_min * MIN_MS - reference.clock.local_ms(self.age()))
        return [age for age in coming if age > self.age()]

    def fill_up(self):
        """A new filling; a day without infusion where the dose windows are full."""
        if self.used_nl() > self._window_nl():
            self.tally("window-left")
            self.ended = True
        self.refill(self.chance.number(0, 3000), _FULL_NL, self.concentration)
        self.acknowledge()
        self.resume()

    # What comes upon it

    def some_bolus(self):
        """A clinician's bolus of 1 nL or more, up to 50 mL an hour."""
        chance = self.chance
        duration_ms = chance.of(
            (chance.number(10000, 25000), chance.number(10000, 600000), chance.number(10000, 7200000))
        )
        most_ng = min(2000000, 2000 * self.concentration, 13 * duration_ms * self.concentration // 1000)
        least_ng = -(-self.concentration // 1000)
        dose_ng = chance.of((least_ng, chance.number(least_ng, max(least_ng, 200 * self.concentration // 1000)), 0))
        room_nl = self._window_nl() // 8
        dose_ng = dose_ng or chance.number(least_ng, max(least_ng, min(most_ng, room_nl * self.concentration // 1000)))
        self.bolus(dose_ng, duration_ms)

    def some_prime(self):
        duration_ms = self.chance.of((self.chance.number(10000, 25000), self.chance.number(10000, 120000)))
        purpose = self.chance.of((states.PRIMING_CATHETER, states.FLUSHING))
        self.halt()
        self.prime(purpose, self.chance.number(1, min(900000, 13 * duration_ms)), duration_ms)

    def drain(self):
        """Empty the reservoir, a small filling for the time it takes, and fill it anew."""
        if self.lazy and self.chance.number(0, 2):
            return
        self.refill(0, units.NL_PER_ML, self.concentration, self.chance.of((0, 0, -50, 100)))
        duration_ms = self.chance.number(61000, 150000)
        if self.prime(states.DRAINING, 0, duration_ms) and self.chance.number(0, 3):
            self.pass_ms(duration_ms + 5000)
            if self.ledger.state == states.PRIMING:
                raise Mismatch("the reservoir is not drained")
        self.refill(0, _FULL_NL, self.concentration)
        self.acknowledge()
        self.resume()

    def some_temporary(self):
        chance = self.chance
        duration_ms = chance.of((chance.number(60000, 180000), chance.number(60000, 3600000), 7 * DAY_MS))
        self.temporary(0 if chance.once_in(5) else self.some_dose(), duration_ms)

    def some_stop(self):
        chance = self.chance
        after_ms = chance.of((0, chance.number(1, 5000), chance.number(5000, 600000)))
        self.halt(resume_after_ms=after_ms, remind_min=chance.of((0, 0, 5)))

    def some_resume(self):
        self.resume(self.chance.of((0, 0, 0, self.chance.number(1, 90000))))

    def some_plan_order(self):
        action = self.chance.number(states.PLAN_HOLD, states.PLAN_CUT_BACK)
        cut = action == states.PLAN_CUT_BACK
        self.plan_order(action, self.reference.dose * self.chance.number(500, 1000) // 1000 if cut else 0)

    def near_a_change(self):
        """Set the clock to just before a step of the day's pattern begins, or midnight."""
        chance = self.chance
        offset_min = chance.number(-12, 14) * 60
        start_min = chance.of(self.reference.regimen.rates)[0] if chance.number(0, 3) else 1440 * chance.number(0, 6)
        before_ms = chance.number(0, 6000)
        self.set_clock(MONDAY_MS + start_min * MIN_MS - offset_min * MIN_MS - before_ms, offset_min)

    def another_time(self):
        """The clock is set forward or back."""
        wall_ms = self.world.wall_clock_ms()
        step_ms = self.chance.of((5000, 3600000, DAY_MS))
        self.set_clock(wall_ms + self.chance.number(-step_ms, step_ms), self.chance.number(-12, 14) * 60)

    def lose_clock(self):
        """The clock stands still; the pump notices within the hour."""
        if self.length:
            self.world.lose_clock()
            self._pass(3700000)

    def bridge(self):
        """Another concentration, with the old drug still in the fluid path."""
        if self.length == 0 and self.chance.number(0, 1):
            return
        self.concentration = self.chance.of([other for other in CONCENTRATIONS if other != self.concentration])
        self.refill(self.chance.number(0, 2000), _FULL_NL, self.concentration)
        self.new_program(self.chance.of((0, self.chance.number(1, 200), self.chance.number(1, 20000))))
        self.resume()

    def some_calibration(self):
        self.halt()
        self.calibrate(self.chance.number(88358, 107992))
        self.resume()

    def some_refill(self):
        self.refill(self.chance.number(0, 3000), _FULL_NL, self.concentration)
        self.some_resume()

    def some_cut(self):
        self.power_cut(self.chance.of((0, self.chance.number(0, 5000), self.chance.number(0, 900000))))

    def play(self, orders):
        """The whole of it."""
        self.begin()
        for _ in range(orders):
            self.wait()
            if self.ended:
                break
            self.chance.of(DECK)(self)
            if self.ledger.state not in states.DELIVERING and not self.reference.start_age and self.chance.number(0, 1):
                self.acknowledge()
                self.resume()
        if not self.ended:
            self.wait()
        self.halt()
        self.look()


COMMANDS = (
    (3, Therapy.some_stop),
    (3, Therapy.some_resume),
    (2, Therapy.new_program),
    (4, Therapy.some_bolus),
    (6, Therapy.press),
    (2, Therapy.cancel),
    (1, lambda bench: bench.minimum(True)),
    (2, lambda bench: bench.minimum(False)),
    (2, Therapy.some_temporary),
    (2, Therapy.some_plan_order),
    (1, Therapy.some_prime),
    (1, Therapy.drain),
    (1, Therapy.some_refill),
    (2, Therapy.near_a_change),
    (2, Therapy.another_time),
    (1, Therapy.lose_clock),
    (2, Therapy.bridge),
    (1, Therapy.some_calibration),
    (2, Therapy.some_cut),
)
DECK = [command for weight, command in COMMANDS for _ in range(weight)]


def therapy(seed, new_world, longest=2):
    """One therapy on a new pump of `new_world(seed)`: its bench at the end, Mismatch if something did not hold.

    `longest` is the length that it may have: 0 minutes to hours, 2 days between the orders.
    """
    chance = Chance(seed)
    length = min(longest, chance.of((0, 0, 0, 0, 1, 1, 1, 2)))
    bench = Therapy(new_world(seed), chance, length)
    try:
        bench.play(chance.number(4, 14))
    except Over:
        bench.tally("cut-short")
    bench.tally("steps", bench.pump.delivery.steps_total())
    bench.tally("passed-ms", bench.world.now_ms())
    bench.tally("vetoed", bench.pump.delivery.guard.vetoed)
    return bench
