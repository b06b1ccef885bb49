"""The fluid between piston and patient: compliance, resistance, occlusions, leak.

Volumes in pL. A line that is open empties its compliance with the time constant _TAU_US, so that a
steady flow of 60 mL/h stands at 20 kPa; a closed one keeps what is pressed into it.
"""

from math import exp

import kernel
from plant import STALL_PL, plant

OUTLET_PL_PER_PA = 10
INLET_PL_PER_PA = 100
_TAU_US = 12000


class Fluid:
    """What is in the line, and what has come out of it."""

    def __init__(self):
        self.starved = False
        self.leak_percent = 0
        self.stored_pl = 0
        self.missing_pl = 0
        self.leaked_pl = 0
        self.delivered_pl = 0
        self._last_us = 0

    def flow(self):
        """Bring pressures and volumes up to the present. Main context only."""
        plant.sync()
        now_us = kernel.now_us
        volume_pl = plant.moved_pl
        passed_us = now_us - self._last_us
        if not passed_us and not volume_pl and not self.missing_pl:
            plant.room_pl = STALL_PL - self.stored_pl
            return
        self._last_us = now_us
        plant.moved_pl = 0
        if self.starved:
            # The reservoir is not vented: the piston moves, the fluid does not follow.
            self.missing_pl += volume_pl
            volume_pl = 0
        elif self.missing_pl:
            volume_pl += self.missing_pl
            self.missing_pl = 0
        if self.leak_percent and volume_pl > 0:
            lost_pl = volume_pl * self.leak_percent // 100
            self.leaked_pl += lost_pl
            volume_pl -= lost_pl
        before_pl = self.stored_pl + volume_pl
        self.stored_pl = before_pl if plant.occluded else self._left(before_pl, volume_pl, passed_us)
        self.delivered_pl += before_pl - self.stored_pl
        plant.room_pl = STALL_PL - self.stored_pl

    def _left(self, before_pl, volume_pl, passed_us):
        """What an open line still holds when `volume_pl` came in evenly over `passed_us`."""
        if passed_us <= 0:
            return before_pl
        steady_pl = volume_pl * _TAU_US // passed_us
        if passed_us > 20 * _TAU_US:
            return steady_pl
        return steady_pl + _decayed(before_pl - volume_pl - steady_pl, passed_us)

    def outlet_pa(self):
        """Pressure at the outlet above ambient."""
        self.flow()
        return self.stored_pl // OUTLET_PL_PER_PA

    def inlet_pa(self):
        """Pressure at the inlet above ambient; suction is negative."""
        self.flow()
        return -(self.missing_pl // INLET_PL_PER_PA)


def _decayed(volume_pl, passed_us):
    return int(volume_pl * exp(-passed_us / _TAU_US))


fluid = Fluid()
