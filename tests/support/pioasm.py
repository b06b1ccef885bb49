"""Assembles the drive's PIO program from its source, as the RP2040's datasheet says (3.4)."""

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pumpctl.virtual import launcher

_CONDITIONS = {"always": 0, "not_x": 1, "x_dec": 2, "not_y": 3, "y_dec": 4}
# Side-set of one pin that may be left out: a bit that says whether it is there, the level, three bits of delay.
_SIDE_BIT, _LEVEL_BIT = 12, 11
_PLACES = {"pins": 0, "x": 1, "y": 2, "null": 3, "isr": 6, "osr": 7}


class Instruction:
    """One instruction with the level that it puts on the side pin, if any, and the cycles of delay after it."""

    def __init__(self, name: str, arguments: tuple[Any, ...]) -> None:
        self.name, self.arguments, self.delay = name, arguments, 0
        self.level: int | None = None

    def side(self, level: int) -> "Instruction":
        self.level = level
        return self

    def __getitem__(self, delay: int) -> "Instruction":
        assert delay < 8, "side-set leaves three bits"
        self.delay = delay
        return self

    def opcode(self, labels: dict[str, int]) -> int:
        """The 16 bits that the datasheet gives it."""
        first, second = (*self.arguments, None, None)[:2]
        bits = {
            "jmp": lambda: _CONDITIONS[first] << 5 | labels[second],
            "out": lambda: 3 << 13 | _PLACES[first] << 5 | second & 31,
            "pull": lambda: 4 << 13 | 1 << 7 | (first == "block") << 5,
            "mov": lambda: 5 << 13 | _PLACES[first] << 5 | _PLACES[second],
            "nop": lambda: 5 << 13 | _PLACES["y"] << 5 | _PLACES["y"],
            "set": lambda: 7 << 13 | _PLACES[first] << 5 | second,
        }[self.name]()
        side = 0 if self.level is None else 1 << _SIDE_BIT | self.level << _LEVEL_BIT
        return int(bits | side | self.delay << 8)


def words(emit: Callable[[Instruction], Instruction]) -> dict[str, Any]:
    """The assembler's words."""

    def word_of(name: str) -> Callable[..., Instruction]:
        return lambda *arguments: emit(Instruction(name, arguments))

    names: dict[str, Any] = {name: word_of(name) for name in ("pull", "push", "out", "set", "mov", "jmp", "nop")}
    names.update({name: name for name in ("block", "noblock", "x_dec", "y_dec", *_PLACES)})
    names["invert"] = lambda source: ("invert", source)
    return names


def program() -> tuple[list[Instruction], dict[str, int]]:
    """Instructions and labels of `_pulses` in hw/drive.py."""
    tree = ast.parse(source().read_text())
    function = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "_pulses")
    function.decorator_list = []
    instructions: list[Instruction] = []
    labels: dict[str, int] = {}

    def emit(instruction: Instruction) -> Instruction:
        instructions.append(instruction)
        return instruction

    names = words(emit)
    names["label"] = lambda name: labels.__setitem__(name, len(instructions))
    exec(compile(ast.Module([function], []), "drive.py", "exec"), names)
    names["_pulses"]()
    return instructions, labels


def source() -> Path:
    """The firmware's hw/drive.py."""
    folder = next(folder for folder in launcher.firmware_dirs() if (folder / "infuser").is_dir())
    return folder / "infuser" / "hw" / "drive.py"


def single(text: str) -> Instruction:
    """One instruction as StateMachine.exec takes it."""
    instruction: Instruction = eval(text, words(lambda made: made))
    return instruction
