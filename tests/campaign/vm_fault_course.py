"""Runs on MicroPython: a random therapy, people who look after it now and then, and faults at random times."""

import faults
import kernel
from plant import END, STEP_PL, plant
from vm_chance import Chance
from vm_fault_truth import REMIND_MIN, Truth
from vm_fault_world import Violation, World
from vm_orders import PATIENT
from vm_programs import Programs
from vm_reference import DAY_MS, MIN_MS

from infuser.wire import messages, program, states, units

MONDAY_MS = 1767571200000  # 2026-01-05
_HOUR_MS = 60 * MIN_MS
_GAPS_MS = ((1, 5000), (5000, 10 * MIN_MS), (10 * MIN_MS, 2 * _HOUR_MS), (_HOUR_MS, 9 * _HOUR_MS))
# What sounds is answered sooner, and costs the machine more time than a day of therapy.
_HEARD_MS = ((1, 5000), (5000, 10 * MIN_MS), (5000, 10 * MIN_MS), (10 * MIN_MS, 80 * MIN_MS))
_PROGRAMS_TRIED = 200
_CORRECTIONS = 4
# What flips a bit in memory or on flash has a campaign of its own; the jumper does nothing by itself.
_NOT_HERE = ("ram-bit", "flash-bit", "image-bit", "bad-block", "service-jumper", "power-cut-at-flash-op")


