"""The parts of a board in the order in which they are brought up: what to do, what must be read, where to look."""

import statistics
import time
from collections.abc import Callable

from infuser.wire import units
from infuser.wire.replies import SIGNAL_SOUND
from pumpctl.bringup import Part, PartFailed, Walk
from pumpctl.bringup_motion import ENCODER, MOTOR
from pumpctl.replies import Inspected

# An error of the ADC's reference by 30 mV is 3 kPa.
AMBIENT_PA = 5000
PRESSED_PA = 10000
DRAWN_PA = -5000
CELL_LOW_MV, SUPPLY_HIGH_MV = 3200, 5500
WARM_MC = (0, 50000)
SLOW_MS = 250
_ROUND_TRIPS = 30
_CLOCK_S = 2.5  # it counts whole seconds
_LAMP_TRIES = 3
# Parts of the self-test that have no part of their own here.
_OTHERS = ("sensor", "sense", "switches", "encoder", "battery", "button", "sounder", "lamp")


def _usb(walk: Walk) -> str:
    took_ms = []
    for _ in range(_ROUND_TRIPS):
        began = time.monotonic()
        walk.pump.status()
        took_ms.append((time.monotonic() - began) * 1000)
    median_ms, hello = statistics.median(took_ms), walk.pump.hello
    told = f"firmware {hello.firmware}, serial number {hello.serial}; an answer takes {median_ms:.1f} ms"
    if median_ms > SLOW_MS:
        raise PartFailed(f"{told}, allowed {SLOW_MS} ms")
    return told


def _memory(walk: Walk) -> str:
    before = walk.pump.status().log_next
    failed = [entry.part for entry in walk.pump.self_test().failed_list]
    mine = [part for part in failed if not any(word in part for word in _OTHERS)]
    if mine:
        raise PartFailed(f"the self-test names: {', '.join(mine)}")
    now = walk.pump.status()
    if now.log_next <= before:
        raise PartFailed("the self-test wrote no record into the log")
    return f"memory, firmware and log are sound; {now.free_bytes // 1024} KiB of memory free, {now.log_next} records"


def _temperature(walk: Walk) -> str:
    heat_mc = walk.pump.inspect().temperature_mc
    if not WARM_MC[0] <= heat_mc <= WARM_MC[1]:
        raise PartFailed(f"{heat_mc / 1000:.1f} C, expected {WARM_MC[0] // 1000} to {WARM_MC[1] // 1000} C")
    return f"{heat_mc / 1000:.1f} C inside the chip"


def _supply(walk: Walk) -> str:
    def shown(told: Inspected) -> str:
        return f"supply {'there' if told.supply else 'away'}, {told.battery_mv} mV"

    walk.wait("Connect the outside supply.", lambda told: told.supply, shown)
    on = walk.wait("", lambda told: told.battery_mv <= SUPPLY_HIGH_MV, shown, 1)
    off = walk.wait("Take the outside supply off; battery or USB carry on.", lambda told: not told.supply, shown)
    if off.battery_mv < CELL_LOW_MV:
        raise PartFailed(f"{off.battery_mv} mV without the supply, at least {CELL_LOW_MV} mV expected")
    walk.wait("Connect it again.", lambda told: told.supply, shown)
    return f"{on.battery_mv} mV with the supply, {off.battery_mv} mV without"


def _clock(walk: Walk) -> str:
    first = walk.pump.inspect()
    if not first.clock_chip:
        raise PartFailed("no DS3231 answers; a board without one: `--skip clock`")
    if not first.clock_ms:
        raise PartFailed("the clock has lost its time: set it, `pumpctl clock set`, and look at its battery")
    later = walk.wait("", lambda told: told.clock_ms > first.clock_ms, lambda told: "the clock stands still", _CLOCK_S)
    return f"counts, {time.strftime('%Y-%m-%d %H:%M', time.gmtime(later.clock_ms // units.MS_PER_S))} UTC"


def _kpa(pressure_pa: int) -> str:
    return f"{pressure_pa / 1000:.1f} kPa"


def _pressure(field: str, do: str, reached: Callable[[int], bool]) -> Callable[[Walk], str]:
    def run(walk: Walk) -> str:
        def shown(told: Inspected) -> str:
            return f"{_kpa(told[field])} is read"

        rest = walk.wait("Leave it open to the air.", lambda told: abs(told[field]) <= AMBIENT_PA, shown)
        pressed = walk.wait(do, lambda told: reached(told[field]), shown)
        walk.wait("Let go, and open it to the air.", lambda told: abs(told[field]) <= AMBIENT_PA, shown)
        return f"{_kpa(rest[field])} at rest, {_kpa(pressed[field])} then"

    return run


def _toggled(field: str, words: tuple[str, str], off: str, on: str, again: str = "") -> Callable[[Walk], str]:
    """A switch that must be read off, on, and off once more; `words` say on and off."""

    def run(walk: Walk) -> str:
        def shown(told: Inspected) -> str:
            return f"it reads as {words[0] if told[field] else words[1]}"

        walk.wait(off, lambda told: not told[field], shown)
        walk.wait(on, lambda told: bool(told[field]), shown)
        walk.wait(again or off, lambda told: not told[field], shown)
        return f"{words[1]}, {words[0]}, {words[1]}"

    return run


def _needs_jumper(walk: Walk) -> None:
    do = "" if walk.pump.inspect().jumper else "Set the service jumper: lamps and sounder are tried with it alone."
    walk.wait(do, lambda told: told.jumper, lambda told: "the service jumper is not set")


