"""The RP2040 itself: why it started, who it is, critical sections, reset."""

import binascii
import os
import sys

import machine

# A scratch register that a reset of the chip leaves alone, and a loss of power does not, tells why it was reset.
_SCRATCH = 0x4005800C
_ORDERED = 0x2D5AFE01
_FAULT = 0x2D5B0000
_SUSPECT = 0x2D5C0000
_KIND = 0x3FFF0000
_CODE = 0xFFFF
_CHIP_RESET = 0x40064008
_HAD_RUN = 1 << 16
_found = [0]
# How much of the stack the program may have in use for an interrupt to do more than make a note: MicroPython gives up
# at 7936 bytes, and a tick takes 1720 of them at most; tests/system/test_stack.py measures it.
STACK_MAX = 6000 if sys.platform == "rp2" else 0x3FFFFFFF


def reset_cause() -> str:
    """ "power-on", "watchdog", "soft" (reset()), "fault" (reset(code)) or "pin"; once: it clears what it reads."""
    _found[0] = 0
    if machine.reset_cause() != machine.WDT_RESET:
        return "pin" if machine.mem32[_CHIP_RESET] & _HAD_RUN else "power-on"
    mark = machine.mem32[_SCRATCH]
    machine.mem32[_SCRATCH] = 0
    if mark == _ORDERED:
        return "soft"
    kind = mark & _KIND
    if kind in (_FAULT, _SUSPECT):
        _found[0] = mark & _CODE
    return "fault" if kind == _FAULT else "watchdog"


def fault_code() -> int:
    """The part that the program before this start found at fault, 0 for none known; valid after reset_cause()."""
    return _found[0]


def serial() -> str:
    """The flash chip's unique number, 16 hexadecimal digits."""
    return str(binascii.hexlify(machine.unique_id()), "ascii")


def random_bytes(count: int) -> bytes:
    """Bits of the ring oscillator, for nonces; they reach no dose and no record."""
    return os.urandom(count)


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


def reset(fault: int = 0) -> None:
    """Start the chip anew; does not return. `fault` (1 to 65535) is the part found at fault, told after the start."""
    machine.mem32[_SCRATCH] = _FAULT | fault if fault else _ORDERED
    machine.reset()


def suspect(fault: int) -> None:
    """Note which part stands still, for the case that the watchdog resets the chip; 0 takes it back."""
    machine.mem32[_SCRATCH] = _SUSPECT | fault if fault else 0


def tell(error) -> None:
    """Print the traceback of an unforeseen error where an engineer sees it; the host skips it as garbage."""
    sys.print_exception(error, sys.stderr)  # type: ignore[arg-type]  # the stubs' stderr is CPython's