class Course(Programs):
    """The script of one therapy: see vm_fault_world for what it yields. `Programs` writes the prescriptions."""

    def __init__(self, world, chance):
        # Not that of the bench: nothing is compared with a reference here.
        self.world = world
        self.chance = chance
        self.length = chance.of((1, 2, 2, 2))
        self.concentration = chance.of((500, 1000, 2000))
        self.truth = world.truth
        self.program = None
        self.refusal = None  # of the last order

    @property
    def reference(self):
        """What the prescriptions need of it is the clock, and the pump's own will do."""
        return self.world.pump.controller

    def age(self):
        return self.world.pump.timebase.age_ms()

    def play(self, days):
        """All of it."""
        yield from self.begin()
        end_us = kernel.now_us + days * DAY_MS * 1000
        while kernel.now_us < end_us:
            yield self.chance.within(_HEARD_MS if plant.priority_signalled() > 1 else _GAPS_MS)
            self.truth.check_log()
            yield from self.chance.of(DECK)(self)
        yield from self.mend()
        yield 2 * MIN_MS
        self.truth.look()
        self.truth.check_log()

    def begin(self):
        """From nothing to a running infusion."""
        yield 5000
        yield from self.greet()
        wall_ms = MONDAY_MS + self.chance.number(0, 7 * DAY_MS)
        yield from self.order(messages.CLOCK_SET, time_ms=wall_ms, utc_offset_min=self.chance.number(-12, 14) * 60)
        yield from self.refill()
        for _ in range(_PROGRAMS_TRIED):
            if (yield from self.prescribe()):
                break
        else:
            raise Violation("no program is taken")
        yield from self.resume()

    # People at the line

    def order(self, command, **values):
        """One command; its reply, or None where it was refused or the pump went down meanwhile."""
        values["operator"] = PATIENT
        reply = yield command, values
        self.truth.ordered()
        name = messages.MESSAGES[command][0]
        self.refusal = reply if isinstance(reply, messages.Refusal) else None
        if reply is None or self.refusal:
            self.world.tally("refused" if reply else "unanswered")
            return None
        self.world.tally(name)
        # A reminder asked for with a stop may end with the next order, and the usual one take its place.
        if self.truth.remind_min:
            self.truth.remind_min = max(self.truth.remind_min, REMIND_MIN)
        if "start_in_ms" in reply:
            self.truth.quiet_until_us = kernel.now_us + reply["start_in_ms"] * 1000
        return reply

    def greet(self):
        """Plug in and say hello, as whoever comes to the pump does."""
        if "cable-out" in faults.active:
            faults.switch("cable-out", False)
        yield from self.order(messages.HELLO, protocol=messages.protocol_hash())

    def resume(self):
        yield from self.order(messages.RESUME, delay_ms=self.chance.of((0, 0, 0, 0, 90000)))

    def answer(self):
        """Somebody comes, acknowledges and lets therapy go on."""
        yield from self.greet()
        yield from self.order(messages.ALARM_ACK, alarm=0)
        yield from self.resume()

    def prescribe(self):
        """A program, some with limits that boluses can reach; True if the pump takes it."""
        values = self.some_program()
        chance = self.chance
        values["bolus_lockout_min"] = chance.of((0, 0, 10))
        if chance.once_in(2):
            day_ng = max([step["dose_ng_per_day"] for step in values["step_list"]]) * chance.number(105, 200) // 100
            values["dose_max_ng_per_day"] = day_ng
            if chance.once_in(2):
                values["dose_max_1h_ng"] = day_ng * chance.number(5, 50) // 100
                values["dose_max_4h_ng"] = day_ng * chance.number(50, 100) // 100
        # What a limit of the drug library forbids is brought within it, as a clinician would.
        for _ in range(_CORRECTIONS):
            if (yield from self.send(values)):
                return True
            refused = self.refusal
            if not refused or refused.field not in values or not refused.low <= refused.high < refused.value:
                break
            values[refused.field] = refused.high
        return False

    def send(self, values):
        """Put a program into force; False if the pump refuses it."""
        encoded = program.encode(values)
        yield from self.order(messages.PROGRAM_STAGE, total=len(encoded), offset=0, chunk=encoded)
        digest = program.digest(encoded)
        reply = yield from self.order(
            messages.PROGRAM_COMMIT, digest=digest, confirmed=True, bridge_nl=0, signature=b""
        )
        if reply is not None:
            self.truth.program = self.program = values
        return reply is not None

    def new_program(self):
        yield from self.greet()
        yield from self.prescribe()

    def refill(self):
        """Drawn out and filled anew."""
        yield from self.greet()
        begun = yield from self.order(messages.REFILL_BEGIN)
        if begun is None:
            return
        yield self.chance.number(0, 20 * MIN_MS)
        volume_nl = self.chance.of((units.RESERVOIR_CAPACITY_NL, self.chance.number(3, 20) * units.NL_PER_ML))
        plant.put_piston(END - volume_nl * units.PL_PER_NL // STEP_PL)
        yield from self.greet()
        told = {"measured_residual_nl": begun["expected_residual_nl"], "volume_nl": volume_nl}
        yield from self.order(messages.REFILL_COMPLETE, concentration_ug_per_ml=self.concentration, **told)
        yield from self.answer()

    def bolus(self):
        yield from self.greet()
        duration_ms = self.chance.of((self.chance.number(10000, 600000), self.chance.number(10000, 7200000)))
        dose_ng = self.chance.number(1, 100 * self.concentration)
        yield from self.order(messages.BOLUS, dose_ng=dose_ng, duration_ms=duration_ms, patient=PATIENT, confirmed=True)

    def stop(self):
        yield from self.greet()
        after_ms = self.chance.of((0, 0, self.chance.number(1, 7200000)))
        remind_min = self.chance.of((0, 0, 5, 90))
        if (yield from self.order(messages.STOP, resume_after_ms=after_ms, remind_min=remind_min)) is not None:
            self.truth.remind_min = remind_min

    def minimum(self):
        yield from self.greet()
        yield from self.order(messages.MINIMUM_RATE, on=self.chance.once_in(2))

    def temporary(self):
        yield from self.greet()
        dose = self.some_dose()
        duration_ms = self.chance.number(60000, 12 * _HOUR_MS)
        yield from self.order(
            messages.TEMPORARY_RATE, dose_ng_per_day=dose, duration_ms=duration_ms, patient=PATIENT, confirmed=True
        )

    def prime(self):
        """Stop, prime, go on."""
        yield from self.greet()
        yield from self.order(messages.STOP)
        duration_ms = self.chance.number(10000, 120000)
        volume_nl = self.chance.number(1, min(900000, 13 * duration_ms))
        yield from self.order(
            messages.PRIME, purpose=states.PRIMING_CATHETER, volume_nl=volume_nl, duration_ms=duration_ms
        )
        yield duration_ms + 5000
        yield from self.answer()

    def self_test(self):
        yield from self.greet()
        yield from self.order(messages.SELF_TEST)

    def pause_audio(self):
        yield from self.greet()
        yield from self.order(messages.AUDIO_PAUSE, pause_s=self.chance.number(0, 600))

    def set_clock(self):
        yield from self.greet()
        wall_ms = MONDAY_MS + self.chance.number(0, 90 * DAY_MS)
        yield from self.order(messages.CLOCK_SET, time_ms=wall_ms, utc_offset_min=self.chance.number(-12, 14) * 60)

    def plan_order(self):
        yield from self.greet()
        action = self.chance.number(states.PLAN_HOLD, states.PLAN_GO_ON)
        yield from self.order(messages.PLAN_ORDER, action=action, patient=PATIENT)

    def noise(self):
        """Bytes that say nothing."""
        self.world.hardware.port.heard = bytes([self.chance.number(0, 255) for _ in range(40)])
        yield 1000

    # Buttons, power, faults

    def press(self):
        """The patient presses, as often as it comes to mind."""
        for _ in range(self.chance.number(1, 4)):
            yield from self._hold("patient", self.chance.of((30, 200, 3000)))
            yield self.chance.of((500, 60000, 20 * MIN_MS))

    def stop_button(self):
        yield from self._hold("stop", 300)

    def _hold(self, button, duration_ms):
        self.truth.ordered()
        faults.press(button, True)
        yield duration_ms
        faults.press(button, False)

    def cut(self):
        """Power goes at any instant of the next seconds."""
        self.world.cut_in(self.chance.number(0, 9000000), self.chance.of((0, 3000, 600000, 3 * _HOUR_MS)))
        self.world.tally("cut")
        yield 10000

    def torn_cut(self):
        """Power goes in the midst of an operation of the flash."""
        self.world.off_ms = self.chance.of((0, 3000, 600000))
        faults.switch("power-cut-at-flash-op", True, self.chance.number(1, 30))
        self.world.tally("torn-cut")
        yield _HOUR_MS
        faults.switch("power-cut-at-flash-op", False)

    def fault(self):
        """Something breaks."""
        name = self.chance.of([one for one in sorted(faults.FAULTS) if one not in _NOT_HERE])
        usual, low, high, _ = faults.FAULTS[name]
        value = None
        if low is not None:
            value = (
                self.chance.of(high)
                if isinstance(high, tuple)
                else self.chance.of((usual, self._near(usual, low, high)))
            )
        if name == "flash-broken":
            self.truth.flash_failed = True
        self.truth.look()
        faults.switch(name, True, value)
        self.world.tally("fault-" + name)
        yield self.chance.within(_HEARD_MS)

    def _near(self, usual, low, high):
        return min(high, max(low, usual * self.chance.number(50, 150) // 100))

    def cure(self):
        """One fault is mended."""
        if faults.active:
            faults.switch(self.chance.of(sorted(faults.active)), False)
        yield 1000

    def mend(self):
        """All is mended, and somebody comes."""
        self.world.repair()
        yield 1000
        yield from self.greet()
        yield from self.order(messages.SELF_TEST)
        yield from self.answer()


COMMANDS = (
    (9, Course.fault),
    (4, Course.cure),
    (5, Course.mend),
    (8, Course.answer),
    (4, Course.bolus),
    (4, Course.press),
    (2, Course.refill),
    (2, Course.stop),
    (2, Course.new_program),
    (1, Course.minimum),
    (1, Course.temporary),
    (1, Course.prime),
    (1, Course.self_test),
    (1, Course.pause_audio),
    (1, Course.set_clock),
    (1, Course.plan_order),
    (1, Course.noise),
    (1, Course.stop_button),
    (3, Course.cut),
    (2, Course.torn_cut),
)
DECK = [command for weight, command in COMMANDS for _ in range(weight)]


def play(seed, days):
    """One therapy of some days; what was done in it, and what did not hold."""
    chance = Chance(seed)
    truth = Truth()
    world = World(truth)
    violation = None
    try:
        world.live(Course(world, chance).play(days))
    except Violation as error:
        violation = "{} (day {}, {}, faults {})".format(
            error, kernel.now_us // (DAY_MS * 1000), world.last, sorted(faults.active)
        )
    world.tally("records", truth.records)
    world.tally("pulses", plant.steps_made)
    world.tally("passed-ms", kernel.now_us // 1000)
    return {"violation": violation, "counts": world.counts, "over_pl": truth.over_pl_max}
