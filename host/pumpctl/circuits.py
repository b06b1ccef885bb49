"""The reference board's values that follow from each other: currents, dividers, gains, against what the firmware takes.

Figures of datasheets are typical ones and were not measured. Ohm, farad, volt and ampere unless a name says otherwise.
"""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path

from infuser.core import signals
from infuser.wire import alarms
from pumpctl import pinout

RAIL_V = 3.3
# From where the pump stops because the battery is empty, to a supply of USB.
VSYS_LOW_V, VSYS_HIGH_V = 3.2, 5.0

# RP2040: pulls inside the chip, and what it reads as high.
PULL_INSIDE_OHM = 50_000
PULL_INSIDE_MOST_OHM = 80_000
HIGH_V = 2.0
# TMC2209: full scale of the sense resistor with its internal 20 mOhm, at VREF of 2.5 V; logic high of VIO.
FULL_SCALE_V, INSIDE_OHM, VREF_FULL_V, HIGH_SHARE = 0.325, 0.02, 2.5, 0.7
SENSE_OHM = 0.11
MOTOR_RMS_A = 0.42
MOTOR_OHM = 6.0

R_ENABLE, R_STEP = 10_000, 10_000
R_BUS = 2_200
BUS_FARAD = 100e-12
R_SUPPLY_TOP, R_SUPPLY_BOTTOM = 10_000, 18_000
SUPPLY_LOW_V, SUPPLY_HIGH_V = 4.5, 5.5
# Colour -> resistor, forward voltage.
LAMPS = {"red": (330, 1.9), "yellow": (330, 2.0), "cyan": (150, 2.8)}
AIR_LED = (470, 1.2)
# Sounder: the piezo between the transistor's drain, pulled up, and its sense resistor; a diode keeps the peaks.
R_DRAIN, R_SENSE, R_BLEED, HOLD_FARAD, DIODE_V = 1_000, 220, 220_000, 100e-9, 0.24
PIEZO_FARAD = 30e-9
# Bridge: 40 mV at 200 kPa on 10 V; amplifier: gain 1 + 100 kOhm / RG, its output within 50 mV of its rails.
BRIDGE_V_PER_PA = 0.040 / 200_000 / 10
R_GAIN, GAIN_OHM, HEADROOM_V = 665, 100_000, 0.05
R_ZERO_TOP, R_ZERO_TRIM, R_ZERO_BOTTOM = 20_500, 5_000, 10_000


def divided(top: float, bottom: float) -> float:
    """Share of a voltage that a divider leaves."""
    return bottom / (top + bottom)


def beside(one: float, other: float) -> float:
    """Two resistors in parallel."""
    return one * other / (one + other)


def vref() -> float:
    """What VREF of the driver is set to for the motor's current."""
    full_a = FULL_SCALE_V / (SENSE_OHM + INSIDE_OHM) / math.sqrt(2)
    return VREF_FULL_V * MOTOR_RMS_A / full_a


def lamp_a(colour: str) -> float:
    """Current of a lamp that is lit."""
    ohm, forward_v = LAMPS[colour]
    return (RAIL_V - forward_v) / ohm


def air_led_a() -> float:
    """Current of the air sensor's LED, always."""
    return (RAIL_V - AIR_LED[1]) / AIR_LED[0]


def tones() -> list[int]:
    """Every frequency that an alarm sounds, Hz."""
    found = set()
    for priority in (alarms.LOW, alarms.MEDIUM, alarms.HIGH):
        phase_ms = 0
        while phase_ms < signals.CYCLE_MS:
            hz, left_ms = signals.tone(priority, phase_ms)
            found.add(hz)
            phase_ms += left_ms
    return sorted(found - {0})


def sounder_v(vsys_v: float) -> tuple[float, float]:
    """What the sense reads while it sounds: (just before a pulse of the lowest tone, at the pulse)."""
    peak_v = vsys_v * divided(R_DRAIN, R_SENSE) - DIODE_V
    return peak_v * math.exp(-1 / (tones()[0] * R_BLEED * HOLD_FARAD)), peak_v


def uv_per_pa() -> float:
    """Slope of a pressure input."""
    return BRIDGE_V_PER_PA * RAIL_V * (1 + GAIN_OHM / R_GAIN) * 1e6


def zero_v() -> tuple[float, float]:
    """Range of the zero that the trimmer sets."""
    return (
        RAIL_V * divided(R_ZERO_TOP + R_ZERO_TRIM, R_ZERO_BOTTOM),
        RAIL_V * divided(R_ZERO_TOP, R_ZERO_BOTTOM),
    )


