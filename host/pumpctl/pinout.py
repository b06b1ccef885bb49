"""Where each signal is on the Pico: read from the firmware's board file, and the 40 pins of the board's edge."""

import ast
import contextlib
from functools import cache
from pathlib import Path

from pumpctl import firmware_files

# GPIO -> pin of the Pico's 40-pin edge; 29 does not come out.
EDGE = dict(zip((*range(23), 26, 27, 28),
                (1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15, 16, 17, 19, 20, 21, 22, 24, 25, 26, 27, 29, 31, 32, 34),
                strict=True))  # fmt: skip
# Pins of the edge that are no GPIO.
SUPPLY_PINS = {
    3: "GND", 8: "GND", 13: "GND", 18: "GND", 23: "GND", 28: "GND", 30: "RUN", 33: "AGND", 35: "ADC_VREF",
    36: "3V3", 37: "3V3_EN", 38: "GND", 39: "VSYS", 40: "VBUS",
}  # fmt: skip


def constants(board: Path) -> dict[str, object]:
    """Every plain constant of a file of the firmware by its name, read without running it."""
    found: dict[str, object] = {}
    for node in ast.parse(board.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            with contextlib.suppress(ValueError):  # not plain
                found[node.targets[0].id] = ast.literal_eval(node.value)
    return found


def pins(board: Path) -> dict[str, int]:
    """PINS of board.py: signal -> GPIO; KeyError if it declares none."""
    declared = constants(board)["PINS"]
    assert isinstance(declared, dict)
    return declared


def whereabouts(gpio: int) -> str:
    """A GPIO as people find it on the board: `GP10, pin 14`."""
    return f"GP{gpio}, pin {EDGE[gpio]}" if gpio in EDGE else f"GP{gpio}, on the Pico itself"


@cache
def _installed() -> dict[str, int]:
    return pins(firmware_files.application()["infuser/hw/board.py"])


def signal_place(signal: str) -> str:
    """Where a signal of the firmware that belongs to this tool is; KeyError if there is none."""
    return whereabouts(_installed()[signal])
