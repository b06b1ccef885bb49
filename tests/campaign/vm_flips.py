"""Runs on MicroPython: bits flipped in the memory and the files of a pump that infuses, and what came of each.

The world is the virtual pump's own plant (see vm_world). What may be delivered is worked out here anew from the
therapy's doses, and compared with the microsteps that the motor really made.
"""

import gc

import bits
import idle
import main
import vm_world
from plant import plant
from slaves import clock
from vm_chance import Chance

from infuser.app import startup
from infuser.app.commands import carry_out
from infuser.app.pump import FAST_LOOP_MS, Pump
from infuser.core import liveness, seal
from infuser.wire import alarms, messages, program, records, states, units

CONCENTRATION = 500
MONDAY_MS = 1767571200000  # 2026-01-05
MIN_MS = 60000
# After so long everything has been verified once, whatever else happened.
WATCH_MS = 11 * MIN_MS
TOLERANCE_PL = 1000000
# What a reset and the time without a verified count may leave out.
SHORT_PL = 2000000
# A tick that finds its own count of time damaged does not hand it on.
_PARTS = dict(seal.PARTS)
_PARTS[liveness.HANDLER] = liveness.PARTS[liveness.HANDLER]
DETECTED, MASKED, HARMLESS = "detected", "masked", "harmless"
FILES = ("checkpoint", "dose-windows", "journal")
_SPANS_MS = (60 * MIN_MS, 240 * MIN_MS, 1440 * MIN_MS)


class Wrong(Exception):
    """Something that must never happen did."""


class Reset(BaseException):
    """The firmware has reset the chip; its argument is the part at fault. Nothing of the firmware catches it."""


class Chip:
    """The chip of one life: a reset ends that life and not the whole machine."""

    def __init__(self, chip, fault):
        self._fault = fault
        self._cause = "power-on" if fault is None else "fault"
        for name in ("critical", "serial", "tell", "random_bytes"):
            setattr(self, name, getattr(chip, name))

    def reset_cause(self):
        return self._cause

    def fault_code(self):
        return self._fault or 0

    def suspect(self, fault):
        """Nothing hangs here."""

    def reset(self, fault=0):
        raise Reset(fault)


class World(vm_world.World):
    """A pump that can fail and start anew."""

    fault = None
    refused = ""

    def _power_on(self):
        self.pump = None
        idle.control = None
        self.hardware = main.Hardware()
        idle.control = vm_world.Silence()
        idle.advance(1 << 58)
        self.hardware.watchdog = vm_world.Unwatched()
        self.hardware.chip = Chip(self.hardware.chip, self.fault)
        self.fault = None
        self.pump = bits.pump = Pump(self.hardware)
        self.loaded = self.counted()
        startup.take_up(self.pump)

    def life(self, duration_ms):
        """The main loop for a time; the part at fault if it ended in a reset, else None."""
        try:
            try:
                end_ms = self.now_ms() + duration_ms
                while self.now_ms() < end_ms:
                    busy = self.pump.poll()
                    self.hardware.port.idle(FAST_LOOP_MS if busy else self.pump.delivery.turn_ms())
            except Exception as error:
                self.pump.fail(error)
        except Reset as reset:
            return reset.args[0]
        return None

    def order(self, command, **request):
        """A command as the link carries it out; the part at fault if it ended in a reset, else None."""
        request["operator"] = "bench"
        try:
            try:
                self.pump.integrity.verify()
                carry_out(self.pump, command, request)
                self.pump.hurry()
            except messages.Refusal as refused:
                self.refused = self.refused or "{} {} {} {}".format(
                    refused.code, refused.field, refused.value, refused.text
                )
            except Exception as error:
                self.pump.fail(error)
        except Reset as reset:
            return reset.args[0]
        return None


