"""Runs on MicroPython: what must hold of a pump that starts after its power failed at one operation of the flash.

The judge knows the moment of the cut from the tape, and the records that had been written or were being written.
"""

import kernel
from vm_fault_world import Violation
from vm_pump_visits import KEYS

from infuser.app.memory import RESERVE_STEPS
from infuser.app.prescriber import Prescriber
from infuser.app.trust import Trust
from infuser.core import session
from infuser.core.window import SPANS_MIN
from infuser.wire import alarms, messages, records, states, units

UNCERTAIN_MAX_PL = 1000000
# Handed to the drive and cut off with it: at therapy rates the microstep under way, in a fast bolus two bursts.
_FLIGHT_SLOW, _FLIGHT_FAST = 1, 2 * units.BURST_MAX_STEPS
_FAST_S = 2
# The clock chip counts whole seconds: so much may the pump age too much, by all power cuts together.
_CLOCK_MS = 1000
_GIVEN_ON_ORDER = (states.PATIENT_BOLUS, states.CLINICIAN_BOLUS, states.PRIME)


def require(holds, text, *values):
    if not holds:
        raise Violation(text.format(*values))


class Figures:
    """How often what was seen, and the largest of what was measured."""

    def __init__(self):
        self.told = {}

    def most(self, name, value):
        self.told[name] = max(value, self.told.get(name, value))

    def tally(self, name):
        self.told[name] = self.told.get(name, 0) + 1


class Cutting:
    """One cut: its `moment`, whether the operation was done by `half`, and what may be found after it.

    `written`: number -> record, the oldest kept of which is at most `oldest`; `asked`: the last order, b"" for none.
    """

    def __init__(self, moment, half, written, oldest, asked):
        self.moment = moment
        self.half = half
        self.written = written
        self.oldest = oldest
        self.asked = asked
        self.made = moment.made_half if half else moment.made
        self.drug = moment.drug + (self.made - moment.made) * moment.ug_per_ml


