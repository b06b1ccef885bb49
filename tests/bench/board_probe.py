"""Runs on the emulated board before the firmware (/boot.py): a free pin is high while a tick's interrupt runs.

The firmware stays as it is: its tick timer is replaced by one that only adds two pin calls. The first pulses, before
anything else runs, are those of the probe around nothing: what it costs itself.
"""

import gc
import sys

from machine import Pin

gc.threshold(16 * 1024)  # as the firmware's main.py begins: its modules are loaded here now
try:
    from infuser.hw import ticktimer
except ImportError:  # it is not frozen into the image
    sys.path.insert(0, "/app")
    from infuser.hw import ticktimer

EMPTY_PULSES = 5
_pin = Pin(0, Pin.OUT, value=0)


class Probed(ticktimer.TickTimer):
    """The tick timer between two edges; like the other it allocates nothing, or it would fail in a hard interrupt."""

    def _on_timer(self, timer) -> None:
        _pin.on()
        ticktimer_tick(self, timer)
        _pin.off()


def _nothing(_self, _timer) -> None:
    pass


ticktimer_tick = _nothing
for _ in range(EMPTY_PULSES):
    Probed._on_timer(None, None)
ticktimer_tick = ticktimer.TickTimer._on_timer
ticktimer.TickTimer = Probed
