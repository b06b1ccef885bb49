"""Stepper drive: a PIO state machine makes evenly spaced step pulses, handed over in bursts.

The pulses of a burst go on while flash operations block the processor. The same program switches the
driver's current: on a moment before each pulse, off once the rotor has settled. So a motor that is
turned by anything but this program moves in those few milliseconds alone.

One word a burst: bits 24-29 the count less one, bits 0-23 the interval in us less the program's own
cycles, so that a word stays a small integer and handing it over allocates nothing.
"""

import rp2
from machine import Pin

from infuser.hw import board
from infuser.wire.units import BURST_MAX_STEPS

# Cycles of a pulse whose waiting loop is passed once: 8 before it, 3 for it, 4 + 4097 of hold, 3 to go on.
_OVERHEAD_US = 4115
INTERVAL_MIN_US = _OVERHEAD_US
_PIO_HZ = 1000000
# X counts the pulses left after the present one and ends below zero; so must it begin.
_NOTHING_LEFT = "mov(x, invert(null))"
_CURRENT_OFF = "nop().side(1)"


# Side-set is the driver's EN, low is on. It is left out where nothing changes: an instruction from outside the
# program, such as restart()'s own jump, then cannot switch the current on.
@rp2.asm_pio(set_init=rp2.PIO.OUT_LOW, sideset_init=rp2.PIO.OUT_HIGH, out_shiftdir=rp2.PIO.SHIFT_LEFT)
def _pulses():
    # fmt: off
    pull(block)     .side(1)      # noqa: F821
    out(x, 8)                     # noqa: F821
    out(isr, 24)                  # noqa: F821
    label("step")                 # noqa: F821
    nop()           .side(0) [7]  # noqa: F821  8 us for the current to rise
    set(pins, 1)             [1]  # noqa: F821  2 us; the TMC2209 needs 0.1 us
    set(pins, 0)                  # noqa: F821
    set(y, 1)                     # noqa: F821
    mov(osr, y)                   # noqa: F821
    out(null, 12)                 # noqa: F821  1 becomes 4096 us, in which the rotor settles
    mov(y, osr)                   # noqa: F821
    label("hold")                 # noqa: F821
    jmp(y_dec, "hold")            # noqa: F821
    mov(y, isr)     .side(1)      # noqa: F821
    label("wait")                 # noqa: F821
    jmp(y_dec, "wait")            # noqa: F821
    jmp(x_dec, "step")            # noqa: F821
    # fmt: on


class Drive:
    """The motor with its driver: off until `enable`, one burst under way and one waiting at most."""

    def __init__(self) -> None:
        self._enable = Pin(board.PINS["enable"], Pin.OUT, value=1 - board.DRIVER_ON)
        self._dir = Pin(board.PINS["dir"], Pin.OUT, value=board.FORWARD)
        step = Pin(board.PINS["step"], Pin.OUT, value=0)
        self._machine = rp2.StateMachine(0, _pulses, freq=_PIO_HZ, set_base=step, sideset_base=self._enable)
        self._current_off()
        self._machine.exec(_NOTHING_LEFT)
        self._last_count = 0
        self._on = False

    @property
    def enabled(self) -> bool:
        """Whether the drive may move the motor: current flows around each pulse."""
        return self._on

    def enable(self, forward: bool) -> None:
        """Ready for bursts in a direction; a motor that runs is halted first."""
        self.halt()
        self._dir.value(board.FORWARD if forward else 1 - board.FORWARD)
        self._machine.exec(_CURRENT_OFF)  # whatever the program was doing when it was halted
        self._enable.init(Pin.ALT, alt=Pin.ALT_PIO0)
        self._machine.active(1)
        self._on = True

    def disable(self) -> None:
        """Driver off; what was under way is forgotten."""
        self.halt()

    def ready(self) -> bool:
        """Whether a burst would be taken. Interrupt-safe; an earlier burst may still make its last pulses."""
        return self._on and self._machine.tx_fifo() == 0

    def burst(self, count: int, interval_us: int) -> None:
        """Make `count` pulses (1 to 64), one each `interval_us` (INTERVAL_MIN_US to 2**24).

        Interrupt-safe, only when ready().
        """
        self._last_count = count
        self._machine.put((count - 1) << 24 | (interval_us - _OVERHEAD_US))

    def cut(self) -> None:
        """Motor off at once, from an interrupt; `halt` tells afterwards what was not made."""
        self._on = False
        self._current_off()
        self._machine.active(0)

    def _current_off(self) -> None:
        # The pin is taken from the PIO: whatever a program that has gone wrong does, it does not reach the driver.
        self._enable.init(Pin.OUT, value=1 - board.DRIVER_ON)

    def halt(self) -> int:
        """Stop within one step, driver off; returns the microsteps handed over that were certainly not made.

        A pulse that may have been made counts as made. Main context; a second call returns 0.
        """
        machine = self._machine
        self.cut()  # from here on the interrupt hands over nothing
        if not self._last_count:
            return 0
        not_made = 0
        while machine.tx_fifo():
            not_made += self._last_count
            machine.exec("pull(noblock)")
        machine.exec("mov(isr, x)")
        machine.exec("push(noblock)")
        left = machine.get()
        if left < BURST_MAX_STEPS:
            not_made += left
        machine.exec(_NOTHING_LEFT)
        machine.exec("set(pins, 0)")
        machine.restart()
        self._last_count = 0
        return not_made
