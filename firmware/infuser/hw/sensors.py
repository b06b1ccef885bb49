"""Everything that the pump can sense, as integers with units; no judgement here."""

import time

from machine import ADC, Pin
from micropython import const, stack_use

from infuser.hw import board, chip
from infuser.hw.button import Button

_ENCODER = board.ENCODER_ADDRESS
_RAW_ANGLE = const(0x0C)
_FULL_SCALE = board.ADC_FULL_SCALE
_AMBIENT_READ = board.PRESSURE_ZERO_UV // board.PRESSURE_UV_PER_PA
_PA_FULL_SCALE = board.ADC_FULL_SCALE_UV // board.PRESSURE_UV_PER_PA
_MV_FULL_SCALE = board.ADC_FULL_SCALE_UV * board.BATTERY_DIVIDER // 1000


class Sensors:
    """Reads encoder, pressures, switches, supply and temperature. Main context."""

    def __init__(self, i2c, cut=None) -> None:
        """`cut` takes the motor's current away; it is called in the stop button's interrupt."""
        self._bus = i2c
        self._angle = bytearray(2)
        self._outlet = _adc("outlet_pressure")
        self._inlet = _adc("inlet_pressure")
        self._sounder = _adc("sounder_current")
        self._battery = _adc("battery")
        self._temperature = ADC(board.TEMPERATURE_CHANNEL)
        self._air = _pulled_up("air")
        self._full = _pulled_up("limit_full")
        self._empty = _pulled_up("limit_empty")
        self._patient = Button(board.PINS["patient_button"])
        self._stop = _pulled_up("stop_button")
        self._stop_fell = False
        self._stop_fell_ms = time.ticks_ms()
        self._cut = cut
        self._stop.irq(self._on_stop, Pin.IRQ_FALLING, hard=True)
        self._jumper = _pulled_up("service_jumper")
        self._cover = _pulled_up("cover")
        self._supply = Pin(board.PINS["supply_present"], Pin.IN, Pin.PULL_DOWN)

    def encoder_counts(self) -> int:
        """Angle of the motor shaft, 0 to 4095 counts a turn; -1 when the encoder does not answer."""
        angle = self._angle
        try:
            self._bus.readfrom_mem_into(_ENCODER, _RAW_ANGLE, angle)
        except OSError:
            return -1
        return (angle[0] & 0x0F) << 8 | angle[1]

    def outlet_pa(self) -> int:
        """Outlet pressure in Pa above ambient."""
        return self._outlet.read_u16() * _PA_FULL_SCALE // _FULL_SCALE - _AMBIENT_READ

    def inlet_pa(self) -> int:
        """Inlet pressure in Pa above ambient: suction is negative."""
        return self._inlet.read_u16() * _PA_FULL_SCALE // _FULL_SCALE - _AMBIENT_READ

    def battery_mv(self) -> int:
        """Battery voltage in mV."""
        return self._battery.read_u16() * _MV_FULL_SCALE // _FULL_SCALE

    def temperature_mc(self) -> int:
        """Core temperature in thousandths of a degree Celsius."""
        above_uv = _microvolts(self._temperature) - board.TEMPERATURE_ZERO_UV
        return board.TEMPERATURE_ZERO_MC - above_uv * 1000 // board.TEMPERATURE_NV_PER_MC

    def sounder_current_ok(self) -> bool:
        """Whether current flows through the sounder just now."""
        return _microvolts(self._sounder) > board.SOUNDER_SOUNDS_UV

    def sounder_mv(self) -> int:
        """What the sounder's current drops over its sense resistor just now, in mV."""
        return _microvolts(self._sounder) // 1000

    def air(self) -> bool:
        """Whether there is air at the outlet."""
        return self._air.value() == 1

    def at_full(self) -> bool:
        """Whether the piston stands at the full end."""
        return self._full.value() == 0

    def at_empty(self) -> bool:
        """Whether the piston stands at the empty end."""
        return self._empty.value() == 0

    def supply_present(self) -> bool:
        """Whether the pump is supplied from outside."""
        return self._supply.value() == 1

    def cover_open(self) -> bool:
        """Whether the service cover is open."""
        return self._cover.value() == 1

    def service_jumper(self) -> bool:
        """Whether the service jumper is set."""
        return self._jumper.value() == 0

    def patient_button(self) -> bool:
        """Whether the patient button is down."""
        return self._patient.down()

    def patient_held_ms(self) -> int:
        """For how long the patient button has been down, 0 while it is not."""
        return self._patient.held_ms()

    def stop_held_ms(self) -> int:
        """For how long the stop button has been down, 0 while it is not."""
        if self._stop.value():
            return 0
        return max(1, time.ticks_diff(time.ticks_ms(), self._stop_fell_ms))

    def patient_pressed(self) -> bool:
        """Whether the patient button was pressed since the last call."""
        return self._patient.pressed()

    def stop_button(self) -> bool:
        """Whether the stop button is pressed, or was since the last call, however briefly."""
        pressed = self._stop_fell
        self._stop_fell = False
        return pressed or self._stop.value() == 0

    def _on_stop(self, _pin) -> None:
        # In the interrupt: a press may be shorter than a turn of the main loop, and the motor must not wait for one,
        # but where the program is so deep in the file system that the stack has no room: then that turn stops it.
        self._stop_fell = True
        self._stop_fell_ms = time.ticks_ms()
        if self._cut is not None and stack_use() <= chip.STACK_MAX:
            self._cut()


def _pulled_up(signal: str) -> Pin:
    return Pin(board.PINS[signal], Pin.IN, Pin.PULL_UP)


def _adc(signal: str) -> ADC:
    return ADC(Pin(board.PINS[signal]))


def _microvolts(adc: ADC) -> int:
    return adc.read_u16() * board.ADC_FULL_SCALE_UV // _FULL_SCALE
