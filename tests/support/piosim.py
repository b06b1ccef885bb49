"""Runs the drive's PIO program cycle by cycle, as the RP2040's datasheet says (3.4).

`drive()` is the firmware's own Drive on such a machine: time passes in `StateMachine.run` alone, one cycle a us.
"""

import importlib.util
import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import pioasm
from pioasm import Instruction

from infuser.hw import board

FETCH_US = 3  # pull, out, out between two bursts
RISE_US = 8  # the current is on so long before a pulse
ON_US = 4112  # and so long in all
FIRST_US = FETCH_US + RISE_US  # from handing over a word to its first pulse
OVERHEAD_US = 4115
PIO_HAS = -1
_WORD = 0xFFFFFFFF
_FIFO_WORDS = 4
# Two bursts to be halted somewhere on the way: both, and some cycles of rest after them.
PULSES, INTERVAL_US, NEXT_PULSES, NEXT_INTERVAL_US = 4, 4200, 3, 4125
_BURST_US = FETCH_US + PULSES * INTERVAL_US
CYCLES = _BURST_US + FETCH_US + NEXT_PULSES * NEXT_INTERVAL_US + 20


def _moments() -> list[int]:
    """Every cycle near one in which something happens, and some of those in between."""
    steps = [FETCH_US + n * INTERVAL_US for n in range(PULSES + 1)]
    steps += [_BURST_US + FETCH_US + n * NEXT_INTERVAL_US for n in range(NEXT_PULSES + 1)]
    near = {begin + offset for begin in steps for offset in (*range(-5, 20), *range(ON_US - 3, ON_US + 5))}
    return sorted(cycle for cycle in near | set(range(1, CYCLES, 211)) if 0 < cycle < CYCLES)


MOMENTS = _moments()


def word(count: int, interval_us: int) -> int:
    """What Drive.burst hands to the machine."""
    return (count - 1) << 24 | (interval_us - OVERHEAD_US)


def rising_edges_us(bursts: list[tuple[int, int]]) -> list[int]:
    """Times of the rising edges that (count, interval us) bursts make at 1 MHz."""
    machine = StateMachine()
    machine.active(1)
    machine.words = [word(*burst) for burst in bursts]
    machine.run()
    return machine.rises


class StateMachine:
    """rp2.StateMachine with the drive's program. `rises` and `falls` are the cycles of the step pin's edges.

    `side` is what the program puts on the enable pin, `sides` every change of it: (cycle, level).
    """

    def __init__(self, *_arguments: object, **_settings: object) -> None:
        self.instructions, self.labels = pioasm.program()
        self.words: list[int] = []
        self.told: list[int] = []
        self.registers = {"x": 0, "y": 0, "isr": 0, "osr": 0, "null": 0}
        self.pin = 0
        self.side = 1
        self.sides: list[tuple[int, int]] = []
        self.enable = PIO_HAS  # the level that the firmware keeps the enable pin at, or PIO_HAS
        self.counter = 0
        self.cycle = 0
        self.rises: list[int] = []
        self.falls: list[int] = []
        self._delay = 0
        self.on = False

    @property
    def current(self) -> bool:
        """Whether the driver has current."""
        return (self.side if self.enable == PIO_HAS else self.enable) == board.DRIVER_ON

    # What the firmware calls

    def active(self, on: int) -> None:
        self.on = bool(on)

    def put(self, value: int) -> None:
        if len(self.words) == _FIFO_WORDS:
            raise RuntimeError("the FIFO is full: the chip would wait")
        self.words.append(value)

    def tx_fifo(self) -> int:
        return len(self.words)

    def get(self) -> int:
        return self.told.pop(0)

    def exec(self, text: str) -> None:
        self._do(pioasm.single(text))

    def restart(self) -> None:
        self.counter = self._delay = self.registers["isr"] = 0

    # Time

    def run(self, cycles: int | None = None) -> None:
        """Let cycles pass; without a number, until the machine waits for a word that does not come."""
        end = 1 << 62 if cycles is None else self.cycle + cycles
        while self.cycle < end and not (cycles is None and self._starved()):
            waits = self._waits(end - self.cycle)
            self.cycle += waits
            if not waits:
                self._next()

    def _starved(self) -> bool:
        return not self.words and not self._delay and self.instructions[self.counter].name == "pull"

    def _waits(self, most: int) -> int:
        """Pass the cycles ahead in which nothing happens but waiting, `most` at most; how many they were."""
        if not self.on or self._starved():
            return most
        if self._delay:
            waits = min(most, self._delay)
            self._delay -= waits
            return waits
        instruction = self.instructions[self.counter]
        if instruction.name != "jmp" or self.labels[instruction.arguments[1]] != self.counter:
            return 0
        register = instruction.arguments[0][0]
        waits = min(most, self.registers[register])
        self.registers[register] -= waits
        return waits

    def _next(self) -> None:
        instruction = self.instructions[self.counter]
        self.counter = (self.counter + 1) % len(self.instructions)
        self._do(instruction)
        self._delay = instruction.delay
        self.cycle += 1

    def _do(self, instruction: Instruction) -> None:
        if instruction.level is not None and instruction.level != self.side:
            self.side = instruction.level
            self.sides.append((self.cycle, self.side))
        getattr(self, "_" + instruction.name)(*instruction.arguments)

    def _nop(self) -> None:
        """Time passes."""

    def _pull(self, _block: str) -> None:
        self.registers["osr"] = self.words.pop(0) if self.words else self.registers["x"]

    def _push(self, _block: str) -> None:
        self.told.append(self.registers["isr"])
        self.registers["isr"] = 0

    def _out(self, target: str, bits: int) -> None:
        self.registers[target] = self.registers["osr"] >> 32 - bits
        self.registers["osr"] = self.registers["osr"] << bits & _WORD

    def _set(self, target: str, level: int) -> None:
        if target != "pins":
            self.registers[target] = level
            return
        if level != self.pin:
            (self.rises if level else self.falls).append(self.cycle)
        self.pin = level

    def _mov(self, target: str, source: Any) -> None:
        inverted = isinstance(source, tuple)
        name = source[1] if inverted else source
        value = 0 if name == "null" else self.registers[name]
        self.registers[target] = value ^ _WORD if inverted else value

    def _jmp(self, condition: str, label: str) -> None:
        register = condition[0]
        if self.registers[register]:
            self.counter = self.labels[label]
        self.registers[register] = (self.registers[register] - 1) & _WORD


