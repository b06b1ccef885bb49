"""Analogue inputs and the sounder's PWM."""

import voltages
from plant import plant

from infuser.hw import board


class ADC:
    """16-bit readings of a 12-bit converter."""

    CORE_TEMP = board.TEMPERATURE_CHANNEL

    def __init__(self, source):
        gpio = source if isinstance(source, int) else source.gpio
        self._microvolts = voltages.SOURCES[gpio]

    def read_u16(self):
        raw = voltages.raw(self._microvolts())
        return raw << 4 | raw >> 8


class PWM:
    """The sounder: it draws current while its duty is not 0."""

    def __init__(self, pin, freq=0, duty_u16=0):
        self._freq = freq
        self._duty = duty_u16
        self._apply()

    def freq(self, value=None):
        if value is None:
            return self._freq
        self._freq = value
        self._apply()

    def duty_u16(self, value=None):
        if value is None:
            return self._duty
        self._duty = value
        self._apply()

    def deinit(self):
        self.duty_u16(0)

    def _apply(self):
        plant.sound(self._freq if self._duty else 0)
