"""Runs on MicroPython: the real pump on a virtual one, beside it the reference that each microstep is held against."""

import idle
import kernel
import main
from plant import plant
from vm_reference import QUANTUM_MS, Basal, Mismatch, Volume
from vm_witness import BUSY, FREE, VETOED, Motor, Silence, Unwatched, Witness

from infuser.app import startup
from infuser.app.commands import HANDLERS
from infuser.app.pump import FAST_LOOP_MS, LOOP_MS, Pump
from infuser.wire import messages, program, states, units

CONCENTRATION = 50
STEP_PL = units.STEP_PL_NOMINAL
VOLUMES = (states.CLINICIAN_BOLUS, states.PRIME)
# A burst made slowly holds up a fast bolus for two seconds, writing to flash for some more: that many at 60 mL an hour.
BACKLOG_MAX = 500


class Bench:
    """A virtual pump, the reference beside it, and what a person can do to the pump."""

    def __init__(self):
        main.Drive = Motor
        hardware = main.Hardware()
        idle.control = Silence()
        hardware.tick_timer = Witness
        hardware.watchdog = Unwatched()
        Witness.drive = hardware.drive
        self.hardware = hardware
        self.pump = Witness.pump = Pump(hardware)
        self.timer = self.pump.delivery.timer
        startup.take_up(self.pump)
        idle.advance(1 << 58)
        self.basal = Basal()
        self.volumes = {bucket: Volume() for bucket in VOLUMES}
        self.pattern = None
        self.minimum = False
        self._change_ms = 0  # uptime of the next change of the day's pattern, 0 for none
        self._change_local_ms = 0  # and its local time
        self.counts = {"looks": 0, "exact": 0, "forgotten": 0, "refused": 0}
        self.doubtful = 0
        self.forgotten_most = 0

    # Time

    def uptime_ms(self):
        return kernel.now_us // 1000

    def local_ms(self, uptime_ms):
        """Local wall time at an uptime."""
        clock = self.pump.controller.clock
        return self.pump.wall_ms() - self.uptime_ms() + uptime_ms + clock.utc_offset_min * units.MS_PER_MIN

    def quantum_at(self, uptime_ms):
        """The first quantum that begins at or after an uptime."""
        timer = self.timer
        return timer.started_at - (timer.started_ms - uptime_ms) // QUANTUM_MS

    def pass_ms(self, duration_ms):
        """The main loop for a time."""
        end_us = kernel.now_us + duration_ms * 1000
        while kernel.now_us < end_us:
            busy = self.turn()
            wait_ms = min(FAST_LOOP_MS if busy else LOOP_MS, (end_us - kernel.now_us + 999) // 1000)
            if wait_ms > 0:
                self.hardware.port.idle(wait_ms)
            self.look()

    def turn(self):
        """One turn of the main loop; True if the next one shall come soon."""
        self.timer.pending = self.pump.delivery.meter.pending()
        self.hardware.drive.not_made = 0
        busy = self.pump.poll()
        self.follow()
        return busy

    def pass_days(self, hours):
        """Hours without delivery, an hour at a time."""
        for _ in range(hours):
            kernel.run_until(kernel.now_us + units.MS_PER_H * 1000)
            self.pump.poll()

    # The reference

    def plan(self, first, last):
        """The basal rate follows the pattern from a quantum between `first` and `last` on."""
        start_ms = self.uptime_ms()
        if self.timer.runs:
            start_ms = self.timer.started_ms + (first - self.timer.started_at) * QUANTUM_MS
        # A step that begins while the motor is being started may begin a quantum late too.
        start_ms -= 2 * QUANTUM_MS
        local_ms = self.local_ms(start_ms)
        self._change_ms = 0
        if self.minimum:
            self.basal.change(first, last, self.pattern.minimum_nl_per_day)
            return
        self.basal.change(first, last, self.pattern.rate(local_ms))
        self._change_local_ms = self.pattern.next_change_ms(local_ms)
        self._change_ms = start_ms + self._change_local_ms - local_ms

    def _turn_pages(self):
        """Tell the reference of changes of the pattern up to the present."""
        while self._change_ms and self._change_ms <= self.uptime_ms() + 2 * QUANTUM_MS:
            at = self.quantum_at(self._change_ms)
            local_ms = self._change_local_ms
            self.basal.change(at - 1, at + 1, self.pattern.rate(local_ms))
            self._change_local_ms = self.pattern.next_change_ms(local_ms)
            self._change_ms += self._change_local_ms - local_ms

    def look(self):
        """Hold what is programmed and issued against the reference."""
        now = self.timer.total
        self._turn_pages()
        if self.basal.undecided(now):
            return
        self.basal.settle(now)
        self.basal.agree(self.told_pl(states.BASAL), STEP_PL)
        for bucket, volume in self.volumes.items():
            volume.agree(now, self.told_pl(bucket))
        self._compare_steps()

    def _compare_steps(self):
        self.counts["looks"] += 1
        issued = self.pump.delivery.bucket_steps()
        due = [self.told_pl(bucket) // STEP_PL for bucket in range(states.BUCKETS)]
        held = self.timer.held
        if held == FREE:
            self.counts["exact"] += 1
        allowed = BACKLOG_MAX if held == BUSY else 0
        if any(count > most for count, most in zip(issued, due)) or sum(due) - sum(issued) > allowed:
            raise Mismatch("issued {}, due {}{}".format(issued, due, ", held by the guard" if held == VETOED else ""))
        total = self.pump.delivery.steps_total()
        plant.sync()
        unmade = total - plant.steps_made
        if not self.timer.runs and unmade == self.doubtful + 1:
            self.doubtful += 1  # a pulse that a halt caught while it was fetched: it counts as made
        if unmade < self.doubtful or (not self.timer.runs and unmade != self.doubtful):
            raise Mismatch("the plant made {} microsteps, the pump counts {}".format(plant.steps_made, total))

    def told_pl(self, bucket):
        return self.pump.delivery.meter.programmed_pl(bucket)

    def _forget(self, count):
        self.counts["forgotten"] += count
        self.forgotten_most = max(self.forgotten_most, count)

    def _forgettable(self):
        """Microsteps that a stop can make forgotten: not issued yet, or issued and not made."""
        return self.timer.pending + self.hardware.drive.not_made

    def volume_ended(self, first, last):
        """Whatever bolus or priming there was ended between two quanta; a stop can reach one just ended."""
        for bucket, volume in self.volumes.items():
            forgotten = volume.end(first, last, self.told_pl(bucket), STEP_PL, self._forgettable())
            self._forget(forgotten)

    def stopped(self, first):
        """The motor stands; what was due and not made is forgotten."""
        now = self.timer.total
        self.basal.settle(now)
        told_pl = self.told_pl(states.BASAL)
        self._forget(self.basal.agree(told_pl, STEP_PL, self._forgettable()))
        self.volume_ended(first, now)
        self._change_ms = 0
        self.minimum = False
        self.basal.rate = 0
        self.timer.held = FREE
        self.look()

    def follow(self):
        """Take up what the pump did by itself: end a bolus or priming. It must do nothing else."""
        state = self.pump.controller.state
        now = self.timer.total
        if self.volumes[states.CLINICIAN_BOLUS].running and state != states.BOLUS:
            if state != states.INFUSING or not self.volumes[states.CLINICIAN_BOLUS].done(now):
                raise Mismatch("the bolus ended too early: {}".format(self.alarms()))
            self.volume_ended(now, now)
        elif self.volumes[states.PRIME].running and state != states.PRIMING:
            if not self.volumes[states.PRIME].done(now):
                raise Mismatch("priming ended too early: {}".format(self.alarms()))
            self.stopped(now)
        elif self.basal.rate and not self.pump.delivery.running or state == states.ALARM_STOPPED:
            raise Mismatch("stopped by itself: {}".format(self.alarms()))

    def alarms(self):
        return [(entry["alarm"], entry["detail"]) for entry in self.pump.controller.ledger.alarms.entries]

    # Commands

    def order(self, command, **request):
        """(reply or None if refused, first and last quantum at which it can have taken effect)."""
        self.turn()
        self.pump.delivery.sync()
        self.look()
        # A burst that is stopped in the microseconds in which it is fetched counts as made.
        kernel.run_until(kernel.now_us + 1000)
        first = self.timer.total
        request["operator"] = "bench"
        try:
            reply = HANDLERS[command](self.pump, request)
        except messages.Refusal:
            reply = None
            self.counts["refused"] += 1
        self.pump.delivery.sync()
        self._turn_pages()
        name = messages.MESSAGES[command][0]
        if reply is not None:
            self.counts[name] = self.counts.get(name, 0) + 1
        return reply, first, self.timer.total

    def begin_volume(self, command, bucket, **request):
        reply, first, last = self.order(command, **request)
        if reply is not None:
            self.volumes[bucket].begin(first, last, reply["volume_nl"], request["duration_ms"])
            self.look()

    def bolus(self, dose_ng, duration_ms):
        request = {"dose_ng": dose_ng, "duration_ms": duration_ms, "patient": "bench"}
        self.begin_volume(messages.BOLUS, states.CLINICIAN_BOLUS, **request)

    def prime(self, volume_nl, duration_ms):
        self.begin_volume(messages.PRIME, states.PRIME, volume_nl=volume_nl, duration_ms=duration_ms)

    def cancel(self):
        reply, first, last = self.order(messages.BOLUS_CANCEL)
        if reply is not None:
            if self.pump.delivery.running:
                self.volume_ended(first, last)
                self.look()
            else:
                self.stopped(first)

    def halt(self, command=messages.STOP):
        ran = self.pump.delivery.running
        reply, first, _ = self.order(command)
        if reply is not None and ran:
            self.stopped(first)

    def resume(self):
        reply, first, last = self.order(messages.RESUME)
        if reply is not None:
            self.minimum = False
            self.plan(first, last)
            self.look()

    def set_minimum(self, on):
        reply, first, last = self.order(messages.MINIMUM_RATE, on=on)
        if reply is not None:
            self.volume_ended(first, last)
            self.minimum = on
            self.plan(first, last)
            self.look()

    def set_program(self, encoded, pattern):
        HANDLERS[messages.PROGRAM_STAGE](self.pump, {"total": len(encoded), "offset": 0, "chunk": encoded})
        digest = program.digest(encoded)
        reply, first, last = self.order(messages.PROGRAM_COMMIT, digest=digest, confirmed=True)
        if reply is not None:
            self.pattern = pattern
            if self.pump.delivery.running:
                self.volume_ended(first, last)
                self.minimum = False
                self.plan(first, last)
            self.look()

    def set_clock(self, time_ms, utc_offset_min):
        reply, first, last = self.order(messages.CLOCK_SET, time_ms=time_ms, utc_offset_min=utc_offset_min)
        if reply is not None and self.basal.rate:
            self.plan(first, last)
            self.look()

    def refill(self, wait_ms):
        self.halt(messages.REFILL_BEGIN)
        self.pass_ms(wait_ms)
        plant.put_piston(0)
        self.order(
            messages.REFILL_COMPLETE,
            measured_residual_nl=0,
            volume_nl=units.RESERVOIR_CAPACITY_NL,
            concentration_ug_per_ml=CONCENTRATION,
        )
        self.look()
