"""Tables of HARDWARE.md, SAFETY.md and SECURITY.md: pins as board.py declares them; cases, hazards, threats."""

from collections.abc import Callable, Iterable
from pathlib import Path

from pumpctl import case_tests, circuits, parts, power_budget
from pumpctl.cases import CASES
from pumpctl.hazards import HAZARDS, Hazard
from pumpctl.pinout import EDGE, pins
from pumpctl.threats import THREATS

# Signal -> what is connected; a signal of board.py without a line here is an error.
WIRING = {
    "step": "out: STEP of the driver, one pulse a microstep",
    "dir": "out: DIR of the driver, 1 empties the reservoir",
    "enable": "out: EN of the driver, 0 is on; a pull-up keeps the motor off during reset",
    "sda": "I2C0 data: AS5600 and DS3231, 2.2 kOhm to 3.3 V",
    "scl": "I2C0 clock: AS5600 and DS3231, 2.2 kOhm to 3.3 V",
    "limit_full": "in: switch to ground, closed when the piston stands at full",
    "limit_empty": "in: switch to ground, closed when the piston stands at empty",
    "air": "in: optical air sensor, low while there is liquid; a broken wire reads as air",
    "patient_button": "in: button to ground",
    "stop_button": "in: button to ground",
    "service_jumper": "in: jumper to ground",
    "cover": "in: switch to ground, closed with the cover; a broken wire reads as open",
    "lamp_red": "out: red lamp, 1 is lit",
    "lamp_yellow": "out: yellow lamp, 1 is lit",
    "lamp_cyan": "out: cyan lamp, 1 is lit",
    "sounder": "out: PWM to the piezo's transistor",
    "supply_present": "in: 3.3 V while an outside supply is connected; pulled down",
    "outlet_pressure": "ADC0: 1 V at ambient pressure, 10 mV a kPa",
    "inlet_pressure": "ADC1: 1 V at ambient pressure, 10 mV a kPa, suction below 1 V",
    "sounder_current": "ADC2: sense resistor of the piezo, about 500 mV while it sounds",
    "battery": "ADC3: VSYS/3, on the Pico itself",
}
Row = tuple[object, ...]
Table = tuple[tuple[str, ...], list[Row]]


def pin_table(firmware: Path) -> Table:
    """The pins in the order of their GPIO."""
    declared = pins(firmware / "infuser" / "hw" / "board.py")
    rows: list[Row] = [
        (f"GP{gpio}", EDGE.get(gpio, "-"), f"`{signal}`", WIRING[signal])
        for signal, gpio in sorted(declared.items(), key=lambda item: item[1])
    ]
    return ("GPIO", "pin of the Pico", "signal", "connected to"), rows


def part_table(firmware: Path) -> Table:
    """The parts with their values."""
    return ("parts", "how many", "value", "why"), list(parts.rows())


def check_table(firmware: Path) -> Table:
    """What follows from the values, beside what the firmware or a datasheet wants; ValueError if it does not hold."""
    found = list(circuits.checks(firmware))
    for what, given, needed, holds in found:
        if not holds:
            raise ValueError(f"{what}: {given}, needed {needed}")
    return ("", "with these parts", "needed"), [row[:3] for row in found]


def power_table(firmware: Path) -> Table:
    """Currents by part and mode, and the life of the cell."""
    return power_budget.columns(), list(power_budget.rows(firmware))


def case_table(firmware: Path) -> Table:
    """Every case: what is required, what the pump does, the modules that do it and the test files that show it."""
    shown = case_tests.marked(firmware.parent)
    rows: list[Row] = [
        (
            case.id,
            case.requirement,
            f"{case.answer}. **In part:** {case.lacking}" if case.lacking else case.answer,
            _listed(f"infuser/{module}" for module in case.modules),
            _listed(sorted(shown.get(case.id, ()))),
        )
        for case in CASES
    ]
    return ("case", "required", "the pump's answer", "code", "shown by"), rows


def hazard_table(firmware: Path) -> Table:
    """Every hazard with its guards, their modules and the test files that show them."""
    shown = case_tests.marked(firmware.parent)
    rows: list[Row] = [
        (one.id, one.hazard, one.guards, _listed(one.modules), _listed(_tests(one, shown))) for one in HAZARDS
    ]
    return ("", "hazard", "guards", "code", "tests"), rows


def threat_table(firmware: Path) -> Table:
    """Every threat with what guards against it, what is left open, the modules and the test files."""
    shown = case_tests.marked(firmware.parent)
    rows: list[Row] = [
        (one.id, one.hazard, one.guards, one.left, _listed(one.modules), _listed(_tests(one, shown))) for one in THREATS
    ]
    return ("", "threat", "what guards", "what is left open", "code", "tests"), rows


def _tests(hazard: Hazard, shown: dict[str, set[str]]) -> list[str]:
    return [*hazard.tests, *sorted(shown.get(hazard.id, set()) - set(hazard.tests))]


def _listed(files: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in files)


# Page -> mark -> the table that stands there.
PAGES: dict[str, dict[str, Callable[[Path], Table]]] = {
    "HARDWARE.md": {"pins": pin_table, "parts": part_table, "values": check_table, "power": power_table},
    "SAFETY.md": {"hazards": hazard_table, "cases": case_table},
    "SECURITY.md": {"threats": threat_table},
}
