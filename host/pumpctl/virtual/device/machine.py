"""Stand-in for `machine` of the rp2 port: pins, timers, converters and the chip itself."""

import sys
import time as _time

import broken as _broken
import idle as _idle
import kernel
import uselect
from analogue import ADC, PWM  # noqa: F401 (machine.ADC, machine.PWM)
from bus import I2C  # noqa: F401 (machine.I2C)
from chipstate import chip, mem32  # noqa: F401 (machine.mem32)
from micropython import heap_lock, heap_unlock
from plant import MOVED, plant

PWRON_RESET = 1
WDT_RESET = 3


class Pin:
    """A pin whose other end is in the plant."""

    IN = 0
    OUT = 1
    ALT = 3
    ALT_PIO0 = 6
    PULL_UP = 1
    PULL_DOWN = 2
    IRQ_FALLING = 4
    IRQ_RISING = 8

    def __init__(self, gpio, mode=IN, pull=None, value=None):
        self.gpio = gpio
        self._out = mode == Pin.OUT
        # Most pins are read as they stand; what the mechanics move has to be worked out.
        self._levels = None if gpio in MOVED else plant.levels
        if value is not None:
            self._drive(1 if value else 0)

    def init(self, mode, value=0, alt=0):
        """Take an output back from the PIO at a level, or give it to the PIO. Interrupt-safe."""
        if mode == Pin.OUT:
            plant.take(self.gpio, value)
        elif mode == Pin.ALT and alt == Pin.ALT_PIO0:
            plant.give(self.gpio)
        else:
            raise NotImplementedError("only out, or to the first PIO")

    def value(self, level=None):
        if level is None:
            levels = self._levels
            return plant.level(self.gpio) if levels is None else levels[self.gpio]
        if self._out:
            self._drive(1 if level else 0)

    def _drive(self, level):
        plant.drive(self.gpio, level)

    __call__ = value

    def irq(self, handler=None, trigger=IRQ_FALLING, hard=False):
        """Hard handlers of falling edges or of both: that is what the firmware uses."""
        if not trigger & Pin.IRQ_FALLING or not hard:
            raise NotImplementedError("only hard handlers of falling edges, or of both")
        plant.on_edge[self.gpio] = (trigger & Pin.IRQ_RISING, lambda: kernel.call_hard(handler, self))

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)


class Timer(kernel.Event):
    """A soft timer fires while the firmware sleeps or idles; a hard one interrupts, its heap locked."""

    ONE_SHOT = 0
    PERIODIC = 1

    def __init__(self, id=-1, **settings):
        super().__init__()
        self._callback = None
        if settings:
            self.init(**settings)

    def init(self, mode=PERIODIC, freq=-1, period=-1, callback=None, hard=False):
        self.hard = hard
        self._callback = callback
        period_us = period * 1000 if period > 0 else int(1000000 / freq)
        self.schedule(period_us, period_us if mode == Timer.PERIODIC else 0)

    def deinit(self):
        self.cancel()

    def fire(self):
        if not self.hard:
            self._callback(self)
            return
        if _broken.timers_dead:
            return
        heap_lock()
        failed = kernel.failure(self._callback, self)
        heap_unlock()
        if failed is not None:
            # As on the chip: told, and never called again.
            self.cancel()
            sys.print_exception(failed, sys.stderr)


class WDT(kernel.Event):
    """Resets the chip when it is not fed in time, whatever goes on."""

    hard = True
    bites = True

    def __init__(self, id=0, timeout=5000):
        super().__init__()
        if not 0 < timeout <= 8388:
            raise ValueError("timeout exceeds 8388")
        self._timeout_us = timeout * 1000
        self.schedule(self._timeout_us)

    def feed(self):
        # It is scheduled already and only put off, which the kernel finds out when it next looks.
        self.due_us = kernel.now_us + self._timeout_us

    def fire(self):
        print("the watchdog was not fed", file=sys.stderr)
        chip.end(42)


class RTC:
    """The chip's own clock, which every reset sets back."""

    def datetime(self, fields=None):
        if fields is None:
            year, month, day, hour, minute, second, weekday, _yearday = _time.gmtime()
            return year, month, day, weekday, hour, minute, second, 0
        year, month, day, _weekday, hour, minute, second = fields[:7]
        _time.set_time(_time.mktime((year, month, day, hour, minute, second, 0, 0)))


def disable_irq():
    # Nothing interrupts while no time passes; but a critical section that allocates must not go unnoticed.
    heap_lock()
    return 1


def enable_irq(_state):
    heap_unlock()


def reset():
    chip.end(43)


def reset_cause():
    return WDT_RESET if chip.cause in ("watchdog", "soft") else PWRON_RESET


def unique_id():
    return chip.serial


def freq():
    return 125000000


def _idle_for(duration_us):
    poller = uselect.poll()
    if _idle.control is not None:
        poller.register(_idle.control.file, uselect.POLLIN)
    _idle.wait(poller, duration_us)


def lightsleep(duration_ms=1000):
    _idle_for(duration_ms * 1000)


def idle():
    _idle_for(1000)