def drive(on_pin: Callable[[int, int], None] | None = None) -> tuple[Any, StateMachine]:
    """The firmware's Drive and the machine that it runs.

    `on_pin(gpio, level)` hears of every pin that it sets; the level is PIO_HAS where it gives one to the machine.
    """
    machine = StateMachine()

    class Pin:
        OUT, ALT, ALT_PIO0 = 1, 3, 6

        def __init__(self, gpio: int, _mode: int, value: int) -> None:
            self._gpio = gpio
            self.value(value)

        def init(self, mode: int, value: int | None = None, alt: int | None = None) -> None:
            if mode == Pin.OUT:
                assert value is not None
                self.value(value)
            else:
                assert (mode, alt) == (Pin.ALT, Pin.ALT_PIO0)
                self.value(PIO_HAS)

        def value(self, level: int) -> None:
            if self._gpio == board.PINS["enable"]:
                machine.enable = level
            if on_pin:
                on_pin(self._gpio, level)

    chip, pio = ModuleType("machine"), ModuleType("rp2")
    vars(chip).update(Pin=Pin)
    names = SimpleNamespace(OUT_LOW=2, OUT_HIGH=3, SHIFT_LEFT=0)
    vars(pio).update(PIO=names, asm_pio=lambda **_settings: lambda function: function)
    vars(pio).update(StateMachine=lambda *_arguments, **_settings: machine)
    spec = importlib.util.spec_from_file_location("drive_on_piosim", pioasm.source())
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    had = {name: sys.modules.get(name) for name in ("machine", "rp2")}
    sys.modules.update(machine=chip, rp2=pio)
    try:
        spec.loader.exec_module(module)
    finally:
        for name, before in had.items():
            if before is None:
                del sys.modules[name]
            else:
                sys.modules[name] = before
    return module.Drive(), machine


def halted_after(cycles: int) -> tuple[int, int]:
    """(pulses made, pulses told as not made) when two bursts are halted so many cycles after the first was handed over.

    Whatever the cycle, the pin is low and the driver without current then and when the drive is made ready again,
    a second halt tells nothing, and the next burst comes out whole.
    """
    motor, machine = drive()
    motor.enable(True)
    motor.burst(PULSES, INTERVAL_US)
    machine.run(1)
    assert motor.ready()
    motor.burst(NEXT_PULSES, NEXT_INTERVAL_US)
    machine.run(cycles - 1)
    made = len(machine.rises)
    not_made = motor.halt()
    assert not machine.current
    machine.run(1000)
    assert (machine.pin, machine.current, len(machine.rises), motor.halt()) == (0, False, made, 0)
    motor.enable(True)
    assert not machine.current
    motor.burst(2, INTERVAL_US)
    machine.run(1)
    assert motor.halt() == 0  # nothing is left over from the halt before
    motor.enable(True)
    motor.burst(2, INTERVAL_US)
    machine.run()
    assert len(machine.rises) == made + 2
    return made, not_made
