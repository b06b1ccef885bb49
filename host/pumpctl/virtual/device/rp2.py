"""Stand-in for `rp2`: the flash, and a state machine that models the bursts of infuser.hw.drive.

A burst is known by start, interval and count; what has come of it, pulses and current, is worked out when
somebody asks.
"""

import kernel
from flash import Flash  # noqa: F401 (rp2.Flash)
from plant import plant

_FIFO_WORDS = 4
_FETCH_US = 3  # pull, out, out
_RISE_US = 8  # the current is on so long before a pulse
_ON_US = 4112  # and so long in all
_PULSE_US = 4115  # what the program adds to the interval in the word
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
    """One word is one burst of evenly spaced pulses; bits 0-23 interval less _PULSE_US, the rest count less one.

    tx_fifo() and put() are called in the interrupt: they allocate nothing.
    """

    def __init__(self, id, program=None, freq=-1, set_base=None, sideset_base=None):
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
        self._on_us = 0  # current was on, all bursts before this one taken together
        plant.connect(self)
        plant.give(sideset_base.gpio)

    def active(self, on=None):
        self.sync()
        if on is not None:
            if on and not self._active:
                self._free_us = self.next_us = kernel.now_us
            elif not on and self._count:
                self._halted()
                self.next_us = kernel.NEVER
            self._active = bool(on)
        return self._active

    def _halted(self):
        """X as the program has left it, and the current so far."""
        left = self._count - self._made
        wait_us = self._start_us + self._made * self._interval_us - kernel.now_us  # until the next pulse
        if left and wait_us <= _RISE_US + (1 if self._made else _FETCH_US - 1):
            self._x = left - 1  # that pulse is on its way
        elif self._made:
            self._x = left
        self._on_us = self.on_us()
        self._count = 0

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
                if made == self._count:
                    self.next_us -= _RISE_US
                if new:
                    plant.pulses(new)
                if now_us < self.next_us:
                    return
                self._free_us = self.next_us
                self._on_us += self._count * _ON_US
                self._count = 0
                self._x = _NOTHING_LEFT
            if not self._waiting or not self._active:
                self.next_us = kernel.NEVER
                return
            self._fetch()

    def on_us(self):
        """For how long the program has kept the current on since power-on. Interrupt-safe, after sync()."""
        passed_us = kernel.now_us - self._start_us + _RISE_US
        if not self._count or passed_us <= 0:
            return self._on_us
        begun = passed_us // self._interval_us
        on_us = passed_us - begun * self._interval_us
        if on_us > _ON_US:
            on_us = _ON_US
        return self._on_us + begun * _ON_US + on_us

    def _fetch(self):
        first = self._first
        word = self._words[first]
        put_us = self._put_us[first]
        self._start_us = (put_us if put_us > self._free_us else self._free_us) + _FETCH_US + _RISE_US
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

    def _nothing(self):
        """The levels of the program's pins have no meaning of their own here."""


_INSTRUCTIONS = {
    "pull(noblock)": StateMachine._take,
    "mov(isr, x)": StateMachine._load_isr,
    "push(noblock)": StateMachine._push,
    "mov(x, invert(null))": StateMachine._fill_x,
    "set(pins, 0)": StateMachine._nothing,
    "nop().side(1)": StateMachine._nothing,
}
