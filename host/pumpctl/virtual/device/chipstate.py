"""What the chip knows of itself, and how a life of the firmware ends."""

import kernel

_SCRATCH = 0x4005800C
_CHIP_RESET = 0x40064008
_ORDERED = 0x2D5AFE01
_HAD_RUN = 1 << 16


class Chip:
    """Why it started and who it is. `before_end` is called once, before everything stops."""

    def __init__(self):
        self.cause = "power-on"
        self.serial = bytes(8)
        self.before_end = None
        self.ended = False

    def stop(self, code, off_ms=0):
        """This life is over: 0 ordered stop, 42 watchdog, 43 machine.reset(), 44 power cut for `off_ms`.

        Whatever would let time go on raises SystemExit from now on.
        """
        if not self.ended:
            self.ended = True
            self.before_end(off_ms)
            kernel.stop(code)

    def end(self, code, off_ms=0):
        """As stop(), and raise it now."""
        self.stop(code, off_ms)
        kernel.check()


chip = Chip()


class _Memory:
    """The few registers that the firmware reads."""

    def __getitem__(self, address):
        if address == _SCRATCH:
            return _ORDERED if chip.cause == "soft" else 0
        if address == _CHIP_RESET:
            return _HAD_RUN if chip.cause == "pin" else 0
        raise ValueError(hex(address))

    def __setitem__(self, address, value):
        if address != _SCRATCH:
            raise ValueError(hex(address))


mem32 = _Memory()
