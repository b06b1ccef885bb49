"""The fluid between piston and patient: compliance, resistance, occlusions, leak.

Volumes in pL. A line that is open empties its compliance through its resistance: a steady flow of
60 mL/h stands at 20 kPa. A closed one keeps what is pressed into it.
"""

from math import exp

import kernel
from plant import plant

_STALL_PA = 400000  # the motor is not strong enough against more
_TAU_US_PER_PL_PER_PA = 1200  # resistance: time constant for each pL/Pa of compliance


class Fluid:
    """What is in the line, and what has come out of it."""

    def __init__(self):
        self.outlet_pl_per_pa = 10
        self.inlet_pl_per_pa = 100
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
            plant.room_pl = self._stall_pl() - self.stored_pl
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
        plant.room_pl = self._stall_pl() - self.stored_pl

    def _stall_pl(self):
        return _STALL_PA * self.outlet_pl_per_pa

    def _left(self, before_pl, volume_pl, passed_us):
        """What an open line still holds when `volume_pl` came in evenly over `passed_us`."""
        if passed_us <= 0:
            return before_pl
        tau_us = _TAU_US_PER_PL_PER_PA * self.outlet_pl_per_pa
        steady_pl = volume_pl * tau_us // passed_us
        if passed_us > 20 * tau_us:
            return steady_pl
        return steady_pl + int((before_pl - volume_pl - steady_pl) * exp(-passed_us / tau_us))

    def outlet_pa(self):
        """Pressure at the outlet above ambient."""
        self.flow()
        return self.stored_pl // self.outlet_pl_per_pa

    def inlet_pa(self):
        """Pressure at the inlet above ambient; suction is negative."""
        self.flow()
        return -(self.missing_pl // self.inlet_pl_per_pa)

    def put_outlet_pa(self, pressure_pa):
        """Somebody presses on the line; only a blocked one keeps it."""
        self.stored_pl = pressure_pa * self.outlet_pl_per_pa
        self.flow()

    def put_inlet_pa(self, pressure_pa):
        """Somebody sucks at the reservoir; only a blocked inlet keeps it."""
        self.missing_pl = -pressure_pa * self.inlet_pl_per_pa
        self.flow()


fluid = Fluid()
