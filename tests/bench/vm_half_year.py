"""Runs on MicroPython: days of therapy with a bolus on each, and what the meter held in between."""

import gc

import kernel
import utime
from flash import image
from plant import plant
from vm_pump import live, order, refill, started

from infuser.wire import messages, states, units

BOLUS_NG = 50000
BOLUS_MS = 20 * units.MS_PER_MIN
REFILL_BELOW_NL = 4 * units.NL_PER_ML


def instant(pump):
    """Position of the meter and the basal volume there, exact: in whole pL and QUANTA_PER_DAY-ths of one."""
    delivery = pump.delivery
    at_ms = delivery.position_ms()
    while delivery.meter.pending():  # what fell due just now goes out with the next tick
        live(pump, units.MS_PER_S)
        at_ms = delivery.position_ms()
    basal = delivery.meter.channels[states.BASAL]
    clock = pump.controller.clock
    return {
        "at_ms": at_ms,
        "local_ms": clock.now_ms(at_ms) + clock.utc_offset_min * units.MS_PER_MIN,
        "due": basal.due,
        "issued": basal.issued,
        "acc_pl": basal.acc_pl,
        "acc_rem": basal.acc_rem,
    }


def play(program_hex, patient, days):
    """`days` of therapy from the second day on; heap, machine time, flash wear and the stretches between refills."""
    pump = started(program_hex)
    live(pump, units.MS_PER_DAY)
    stretches = [[instant(pump)]]
    bolus_before = pump.delivery.bucket_steps()[states.CLINICIAN_BOLUS]
    gc.collect()
    told = {"heap_begin": gc.mem_free(), "programs": -sum(image.programs), "erases": -sum(image.erases)}
    virtual_us = kernel.now_us
    began_us = utime.ticks_us()
    for _ in range(days):
        live(pump, 10 * units.MS_PER_H)
        order(pump, messages.BOLUS, dose_ng=BOLUS_NG, duration_ms=BOLUS_MS, patient=patient, confirmed=False)
        live(pump, 14 * units.MS_PER_H)
        if pump.controller.account.reservoir_nl() < REFILL_BELOW_NL:
            stretches[-1].append(instant(pump))
            # A burst that is stopped in the microseconds in which it is fetched counts as made.
            kernel.run_until(kernel.now_us + units.MS_PER_S)
            refill(pump)
            stretches.append([instant(pump)])
    told["machine_us"] = utime.ticks_diff(utime.ticks_us(), began_us)
    told["virtual_us"] = kernel.now_us - virtual_us
    stretches[-1].append(instant(pump))
    while not pump.delivery.all_made():  # the last pulses of a burst are still to come
        live(pump, units.MS_PER_S)
    gc.collect()
    plant.sync()
    told["heap_end"] = gc.mem_free()
    told["programs"] += sum(image.programs)
    told["erases"] += sum(image.erases)
    told["stretches"] = stretches
    told["bolus_steps"] = pump.delivery.bucket_steps()[states.CLINICIAN_BOLUS] - bolus_before
    told["unmade"] = pump.delivery.steps_total() - plant.steps_made
    told["starts"] = pump.controller.basal.schedule.starts
    told["step_pl"] = pump.delivery.meter.step_pl
    told["alarms"] = [entry["alarm"] for entry in pump.controller.ledger.alarms.entries]
    return told
