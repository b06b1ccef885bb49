"""Runs on MicroPython: what a tick, a turn of the main loop and an idle wait cost, beside an empty function call."""

import gc

import idle
import kernel
import main
import utime

from infuser.app import startup
from infuser.app.commands import HANDLERS
from infuser.app.pump import FAST_LOOP_MS, LOOP_MS, Pump
from infuser.wire import messages, program, units

CALLS = 3000
REPEATS = 5


class Silence:
    """The control channel of a virtual pump to which nobody gives orders."""

    file = None

    def progress(self, done_ms, of_ms):
        """Nobody asks."""

    def advanced(self, reason):
        """Nobody asks."""


def started():
    """A pump that infuses 100 ug a day."""
    hardware = main.Hardware()
    pump = Pump(hardware)
    idle.control = Silence()
    startup.take_up(pump)
    idle.advance(1 << 58)
    values = {
        "version": program.VERSION,
        "patient": "bench",
        "drug": "baclofen",
        "concentration_ug_per_ml": 500,
        "mode": program.CONTINUOUS,
        "step_list": [{"day_mask": program.EVERY_DAY, "start_min": 0, "dose_ng_per_day": 100000}],
        "minimum_ng_per_day": 50000,
        "bolus_max_ng": 50000,
        "bolus_lockout_min": 0,
        "dose_max_ng_per_day": 300000,
        "low_reservoir_nl": units.LOW_RESERVOIR_DEFAULT_NL,
    }
    data = program.encode(values)
    order(pump, messages.PROGRAM_STAGE, total=len(data), offset=0, chunk=data)
    order(pump, messages.PROGRAM_COMMIT, digest=program.digest(data), confirmed=False)
    order(pump, messages.REFILL_BEGIN)
    volume_nl = units.RESERVOIR_CAPACITY_NL
    order(pump, messages.REFILL_COMPLETE, measured_residual_nl=0, volume_nl=volume_nl, concentration_ug_per_ml=500)
    order(pump, messages.RESUME)
    return pump


def order(pump, command, **request):
    request["operator"] = "bench"
    return HANDLERS[command](pump, request)


def live(pump, duration_ms):
    """Turns of the main loop in a time; real microseconds and turns."""
    end_us = kernel.now_us + duration_ms * 1000
    turns = 0
    began_us = utime.ticks_us()
    while kernel.now_us < end_us:
        turns += 1
        pump.hardware.port.idle(FAST_LOOP_MS if pump.poll() else LOOP_MS)
    return utime.ticks_diff(utime.ticks_us(), began_us), turns


def cost_ns(function):
    """Real nanoseconds of one call, the least of several measurements."""
    least = 1 << 60
    for _ in range(REPEATS):
        began_us = utime.ticks_us()
        for _ in range(CALLS):
            function()
        least = min(least, utime.ticks_diff(utime.ticks_us(), began_us))
    return least * 1000 // CALLS


def measure():
    """Figures of one VM, in nanoseconds and bytes."""
    pump = started()
    live(pump, units.MS_PER_H)
    engine = pump.delivery.engine
    meter = engine.meter
    guard = engine.guard
    told = {
        "empty_ns": cost_ns(lambda: None),
        "tick_ns": cost_ns(lambda: engine.on_tick(0)),
        "meter_ns": cost_ns(lambda: (meter.advance(0), meter.pending())),
        "guard_ns": cost_ns(lambda: guard.allow(0, 0)),
    }
    spent_us, turns = live(pump, 6 * units.MS_PER_H)
    told["turn_ns"] = spent_us * 1000 // turns
    gc.collect()
    told["heap_free"] = gc.mem_free()
    return told
