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

FETCH_US = 3  # pull, out, out between two bursts
_OVERHEAD_US = 6
_WORD = 0xFFFFFFFF
_FIFO_WORDS = 4
# Two bursts to be halted somewhere on the way: both, and some cycles of rest after them.
PULSES, INTERVAL_US, NEXT_PULSES, NEXT_INTERVAL_US = 5, 20, 3, 12
CYCLES = 2 * FETCH_US + PULSES * INTERVAL_US + NEXT_PULSES * NEXT_INTERVAL_US + 20


def word(count: int, interval_us: int) -> int:
    """What Drive.burst hands to the machine."""
    return (count - 1) << 24 | (interval_us - _OVERHEAD_US)


def rising_edges_us(bursts: list[tuple[int, int]]) -> list[int]:
    """Times of the rising edges that (count, interval us) bursts make at 1 MHz."""
    machine = StateMachine()
    machine.active(1)
    machine.words = [word(*burst) for burst in bursts]
    machine.run()
    return machine.rises


class StateMachine:
    """rp2.StateMachine with the drive's program. `rises` and `falls` are the cycles of the step pin's edges."""

    def __init__(self, *_arguments: object, **_settings: object) -> None:
        self.instructions, self.labels = pioasm.program()
        self.words: list[int] = []
        self.told: list[int] = []
        self.registers = {"x": 0, "y": 0, "isr": 0, "osr": 0}
        self.pin = 0
        self.counter = 0
        self.cycle = 0
        self.rises: list[int] = []
        self.falls: list[int] = []
        self._delay = 0
        self.on = False

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
        getattr(self, "_" + instruction.name)(*instruction.arguments)

    def _pull(self, _block: str) -> None:
        self.registers["osr"] = self.words.pop(0) if self.words else self.registers["x"]

    def _push(self, _block: str) -> None:
        self.told.append(self.registers["isr"])
        self.registers["isr"] = 0

    def _out(self, target: str, bits: int) -> None:
        self.registers[target] = self.registers["osr"] & ((1 << bits) - 1)
        self.registers["osr"] >>= bits

    def _set(self, _pins: str, level: int) -> None:
        if level != self.pin:
            (self.rises if level else self.falls).append(self.cycle)
        self.pin = level

    def _mov(self, target: str, source: Any) -> None:
        inverted = isinstance(source, tuple)
        value = {"null": 0, **self.registers}[source[1] if inverted else source]
        self.registers[target] = value ^ _WORD if inverted else value

    def _jmp(self, condition: str, label: str) -> None:
        register = condition[0]
        if self.registers[register]:
            self.counter = self.labels[label]
        self.registers[register] = (self.registers[register] - 1) & _WORD


def drive(on_pin: Callable[[int, int], None] | None = None) -> tuple[Any, StateMachine]:
    """The firmware's Drive and the machine that it runs; `on_pin(gpio, level)` hears of every pin that it sets."""
    machine = StateMachine()

    class Pin:
        OUT = 1

        def __init__(self, gpio: int, _mode: int, value: int) -> None:
            self._gpio = gpio
            self.value(value)

        def value(self, level: int) -> None:
            if on_pin:
                on_pin(self._gpio, level)

    chip, pio = ModuleType("machine"), ModuleType("rp2")
    vars(chip).update(Pin=Pin)
    names = SimpleNamespace(OUT_LOW=0, SHIFT_RIGHT=1)
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

    Whatever the cycle, the pin is low then, a second halt tells nothing, and the next burst comes out whole.
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
    machine.run(1000)
    assert (machine.pin, len(machine.rises), motor.halt()) == (0, made, 0)
    motor.enable(True)
    motor.burst(2, INTERVAL_US)
    machine.run(1)
    assert motor.halt() == 0  # nothing is left over from the halt before
    motor.enable(True)
    motor.burst(2, INTERVAL_US)
    machine.run()
    assert len(machine.rises) == made + 2
    return made, not_made
