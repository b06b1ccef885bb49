"""What the reference board takes from its cell, part by part, in each mode, and how long the cell lasts.

Typical currents of datasheets, and of what others publish for a Pico; nothing was measured. Ampere, volt, ohm.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from infuser.core import signals
from infuser.wire import alarms, units
from pumpctl import circuits, pinout

CELL_V = 3.7
CELL_AH = 3.0
USABLE = 0.9  # down to where the pump stops
RAIL_EFFICIENCY, MOTOR_EFFICIENCY = 0.9, 0.85
MOTOR_SUPPLY_V = 9.0
# What the PIO's program does after it has switched the current off: 3 of the cycles in its overhead, 1 us each.
_AFTER_CURRENT_US = 3
S_PER_DAY = 86_400


@dataclass(frozen=True)
class Mode:
    """What the pump does: its rate, and the priority of an alarm that is signalled."""

    name: str
    rate_nl_per_day: int = 0
    priority: int = 0


MODES = (
    Mode("idle"),
    Mode("0.048 mL a day", units.THERAPY_MIN_NL_PER_DAY),
    Mode("1 mL a day", units.NL_PER_ML),
    Mode("24 mL a day", units.THERAPY_MAX_NL_PER_DAY),
    Mode("1 mL a day, high alarm", units.NL_PER_ML, alarms.HIGH),
    Mode("priming, 60 mL/h", units.PRIMING_MAX_NL_PER_DAY),
)


def on_us(firmware: Path) -> int:
    """For how long the motor has current around each microstep, by the PIO's program."""
    overhead_us = pinout.constants(firmware / "infuser" / "hw" / "drive.py")["_OVERHEAD_US"]
    assert isinstance(overhead_us, int)
    return overhead_us - _AFTER_CURRENT_US


def motor_share(firmware: Path, rate_nl_per_day: int) -> float:
    """Share of the time in which the motor has current."""
    steps_per_s = rate_nl_per_day * units.PL_PER_NL / units.STEP_PL_NOMINAL / S_PER_DAY
    return min(1.0, steps_per_s * on_us(firmware) / 1e6)


def lit_share(priority: int) -> float:
    """Share of the time in which the lamp of an alarm is lit."""
    return _share(priority, lambda phase_ms: signals.lamp(priority, phase_ms)[0])


def sounding_share(priority: int) -> float:
    """Share of the time in which an alarm sounds."""
    return _share(priority, lambda phase_ms: signals.tone(priority, phase_ms)[0] > 0)


def _share(priority: int, holds: Callable[[int], bool]) -> float:
    if not priority:
        return 0.0
    looked = range(0, signals.CYCLE_MS, 10)
    return sum(map(holds, looked)) / len(looked)


def _from_rail(current_a: float) -> float:
    """What the cell gives for a current on 3.3 V."""
    return current_a * circuits.RAIL_V / CELL_V / RAIL_EFFICIENCY


def _from_motor_supply(power_w: float) -> float:
    return power_w / CELL_V / MOTOR_EFFICIENCY


_COLOUR = {alarms.HIGH: "red", alarms.MEDIUM: "yellow", alarms.LOW: "cyan"}
_PICO_A = 0.025
_DRIVER_IDLE_A = 0.007
_STEP_UP_A = 0.001
_CHARGER_A = 0.0001


def consumers(firmware: Path) -> Iterator[tuple[str, str, Callable[[Mode], float]]]:
    """(what, by which figure, ampere from the cell in a mode)."""
    motor_w = 2 * circuits.MOTOR_RMS_A**2 * circuits.MOTOR_OHM
    air_a, sounder_a = circuits.air_led_a(), CELL_V / circuits.R_DRAIN / 2

    def lamp(mode: Mode) -> float:
        return circuits.lamp_a(_COLOUR[mode.priority]) * lit_share(mode.priority) if mode.priority else 0.0

    yield "U1, Pico idling in MicroPython", f"{_PICO_A * 1000:.0f} mA at VSYS", lambda mode: _PICO_A
    yield "U3, encoder", "6.5 mA", lambda mode: _from_rail(0.0065)
    yield "U4, clock", "0.2 mA", lambda mode: _from_rail(0.0002)
    yield "B1, B2, U5 to U7", "2 x 2.0 mA bridge, 0.4 mA amplifiers", lambda mode: _from_rail(0.0044)
    yield "U8, LED of the air sensor", f"{air_a * 1000:.1f} mA", lambda mode: _from_rail(air_a)
    yield ("U2, driver while off", f"{_DRIVER_IDLE_A * 1000:.0f} mA at {MOTOR_SUPPLY_V:.0f} V",
           lambda mode: _from_motor_supply(_DRIVER_IDLE_A * MOTOR_SUPPLY_V))  # fmt: skip
    yield "U9, U10, by themselves", "1.1 mA", lambda mode: _STEP_UP_A + _CHARGER_A
    yield ("M1, both phases", f"{motor_w:.1f} W for {on_us(firmware) / 1000:.3f} ms a microstep",
           lambda mode: _from_motor_supply(motor_w) * motor_share(firmware, mode.rate_nl_per_day))  # fmt: skip
    yield "lamp", "as flashed", lambda mode: _from_rail(lamp(mode))
    yield "sounder", f"{sounder_a * 1000:.1f} mA at VSYS", lambda mode: sounder_a * sounding_share(mode.priority)


def total_a(firmware: Path, mode: Mode) -> float:
    """All that the cell gives in a mode."""
    return sum(current_a(mode) for _, _, current_a in consumers(firmware))


def life_h(firmware: Path, mode: Mode) -> float:
    """How long the cell lasts, h."""
    return CELL_AH * USABLE / total_a(firmware, mode)


def columns() -> tuple[str, ...]:
    """Of the table."""
    return ("part", "figure", *(mode.name for mode in MODES))


def rows(firmware: Path) -> Iterator[tuple[str, ...]]:
    """mA from the cell by part and mode, their sum, the motor's share of the time, and the cell's life."""
    for name, figure, current_a in consumers(firmware):
        yield name, figure, *(f"{current_a(mode) * 1000:.2f}" for mode in MODES)
    yield "**all**", "mA from the cell", *(f"**{total_a(firmware, mode) * 1000:.0f}**" for mode in MODES)
    yield ("motor has current", "s an hour",
           *(f"{motor_share(firmware, mode.rate_nl_per_day) * 3600:.2f}" for mode in MODES))  # fmt: skip
    yield ("cell lasts", f"{CELL_AH:g} Ah, {USABLE * 100:.0f} % used",
           *(f"{life_h(firmware, mode):.0f} h" for mode in MODES))  # fmt: skip
