"""Runs on MicroPython: a pump that infuses while everything that may come down its line comes down it.

MODES: in `closed` and `anybody` the pump has keys and nobody is signed in; `closed` leaves out what anybody may order,
and then each microstep is held against exact arithmetic. In `open` the pump has no keys: what decodes may be done.
"""

import gc

import idle
import kernel
import main
import utime
import vm_world
from bits import registering  # noqa: F401 (loads the structures once, before memory is measured)
from plant import plant
from vm_bench import THERAPY, Before
from vm_chance import Chance
from vm_flips import Chip, Reset
from vm_frames import ANYBODYS, Sender, sealed
from vm_power import Power

from infuser.app import startup
from infuser.app.commands import carry_out
from infuser.app.pump import Pump
from infuser.core import session
from infuser.hw.serialport import READ_MAX
from infuser.wire import frame, messages, program, records, states, units

MONDAY_MS = 1767571200000  # 2026-01-05
CLOSED, ANYBODY, OPEN = MODES = ("closed", "anybody", "open")
KEYS = (bytes(range(32)), bytes(range(32, 64)))
HEAP_BYTES = 12 * 1024  # how far the level of memory may differ between two looks
_CONCENTRATION = 500
_WARM_UP = 400
_BOLUS_EVERY = 1500
_JUDGED_EVERY = 8  # frames
_STATUS = sealed(messages.encode_request(messages.STATUS, 77, {}))
_STEPS = ((0, 240000), (360, 320000), (1080, 280000))
_FIGURES = ("program", "library_digest", "trust_digest", "keys_digest", "step_pl", "temporary_ng_per_day", "bridge_nl")


class Wrong(Exception):
    """Something that must never happen did."""


class FloodedPort(vm_world.Line):
    """A port whose host is this module: `inbox` is what has come in, `answers` counts what went out."""

    def __init__(self):
        super().__init__()
        self.inbox = b""
        self.answers = 0
        self.last = b""

    def read(self):
        """As the port: up to the end of a piece between two zeros."""
        data = self.inbox[:READ_MAX]
        at = data.find(b"\0", 1)
        while at > 0 and not data[at - 1]:
            at = data.find(b"\0", at + 1)
        if at > 0:
            data = data[: at + 1]
        self.inbox = self.inbox[len(data) :]
        return data

    def write(self, data):
        """Taken at once."""
        self.answers += 1
        self.last = data
        return True

    def flush(self):
        """Nothing waits."""


class World(vm_world.World):
    """A pump on a flooded line; a reset is `Reset`."""

    fault = None

    def _power_on(self):
        self.pump = None
        idle.control = None
        main.SerialPort = FloodedPort
        self.hardware = main.Hardware()
        idle.control = vm_world.Silence()
        idle.advance(1 << 58)
        self.hardware.watchdog = vm_world.Unwatched()
        self.hardware.chip = Chip(self.hardware.chip, self.fault)
        self.pump = Pump(self.hardware)
        self.loaded = self.counted()
        startup.take_up(self.pump)


