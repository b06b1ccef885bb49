"""Runs on MicroPython: what is true of a pump, by its plant, at any instant of the script; the plant put back to it."""

from array import array

import faults
import idle
import kernel
from fluid import fluid
from plant import plant
from slaves import clock

from infuser.wire import records, states

_PARTS = (plant, fluid, clock)
_NOT_KEPT = ("generator", "on_edge")
_SOON_US = 1000000


class Moment:
    """What is true when an operation of the flash begins; `made_half` in the midst of it."""


class Truth:
    """Counts what the motor makes. `drugs` by `times_us`: microsteps of therapy, each times its concentration."""

    def __init__(self):
        self.times_us = array("Q")
        self.drugs = array("Q")
        self.stored = 0  # number of the newest record on the flash
        self._pump = None
        self._counted = 0
        self._ug_per_ml = 0
        self._drug = 0
        self._born = (0, 0)  # time and age at the begin of this life
        self._ahead = 0  # microsteps that the motor made beyond the pump's count before this life
        self._surplus = 0  # microsteps that stops made count as made, though they were cut off
        self._fast_us = -_SOON_US  # when a bolus or priming was last under way
        self._left_pl = 0  # in the reservoir, since the last refill that the pump was told of
        self._doubt_steps = 0  # what power cuts left in no counter since then

    def born(self, pump):
        """A life begins: what the pump has taken up from its flash."""
        self._pump = pump
        self.stored = pump.recorder.journal.next_seq - 1
        plant.sync()
        self._born = (kernel.now_us, pump.timebase.age_ms())
        self._ahead = plant.steps_made - pump.delivery.steps_total()
        self._surplus = 0
        self._doubt_steps += pump.found.steps_uncertain

    def ended(self):
        """A life is over."""
        self.count()
        self._pump = None

    def noted(self, kind, fields):
        """The pump has a record; some are about what the truth begins anew with."""
        volume = {records.REFILL: "volume_nl", records.CALIBRATION: "reservoir_nl"}.get(kind)
        if volume:
            self.count()
            self._left_pl = fields[volume] * 1000
            self._doubt_steps = 0

    def count(self):
        """Book what the motor has made since the last count."""
        plant.sync()
        made = plant.steps_made - self._counted
        if not made or not self._pump:
            return
        self._counted += made
        controller = self._pump.controller
        self._left_pl -= made * self._pump.delivery.meter.step_pl
        if controller.state == states.PRIMING or not controller.schedule:
            return
        self._ug_per_ml = controller.basal.concentration()
        self._drug += made * self._ug_per_ml
        self.times_us.append(kernel.now_us)
        self.drugs.append(self._drug)

    def moment(self):
        """All that a judge will want to know of this instant."""
        self.count()
        moment = Moment()
        pump = self._pump
        moment.state = pump.controller.state if pump else states.SELF_TEST
        if moment.state in (states.BOLUS, states.PRIMING):
            self._fast_us = kernel.now_us
        if pump and not pump.delivery.running:
            self._surplus = pump.delivery.steps_total() + self._ahead - plant.steps_made
        moment.fast = kernel.now_us - self._fast_us < _SOON_US
        moment.now_us = kernel.now_us
        moment.age_ms = self._born[1] + (kernel.now_us - self._born[0]) // 1000
        moment.made = moment.made_half = plant.steps_made
        moment.ahead = self._ahead
        moment.surplus = self._surplus
        moment.drug = self._drug
        moment.ug_per_ml = 0 if moment.state == states.PRIMING else self._ug_per_ml
        moment.left_pl = self._left_pl
        moment.doubt_steps = self._doubt_steps
        moment.stored = self.stored
        moment.world = [_shot(part) for part in _PARTS]
        moment.faults = dict(faults.active)
        return moment

    def drug_at(self, time_us):
        """What had been given by a time, or shortly after it; None where nothing was given since."""
        low, high = 0, len(self.times_us)
        while low < high:
            middle = (low + high) // 2
            if self.times_us[middle] < time_us:
                low = middle + 1
            else:
                high = middle
        return self.drugs[low] if low < len(self.drugs) else None


def _shot(part):
    """The attributes of a stand-in, its lists and buffers copied."""
    shot = {}
    for name, value in part.__dict__.items():
        if name not in _NOT_KEPT:
            shot[name] = value[:] if isinstance(value, (list, bytearray)) else value
    return shot


def restore(moment, half):
    """Plant, fluid, clock and faults as they were, with `half` in the midst of the operation; no pump is there."""
    for part, shot in zip(_PARTS, moment.world):
        for name, value in shot.items():
            setattr(part, name, value[:] if isinstance(value, (list, bytearray)) else value)
    plant.generator = None
    plant.on_edge.clear()
    if half:
        plant.enabled = plant.forward = True
        plant.pulses(moment.made_half - moment.made)
    plant.enabled = False
    faults.active.clear()
    faults.active.update(moment.faults)
    idle.cable_out = "cable-out" in moment.faults
    for button in ("patient", "stop"):
        faults.press(button, False)  # nobody holds one until the pump has started again