def _jumper(walk: Walk) -> str:
    walk.wait("Set the service jumper.", lambda told: told.jumper, lambda told: "it reads as not set")
    walk.wait("Take it off.", lambda told: not told.jumper, lambda told: "it reads as set")
    return "set, not set"


def _lamp(priority: int, colour: str) -> Callable[[Walk], str]:
    def run(walk: Walk) -> str:
        _needs_jumper(walk)
        walk.hands.tell(f"  Look at the {colour} lamp: it is lit for a second and a half.")
        if not all([walk.pump.inspect(priority).signalled for _ in range(_LAMP_TRIES)]):
            raise PartFailed("its pin does not follow: shorted to ground")
        seen = walk.hands.saw(f"Was the {colour} lamp lit, and no other")
        if seen is False:
            raise PartFailed("its pin follows, nobody saw it lit")
        return "lit, and seen" if seen else "its pin follows; nobody looked"

    return run


def _sounder(walk: Walk) -> str:
    _needs_jumper(walk)
    walk.hands.tell("  Listen: it sounds for half a second.")
    told = walk.pump.inspect(SIGNAL_SOUND)
    if not told.signalled:
        raise PartFailed(f"no current while it sounds: {told.sounder_mv} mV at the sense resistor, about 500 expected")
    if walk.hands.saw("Did you hear it") is False:
        raise PartFailed(f"{told.sounder_mv} mV at the sense resistor, but nobody heard it")
    return f"{told.sounder_mv} mV at its sense resistor"


def _reset(walk: Walk) -> str:
    before, boots = walk.pump.status().log_next, walk.pump.hello.boot_count
    walk.hands.tell("  Take all power away for a moment, or pull RUN to ground: pin 30 of the Pico.")
    walk.wait_for_restart(boots)
    kept = walk.pump.status().log_next
    if kept <= before:
        raise PartFailed(f"the log went back from {before} to {kept} records")
    return f"start {walk.pump.hello.boot_count}, the log goes on at record {kept}"


_ENDS = ("closed", "open")
_BUTTON = ("pressed", "not pressed")
PARTS = (
    Part("usb", "the cable and the firmware", _usb, "another cable and no hub between; what else holds the port"),
    Part("memory", "memory, stored firmware, journal and drug library", _memory,
         "flash it again: `pumpctl flash`; if it stays, the Pico's flash is bad"),
    Part("temperature", "the core temperature", _temperature, "what heats the chip: a pin shorted, 3V3 overloaded"),
    Part("clock", "the clock chip", _clock, "the DS3231's supply, its battery and both wires of the bus",
         ("sda", "scl")),
    ENCODER,
    Part("supply", "battery and outside supply", _supply,
         "R9 and R10, the divider from the outside supply; cell and charger", ("supply_present", "battery")),
    Part("outlet", "the pressure sensor at the outlet",
         _pressure("outlet_pa", "Press on it with a closed syringe, 10 kPa at least.", lambda pa: pa >= PRESSED_PA),
         "the amplifier's supply and its trimmer, which sets 1.000 V at ambient", ("outlet_pressure",)),
    Part("inlet", "the pressure sensor at the inlet",
         _pressure("inlet_pa", "Draw at it with a closed syringe, 5 kPa at least.", lambda pa: pa <= DRAWN_PA),
         "the amplifier's supply and its trimmer, which sets 1.000 V at ambient; both its ports", ("inlet_pressure",)),
    Part("air", "the air sensor", _toggled("air", ("air", "liquid"), "Put a line filled with water into it.",
         "Take the line out: air.", "Put the filled line back."),
         "its LED's current and RV3, the threshold; a broken wire reads as air", ("air",)),
    Part("cover", "the cover switch", _toggled("cover_open", ("open", "closed"), "Close the cover.", "Open the cover.",
         "Close it."), "its switch: closed with the cover; a broken wire reads as open", ("cover",)),
    Part("limit-full", "the switch at the full end", _toggled("at_full", _ENDS, "Keep the piston off the full end.",
         "Move it to the full end by hand, or press the switch.", "Move it away again."),
         "the switch's wire to its normally open contact and to ground", ("limit_full",)),
    Part("limit-empty", "the switch at the empty end", _toggled("at_empty", _ENDS, "Keep the piston off the empty end.",
         "Move it to the empty end by hand, or press the switch.", "Move it away again."),
         "the switch's wire to its normally open contact and to ground", ("limit_empty",)),
    Part("patient-button", "the patient's button", _toggled("patient_button", _BUTTON, "Touch no button.",
         "Press the patient's button for two seconds.", "Let go."),
         "its two wires; one shorted to ground reads as pressed", ("patient_button",)),
    Part("stop-button", "the stop button", _toggled("stop_button", _BUTTON, "Touch no button.",
         "Press the stop button for two seconds.", "Let go."),
         "its two wires; one shorted to ground reads as pressed", ("stop_button",)),
    Part("lamp-red", "the red lamp", _lamp(3, "red"), "the LED's direction and its resistor", ("lamp_red",)),
    Part("lamp-yellow", "the yellow lamp", _lamp(2, "yellow"), "the LED's direction and its resistor",
         ("lamp_yellow",)),
    Part("lamp-cyan", "the cyan lamp", _lamp(1, "cyan"), "the LED's direction and its resistor", ("lamp_cyan",)),
    Part("sounder", "the sounder and its current sense", _sounder, "Q2, LS1, D4 and R14",
         ("sounder", "sounder_current")),
    Part("jumper", "the service jumper", _jumper, "the jumper's two pins: one to ground", ("service_jumper",)),
    MOTOR,
    Part("reset", "a power cut", _reset, "battery and supply: both were away? USB powers the Pico too",
         restarts=True),
)  # fmt: skip
