"""What hangs on each pin of the Pico, as boxes of the wiring diagram: left and right of it, top to bottom."""

from collections.abc import Mapping
from dataclasses import dataclass

from pumpctl import circuits, pinout
from pumpctl.parts import ohm

MOTOR, BUS, INPUT, OUTPUT, ANALOGUE, SUPPLY = "motor", "bus", "input", "output", "analogue", "supply"
KINDS = {
    MOTOR: ("#b4540a", "motor driver"),
    BUS: ("#1d5fb4", "I2C"),
    INPUT: ("#5b3fa6", "switch, button, sensor"),
    OUTPUT: ("#9b1c64", "lamp, sounder"),
    ANALOGUE: ("#17703f", "analogue"),
    SUPPLY: ("#b3261e", "supply"),
}


@dataclass(frozen=True)
class Box:
    """A part or a group: `terminals` are (signal or pin of the Pico, label), `rails` what else it is wired to."""

    title: str
    kind: str
    terminals: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    rails: str

    def pins(self, gpio: Mapping[str, int]) -> list[int]:
        """Pins of the Pico's edge that its wires end at; a signal of a GPIO without one ends at none."""
        return [pin(name, gpio) for name, _ in self.terminals]


def pin(name: str, gpio: Mapping[str, int]) -> int:
    """The edge's pin of a signal of board.py or of a supply pin; KeyError if it is neither."""
    for number, told in pinout.SUPPLY_PINS.items():
        if told == name:
            return number
    return pinout.EDGE[gpio[name]]


LEFT = (
    Box("U2  TMC2209, driver", MOTOR, (("step", "STEP"), ("dir", "DIR"), ("enable", "EN")),
        ("MS1, MS2, SPREAD, PDN_UART: 3V3", f"R1 {ohm(circuits.R_ENABLE)}: EN to 3V3",
         f"R2 {ohm(circuits.R_STEP)}: STEP to GND", f"VREF {circuits.vref():.2f} V; C1 100 uF at VM",
         "OA1, OA2, OB1, OB2: motor M1"), "VIO 3V3 - VM 9 V of U10 - GND"),
    Box("U3  AS5600, U4  DS3231", BUS, (("sda", "SDA"), ("scl", "SCL")),
        ("encoder 0x36, clock 0x68, in parallel", f"R3, R4 {ohm(circuits.R_BUS)}: SDA, SCL to 3V3",
         "U3: DIR to GND; C8, C9 100 nF"), "3V3 - GND"),
    Box("U8  OPB350, air", INPUT, (("air", "COLLECTOR"),),
        (f"R8 {ohm(circuits.AIR_LED[0])}: LED, from 3V3", "RV3 100 kOhm: collector to 3V3",
         "low while there is liquid"), "3V3 - GND"),
    Box("S1, S2  ends of the piston", INPUT, (("limit_full", "S1 FULL"), ("limit_empty", "S2 EMPTY")),
        ("normally open,", "closed at the end"), "GND"),
    Box("S3, S4  buttons", INPUT, (("patient_button", "S3 PATIENT"), ("stop_button", "S4 STOP")),
        ("R24, R25 1 kOhm in line", "C6, C7 100 nF at the pins"), "GND"),
)  # fmt: skip
RIGHT = (
    Box("BT1, U9, Q1  cell and charger", SUPPLY, (("VSYS", "Q1 SOURCE"),),
        ("J1 5 V to U9; BT1 by F1 2 A to U9", "U9 out to the drain of Q1",
         "Q1 gate: VBUS (pin 40), R11 to GND", "U9 out to U10: 9 V for U2 alone",
         "battery, GP29, is VSYS/3 inside"), "GND"),
    Box("D4  sense of the sounder", ANALOGUE, (("sounder_current", "D4 CATHODE"),),
        (f"LS1 by R14 {ohm(circuits.R_SENSE)} to GND", "D4 BAT54: from R14 to here",
         f"R15 {ohm(circuits.R_BLEED)}, C5 100 nF to AGND"), "GND - AGND"),
    Box("B2, U6  inlet pressure", ANALOGUE, (("inlet_pressure", "U6 OUT"),),
        (f"R17 {ohm(circuits.R_GAIN)}: gain; R23 in line", "C4 100 nF to AGND",
         "RV2: 1.000 V at ambient, by U7"), "3V3 - GND - AGND"),
    Box("B1, U5  outlet pressure", ANALOGUE, (("outlet_pressure", "U5 OUT"),),
        (f"R16 {ohm(circuits.R_GAIN)}: gain; R22 in line", "C3 100 nF to AGND",
         "RV1: 1.000 V at ambient, by U7"), "3V3 - GND - AGND"),
    Box("R9, R10  outside supply", INPUT, (("supply_present", "DIVIDER"),),
        (f"R9 {ohm(circuits.R_SUPPLY_TOP)}: from J1 5 V", f"R10 {ohm(circuits.R_SUPPLY_BOTTOM)}: to GND"), "GND"),
    Box("Q2, LS1  sounder", OUTPUT, (("sounder", "Q2 GATE"),),
        ("R12 100 kOhm: gate to GND", f"R13 {ohm(circuits.R_DRAIN)}: drain to VSYS", "LS1: from drain to R14"),
        "VSYS - GND"),
    Box("D1 to D3  lamps", OUTPUT, (("lamp_cyan", "R7 CYAN"), ("lamp_yellow", "R6 YELLOW"), ("lamp_red", "R5 RED")),
        (f"R7 {ohm(circuits.LAMPS['cyan'][0])}", f"R5, R6 {ohm(circuits.LAMPS['red'][0])}", "cathodes to GND"), "GND"),
    Box("S5  cover", INPUT, (("cover", "S5"),), ("closed with the cover",), "GND"),
    Box("JP1  service jumper", INPUT, (("service_jumper", "JP1"),), ("set: to GND",), "GND"),
)  # fmt: skip
