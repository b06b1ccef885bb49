"""Runs on MicroPython: a script in which the pump writes every kind of record, and is told most of its commands.

Minutes are spent sparingly, for each of them is many turns of the loop.
"""

import faults
from vm_pump_programs import PATIENT, PERIODIC, prescription, signed_one
from vm_pump_visits import KEYS, MIN_MS, Visit

from infuser.wire import messages, records, states

_MONDAY_MS = 1767571200000  # 2026-01-05
_OCCLUSION_MIN = 31  # longer than an alarm may wait for an answer
# All that the firmware declares.
KINDS = sorted(records.RECORDS)


class Course(Visit):
    """The script. `papers`: a key's modulus, two libraries signed by it, the newer last, and a program's signature."""

    def __init__(self, world, papers):
        super().__init__(world)
        self.modulus, self.libraries, self.signature = papers

    def play(self):
        """All of it."""
        for part in (
            self.provision,
            self.fill_and_prime,
            self.boluses,
            self.rates,
            self.stops,
            self.alarms,
            self.priming_that_fails,
            self.the_third_stop,
            self.plan,
            self.strangers,
            self.weaker_drug_with_a_bridge,
            self.power,
            self.stronger_and_weaker_drug,
            self.taper,
            self.drain,
        ):
            yield from part()

    def local_min(self):
        controller = self.pump.controller
        return controller.clock.local_ms(self.pump.timebase.age_ms()) // MIN_MS

    def provision(self):
        """A new pump: clock, trusted key, keys, drug library."""
        yield 3000
        yield from self.greet()
        yield from self.must(messages.CLOCK_SET, time_ms=_MONDAY_MS, utc_offset_min=60)
        yield from self.jumper(messages.LIBRARY_TRUST, modulus=self.modulus)
        yield from self.jumper(messages.PRESCRIBER, modulus=self.modulus, required=False)
        yield from self.new_keys(KEYS[0])
        yield from self.greet()
        yield from self.send_library(self.libraries[0])

    def jumper(self, command, **values):
        faults.switch("service-jumper", True)
        yield 100
        yield from self.must(command, **values)
        faults.switch("service-jumper", False)

    def new_keys(self, pair):
        yield from self.jumper(messages.KEYS, clinician_key=pair[0], service_key=pair[1])

    def fill_and_prime(self):
        yield from self.refill(18000000, 1000)
        yield from self.prescribe(prescription(1600000, **PERIODIC))
        yield from self.prime(states.FLUSHING, 150000, 20000)
        yield 24000
        yield from self.resume()
        yield 2 * MIN_MS

    def boluses(self):
        """The clinician's beyond a soft limit, the patient's within it, a refusal, one cut short."""
        yield from self.greet()
        yield from self.bolus(40000, 3 * MIN_MS)
        yield MIN_MS
        yield from self.press()
        yield 4 * MIN_MS
        yield from self.press()
        yield 3000
        yield from self.bolus(20000, 20000)
        yield 8000
        yield from self.must(messages.BOLUS_CANCEL)
        yield MIN_MS
        yield from self.bolus(20000, 10000)
        yield MIN_MS

    def rates(self):
        yield from self.greet()
        rate = {"dose_ng_per_day": 1000000, "patient": PATIENT, "confirmed": True}
        yield from self.must(messages.TEMPORARY_RATE, duration_ms=2 * MIN_MS, **rate)
        yield 3 * MIN_MS
        yield from self.must(messages.TEMPORARY_RATE, duration_ms=30 * MIN_MS, **rate)
        yield MIN_MS
        yield from self.must(messages.MINIMUM_RATE, on=True)
        yield MIN_MS
        yield from self.must(messages.MINIMUM_RATE, on=False)
        yield from self.send_library(self.libraries[1])
        yield MIN_MS
        yield from self.prescribe(signed_one(), signature=self.signature)
        yield 2 * MIN_MS

    def stops(self):
        yield from self.greet()
        yield from self.stop(resume_after_ms=20000)
        yield 30000
        yield from self.press("stop")
        yield 5000
        yield from self.must(messages.SELF_TEST)
        yield from self.must(messages.CALIBRATE, step_pl=98600, uncertainty_ppm=2000, runs=3)
        yield from self.must(messages.CLOCK_SET, time_ms=self.pump.wall_ms() + 7 * MIN_MS, utc_offset_min=60)
        yield from self.resume(delay_ms=15000)
        yield 25000
        yield from self.must(messages.CLOCK_SET, time_ms=self.pump.wall_ms() - 3 * MIN_MS, utc_offset_min=120)
        yield MIN_MS

    def alarms(self):
        """One that stops the motor, is silenced, waits too long and is answered; one that clears by itself."""
        faults.switch("air", True)
        yield 10000
        yield from self.greet()
        yield from self.must(messages.AUDIO_PAUSE, pause_s=120)
        faults.switch("cover-open", True)
        yield 2 * MIN_MS
        faults.switch("cover-open", False)
        yield _OCCLUSION_MIN * MIN_MS
        faults.switch("air", False)
        yield 5000
        yield from self.answer()
        yield 2 * MIN_MS

    def answer(self):
        yield from self.greet()
        yield from self.acknowledge()
        yield from self.resume()

    def priming_that_fails(self):
        yield from self.stop()
        faults.switch("stall", True)
        yield from self.prime(states.PRIMING_CATHETER, 100000, 20000)
        yield 30000
        faults.switch("stall", False)
        yield 12000
        yield from self.answer()
        yield MIN_MS

    def the_third_stop(self):
        """The same alarm three times: the minimum rate until somebody acknowledges."""
        for _ in range(3):
            faults.switch("overheat", True)
            yield 61000
            faults.switch("overheat", False)
            yield 61000
            yield from self.answer()
        yield MIN_MS
        yield from self.acknowledge()
        yield MIN_MS

    def plan(self):
        yield from self.greet()
        now_min = self.local_min()
        steps = [
            {"at_min": now_min + 2, "dose_ng_per_day": 1000000},
            {"at_min": now_min + 20, "dose_ng_per_day": 900000},
        ]
        yield from self.prescribe(prescription(1200000, plan_list=steps, plan_increase_permille=200))
        yield 3 * MIN_MS
        order = {"patient": PATIENT}
        yield from self.must(messages.PLAN_ORDER, action=states.PLAN_HOLD, **order)
        yield MIN_MS
        yield from self.must(messages.PLAN_ORDER, action=states.PLAN_GO_ON, **order)
        yield from self.must(messages.PLAN_ORDER, action=states.PLAN_CUT_BACK, dose_ng_per_day=950000, **order)
        yield MIN_MS

    def strangers(self):
        """Wrong proofs, a cable pulled out while somebody is signed in, other keys."""
        for _ in range(2):
            yield from self.greet(proof=bytes(32))
            yield 3000
        yield from self.greet()
        faults.switch("cable-out", True)
        yield 5000
        faults.switch("cable-out", False)
        yield from self.greet()
        yield from self.stop(remind_min=5)
        yield from self.new_keys(KEYS[1])
        yield from self.greet()
        yield 6 * MIN_MS  # the reminder
        yield from self.resume()
        yield MIN_MS

    def weaker_drug_with_a_bridge(self):
        """What the path still holds goes out at its own dose."""
        yield from self.greet()
        yield from self.refill(15000000, 500)
        yield from self.prescribe(prescription(700000, 500), bridge_nl=3000)
        yield from self.resume()
        yield 6 * MIN_MS

    def power(self):
        """The power fails: in the midst of a bolus, of priming, of the start after it, and of a refill."""
        yield from self.greet()
        yield from self.bolus(40000, 15000)
        yield from self.cut(5000, after_operations=9)
        yield from self.cut(1000, after_operations=4)
        yield 20000
        yield from self.greet()
        yield from self.stop()
        yield from self.prime(states.FLUSHING, 200000, 20000)
        yield from self.cut(10000, after_operations=1)
        yield 10000
        yield from self.greet()
        yield from self.must(messages.REFILL_BEGIN)
        yield from self.cut(1000)
        yield 5000
        yield from self.greet()
        yield from self.must(messages.REFILL_CANCEL)
        yield from self.answer()
        yield MIN_MS

    def cut(self, after_ms, after_operations=0):
        """The power fails after a time, or at an operation of the flash after that time."""
        if not after_operations:
            self.world.cut_in(after_ms * 1000, 5000)
            yield after_ms + 1000
            return
        self.world.off_ms = 3000
        yield after_ms
        faults.switch("power-cut-at-flash-op", True, after_operations)
        lives = self.world.lives
        while self.world.lives == lives:
            yield 2000
        faults.switch("power-cut-at-flash-op", False)

    def stronger_and_weaker_drug(self):
        """The path is flushed each time; the dose windows go on by the drug."""
        yield from self.other_drug(16000000, 1000, 1500000)
        yield from self.other_drug(17000000, 500, 700000)

    def other_drug(self, volume_nl, concentration, dose_ng_per_day):
        yield from self.greet()
        yield from self.refill(volume_nl, concentration)
        yield from self.prescribe(prescription(dose_ng_per_day, concentration))
        yield from self.prime(states.FLUSHING, 120000, 20000)
        yield 24000
        yield from self.resume()
        yield 3 * MIN_MS
        yield from self.press()
        yield 3 * MIN_MS

    def taper(self):
        yield from self.greet()
        end = [{"at_min": self.local_min() + 2, "dose_ng_per_day": 0}]
        yield from self.prescribe(prescription(600000, 500, plan_list=end))
        yield 4 * MIN_MS
        yield from self.acknowledge()

    def drain(self):
        """Another patient: cleared, emptied, filled, begun anew."""
        yield from self.greet()
        yield from self.must(messages.PROGRAM_CLEAR)
        yield from self.refill(1000000, 500)
        yield from self.prime(states.DRAINING, 0, 90000)
        yield 100000
        yield from self.refill(10000000, 500)
        yield from self.prescribe(prescription(500000, 500))
        yield from self.acknowledge()
        yield from self.resume()
        yield 2 * MIN_MS
        yield from self.stop()
        yield 2000
