"""Analogue inputs and the sounder's PWM."""

import traces
from fluid import fluid
from plant import plant

from infuser.hw import board

_PINS = board.PINS
_SOUNDING_UV = 500000
_FULL_SCALE_UV = board.ADC_FULL_SCALE_UV
_ZERO_UV = board.PRESSURE_ZERO_UV
_UV_PER_PA = board.PRESSURE_UV_PER_PA


class ADC:
    """16-bit readings of a 12-bit converter."""

    CORE_TEMP = board.TEMPERATURE_CHANNEL

    def __init__(self, source):
        gpio = source if isinstance(source, int) else source.gpio
        self._microvolts = _SOURCES[gpio]

    def read_u16(self):
        raw = self._microvolts() * 4096 // _FULL_SCALE_UV
        if raw < 0:
            raw = 0
        elif raw > 4095:
            raw = 4095
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
        hz = self._freq if self._duty else 0
        if hz != plant.sounder_hz:
            plant.sounder_hz = hz
            traces.saw("sounder", hz)


def _outlet_uv():
    return _ZERO_UV + fluid.outlet_pa() * _UV_PER_PA


def _inlet_uv():
    return _ZERO_UV + fluid.inlet_pa() * _UV_PER_PA


def _temperature_uv():
    above_mc = plant.temperature_mc - board.TEMPERATURE_ZERO_MC
    return board.TEMPERATURE_ZERO_UV - above_mc * board.TEMPERATURE_NV_PER_MC // 1000


_SOURCES = {
    _PINS["outlet_pressure"]: _outlet_uv,
    _PINS["inlet_pressure"]: _inlet_uv,
    _PINS["sounder_current"]: lambda: _SOUNDING_UV if plant.sounder_hz and not plant.sounder_dead else 0,
    _PINS["battery"]: lambda: plant.battery_mv * 1000 // board.BATTERY_DIVIDER,
    board.TEMPERATURE_CHANNEL: _temperature_uv,
}
