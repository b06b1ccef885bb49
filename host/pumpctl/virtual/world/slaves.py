"""The two slaves on the I2C bus: the encoder AS5600 and the clock DS3231, by their registers."""

import time as _time

import kernel
from plant import plant

try:
    from calendar import timegm as _epoch_s  # CPython's mktime takes local time
except ImportError:
    _epoch_s = _time.mktime

_STATUS = 0x0F
_STOPPED = 0x80


class Encoder:
    """AS5600: RAW ANGLE at 0x0C, ANGLE at 0x0E."""

    def answers(self):
        return not plant.encoder_dead

    def read(self, register, buffer):
        if (register != 0x0C and register != 0x0E) or len(buffer) != 2:
            raise ValueError("register {} of the encoder".format(register))
        angle = plant.angle()
        buffer[0] = angle >> 8
        buffer[1] = angle & 0xFF

    def write(self, register, data):
        raise ValueError("the encoder is only read")


class Clock:
    """DS3231: the time in registers 0 to 6, the status at 0x0F. It has its own crystal and battery."""

    def __init__(self):
        self.offset_ms = 0  # wall time less the plant's own time
        self.stopped = False
        self.lost = False  # the oscillator stands still for good
        self.frozen_ms = 0  # the registers stand still at this time without a word, 0: they count
        self.ppm = 0  # error of the pump's crystal against this one
        self.start_us = 0  # true time of this power-on

    def true_us(self):
        """The plant's own time since it was made, which the crystal's error does not touch."""
        return self.start_us + kernel.now_us - kernel.now_us * self.ppm // 1000000

    def wall_ms(self):
        return self.true_us() // 1000 + self.offset_ms

    def set_wall_ms(self, time_ms):
        self.offset_ms = time_ms - self.true_us() // 1000

    def set_ppm(self, ppm):
        """From now on the pump's crystal is fast by `ppm`."""
        before_us = self.true_us()
        self.ppm = ppm
        self.start_us += before_us - self.true_us()

    def answers(self):
        return not plant.clock_absent

    def read(self, register, buffer):
        registers = self._registers()
        for index in range(len(buffer)):
            buffer[index] = registers[register + index]

    def write(self, register, data):
        if register == _STATUS:
            self.stopped = self.lost or bool(data[0] & _STOPPED)
        elif register == 0 and len(data) == 7:
            second, minute, hour, _weekday, day, month, year = (value // 16 * 10 + value % 16 for value in data)
            self.set_wall_ms(1000 * _epoch_s((2000 + year, month, day, hour, minute, second, 0, 0)))
        else:
            raise ValueError("register {} of the clock".format(register))

    def _registers(self):
        wall_ms = self.frozen_ms or self.wall_ms()
        year, month, day, hour, minute, second, weekday = _time.gmtime(wall_ms // 1000)[:7]
        registers = bytearray(16)
        for index, value in enumerate((second, minute, hour, weekday + 1, day, month, year % 100)):
            registers[index] = value // 10 * 16 + value % 10
        registers[_STATUS] = _STOPPED if self.stopped else 0
        return registers


encoder = Encoder()
clock = Clock()
