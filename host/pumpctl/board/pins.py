"""The world behind the emulated chip's pins: what it drives moves the plant, what it reads comes from there."""

import functools
from collections.abc import Callable
from typing import Any

from rp2040py.gpio_pin import GPIOPinState
from rp2040py.peripherals.i2c import R_TX_EMPTY, I2CMode

from infuser.hw import board
from pumpctl.board.emulator import Chip
from pumpctl.board.stand_ins import NEVER

_INPUTS = (
    ("limit_full", "limit_empty", "air", "patient_button", "stop_button")
    + ("service_jumper", "cover", "supply_present")
)  # fmt: skip
_DRIVEN = ("dir", "lamp_red", "lamp_yellow", "lamp_cyan")
_ADC_CHANNELS = {0: 26, 1: 27, 2: 28, 3: 29, 4: board.TEMPERATURE_CHANNEL}
_I2C_BYTE_NS = 22_500  # nine bits at 400 kHz
_REGISTERS = 16


class Current:
    """For how long the driver has had current, as the plant asks its generator of pulses."""

    next_us = NEVER

    def __init__(self, clock: Any) -> None:
        self._clock = clock
        self._passed_us = 0
        self._since_us: int | None = None

    def switch(self, on: bool) -> None:
        """The driver's enable line has changed."""
        now_us = int(self._clock.nanos // 1000)
        if on and self._since_us is None:
            self._since_us = now_us
        elif not on and self._since_us is not None:
            self._passed_us += now_us - self._since_us
            self._since_us = None

    def sync(self) -> None:
        """Pulses come one by one: there is nothing to make up for."""

    def on_us(self) -> int:
        """Microseconds since power-on in which current flowed."""
        under_way = 0 if self._since_us is None else int(self._clock.nanos // 1000) - self._since_us
        return self._passed_us + under_way


class Pins:
    """Connects them once. `on_step` hears of every step pulse that reaches the driver: its time in ns."""

    def __init__(self, chip: Chip, plant: Any, fluid: Any, voltages: Any, slaves: Any, broken: Any) -> None:
        self._mcu = chip.mcu
        self._clock = chip.clock
        self._plant = plant
        self._fluid = fluid
        self._voltages = voltages
        self.current = Current(chip.clock)
        self.on_step: Callable[[float], None] = lambda time_ns: None
        plant.connect(self.current)
        self._listen("step", self._on_step)
        self._listen("enable", self._on_enable)
        for name in _DRIVEN:
            self._listen(name, functools.partial(plant.drive, board.PINS[name]))
        for name in _INPUTS:
            gpio = board.PINS[name]
            plant.on_edge[gpio] = (True, functools.partial(self._put, gpio))
            self._put(gpio)
        self._mcu.adc.on_adc_read = self._on_conversion
        Bus(self._mcu.i2c[board.I2C_ID], chip.clock, slaves, broken)

    def refresh(self) -> None:
        """Put levels on the pins that follow the mechanics."""
        for name in ("limit_full", "limit_empty"):
            self._put(board.PINS[name])

    def _listen(self, name: str, heard: Callable[[int], None]) -> None:
        gpio = board.PINS[name]
        pin = self._mcu.gpio[gpio]

        def changed(value: Any, _last: Any) -> None:
            level = 1 if value == GPIOPinState.HIGH else 0
            if value not in (GPIOPinState.HIGH, GPIOPinState.LOW):
                level = 1 - board.DRIVER_ON if name == "enable" else 0  # what the resistors on the board say
            heard(level)
            # The emulator does not read a pin back that it drives itself.
            pin.set_input_value(bool(self._plant.levels[gpio] if name in _DRIVEN else level))

        pin.add_listener(changed)

    def _on_step(self, level: int) -> None:
        if level and self._plant.enabled:
            self.on_step(self._clock.nanos)
            self._plant.pulses(1)
            self.refresh()

    def _on_enable(self, level: int) -> None:
        on = level == board.DRIVER_ON
        if not on:
            self._plant.sync()
        self._plant.enabled = on
        self.current.switch(on)

    def _put(self, gpio: int) -> None:
        level = bool(self._plant.level(gpio))
        pin = self._mcu.gpio[gpio]
        if pin.input_value != level or not pin._driven:
            pin.set_input_value(level)

    def _on_conversion(self, channel: int) -> None:
        adc = self._mcu.adc
        self._fluid.flow()
        adc.channel_values[channel] = self._voltages.raw(self._voltages.SOURCES[_ADC_CHANNELS[channel]]())
        adc._default_on_adc_read(channel)


class Bus:
    """The slaves on the emulated I2C: a register number, then bytes that are read or written from there on."""

    def __init__(self, i2c: Any, clock: Any, slaves: Any, broken: Any) -> None:
        self._i2c = i2c
        self._slaves = {board.ENCODER_ADDRESS: slaves.encoder, board.CLOCK_ADDRESS: slaves.clock}
        self._broken = broken
        self._slave: Any = None
        self._register: int | None = None
        self._written = bytearray()
        self._unread = bytearray()
        self._then: Callable[[], None] = lambda: None
        self._alarm = clock.create_alarm(lambda: self._then())
        i2c.on_connect = self._on_connect
        i2c.on_write_byte = self._on_write
        i2c.on_read_byte = self._on_read
        i2c.on_stop = self._on_stop

    def _after_a_byte(self, then: Callable[[], None]) -> None:
        self._then = then
        self._alarm.schedule(_I2C_BYTE_NS)

    def _on_connect(self, address: int, mode: Any) -> None:
        if self._broken.hangs["bus-hang"]:
            self._broken.hangs["bus-hang"] -= 1
            return
        slave = self._slaves.get(address)
        self._slave = slave if slave is not None and slave.answers() else None
        if mode == I2CMode.WRITE:
            self._register = None
            self._written.clear()
        elif self._slave is not None and self._register is not None:
            count = 2 if address == board.ENCODER_ADDRESS else _REGISTERS - self._register
            self._unread = bytearray(count)
            self._slave.read(self._register, self._unread)
        self._after_a_byte(self._connected)

    def _connected(self) -> None:
        self._i2c.complete_connect(self._slave is not None)
        if self._slave is None:
            # The emulator has flushed what was to be sent, but does not tell that nothing is left.
            self._i2c._set_interrupts(R_TX_EMPTY)

    def _on_write(self, value: int) -> None:
        if self._register is None:
            self._register = value
        else:
            self._written.append(value)
        self._after_a_byte(lambda: self._i2c.complete_write(True))

    def _on_read(self, _more: bool) -> None:
        value = self._unread.pop(0) if self._unread else 0xFF
        self._after_a_byte(lambda: self._i2c.complete_read(value))

    def _on_stop(self) -> None:
        if self._slave is not None and self._written:
            self._slave.write(self._register, bytes(self._written))
            self._written.clear()
        self._i2c.complete_stop()
