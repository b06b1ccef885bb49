"""Stand-in for `rp2`: the flash, and a state machine that models the bursts of infuser.hw.drive.

A burst is known by start, interval and count; what has come of it is worked out when somebody asks.
"""

import kernel
from flash import Flash  # noqa: F401 (rp2.Flash)
from plant import plant

_FIFO_WORDS = 4
_FETCH_US = 3  # pull, out, out
_PULSE_US = 6  # what the program adds to the interval in the word
_NOTHING_LEFT = 0xFFFFFFFF


class PIO:
    """Names that the assembler's decorator takes."""

    IN_LOW = 0
    IN_HIGH = 1
    OUT_LOW = 2
    OUT_HIGH = 3
    SHIFT_LEFT = 0
    SHIFT_RIGHT = 1
    JOIN_NONE = 0


def asm_pio(**_settings):
    return lambda program: program


class StateMachine:
    """One word is one burst of evenly spaced pulses; bits 0-23 interval less 6 us, the rest count less one.

    tx_fifo() and put() are called in the interrupt: they allocate nothing.
    """

    def __init__(self, id, program=None, freq=-1, set_base=None):
        if freq != 1000000:
            raise ValueError("freq")
        self._active = False
        self._words = [0] * _FIFO_WORDS
        self._put_us = [0] * _FIFO_WORDS
        self._first = 0
        self._waiting = 0
        self._start_us = 0
        self._free_us = 0
        self._interval_us = 1
        self._count = 0
        self._made = 0
        self.next_us = kernel.NEVER  # the next pulse, or the end of the last one's interval
        self._x = 12345  # as after power-on: anything
        self._isr = 0
        self._received = []
        plant.generator = self

    def active(self, on=None):
        self.sync()
        if on is not None:
            if on and not self._active:
                self._free_us = self.next_us = kernel.now_us
            elif not on and self._count:
                if self._made:  # else X has not been loaded yet
                    self._x = self._count - self._made
                self._count = 0
                self.next_us = kernel.NEVER
            self._active = bool(on)
        return self._active

    def put(self, word):
        self.sync()
        if self._waiting == _FIFO_WORDS:
            raise RuntimeError("the FIFO is full: the chip would wait")
        slot = (self._first + self._waiting) % _FIFO_WORDS
        self._words[slot] = word
        self._put_us[slot] = kernel.now_us
        self._waiting += 1
        if not self._count and self._active:
            self._fetch()

    def tx_fifo(self):
        self.sync()
        return self._waiting

    def rx_fifo(self):
        return len(self._received)

    def get(self):
        return self._received.pop(0)

    def exec(self, instruction):
        self.sync()
        _INSTRUCTIONS[instruction](self)

    def restart(self):
        self.sync()
        self._count = 0
        self.next_us = kernel.now_us

    def sync(self):
        """Hand the pulses made up to now to the plant."""
        now_us = kernel.now_us
        while now_us >= self.next_us:
            if self._count:
                made = (now_us - self._start_us) // self._interval_us + 1
                if made > self._count:
                    made = self._count
                new = made - self._made
                self._made = made
                self.next_us = self._start_us + made * self._interval_us
                if new:
                    plant.pulses(new)
                if now_us < self.next_us:
                    return
                self._free_us = self.next_us
                self._count = 0
                self._x = _NOTHING_LEFT
            if not self._waiting or not self._active:
                self.next_us = kernel.NEVER
                return
            self._fetch()

    def _fetch(self):
        first = self._first
        word = self._words[first]
        put_us = self._put_us[first]
        self._start_us = (put_us if put_us > self._free_us else self._free_us) + _FETCH_US
        self._interval_us = (word & 0xFFFFFF) + _PULSE_US
        self._count = (word >> 24 & 0xFF) + 1
        self._made = 0
        self.next_us = self._start_us
        self._take()

    def _take(self):
        if self._waiting:
            self._first = (self._first + 1) % _FIFO_WORDS
            self._waiting -= 1

    def _load_isr(self):
        self._isr = self._x

    def _push(self):
        self._received.append(self._isr)

    def _fill_x(self):
        self._x = _NOTHING_LEFT

    def _lower_pin(self):
        """The step pin's level has no meaning of its own here."""


_INSTRUCTIONS = {
    "pull(noblock)": StateMachine._take,
    "mov(isr, x)": StateMachine._load_isr,
    "push(noblock)": StateMachine._push,
    "mov(x, invert(null))": StateMachine._fill_x,
    "set(pins, 0)": StateMachine._lower_pin,
}