class Trial:
    """One therapy in which bits flip."""

    def __init__(self, seed, flips):
        self.chance = Chance(seed)
        self.world = World(seed)
        self.left = flips
        self.told = []  # (structure, outcome, what)
        self.off_long = False
        self.history = []  # (age in ms, microsteps made)
        self.open_pl = 0  # of boluses that were under way or asked for since the flip
        self.least_pl = self.most_pl = self.on_ms = 0  # of the pattern since the flip
        self.over = False
        self._program()
        self._begin()

    # The therapy

    def _program(self):
        chance = self.chance
        flex = chance.once_in(2)
        starts = [0] + sorted({chance.number(1, 1439) for _ in range(chance.number(1, 5))}) if flex else [0]
        self.doses = [(start, chance.number(30, 400) * 1000) for start in starts]
        self.patient_ng = chance.of((0, 1, 1)) * chance.number(1, 12) * 1000
        self.periodic_ng = 0 if chance.number(0, 2) else chance.number(1, 12) * 1000
        self.interval_min = chance.of((30, 45, 60))
        doses = [dose for _, dose in self.doses]
        self.values = program.new(
            patient="bench",
            drug="baclofen",
            concentration_ug_per_ml=CONCENTRATION,
            mode=program.FLEX if flex else program.CONTINUOUS,
            step_list=[{"day_mask": 127, "start_min": at, "dose_ng_per_day": dose} for at, dose in self.doses],
            minimum_ng_per_day=max(48 * CONCENTRATION, min(doses) // 2),
            bolus_max_ng=50000,
            bolus_lockout_min=5,
            patient_bolus_ng=self.patient_ng,
            patient_bolus_min=3 if self.patient_ng else 0,
            patient_lockout_min=10 if self.patient_ng else 0,
            patient_boluses_per_day=24 if self.patient_ng else 0,
            periodic_bolus_ng=self.periodic_ng,
            periodic_bolus_min=4 if self.periodic_ng else 0,
            periodic_interval_min=self.interval_min if self.periodic_ng else 0,
            low_reservoir_nl=units.LOW_RESERVOIR_MIN_NL,
            age_years=40,
            weight_hg=700,
            indication=program.SPINAL,
            screening_ng=50000,
            screening_response=program.POSITIVE,
        )

    def _begin(self):
        world = self.world
        data = program.encode(self.values)
        world.order(messages.CLOCK_SET, time_ms=MONDAY_MS + self.chance.number(0, 86400000), utc_offset_min=0)
        world.order(messages.PROGRAM_STAGE, total=len(data), offset=0, chunk=data)
        world.order(messages.PROGRAM_COMMIT, digest=program.digest(data), confirmed=True, bridge_nl=0, signature=b"")
        world.order(messages.REFILL_BEGIN)
        plant.put_piston(0)
        full_nl = units.RESERVOIR_CAPACITY_NL
        world.order(
            messages.REFILL_COMPLETE, measured_residual_nl=0, volume_nl=full_nl, concentration_ug_per_ml=CONCENTRATION
        )
        world.order(messages.RESUME, delay_ms=0)
        if self.state() != states.INFUSING:
            raise Wrong("therapy did not start: {}".format(world.refused))

    def state(self):
        return self.world.pump.controller.state

    def silent(self):
        """Whether no alarm tells that something is wrong."""
        return not any([not entry["acknowledged"] for entry in self.world.pump.controller.ledger.alarms.entries])

    def basal_pl(self, from_ms, to_ms):
        """(least, most) that the pattern gives between two times of the wall clock."""
        least = most = 0
        while from_ms < to_ms:
            end_ms = min(to_ms, from_ms + MIN_MS)
            rates = [self._rate(from_ms - 2000), self._rate(end_ms + 2000)]
            least += min(rates) * (end_ms - from_ms) // 86400
            most += (max(rates) + 1) * (end_ms - from_ms) // 86400 + 1
            from_ms = end_ms
        return least, most

    def _rate(self, wall_ms):
        minute = wall_ms // MIN_MS % 1440
        dose = [dose for start, dose in self.doses if start <= minute][-1]
        return dose * 1000 // CONCENTRATION

    # Time

    def remember(self):
        self.history.append((self.world.pump.timebase.age_ms(), self.world.steps_made()))

    def live(self, duration_ms):
        """Time passes, and now and then somebody wants a bolus. The part at fault after a reset."""
        while duration_ms > 0:
            part_ms = min(duration_ms, self.chance.number(1000, 150000))
            duration_ms -= part_ms
            begun_ms = clock.wall_ms()
            fault = self.world.life(part_ms)
            least_pl, most_pl = self.basal_pl(begun_ms, clock.wall_ms())
            self.least_pl += least_pl
            self.most_pl += most_pl
            self.on_ms += clock.wall_ms() - begun_ms
            if fault is None and self.chance.once_in(10):
                fault = self._bolus()
            if fault is not None:
                return fault
            self.remember()
        return None

    def _bolus(self):
        if self.patient_ng and self.chance.once_in(2):
            self.open_pl += self.patient_ng * 1000000 // CONCENTRATION
            self.world.press()
            return None
        dose_ng = self.chance.number(1, 8) * 1000
        self.open_pl += dose_ng * 1000000 // CONCENTRATION
        duration_ms = self.chance.number(60, 300) * 1000
        return self.world.order(
            messages.BOLUS, dose_ng=dose_ng, duration_ms=duration_ms, patient="bench", confirmed=True
        )

    def waiting_pl(self):
        """What the boluses under way still have to give; asked before the flip."""
        pump = self.world.pump
        total = 0
        for entry in pump.controller.ledger.bolus_list:
            given = pump.delivery.bucket_steps()[entry["bucket"]] - entry["start_steps"]
            total += max(0, entry["volume_nl"] * 1000 - given * pump.delivery.meter.step_pl)
        return total

    # Flips

    def play(self):
        """All of it; Wrong if something did not hold."""
        while self.left and not self.over:
            self.left -= 1
            before = self.live(self.chance.number(1000, 4 * MIN_MS))
            if before is not None:
                raise Wrong("a reset for part {} without a flip".format(before))
            self.world.life(1000)  # what was asked for last begins
            self.flip()
        return self.told

    def flip(self):
        kind = self.chance.of(sorted(bits.STRUCTURES) + list(FILES))
        self.open_pl = self.waiting_pl()
        self.least_pl = self.most_pl = self.on_ms = 0
        made = self.world.steps_made()
        what = "nothing"
        try:
            what = self._flip_file(kind) if kind in FILES else bits.flip_ram(kind, self.chance.number(0, 1 << 29))
            outcome = self._see_file() if kind in FILES else self._see()
            self.check(made)
        except Wrong as wrong:
            raise Wrong("{}: {}".format(what, wrong))
        self.told.append((kind, outcome, what))

    def _see(self):
        """What comes of a flip in memory."""
        fault = self.live(WATCH_MS)
        if fault is not None:
            if fault not in _PARTS:
                raise Wrong("ended in a reset without a cause ({})".format(fault))
            self._start_anew(fault)
            return DETECTED + " (" + _PARTS[fault] + ")"
        if not self.silent():
            self.over = True
            return DETECTED + " (alarm)"
        # What is flipped and not found must not add up with the next.
        self._power_cut()
        return HARMLESS

    def _power_cut(self):
        self._restart(self.chance.number(0, 5000))
        fault = self.live(90000)
        if fault is not None:
            raise Wrong("a reset for part {}".format(fault))
        if not self.world.pump.controller.ledger.alarms.active(alarms.JOURNAL_FAULT):
            self.world.order(messages.ALARM_ACK, alarm=0)  # power restored
            if self.state() not in states.THERAPY or not self.silent():
                raise Wrong("therapy does not go on: state {}".format(self.state()))

    def _start_anew(self, fault):
        boot = self.world.pump.recorder.journal.next_seq
        self.world.fault = fault
        # A third reset within a day is an alarm: every other time the pump stays off for longer.
        self._restart(25 * 60 * MIN_MS if self.off_long else 200)
        self.off_long = not self.off_long
        again = self.live(90000)
        if again is not None:
            raise Wrong("a second reset, for part {}".format(again))
        if not [one for one in self._records(boot) if one["kind"] == records.FAULT and one["fields"]["masked"]]:
            raise Wrong("no record of the fault")
        if self.state() not in states.THERAPY or not self.silent():
            raise Wrong("therapy does not go on: state {}".format(self.state()))

    def _restart(self, off_ms):
        try:
            self.world.restart(off_ms)
        except Reset as reset:
            raise Wrong("a reset during the start, for part {}".format(reset.args[0]))

    def _records(self, seq):
        journal = self.world.pump.recorder.journal
        data = b""
        while True:
            more = journal.read_from(seq, len(data), 4096)
            if not more:
                break
            data += more
        told = []
        at = 0
        while at < len(data):
            size = records.size_at(data, at)
            told.append(records.decode(data[at : at + size]))
            at += size
        return told

    def _flip_file(self, kind):
        names = self.world.hardware.files.names()
        if kind == "journal":
            names = [name for name in names if name[0] == "j"]
        else:
            names = [name for name in names if name in (("c0", "c1") if kind == "checkpoint" else ("w0", "w1"))]
        return bits.flip_flash(self.chance.of(names), self.chance.number(0, 1 << 29))

    def _see_file(self):
        """What comes of a flip in a file: it is read again after a loss of power."""
        fault = self.live(self.chance.number(0, 3) * MIN_MS)
        if fault is not None:
            raise Wrong("a reset for part {}".format(fault))
        self._power_cut()
        pump = self.world.pump
        if pump.controller.ledger.alarms.active(alarms.JOURNAL_FAULT):
            self.over = True
            return DETECTED + " (alarm)"
        return MASKED if pump.delivery.memory.masked or not pump.found.windows_exact else HARMLESS

    # What must hold

    def check(self, made):
        """Never over, never silently under, and the dose windows hold at least what was made."""
        pump = self.world.pump
        least_pl = self.least_pl
        most_pl = self.most_pl + self.open_pl
        if self.periodic_ng:
            # The beat goes on over a reset: what was due in between is given once.
            count = self.on_ms // (self.interval_min * MIN_MS) + 2
            most_pl += count * self.periodic_ng * 1000000 // CONCENTRATION
        made_pl = (self.world.steps_made() - made) * units.STEP_PL_NOMINAL
        if made_pl > most_pl + TOLERANCE_PL:
            raise Wrong("over-delivery: {} pL, at most {} pL".format(made_pl, most_pl))
        if made_pl < least_pl - SHORT_PL and self.silent():
            raise Wrong("under-delivery without an alarm: {} pL, at least {} pL".format(made_pl, least_pl))
        self.remember()
        age_ms, total = self.history[-1]
        for index, span_ms in enumerate(_SPANS_MS):
            since = [steps for at_ms, steps in self.history if at_ms > age_ms - span_ms]
            used = pump.delivery.guard.used_steps(index)
            if used < total - since[0] - 1:
                raise Wrong("window {} holds {} steps, {} were made".format(index, used, total - since[0]))


def play(seed, count, flips):
    """Therapies of so many seeds, up to the first that does not hold."""
    gc.threshold(1 << 20)  # there is more memory here than on the chip
    told = []
    for one in range(seed, seed + count):
        gc.collect()
        try:
            told.append((one, Trial(one, flips).play()))
        except Exception as error:
            return {"told": told, "seed": one, "wrong": "{}: {}".format(type(error).__name__, error)}
    return {"told": told, "seed": None, "wrong": ""}
