"""Assembles the drive's PIO program from its source and runs it cycle by cycle, as the RP2040's datasheet says."""

import ast
from collections.abc import Callable

from pumpctl.virtual import launcher

FETCH_US = 3  # pull, out, out between two bursts
_OVERHEAD_US = 6
_WORD = 0xFFFFFFFF


def rising_edges_us(bursts: list[tuple[int, int]]) -> list[int]:
    """Times of the rising edges that (count, interval us) bursts make at 1 MHz."""
    return _Machine(_program(), [(count - 1) << 24 | (interval - _OVERHEAD_US) for count, interval in bursts]).run()


class _Instruction:
    def __init__(self, name: str, arguments: tuple[object, ...]) -> None:
        self.name, self.arguments, self.delay = name, arguments, 0

    def __getitem__(self, delay: int) -> None:
        self.delay = delay


def _program() -> tuple[list[_Instruction], dict[str, int]]:
    """Instructions and labels of `_pulses` in hw/drive.py."""
    path = next(folder / "infuser" for folder in launcher.firmware_dirs() if (folder / "infuser").is_dir())
    tree = ast.parse((path / "hw" / "drive.py").read_text())
    function = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "_pulses")
    function.decorator_list = []
    instructions: list[_Instruction] = []
    labels: dict[str, int] = {}

    def instruction(name: str) -> Callable[..., _Instruction]:
        def emit(*arguments: object) -> _Instruction:
            instructions.append(_Instruction(name, arguments))
            return instructions[-1]

        return emit

    names: dict[str, object] = {name: instruction(name) for name in ("pull", "out", "set", "mov", "jmp")}
    names.update({name: name for name in ("block", "isr", "x", "y", "pins", "x_dec", "y_dec")})
    names["label"] = lambda name: labels.__setitem__(name, len(instructions))
    exec(compile(ast.Module([function], []), "drive.py", "exec"), names)
    names["_pulses"]()  # type: ignore[operator]
    return instructions, labels


class _Machine:
    def __init__(self, program: tuple[list[_Instruction], dict[str, int]], words: list[int]) -> None:
        self.instructions, self.labels = program
        self.words = words
        self.registers = {"x": 0, "y": 0, "isr": 0, "osr": 0}
        self.pin = 0
        self.counter = 0

    def run(self) -> list[int]:
        """Until it waits for a word that does not come."""
        rises, now_us = [], 0
        while not (self.instructions[self.counter].name == "pull" and not self.words):
            instruction = self.instructions[self.counter]
            before = self.pin
            self.counter = (self.counter + 1) % len(self.instructions)
            getattr(self, "_" + instruction.name)(*instruction.arguments)
            if self.pin > before:
                rises.append(now_us)
            now_us += 1 + instruction.delay
        return rises

    def _pull(self, _block: str) -> None:
        self.registers["osr"] = self.words.pop(0)

    def _out(self, target: str, bits: int) -> None:
        self.registers[target] = self.registers["osr"] & ((1 << bits) - 1)
        self.registers["osr"] >>= bits

    def _set(self, _pins: str, level: int) -> None:
        self.pin = level

    def _mov(self, target: str, source: str) -> None:
        self.registers[target] = self.registers[source]

    def _jmp(self, condition: str, label: str) -> None:
        register = condition[0]
        if self.registers[register]:
            self.counter = self.labels[label]
        self.registers[register] = (self.registers[register] - 1) & _WORD