class Judge:
    """From power-on to the first turn of the loop."""

    due_us = 0

    def __init__(self, truth, figures, cutting):
        self.truth = truth
        self.figures = figures
        self.cutting = cutting
        self.newest = 0
        self.pump = None
        self.begun = False  # whether the journal says that the last order was
        self.starts = False  # whether therapy is to start by itself
        self._beat_ms = 0  # when the next periodic bolus is due
        self._fast = False
        self._before = states.IDLE
        self._latched = []
        self._boluses = []
        self._loaded = None

    # What vm_fault_world.World asks of somebody who looks on

    def begin(self, world):
        """The state is taken up, nothing runs yet."""
        self.pump = world.pump
        self._loaded = self.pump.delivery.bucket_steps()
        self.check_counts()
        self.check_boluses()
        self.check_windows()
        self.check_reservoir()
        self.check_age()
        self.check_files()

    def look(self):
        """No bolus goes on, none comes by itself but a periodic one that is due."""
        steps = self.pump.delivery.bucket_steps()
        for bucket in _GIVEN_ON_ORDER:
            require(steps[bucket] == self._loaded[bucket], "{} after the cut", states.BUCKET_NAMES[bucket])
        if steps[states.PERIODIC_BOLUS] != self._loaded[states.PERIODIC_BOLUS]:
            due = 0 < self._beat_ms <= self.pump.timebase.age_ms()
            require(due, "a periodic bolus before its time")

    def end(self):
        """Nothing more."""

    # From the flash

    def replayed(self, recorder):
        """Journal and ledger, before the first record of this life."""
        journal, ledger, cutting = recorder.journal, recorder.ledger, self.cutting
        newest = self.newest = journal.next_seq - 1
        stored = cutting.moment.stored
        require(not journal.damage, "{}", journal.damage)
        require(not journal.torn_bytes, "{} bytes of a torn record", journal.torn_bytes)
        require(newest >= stored, "record {} is lost", stored)
        require(journal.oldest_seq <= cutting.oldest, "records up to {} are gone", journal.oldest_seq)
        require(not newest or newest in cutting.written, "record {} was never written", newest)
        told = cutting.written[newest][2] if newest else None
        require(told is None or ledger.snapshot() == told, "the ledger is not that of record {}", newest)
        self.figures.tally("record-whole" if newest > stored else "record-absent")
        self._fast = cutting.moment.fast or bool(ledger.bolus_list)
        self._before = ledger.state_before_test if ledger.state == states.SELF_TEST else ledger.state
        self._latched = [entry["alarm"] for entry in ledger.alarms.entries if entry["latched"]]
        self._boluses = [dict(entry) for entry in ledger.bolus_list]
        self._beat_ms = ledger.periodic_age_ms
        self.starts = ledger.start_age_ms > 0
        if cutting.asked:
            request_id = messages.decode_head(cutting.asked)[2]
            outcomes = ledger.outcome_list + ledger.anybodys_list
            self.begun = any(entry["request_id"] == request_id for entry in outcomes)

    def check_counts(self):
        """Each microstep made is counted or uncertain; none is counted that was not handed to the drive."""
        pump, moment = self.pump, self.cutting.moment
        beyond = self.cutting.made - moment.ahead + moment.surplus - pump.delivery.steps_total()
        uncertain = pump.found.steps_uncertain
        kind = "-fast" if self._fast else "-slow"
        self.figures.most("uncertain-steps" + kind, uncertain)
        self.figures.most("made-not-counted" + kind, beyond)
        self.figures.most("counted-not-made" + kind, -beyond)
        require(beyond <= uncertain, "{} microsteps made beyond the count, {} uncertain", beyond, uncertain)
        flight = _FLIGHT_FAST if self._fast else _FLIGHT_SLOW
        require(beyond >= -flight, "{} microsteps counted that were not made", -beyond)
        step_pl = pump.delivery.meter.step_pl
        most = _FAST_S * units.PUMP_MAX_NL_PER_DAY * units.PL_PER_NL // (step_pl * 86400)
        if not self._fast:
            most = min(RESERVE_STEPS, UNCERTAIN_MAX_PL // step_pl)
            self.figures.most("uncertain-nl-slow", uncertain * step_pl // 1000)
        require(uncertain <= most, "{} microsteps are uncertain in state {}", uncertain, moment.state)

    def check_boluses(self):
        """What the cut has ended had not given more than was ordered."""
        step_pl = self.pump.delivery.meter.step_pl
        for entry in self._boluses:
            given = self._loaded[entry["bucket"]] - entry["start_steps"]
            # A fraction that was left in the bucket may have made one microstep more.
            ordered = units.volume_steps(entry["volume_nl"], step_pl) + 1
            require(given <= ordered, "{} microsteps of a bolus of {}", given, ordered)

    def check_windows(self):
        """What a dose window counts is at least what was given in its time, by the drug."""
        pump = self.pump
        if not pump.controller.schedule:
            return
        guard = pump.delivery.guard
        guard.poll(pump.timebase.age_ms())
        ug_per_ml = pump.controller.basal.concentration()
        for index, span_min in enumerate(SPANS_MIN):
            before = self.truth.drug_at(kernel.now_us - span_min * 60000000)
            given = max(0, self.cutting.drug - before) if before is not None else 0
            used = guard.used_steps(index) * ug_per_ml
            require(used >= given, "window of {} min: {} counted, {} given", span_min, used, given)
            if given:
                self.figures.tally("windows")

    def check_reservoir(self):
        """What is uncertain is not taken off: for a refill it counts as still there."""
        pump, cutting, moment = self.pump, self.cutting, self.cutting.moment
        newest = cutting.written.get(self.newest)
        if not newest or not pump.controller.ledger.filled_nl:
            return
        if self.newest > moment.stored and records.peek(newest[1])[1] in (records.REFILL, records.CALIBRATION):
            return  # the reservoir is another one than the truth knows of yet
        step_pl = pump.delivery.meter.step_pl
        left_pl = moment.left_pl - (cutting.made - moment.made) * step_pl
        more_pl = pump.controller.account.reservoir_nl() * 1000 - max(0, left_pl)
        doubt = moment.doubt_steps + pump.found.steps_uncertain
        flight = moment.surplus + (_FLIGHT_FAST if self._fast or moment.doubt_steps else _FLIGHT_SLOW)
        require(-more_pl <= flight * step_pl + 1000, "{} nL less in the reservoir than there is", -more_pl // 1000)
        require(more_pl <= (doubt + 1) * step_pl, "{} nL more in the reservoir than there is", more_pl // 1000)

    def check_age(self):
        """The pump has not aged by more than the time that has passed: no lock-out and no window ends early."""
        moment = self.cutting.moment
        passed_ms = (kernel.now_us - moment.now_us) // 1000
        more_ms = self.pump.timebase.age_ms() - moment.age_ms - passed_ms
        self.figures.most("aged-more-ms", more_ms)
        require(more_ms < _CLOCK_MS, "the pump has aged {} ms too much", more_ms)

    def check_files(self):
        """Program, library and keys are whole, and those that the ledger names: the old ones or the new ones."""
        pump = self.pump
        ledger = pump.controller.ledger
        require(bool(pump.controller.schedule) == bool(ledger.program), "the program is not taken up")
        require(not pump.library.fault, "library: {}", pump.library.fault)
        kept = (pump.hardware.files, pump.recorder)
        require(not ledger.trust_digest or Trust(*kept).trusted(), "the trusted key is lost")
        require(not ledger.prescriber_digest or Prescriber(*kept).modulus(), "the prescriber's key is lost")
        known = [session.keys_digest(pair) for pair in KEYS]
        require(not ledger.keys_digest or ledger.keys_digest in known, "the keys are neither the old nor the new pair")

    def taken_up(self):
        """State, boluses and alarms as SAFETY.md says."""
        controller = self.pump.controller
        present = controller.ledger.alarms
        names = states.STATE_NAMES
        self.figures.tally("from-" + names[self._before])
        require(not controller.ledger.bolus_list, "a bolus is still under way after the power cut")
        for alarm in self._latched:
            require(present.find(alarm), "the alarm {} is forgotten", alarms.name(alarm))
        if self._before in (states.INFUSING, states.BOLUS, states.MINIMUM_RATE):
            expected = self._goes_on()
        elif self._before in (states.REFILL, states.ALARM_STOPPED):
            expected = self._before
        else:
            expected = states.SUSPENDED if controller.schedule else states.IDLE
        told = "state {} after a power cut in {}"
        require(controller.state == expected, told, names[controller.state], names[self._before])

    def _goes_on(self):
        """The state that therapy goes on in, which somebody is told of."""
        controller = self.pump.controller
        present = controller.ledger.alarms
        entries = controller.schedule.program["plan_list"]
        ended = entries and not entries[-1]["dose_ng_per_day"] and controller.ledger.plan_position == len(entries)
        told = alarms.THERAPY_ENDED if ended else alarms.POWER_RESTORED
        require(present.find(told), "nothing tells of the power cut")
        if ended:
            return states.SUSPENDED
        if present.answer() == alarms.MOTOR_OFF:
            return states.ALARM_STOPPED
        return states.MINIMUM_RATE if self._before == states.MINIMUM_RATE else states.INFUSING
