"""Runs the tick engine and keeps its counters on flash.

Microsteps are reserved on flash before they are made: after a power cut the pump knows that it
made between the count saved and the count reserved. The difference, at most RESERVE_STEPS at
therapy rates (1 uL) and two seconds' flow in a fast bolus, counts as delivered for the guard.
"""

from infuser.app.memory import Memory
from infuser.core import seal
from infuser.core.engine import Engine
from infuser.core.guard import Guard
from infuser.core.meter import Meter
from infuser.wire import states, units

TICK_MAX_MS = 4000
TICK_MIN_MS = 100
# A tick must hand over so little that a stall is found before 1 uL is missing, with the checker's tolerance: at
# this rate 0.6 microsteps in the longest tick, and ticks grow shorter as the rate grows.
SLOW_MAX_NL_PER_DAY = 1250000


class Delivery:
    """Meter, guard, drive and tick timer as one thing that delivers or stands still."""

    def __init__(self, hardware, recorder, step_pl: int) -> None:
        self.recorder = recorder
        self.drive = hardware.drive
        self.meter = Meter(step_pl, hardware.chip.critical)
        self.guard = Guard(step_pl, hardware.chip.critical)
        self.engine = Engine(self.meter, self.guard, hardware.drive, hardware.chip.critical)
        self.timer = hardware.tick_timer(self.engine.on_tick)
        self.timebase = hardware.timebase
        self.critical = hardware.chip.critical
        self.memory = Memory(hardware.files, self)
        self._windowed = True

    def set_step(self, step_pl: int) -> None:
        """Take up a calibrated volume of the microstep; only while nothing runs."""
        self.meter.set_step(step_pl)
        self.guard.set_step(step_pl)

    def corrupt(self) -> bool:
        """Whether the interrupt found a flipped bit; asked in every turn of the loop."""
        return self.meter.corrupt or self.guard.corrupt or self.engine.corrupt

    def verify(self) -> None:
        """Corrupt if a bit has flipped in meter, guard or windows; a look at all of them."""
        if not self.meter.intact():
            raise seal.Corrupt(seal.METER)
        if not self.guard.window.intact():
            raise seal.Corrupt(seal.WINDOW)
        if not self.guard.intact():
            raise seal.Corrupt(seal.GUARD)
        with self.critical():
            sound = self.engine.sound()
        if not sound:
            raise seal.Corrupt(seal.ENGINE)

    def cut(self) -> None:
        """Motor off at once, for no count can be trusted: none is touched, none saved."""
        self.engine.running = False
        self.drive.cut()
        self.timer.stop()

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

    def position_ms(self) -> int:
        """The age up to which time is accounted for, less than a quantum behind the present."""
        self.sync()
        return self.timebase.age_ms() - (self.timer.rest_ms if self.engine.running else 0)

    def begin_volume(self, bucket: int, volume_nl: int, duration_ms: int, most_nl: int) -> None:
        """Deliver a bolus or priming volume evenly over a duration; the guard grants no more than `most_nl`."""
        self.guard.grant(volume_nl, most_nl)
        self.meter.set_volume(bucket, volume_nl, max(1, duration_ms // units.QUANTUM_MS))

    def volume_left_ms(self, bucket: int) -> int:
        """Time left of a bolus or priming volume, waiting not counted."""
        channel = self.meter.channels[bucket]
        return (channel.left + channel.held) * units.QUANTUM_MS

    def volume_done(self, bucket: int) -> bool:
        """Whether a bolus or priming volume is programmed to its end and issued."""
        channel = self.meter.channels[bucket]
        return channel.left == 0 and channel.held == 0 and channel.due == channel.issued

    def all_made(self) -> bool:
        """Whether every microstep issued is certainly made."""
        return self.engine.made_low == self.engine.issued

    def sync(self) -> None:
        """Account for the time since the last tick at the rates in force until now."""
        if self.engine.running:
            self.timer.sync()

    def cancel(self, bucket: int) -> None:
        """End a bolus or priming where it stands."""
        self.sync()
        self.meter.cancel(bucket)

    def start(self, basal_nl_per_day: int, bolus_nl_per_day: int, reservoir_steps: int, windowed: bool) -> None:
        """Run the motor, or let it run on, with ticks as short as the rate needs.

        The rates are the largest that the guard shall pass. `windowed`: the dose windows bind. They do
        not bind the minimum rate, which is what a full window falls back to, nor priming, which is no
        dose.
        """
        self._windowed = windowed
        peak_nl_per_day = basal_nl_per_day + bolus_nl_per_day
        self.guard.set_primed(self.meter.channels[states.PRIME].issued)
        self.guard.set_rate_limits(basal_nl_per_day, peak_nl_per_day)
        self.memory.look_ahead(peak_nl_per_day * units.PL_PER_NL // (self.meter.step_pl * 86400))
        self.reserve(reservoir_steps)
        period_ms = tick_ms(peak_nl_per_day)
        self.engine.set_period(period_ms, self.critical)
        self.timer.start(period_ms)
        if not self.engine.running:
            self.drive.enable(True)
            self.engine.run(self.critical)

    def stop(self) -> None:
        """Motor off first; then what was due and not made is forgotten and the counters saved."""
        was_running = self.engine.running
        self.timer.stop()
        self.engine.halt()
        for bucket in range(states.BUCKETS):
            self.meter.cancel(bucket)
        self.guard.set_rate_limits(0, 0)
        self.guard.revoke()
        if was_running:
            self.memory.save(self.steps_total())

    @property
    def running(self) -> bool:
        """Whether the motor is in use."""
        return self.engine.running

    def turn_ms(self) -> int:
        """How long the main loop may idle: as long as a tick."""
        return self.engine.period_us // 1000 if self.engine.running else TICK_MAX_MS

    def poll(self, now_ms: int) -> bool:
        """Move the dose windows along; whether `reserve` is wanted before the reservation is used up."""
        self.timer.catch_up()
        self.guard.set_primed(self.meter.channels[states.PRIME].issued)
        self.guard.poll(now_ms)
        return self.engine.running and self.memory.low()

    def reserve(self, reservoir_steps: int) -> None:
        """Extend the reservation on flash, never beyond the reservoir, and let the guard know.

        After a fast bolus it is drawn in: at the rate that goes on, what is left of it would long be uncertain.
        """
        target = self.steps_total() + min(self.memory.ahead_steps(), reservoir_steps)
        if target < self.memory.reserved:
            self._keep_to(target)  # before the flash says so
        if target != self.memory.reserved:
            self.memory.save(target)
        self._keep_to(self.memory.reserved)

    def _keep_to(self, reserved: int) -> None:
        """Let the guard pass microsteps up to this count, and no more than the dose windows admit."""
        room = max(0, self.guard.room_steps()) if self._windowed else reserved
        with self.critical():
            left = reserved - self.meter.issued()
            self.guard.set_ceiling(self.guard.steps + max(0, left if left < room else room))


def tick_ms(rate_nl_per_day: int) -> int:
    """Tick period at a rate: whole quanta, TICK_MIN_MS to TICK_MAX_MS."""
    if rate_nl_per_day <= SLOW_MAX_NL_PER_DAY:
        return TICK_MAX_MS
    period_ms = TICK_MAX_MS * SLOW_MAX_NL_PER_DAY // rate_nl_per_day
    return max(TICK_MIN_MS, period_ms // units.QUANTUM_MS * units.QUANTUM_MS)
