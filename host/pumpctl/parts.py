"""Every part of the reference board: what it is called, how many, its value and why; signals that it serves."""

from collections.abc import Iterator
from dataclasses import dataclass

from pumpctl import circuits


@dataclass(frozen=True)
class Item:
    """One line of the parts list; `names` are its reference designators."""

    names: tuple[str, ...]
    value: str
    why: str
    signals: tuple[str, ...] = ()


def ohm(value: float) -> str:
    """A resistance as it is printed on a drawing: `4.7 kOhm`."""
    return f"{value / 1000:g} kOhm" if value >= 1000 else f"{value:g} Ohm"


_PRESSURES = ("outlet_pressure", "inlet_pressure")
_LAMPS = ("lamp_red", "lamp_yellow", "lamp_cyan")
ITEMS = (
    Item(("U1",), "Raspberry Pi Pico, no radio", "controller; a Pico W has its radio at GP29, where VSYS is read",
         ("battery",)),
    Item(("U2",), "TMC2209 module, sense resistors 0.11 Ohm",
         "driver: MS1 and MS2 to 3V3 is 1/16; SPREAD to 3V3: it sets the current without having learnt the motor first;"
         " PDN_UART to 3V3: no reduced current at standstill", ("step", "dir", "enable")),
    Item(("M1",), f"NEMA 8, 200 steps, 0.6 A, about {circuits.MOTOR_OHM:g} Ohm a phase",
         f"4 N cm hold {0.04 * 2 * 3.1416 / 0.001 * 0.3:.0f} N at the screw of 1 mm, at an efficiency of 0.3"),
    Item(("U3",), "AS5600 board with a magnet of 6 mm", "encoder; DIR to ground, 0.5 to 3 mm from the magnet",
         ("sda", "scl")),
    Item(("U4",), "DS3231 board with a CR2032", "clock; no charging resistor, a CR2032 must not be charged",
         ("sda", "scl")),
    Item(("B1", "B2"), "MPXM2202GS: bridge, 0 to 200 kPa", "outlet and inlet pressure; on 3V3, as the ADC's reference",
         _PRESSURES),
    Item(("U5", "U6"), "INA333", "its amplifier", _PRESSURES),
    Item(("U7",), "MCP6002", "both halves buffer the zeros for the REF pins", _PRESSURES),
    Item(("U8",), "OPB350 tube sensor", "air: with liquid its transistor conducts and pulls low", ("air",)),
    Item(("U9",), "MCP73871 board, 0.5 A", "charges the cell and hands over to it without a gap", ("supply_present",)),
    Item(("U10",), "step-up module to 9 V, 0.5 A from 3.2 V", "the driver needs 4.75 V at least"),
    Item(("BT1",), "18650 cell with protection, 3.0 Ah", "one lithium cell; the Pico takes 1.8 to 5.5 V at VSYS",
         ("battery",)),
    Item(("F1",), "2 A, slow", "in the cell's positive wire"),
    Item(("J1",), "socket for 5 V, 2 A", "outside supply", ("supply_present",)),
    Item(("Q1",), "DMG2305UX", "from U9 to VSYS, gate at VBUS, 100 kOhm to ground: hands over to USB without a diode's"
         " drop", ("battery",)),
    Item(("Q2",), "BSS138", "sounder, switched by 3.3 V", ("sounder",)),
    Item(("LS1",), "piezo disc 35 mm, 30 nF", "in a case that makes it loud", ("sounder", "sounder_current")),
    Item(("D1",), "LED red, 3 mm", "alarm of high priority", ("lamp_red",)),
    Item(("D2",), "LED yellow, 3 mm", "medium priority", ("lamp_yellow",)),
    Item(("D3",), "LED cyan, 3 mm, 2.8 V at 3 mA", "low priority", ("lamp_cyan",)),
    Item(("D4",), "BAT54", "keeps the peaks of the sounder's current", ("sounder_current",)),
    Item(("S1", "S2"), "micro switch with a lever", "ends of the piston, normally open", ("limit_full", "limit_empty")),
    Item(("S3",), "button, recessed", "patient", ("patient_button",)),
    Item(("S4",), "button, red", "stop", ("stop_button",)),
    Item(("S5",), "micro switch", "cover, closed with it", ("cover",)),
    Item(("JP1",), "header of two pins and a jumper", "service", ("service_jumper",)),
    Item(("R1",), ohm(circuits.R_ENABLE), "EN to 3V3, against the chip's own pull-down", ("enable",)),
    Item(("R2",), ohm(circuits.R_STEP), "STEP to ground", ("step",)),
    Item(("R3", "R4"), ohm(circuits.R_BUS), "SDA and SCL to 3V3; leave them out where the boards have theirs: together"
         " not below 1.5 kOhm", ("sda", "scl")),
    Item(("R5", "R6"), ohm(circuits.LAMPS["red"][0]), "red and yellow lamp", ("lamp_red", "lamp_yellow")),
    Item(("R7",), ohm(circuits.LAMPS["cyan"][0]), "cyan lamp", ("lamp_cyan",)),
    Item(("R8",), ohm(circuits.AIR_LED[0]), "LED of the air sensor", ("air",)),
    Item(("RV3",), "100 kOhm", "load of its transistor: the threshold between air and liquid", ("air",)),
    Item(("R9",), ohm(circuits.R_SUPPLY_TOP), "from the 5 V of J1", ("supply_present",)),
    Item(("R10",), ohm(circuits.R_SUPPLY_BOTTOM), "to ground", ("supply_present",)),
    Item(("R11",), "100 kOhm", "gate of Q1 to ground"),
    Item(("R12",), "100 kOhm", "gate of Q2 to ground: silent from reset on", ("sounder",)),
    Item(("R13",), ohm(circuits.R_DRAIN), "drain of Q2 to VSYS", ("sounder",)),
    Item(("R14",), ohm(circuits.R_SENSE), "from the piezo to ground: its current", ("sounder_current",)),
    Item(("R15",), ohm(circuits.R_BLEED), "empties C5 within a tenth of a second", ("sounder_current",)),
    Item(("R16", "R17"), ohm(circuits.R_GAIN) + ", 0.1 %", "RG of U5 and U6", _PRESSURES),
    Item(("R18", "R19"), ohm(circuits.R_ZERO_TOP), "zero, from 3V3 to the trimmer", _PRESSURES),
    Item(("RV1", "RV2"), ohm(circuits.R_ZERO_TRIM) + ", 10 turns", "trimmer: 1.000 V at ambient", _PRESSURES),
    Item(("R20", "R21"), ohm(circuits.R_ZERO_BOTTOM), "zero, to ground", _PRESSURES),
    Item(("R22", "R23"), "1 kOhm", "with C3 and C4 the filter at the ADC pins, 1.6 kHz", _PRESSURES),
    Item(("R24", "R25"), "1 kOhm", "in the wires of both buttons, which leave the case",
         ("patient_button", "stop_button")),
    Item(("C1",), "100 uF, 25 V", "at the driver's VM, close to it; never plug the motor while it has power"),
    Item(("C2",), "10 uF", "at VSYS", ("battery",)),
    Item(("C3", "C4"), "100 nF", "at GP26 and GP27, to AGND", _PRESSURES),
    Item(("C5",), "100 nF", "keeps the sounder's peaks, at GP28 to AGND", ("sounder_current",)),
    Item(("C6", "C7"), "100 nF", "beside both buttons' pins", ("patient_button", "stop_button")),
    Item(("C8", "C9", "C10", "C11", "C12"), "100 nF", "at the supply of U3, U4, U5, U6 and U7"),
)  # fmt: skip


def rows() -> Iterator[tuple[str, int, str, str]]:
    """(designators, how many, value, why) in the order of the list."""
    for item in ITEMS:
        yield ", ".join(item.names), len(item.names), item.value, item.why


def serving(signal: str) -> list[str]:
    """Designators of the parts that a signal goes through."""
    return [name for item in ITEMS if signal in item.signals for name in item.names]
