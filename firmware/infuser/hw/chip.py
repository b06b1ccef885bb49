"""The RP2040 itself: why it started, who it is, critical sections, reset."""

import binascii
import sys

import machine

# A scratch register that a watchdog reset leaves alone tells machine.reset() from a hung program.
_SCRATCH = 0x4005800C
_ORDERED = 0x2D5AFE01
_CHIP_RESET = 0x40064008
_HAD_RUN = 1 << 16


def reset_cause() -> str:
    """ "power-on", "watchdog", "soft" (machine.reset()) or "pin"; to be asked once, it clears what it reads."""
    if machine.reset_cause() == machine.WDT_RESET:
        ordered = machine.mem32[_SCRATCH] == _ORDERED
        machine.mem32[_SCRATCH] = 0
        return "soft" if ordered else "watchdog"
    return "pin" if machine.mem32[_CHIP_RESET] & _HAD_RUN else "power-on"


def serial() -> str:
    """The flash chip's unique number, 16 hexadecimal digits."""
    return str(binascii.hexlify(machine.unique_id()), "ascii")


class _Critical:
    """`with` block that no interrupt enters; keep it short and allocate nothing in it."""

    def __init__(self) -> None:
        self._state = 0  # made here: a new attribute would allocate inside

    def __enter__(self) -> None:
        self._state = machine.disable_irq()

    def __exit__(self, _kind, _error, _trace) -> None:
        machine.enable_irq(self._state)


def critical() -> _Critical:
    """A new critical section; they nest."""
    return _Critical()


def reset() -> None:
    """Start the chip anew; does not return."""
    machine.mem32[_SCRATCH] = _ORDERED
    machine.reset()


def tell(error) -> None:
    """Print the traceback of an unforeseen error where an engineer sees it; the host skips it as garbage."""
    sys.print_exception(error, sys.stderr)  # type: ignore[arg-type]  # the stubs' stderr is CPython's
