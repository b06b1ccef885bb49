"""Runs on MicroPython: how soon a pump that infuses at some rate finds that its motor or its line fails."""

import faults
import kernel
from fluid import fluid
from plant import plant
from vm_pump import live, order, refill, started

from infuser.app.pump import FAST_LOOP_MS
from infuser.wire import messages, states, units

# Longer than the span in which the same alarm, stop and start must not come three times (EC23).
APART_MS = 15 * units.MS_PER_MIN
REFILL_BELOW_NL = 6 * units.NL_PER_ML


class Bench:
    """A pump that infuses a therapy: the arguments of vm_pump.started. `quantities` are those of its plant."""

    def __init__(self, therapy, quantities):
        for name, value in quantities.items():
            faults.put(name, value)
        self.concentration = therapy[1]
        self.priming_ul_per_h = 0
        self.pump = started(*therapy)
        live(self.pump, units.MS_PER_MIN)

    def find(self, fault, value, most_ms, shift_ms=0):
        """Break it and wait for the first alarm; repair it afterwards. What had happened by then, None if nothing.

        `shift_ms`: it breaks so much later, hence at another moment between two microsteps.
        """
        live(self.pump, APART_MS + shift_ms)
        if self.priming_ul_per_h:
            self._prime()
        fluid.flow()
        began_us, made, motor = kernel.now_us, plant.steps_made, plant.motor
        faults.switch(fault, True, value)
        self._until_alarm(most_ms)
        fluid.flow()
        entries = self.pump.controller.ledger.alarms.entries
        found = None
        if entries:
            missing = plant.steps_made - made - (plant.motor - motor)
            found = {
                "alarm": entries[0]["alarm"],
                "after_ms": (kernel.now_us - began_us) // 1000,
                "missing_pl": missing * units.STEP_PL_NOMINAL,
                "held_pl": fluid.stored_pl + fluid.missing_pl,
                "outlet_pa": fluid.outlet_pa(),
                "running": self.pump.delivery.running,
            }
        faults.switch(fault, False)
        self._take_up_again()
        return found

    def _prime(self):
        """So much that it lasts for a quarter of an hour; some seconds of it have passed."""
        order(self.pump, messages.STOP, resume_after_ms=0, remind_min=0)
        volume_nl = self.priming_ul_per_h * units.NL_PER_UL // 4
        purpose, duration_ms = states.PRIMING_CATHETER, units.MS_PER_H // 4
        order(self.pump, messages.PRIME, purpose=purpose, volume_nl=volume_nl, duration_ms=duration_ms)
        live(self.pump, 5 * units.MS_PER_S)

    def _until_alarm(self, most_ms):
        pump = self.pump
        wait = pump.hardware.port.idle
        present = pump.controller.ledger.alarms
        end_us = kernel.now_us + most_ms * 1000
        while kernel.now_us < end_us and not present.entries:
            wait(FAST_LOOP_MS if pump.poll() else pump.delivery.turn_ms())

    def _take_up_again(self):
        pump = self.pump
        order(pump, messages.STOP, resume_after_ms=0, remind_min=0)
        live(pump, 2 * units.MS_PER_MIN)  # what was pressed into the line goes out of it
        if pump.controller.ledger.alarms.entries:
            order(pump, messages.ALARM_ACK, alarm=0)
        live(pump, units.MS_PER_S)
        if pump.controller.account.reservoir_nl() < REFILL_BELOW_NL:
            refill(pump, self.concentration)
        else:
            order(pump, messages.RESUME, delay_ms=0)


def find_all(therapy, quantities, cases):
    """`find` for each of `cases`, its arguments, on one pump."""
    bench = Bench(therapy, quantities)
    return [bench.find(*case) for case in cases]


def block_at(therapy, cases, priming_ul_per_h):
    """`find` for each of `cases`: (fault, name of the compliance, pL/Pa, most ms); priming at a rate unless 0."""
    bench = Bench(therapy, {})
    bench.priming_ul_per_h = priming_ul_per_h
    found = []
    for fault, quantity, compliance, most_ms in cases:
        faults.put(quantity, compliance)
        found.append(bench.find(fault, None, most_ms))
    return found
