"""Runs the tick engine and keeps its counters on flash.

Microsteps are reserved on flash before they are made: after a power cut the pump knows that it
made between the count saved and the count reserved. The difference, at most RESERVE_STEPS at
therapy rates (1 uL) and two seconds' flow in a fast bolus, counts as delivered for the guard.
"""

from infuser.core.engine import Engine
from infuser.core.guard import Guard
from infuser.core.liveness import Liveness
from infuser.core.meter import Meter
from infuser.wire import records, states, units

TICK_MS = 2000
FAST_TICK_MS = 100
# Above this rate the slow tick would leave more in flight than a stall may cost: 1 uL with the checker's tolerance.
SLOW_MAX_NL_PER_DAY = 2500000
RESERVE_STEPS = 10


class Delivery:
    """Meter, guard, drive and tick timer as one thing that delivers or stands still."""

    def __init__(self, hardware, checkpoint, recorder, step_pl: int) -> None:
        self.recorder = recorder
        self.drive = hardware.drive
        self.meter = Meter(step_pl, hardware.chip.critical)
        self.guard = Guard(step_pl)
        self.engine = Engine(self.meter, self.guard, hardware.drive)
        self.timer = hardware.tick_timer(self.engine.on_tick)
        self.timebase = hardware.timebase
        self._critical = hardware.chip.critical
        self._checkpoint = checkpoint
        self._liveness = Liveness()
        self._windowed = True
        self._reserved = 0
        self._reserve_steps = RESERVE_STEPS
        self.uncertain_steps = 0
        self.saved_ms = 0

    def load(self, hour_list: list[dict], hour_steps: int) -> int:
        """Take up the counters of the last checkpoint; returns the microsteps left uncertain."""
        saved = self._checkpoint.load()
        if saved:
            for name, channel in zip(records.COUNTER_NAMES, self.meter.channels):
                channel.due = channel.issued = saved[name]
            self.meter.channels[states.BASAL].acc_pl = saved["basal_acc_pl"]
            self.meter.channels[states.BASAL].acc_rem = saved["basal_acc_rem"]
            self.saved_ms = saved["time_ms"]
            self.uncertain_steps = max(0, saved["steps_reserved"] - self.meter.issued())
        hours = [entry["steps"] for entry in hour_list]
        hours.append(max(0, self.therapy_steps() - hour_steps) + self.uncertain_steps)
        primed = self.steps_total() - self.therapy_steps()
        self.guard.restore(self.steps_total() + self.uncertain_steps, hours, self.timebase.uptime_ms(), primed)
        self._reserved = self.steps_total()
        return self.uncertain_steps

    def steps_total(self) -> int:
        """Microsteps issued since the pump was made."""
        return self.meter.issued()

    def therapy_steps(self) -> int:
        """Microsteps issued as therapy: all but priming."""
        return self.steps_total() - self.meter.channels[states.PRIME].issued

    def bucket_steps(self) -> list[int]:
        """Microsteps issued in each accounting bucket."""
        return [channel.issued for channel in self.meter.channels]

    def programmed_nl(self) -> int:
        """Programmed volume of all therapy buckets, rounded down."""
        total_pl = 0
        for bucket in range(states.PRIME):
            total_pl += self.meter.programmed_pl(bucket)
        return total_pl // units.PL_PER_NL

    def set_basal(self, rate_nl_per_day: int, duration_ms: int) -> None:
        """Basal rate from now on; `prepare_basal` tells what follows."""
        # To the nearest quantum, from the one that is under way.
        since_ms = self.timer.rest_ms if self.engine.running else 0
        quanta = _quanta(duration_ms + since_ms + units.QUANTUM_MS // 2)
        self.meter.set_rate(states.BASAL, rate_nl_per_day, quanta)

    def prepare_basal(self, rate_nl_per_day: int, duration_ms: int) -> None:
        """Basal rate after the present segment; the interrupt changes over by itself."""
        self.meter.set_next_rate(states.BASAL, rate_nl_per_day, _quanta(duration_ms))

    def basal_left_ms(self) -> int:
        """Time left in the basal segment in force, 0 if there is none."""
        return self.meter.channels[states.BASAL].left * units.QUANTUM_MS

    def basal_needs_next(self) -> bool:
        """Whether the prepared segment has been started and another one is wanted."""
        return self.meter.channels[states.BASAL].next_left == 0

    def begin_volume(self, bucket: int, volume_nl: int, duration_ms: int) -> None:
        """Deliver a bolus or priming volume evenly over a duration."""
        self.meter.set_volume(bucket, volume_nl, _quanta(duration_ms))

    def volume_left_ms(self, bucket: int) -> int:
        """Time left of a bolus or priming volume."""
        return self.meter.channels[bucket].left * units.QUANTUM_MS

    def volume_done(self, bucket: int) -> bool:
        """Whether a bolus or priming volume is programmed to its end and issued."""
        channel = self.meter.channels[bucket]
        return channel.left == 0 and channel.due == channel.issued

    def sync(self) -> None:
        """Account for the time since the last tick at the rates in force until now."""
        if self.engine.running:
            self.timer.sync()

    def cancel(self, bucket: int) -> None:
        """End a bolus or priming where it stands."""
        self.sync()
        self.meter.cancel(bucket)

    def start(self, peak_nl_per_day: int, fast: bool, reservoir_steps: int, windowed: bool) -> None:
        """Run the motor, with fast ticks if asked for or needed.

        `peak_nl_per_day` is the largest rate that the guard shall pass. `windowed`: the 24 h window
        binds. It does not bind the minimum rate, which is what a full window falls back to, nor
        priming, which is no dose.
        """
        self._windowed = windowed
        self.guard.primed = self.meter.channels[states.PRIME].issued
        self.guard.set_rate_limit(peak_nl_per_day)
        per_two_s = 2 * peak_nl_per_day * units.PL_PER_NL // (self.meter.step_pl * 86400)
        self._reserve_steps = max(RESERVE_STEPS, per_two_s)
        self.reserve(reservoir_steps)
        period_ms = FAST_TICK_MS if fast or peak_nl_per_day > SLOW_MAX_NL_PER_DAY else TICK_MS
        self.engine.set_period(period_ms)
        self.timer.start(period_ms)
        if not self.engine.running:
            self.drive.enable(True)
            self.engine.running = True

    def stop(self) -> None:
        """Motor off first; then what was due and not made is forgotten and the counters saved."""
        was_running = self.engine.running
        self.timer.stop()
        self.engine.halt()
        for bucket in range(states.BUCKETS):
            self.meter.cancel(bucket)
        self.guard.set_rate_limit(0)
        if was_running:
            self._save(self.steps_total())

    @property
    def running(self) -> bool:
        """Whether the motor is in use."""
        return self.engine.running

    def ticking(self, now_ms: int) -> bool:
        """Whether the tick comes as it should; asked in every turn of the loop."""
        return self._liveness.alive(now_ms, self.engine.running, self.timer.count, self.engine.period_us // 1000)

    @property
    def fast(self) -> bool:
        """Whether ticks come at the fast period."""
        return self.engine.running and self.engine.period_us == FAST_TICK_MS * 1000

    def poll(self, now_ms: int) -> bool:
        """Move the dose window along; whether `reserve` is wanted before the reservation is used up."""
        self.guard.primed = self.meter.channels[states.PRIME].issued
        self.guard.poll(now_ms)
        return self.engine.running and self._reserved - self.meter.issued() < self._reserve_steps // 2 + 1

    def reserve(self, reservoir_steps: int) -> None:
        """Extend the reservation on flash, never beyond the reservoir, and let the guard know."""
        target = self.steps_total() + min(self._reserve_steps, reservoir_steps)
        if target > self._reserved:
            self._save(target)
        room = max(0, self.guard.room_steps()) if self._windowed else self._reserved
        with self._critical():
            reserved = self._reserved - self.meter.issued()
            self.guard.set_ceiling(self.guard.steps + max(0, reserved if reserved < room else room))

    def _save(self, reserved: int) -> None:
        channels = self.meter.channels
        basal = channels[states.BASAL]
        counts = [0] * states.BUCKETS
        # Nothing is allocated with interrupts off: counts and fraction must be of one instant.
        with self._critical():
            for bucket in range(states.BUCKETS):
                counts[bucket] = channels[bucket].issued
            acc_pl = basal.acc_pl
            acc_rem = basal.acc_rem
        uptime_ms = self.timebase.uptime_ms()
        values = {
            "event_seq": self.recorder.journal.next_seq,
            "steps_reserved": reserved,
            "basal_acc_pl": acc_pl,
            "basal_acc_rem": acc_rem,
            "uptime_ms": uptime_ms,
            "time_ms": self.recorder.clock.now_ms(uptime_ms),
        }
        values.update(zip(records.COUNTER_NAMES, counts))
        try:
            self._checkpoint.save(values)
        except OSError as error:
            self.recorder.failure = "checkpoint: {}".format(error)
            return
        self._reserved = reserved


def _quanta(duration_ms: int) -> int:
    return max(1, duration_ms // units.QUANTUM_MS)