def pressure_range_pa(board: Mapping[str, int]) -> tuple[float, float]:
    """What a pressure input can read before its amplifier ends."""
    zero_uv, slope = board["PRESSURE_ZERO_UV"], uv_per_pa()
    return (HEADROOM_V * 1e6 - zero_uv) / slope, ((RAIL_V - HEADROOM_V) * 1e6 - zero_uv) / slope


def supply_pin_v(supply_v: float) -> float:
    """At `supply_present`, with the chip's own pull-down beside the lower resistor."""
    return supply_v * divided(R_SUPPLY_TOP, beside(R_SUPPLY_BOTTOM, PULL_INSIDE_OHM))


def enable_v() -> float:
    """At the driver's EN from reset on: its pull-up against the chip's pull-down, which reset switches on."""
    return RAIL_V * divided(R_ENABLE, PULL_INSIDE_OHM)


def board_constants(firmware: Path) -> dict[str, int]:
    """Constants of board.py that are whole numbers."""
    told = pinout.constants(firmware / "infuser" / "hw" / "board.py")
    return {name: value for name, value in told.items() if isinstance(value, int)}


def checks(firmware: Path) -> Iterator[tuple[str, str, str, bool]]:
    """(what, what the parts give, what is needed, whether it holds)."""
    board = board_constants(firmware)
    yield ("EN from reset on", f"{enable_v():.2f} V", f"above {HIGH_SHARE * RAIL_V:.2f} V: the motor is off",
           enable_v() > HIGH_SHARE * RAIL_V)  # fmt: skip
    yield ("VREF of the driver", f"{vref():.2f} V", f"{MOTOR_RMS_A:.2f} A rms a phase", vref() < VREF_FULL_V)
    rise_ns = 0.8473 * R_BUS * BUS_FARAD * 1e9
    yield ("rise of the I2C bus at 100 pF", f"{rise_ns:.0f} ns", f"below 300 ns at {board['I2C_HZ'] // 1000} kHz",
           rise_ns < 300 and board["I2C_HZ"] <= 400_000)  # fmt: skip
    slope = board["PRESSURE_UV_PER_PA"]
    yield ("slope of the pressure inputs", f"{uv_per_pa():.2f} mV a kPa", f"{slope} mV a kPa, within 1 %",
           abs(uv_per_pa() - slope) < slope / 100)  # fmt: skip
    low_v, high_v = zero_v()
    yield ("zero that RV1 and RV2 set", f"{low_v:.2f} to {high_v:.2f} V", f"{board['PRESSURE_ZERO_UV'] / 1e6:.3f} V",
           low_v < board["PRESSURE_ZERO_UV"] / 1e6 < high_v)  # fmt: skip
    low_pa, high_pa = pressure_range_pa(board)
    yield ("range of the pressure inputs", f"{low_pa / 1000:.0f} to {high_pa / 1000:.0f} kPa", "-60 to 200 kPa",
           low_pa < -60_000 and high_pa > 200_000)  # fmt: skip
    least, most = supply_pin_v(SUPPLY_LOW_V), SUPPLY_HIGH_V * divided(R_SUPPLY_TOP, R_SUPPLY_BOTTOM)
    yield (f"`supply_present` at {SUPPLY_LOW_V} to {SUPPLY_HIGH_V} V", f"{least:.2f} to {most:.2f} V",
           f"above {HIGH_V:.1f} V, below 3.63 V", least > HIGH_V and most < 3.63)  # fmt: skip
    for colour in LAMPS:
        yield (f"{colour} lamp", f"{lamp_a(colour) * 1000:.1f} mA", "2 to 5 mA from a pin set to 4 mA",
               0.002 < lamp_a(colour) < 0.005)  # fmt: skip
    (low_v, _), (_, high_v) = sounder_v(VSYS_LOW_V), sounder_v(VSYS_HIGH_V)
    needed_v = board["SOUNDER_SOUNDS_UV"] / 1e6
    yield (f"sounder's sense, VSYS {VSYS_LOW_V} to {VSYS_HIGH_V} V", f"{low_v * 1000:.0f} to {high_v * 1000:.0f} mV",
           f"above {needed_v * 1000:.0f} mV; 0 if the piezo is torn off",
           low_v > 1.2 * needed_v and high_v < RAIL_V)  # fmt: skip
