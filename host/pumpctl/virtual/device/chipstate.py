"""What the chip knows of itself, and how a life of the firmware ends."""

import gc

import idle
import kernel

_SCRATCH = 0x4005800C
_CHIP_RESET = 0x40064008
_ORDERED = 0x2D5AFE01
_HAD_RUN = 1 << 16
_USB_FRAME_NUMBER = 0x50110048
_FRAMES = 2048
_RESETS = {"watchdog": 42, "soft": 43}


class Chip:
    """Why it started and who it is. `before_end` is called once, before everything stops."""

    def __init__(self):
        self.cause = "power-on"
        self.serial = bytes(8)
        self.before_end = None
        self.ended = False
        self.scratch = 0  # a register that a reset leaves alone
        self.end_code = 0

    def begin(self, cause, serial):
        """Starts because of `cause`; what the last life left in the register is there after a reset only."""
        self.cause = cause
        self.serial = serial
        if _RESETS.get(cause) != self.end_code:
            self.scratch = _ORDERED if cause == "soft" else 0

    def stop(self, code, off_ms=0):
        """This life is over: 0 ordered stop, 42 watchdog, 43 machine.reset(), 44 power cut for `off_ms`.

        Whatever would let time go on raises SystemExit from now on.
        """
        if not self.ended:
            self.ended = True
            self.end_code = code
            self.before_end(off_ms)
            kernel.stop(code)

    def end(self, code, off_ms=0):
        """As stop(), and raise it now."""
        self.stop(code, off_ms)
        kernel.check()

    def heap_free(self):
        """Bytes that the VM's heap has left."""
        gc.collect()
        return gc.mem_free()


chip = Chip()


class _Memory:
    """The few registers that the firmware uses."""

    def __getitem__(self, address):
        if address == _SCRATCH:
            return chip.scratch
        if address == _CHIP_RESET:
            return _HAD_RUN if chip.cause == "pin" else 0
        if address == _USB_FRAME_NUMBER:
            return 0 if idle.cable_out else kernel.now_us // 1000 % _FRAMES
        raise ValueError(hex(address))

    def __setitem__(self, address, value):
        if address != _SCRATCH:
            raise ValueError(hex(address))
        chip.scratch = value


mem32 = _Memory()
