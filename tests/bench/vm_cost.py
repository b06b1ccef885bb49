"""Runs on MicroPython: what a tick, a turn of the main loop and an idle wait cost, beside an empty function call."""

import gc

import utime
from micropython import heap_lock, heap_unlock
from vm_pump import live, started

from infuser.core.engine import Engine
from infuser.core.guard import Guard
from infuser.core.mac import Channel
from infuser.core.meter import Meter
from infuser.hw import chip
from infuser.wire import states, units

CALLS = 3000
REPEATS = 5
MANY_STEPS = 1 << 29
REQUEST_BYTES = 60
REPLY_BYTES = 40


class Taking:
    """A drive that takes every burst."""

    def ready(self):
        """Always."""
        return True

    def burst(self, count, interval_us):
        """Nothing moves."""


def cost_ns(function):
    """Real nanoseconds of one call as in an interrupt, the heap locked; the least of several measurements."""
    least = 1 << 60
    for _ in range(REPEATS):
        heap_lock()
        began_us = utime.ticks_us()
        for _ in range(CALLS):
            function()
        least = min(least, utime.ticks_diff(utime.ticks_us(), began_us))
        heap_unlock()
    return least * 1000 // CALLS


class Longest:
    """A tick in which every channel runs, begins a new segment and has steps due, and a burst goes out."""

    def __init__(self):
        meter = Meter(units.STEP_PL_NOMINAL, chip.critical)
        guard = Guard(units.STEP_PL_NOMINAL, chip.critical)
        guard.set_rate_limits(units.PUMP_MAX_NL_PER_DAY, units.PUMP_MAX_NL_PER_DAY)
        guard.set_ceiling(MANY_STEPS)
        self.engine = Engine(meter, guard, Taking(), chip.critical)
        self.engine.run(chip.critical)
        for bucket in range(states.BUCKETS):
            meter.set_rate(bucket, 24 * units.NL_PER_ML, 1)
        self._channels = meter.channels

    def prepare(self):
        """Each channel one quantum from its next segment."""
        for channel in self._channels:
            channel.left = 1
            channel.queued = 0
            channel.queue(channel.pl, channel.rem, 1 << 20)
            channel.seal()

    def tick(self):
        """Two seconds."""
        self.prepare()
        self.engine.on_tick(20)


def measure(program_hex):
    """Figures of one VM, in nanoseconds and bytes."""
    pump = started(program_hex)
    live(pump, units.MS_PER_H)
    engine = pump.delivery.engine
    meter = engine.meter
    guard = engine.guard
    longest = Longest()

    def metering():
        meter.advance(0)
        meter.pending()

    told = {
        "empty_ns": cost_ns(lambda: None),
        "tick_ns": cost_ns(lambda: engine.on_tick(0)),
        "meter_ns": cost_ns(metering),
        "guard_ns": cost_ns(lambda: guard.allow(0, 0)),
        "longest_ns": cost_ns(longest.tick) - cost_ns(longest.prepare),
    }
    if longest.engine.issued < CALLS * REPEATS:
        raise RuntimeError("the longest tick made no burst")
    began_us = utime.ticks_us()
    turns = live(pump, 6 * units.MS_PER_H)
    told["turn_ns"] = utime.ticks_diff(utime.ticks_us(), began_us) * 1000 // turns
    told["signed_ns"] = signed_ns()
    gc.collect()
    told["heap_free"] = gc.mem_free()
    return told


def signed_ns():
    """A signed request verified and a reply signed, both as long as those of most commands."""
    channel = Channel(bytes(32))
    frame = channel.sign(1, bytes(REQUEST_BYTES))
    began_us = utime.ticks_us()
    for counter in range(CALLS):
        channel.verify(frame)
        channel.sign(counter, frame[:REPLY_BYTES])
    return utime.ticks_diff(utime.ticks_us(), began_us) * 1000 // CALLS
