"""What stands at the analogue inputs, in microvolts."""

from fluid import fluid
from plant import plant

from infuser.hw import board

_PINS = board.PINS
_SOUNDING_UV = 500000
_FULL_SCALE_UV = board.ADC_FULL_SCALE_UV
_ZERO_UV = board.PRESSURE_ZERO_UV
_UV_PER_PA = board.PRESSURE_UV_PER_PA
_RAW_MAX = 4095


def raw(microvolts):
    """What the 12-bit converter makes of it."""
    value = microvolts * (_RAW_MAX + 1) // _FULL_SCALE_UV
    if value < 0:
        return 0
    return value if value < _RAW_MAX else _RAW_MAX


def _outlet_uv():
    return _ZERO_UV + fluid.outlet_pa() * _UV_PER_PA


def _inlet_uv():
    return _ZERO_UV + fluid.inlet_pa() * _UV_PER_PA


def _temperature_uv():
    above_mc = plant.temperature_mc - board.TEMPERATURE_ZERO_MC
    return board.TEMPERATURE_ZERO_UV - above_mc * board.TEMPERATURE_NV_PER_MC // 1000


# GPIO, or channel of the core's temperature -> what stands there
SOURCES = {
    _PINS["outlet_pressure"]: _outlet_uv,
    _PINS["inlet_pressure"]: _inlet_uv,
    _PINS["sounder_current"]: lambda: _SOUNDING_UV if plant.sounder_hz and not plant.sounder_dead else 0,
    _PINS["battery"]: lambda: plant.battery_mv * 1000 // board.BATTERY_DIVIDER,
    board.TEMPERATURE_CHANNEL: _temperature_uv,
}