class Flood:
    """One pump and one sender, told by a seed."""

    def __init__(self, seed, mode):
        self.mode = mode
        self.world = World(seed)
        self.bench = Power(self.world, Chance(seed))
        self._begin()
        self.sender = Sender(seed, self.world.pump.protocol, ANYBODYS if mode == CLOSED else ())
        self.counts = {}  # by generator
        self.told = {}
        self.log_seq = 0

    def _begin(self):
        bench = self.bench
        bench.set_clock(MONDAY_MS, 60)
        bench.refill(0, units.RESERVOIR_CAPACITY_NL, _CONCENTRATION)
        steps = [{"day_mask": 127, "start_min": at, "dose_ng_per_day": dose} for at, dose in _STEPS]
        values = program.new(
            patient="bench", drug="baclofen", concentration_ug_per_ml=_CONCENTRATION, mode=program.FLEX,
            step_list=steps, minimum_ng_per_day=30000, bolus_max_ng=50000, bolus_lockout_min=5,
            low_reservoir_nl=units.LOW_RESERVOIR_MIN_NL, age_years=40, weight_hg=700, indication=program.SPINAL,
            screening_ng=50000, screening_response=program.POSITIVE,
        )  # fmt: skip
        if not bench.set_program(values) or not bench.resume():
            raise Wrong("therapy did not start")
        if self.mode != OPEN:
            self.world.hardware.files.write("keys", session.pack_keys(*KEYS))
            bench.power_cut(1000)
            bench.acknowledge()

    # The flood

    def play(self, frames):
        """So many frames, with therapy and boluses under way; Wrong, Mismatch or Reset if something did not hold."""
        self.bench.turn()
        self._flood(_WARM_UP)
        before = self._look()
        self.was = self.figures()
        self.log_seq = self.world.pump.recorder.journal.next_seq
        began_ms = self.world.now_ms()
        left = frames - _WARM_UP
        while left > 0:
            self._bolus()
            self._flood(min(left, _BOLUS_EVERY))
            left -= _BOLUS_EVERY
            self.check()
        after = self._look()
        self.told = {
            "frames": frames,
            "answers": self.port().answers,
            "hours": (self.world.now_ms() - began_ms) / 3600000,
            "steps": self.world.steps_made(),
            "records": self.world.pump.recorder.journal.next_seq - self.log_seq,
            "turns": (before[0], after[0]),
            "us": (before[1], after[1]),
            "heap": (before[2], after[2]),
        }
        self._compare(before, after)
        self._check_journal()
        self._check_restart()

    def _flood(self, count):
        """One frame a turn of the loop; now and then nothing comes for a while."""
        noise = self.sender.noise
        while count > 0:
            before = Before(self.bench)
            for _ in range(min(count, _JUDGED_EVERY)):
                name, data = self.sender.next()
                self.counts[name] = self.counts.get(name, 0) + 1
                self.port().inbox += data
                self._hear()
            count -= _JUDGED_EVERY
            if self.mode == CLOSED:
                self.bench.judge(before, False)
                self.bench.look()
            elif noise.below(8) == 0:
                self._treat()
            if noise.below(32) == 0:
                self._pass(noise.number(1, 60000) if noise.below(4) else noise.number(1, 900000))

    def _hear(self):
        """Turns of the loop until all that has come in is heard."""
        noise = self.sender.noise
        while self.port().inbox:
            self.world.pump.poll()
            if self.world.pump.leaving:
                # An open pump that was asked to give its prompt back is started anew.
                self.world.restart(1000)
            kernel.run_until(kernel.now_us + 100 * noise.below(256))

    def port(self):
        """The line into the pump as it lives now."""
        return self.world.hardware.port

    def _turn(self):
        if self.mode == CLOSED:
            self.bench._turn()
        else:
            self.world.pump.poll()

    def _pass(self, duration_ms):
        if self.mode == CLOSED:
            self.bench.pass_ms(duration_ms)
            return
        end_ms = self.world.now_ms() + duration_ms
        while self.world.now_ms() < end_ms:
            self._turn()
            self.world.idle(min(2000, max(1, end_ms - self.world.now_ms())))

    def _bolus(self):
        if self.mode == CLOSED:
            self.bench.bolus(20000, 600000)
        else:
            self.give(20000, 600000)

    def give(self, dose_ng, duration_ms):
        """A clinician's bolus."""
        self._order(messages.BOLUS, dose_ng=dose_ng, duration_ms=duration_ms, patient="bench", confirmed=True)

    def _treat(self):
        """Somebody starts therapy again where the sender has stopped it."""
        if self.world.pump.controller.state not in states.DELIVERING:
            self._order(messages.ALARM_ACK, alarm=0)
            self._order(messages.RESUME, delay_ms=0)

    def _order(self, command, **request):
        request["operator"] = "bench"
        try:
            carry_out(self.world.pump, command, request)
        except messages.Refusal:
            pass

    # What must hold

    def figures(self):
        """What nobody without a role may change."""
        ledger = self.world.pump.controller.ledger
        return [getattr(ledger, name) for name in _FIGURES]

    def check(self):
        """Limits and counts hold; without a role nothing but standing still was ordered."""
        pump = self.world.pump
        ledger = pump.controller.ledger
        pump.integrity.verify()
        if self.mode == CLOSED:
            self.bench.look()
            if ledger.state not in THERAPY:
                raise Wrong("state {}".format(ledger.state))
        if self.mode != OPEN and (self.figures() != self.was or pump.link.session.role):
            raise Wrong("changed without a role: {}".format(self.figures()))
        if self.mode == ANYBODY and ledger.state not in THERAPY + (states.SUSPENDED,):
            raise Wrong("state {}".format(ledger.state))
        guard = pump.delivery.guard
        for index, limit in enumerate(guard.limits):
            # The minimum rate, which a full window falls back to, is not bound by it.
            if guard.used_steps(index) > limit and ledger.state != states.MINIMUM_RATE:
                raise Wrong("window {} holds {} of {}".format(index, guard.used_steps(index), limit))
        if pump.recorder.failure:
            raise Wrong(pump.recorder.failure)
        self._check_plant()

    def _check_plant(self):
        """The motor has made what the pump counts, but for what is on its way."""
        unmade = self.world.pump.delivery.steps_total() - self.world.steps_made()
        if not -1 <= unmade <= 80:
            raise Wrong("{} microsteps counted and not made".format(unmade))

    def _look(self):
        """(turns of the loop, least machine time in us of one answer, bytes in use) with a good status asked for."""
        self.sender.good = []
        port = self.port()
        port.inbox = b""
        self.world.pump.link._deframer.forget()
        least_us = 1 << 30
        turns = 0
        for _ in range(12):
            answers = port.answers
            port.inbox = _STATUS
            began_us = utime.ticks_us()
            turns = 0
            while port.answers == answers and turns < 100:
                self._turn()
                turns += 1
            least_us = min(least_us, utime.ticks_diff(utime.ticks_us(), began_us))
            kernel.run_until(kernel.now_us + 20000)
            self._check_answer(port.last)
        self._empty_staging()
        gc.collect()
        return turns, least_us, gc.mem_alloc()

    def _check_answer(self, data):
        told = messages.decode_reply(frame.decode(data[1:-1]))
        if told["state"] != self.world.pump.controller.state:
            raise Wrong("the answer tells state {}".format(told["state"]))

    def _empty_staging(self):
        """What a host may leave lying about is of one size at each look."""
        self.world.pump.staging.clear()
        self.world.pump.library.staging.clear()
        port = self.port()
        port.last = b""
        for number in range(8):
            for command in (messages.ALARM_ACK, messages.SIGN_OUT):
                request = {"alarm": 200, "operator": ""} if command == messages.ALARM_ACK else {}
                port.inbox += sealed(messages.encode_request(command, self._fresh_id(number), request))
        while self.port().inbox:
            self._turn()

    def _fresh_id(self, number):
        return kernel.now_us * 64 + number

    def _compare(self, before, after):
        if before[0] != after[0]:
            raise Wrong("an answer took {} turns, then {}".format(before[0], after[0]))
        if after[2] - before[2] > HEAP_BYTES:
            raise Wrong("memory in use grew from {} to {} bytes".format(before[2], after[2]))

    def _check_journal(self):
        """Every record kept follows the one before it."""
        journal = self.world.pump.recorder.journal
        seq = journal.oldest_seq
        previous = None
        while seq < journal.next_seq:
            data = journal.read_from(seq, 0, 8192)
            at = 0
            while at + records.PEEK_SIZE <= len(data):
                try:
                    size = records.size_at(data, at)
                except records.RecordError:
                    break  # cut by the end of the page
                stored = data[at : at + size]
                record = records.decode(stored, previous)
                if record["seq"] != seq:
                    raise Wrong("record {} where {} should be".format(record["seq"], seq))
                previous = record["chain"]
                seq += 1
                at += size
            if at == 0:
                raise Wrong("record {} cannot be read".format(seq))
        if journal.damage:
            raise Wrong(journal.damage)

    def _check_restart(self):
        """What was stored under the flood is taken up whole."""
        if self.mode == CLOSED:
            self.bench.power_cut(1000)
            self.bench.pass_ms(5000)
        else:
            self.world.restart(1000)
        pump = self.world.pump
        if pump.recorder.journal.damage or pump.recorder.journal.torn_bytes:
            raise Wrong("the journal is damaged: {}".format(pump.recorder.journal.damage))
        if self.mode != OPEN and self.figures() != self.was:
            raise Wrong("not the same after a restart: {}".format(self.figures()))


def play(seed, count, mode):
    """One flood of `count` frames: what came of it, or what did not hold."""
    gc.threshold(96 * 1024)  # as main() does
    try:
        flood = Flood(seed, mode)
        flood.play(count)
    except (Exception, Reset) as error:
        import sys

        sys.print_exception(error, sys.stderr)
        return {"wrong": "{}: {}".format(type(error).__name__, error), "counts": {}, "told": {}}
    plant.sync()
    return {"wrong": "", "counts": flood.counts, "told": flood.told}
