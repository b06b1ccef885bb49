"""Every fault that can be switched on, and the quantities that can be set."""

import sys

import bits
import broken
import idle
import installed
from flash import image
from flashpart import BLOCKS
from fluid import fluid
from plant import plant
from slaves import clock

from infuser.hw import board

BATTERY_FULL_MV = 4100
ROOM_MC = 32000
_BATTERY_WORDS = {"low": 3400, "empty": 3100}
_BUTTONS = {"patient": board.PINS["patient_button"], "stop": board.PINS["stop_button"]}
_COLOURS = ("red", "yellow", "cyan")
_CLOCK_START_MS = 946684800000  # 2000-01-01: where a DS3231 begins that has lost its time

active = {}  # name -> value of the faults that are on


class Unknown(Exception):
    """A name or value that does not exist: (text, field, value, low, high)."""


def switch(name, on, value=None):
    """Turn a fault on (with a value of its own, or the usual one) or off."""
    if name not in FAULTS:
        raise Unknown("there is no fault '{}'; there are {}".format(name, ", ".join(sorted(FAULTS))), "fault", name)
    usual, low, high, apply = FAULTS[name]
    value = usual if value is None or not on else _checked(name, value, low, high)
    if on:
        active[name] = value
    else:
        active.pop(name, None)
    fluid.flow()
    try:
        apply(on, value)
    except Unknown:
        active.pop(name, None)
        raise


def put(name, value):
    """Set a quantity of the plant."""
    if name not in QUANTITIES:
        raise Unknown("there is no '{}'; there are {}".format(name, ", ".join(sorted(QUANTITIES))), "name", name)
    low, high, apply = QUANTITIES[name]
    value = _checked(name, value, low, high)
    fluid.flow()
    apply(value)


def press(button, down):
    """Hold a button or let go of it; one that is stuck stays down."""
    if button not in _BUTTONS:
        raise Unknown("there is no button '{}'; there are patient, stop".format(button), "button", button)
    stuck = active.get("button-stuck") == button
    plant.sense(_BUTTONS[button], 0 if down or stuck else 1)


def _checked(name, value, low, high):
    if low is None:
        return value
    if name == "battery":
        value = _BATTERY_WORDS.get(value, value)
    if isinstance(high, tuple):
        if value not in high:
            raise Unknown("{} takes {}".format(name, ", ".join(high)), name, value)
        return value
    try:
        value = int(value)
    except (TypeError, ValueError):
        raise Unknown("{} takes a whole number".format(name), name, value, low, high)
    if not low <= value <= high:
        raise Unknown("{} = {}, allowed {} to {}".format(name, value, low, high), name, value, low, high)
    return value


def _set(owner, attribute):
    return lambda on, _value: setattr(owner, attribute, on)


def _set_value(owner, attribute):
    return lambda on, value: setattr(owner, attribute, value if on else 0)


def _put(owner, attribute):
    return lambda value: setattr(owner, attribute, value)


def _pin(signal, faulty):
    def apply(on, _value):
        plant.sense(board.PINS[signal], faulty if on else 1 - faulty)

    return apply


def _supply(_on, _value):
    cut = "battery" in active or "supply-off" in active
    plant.sense(board.PINS["supply_present"], 0 if cut else 1)


def _battery(on, value):
    plant.battery_mv = value if on else BATTERY_FULL_MV
    _supply(on, value)


def _overheat(on, value):
    plant.temperature_mc = value if on else ROOM_MC


def _clock_lost(on, _value):
    clock.lost = on
    if on:
        clock.stopped = True
        clock.set_wall_ms(_CLOCK_START_MS)


def _stuck(on, value):
    for button in _BUTTONS:
        press(button, on and button == value)


def _bad_blocks(on, value):
    """So many of the blocks that are erased from now on; off: all are as new again."""
    image.failing = value if on else 0
    if not on:
        image.bad.clear()


def _hangs(name):
    def apply(on, value):
        broken.hangs[name] = value if on else 0

    return apply


def _lamp(on, value):
    for colour in _COLOURS:
        gpio = board.PINS["lamp_" + colour]
        plant.lamps_dead[gpio] = on and colour == value
        if plant.lamps_dead[gpio]:
            plant.drive(gpio, 0)


def _clock_stuck(on, _value):
    clock.frozen_ms = clock.wall_ms() if on else 0


def _image(on, _value):
    if installed.folder is None:
        raise Unknown("this pump runs no copy of the firmware that could be damaged", "fault", "image-bit")
    installed.damage(on)


def _flips(name, flip):
    """Something that happens once: it is over as soon as it is switched on."""

    def apply(on, value):
        active.pop(name, None)
        if on:
            what, _, seed = str(value).partition(":")
            try:
                # Seeds that people type are small; the generator begins alike after all of them.
                print(name, flip(what, int(seed) * 0x9E3779B1 & 0x3FFFFFFF if seed else None), file=sys.stderr)
            except ValueError:
                raise Unknown("{} takes a name, or a name, a colon and a seed".format(name), name, value)
            except bits.Nothing as refused:
                raise Unknown(str(refused), name, value)

    return apply


# name -> (usual value, lowest, highest or words allowed, what it does); no lowest: it takes no value
FAULTS = {
    "stall": (True, None, None, _set(plant, "stalled")),
    "skip-steps": (20, 1, 100, _set_value(plant, "skip_percent")),
    "slip": (20, 1, 100, _set_value(plant, "slip_percent")),
    "runaway": (20, 1, 5000, lambda on, value: plant.set_runaway(value if on else 0)),
    "occlude": (True, None, None, _set(plant, "occluded")),
    "occlude-upstream": (True, None, None, _set(fluid, "starved")),
    "air": (True, None, None, _pin("air", 1)),
    "leak": (30, 1, 100, _set_value(fluid, "leak_percent")),
    "overheat": (60000, -40000, 125000, _overheat),
    "battery": (_BATTERY_WORDS["low"], 1800, 5500, _battery),
    "supply-off": (True, None, None, _supply),
    "clock-lost": (True, None, None, _clock_lost),
    "clock-absent": (True, None, None, _set(plant, "clock_absent")),
    "sounder-dead": (True, None, None, _set(plant, "sounder_dead")),
    "cable-out": (True, None, None, _set(idle, "cable_out")),
    "cover-open": (True, None, None, _pin("cover", 1)),
    "encoder-dead": (True, None, None, _set(plant, "encoder_dead")),
    "service-jumper": (True, None, None, _pin("service_jumper", 0)),
    "button-stuck": ("patient", "", tuple(_BUTTONS), _stuck),
    "clock-stuck": (True, None, None, _clock_stuck),
    "timer-dead": (True, None, None, _set(broken, "timers_dead")),
    "bus-hang": (1, 1, 100, _hangs("bus-hang")),
    "bad-block": (1, 1, BLOCKS, _bad_blocks),
    "ram-bit": ("random", None, None, _flips("ram-bit", bits.flip_ram)),
    "flash-bit": ("random", None, None, _flips("flash-bit", bits.flip_flash)),
    "flash-hang": (1, 1, 100, _hangs("flash-hang")),
    "lamp-dead": ("red", "", _COLOURS, _lamp),
    "image-bit": (True, None, None, _image),
    "flash-broken": (True, None, None, _set(image, "broken")),
    "power-cut-at-flash-op": (1, 1, 1 << 30, _set_value(image, "cut_at")),
}

# name -> (lowest, highest, what it does)
QUANTITIES = {
    "battery-mv": (1800, 5500, lambda value: setattr(plant, "battery_mv", value)),
    "temperature-mc": (-40000, 125000, lambda value: setattr(plant, "temperature_mc", value)),
    "wall-ms": (0, 4102444800000, clock.set_wall_ms),
    "crystal-ppm": (-1000, 1000, clock.set_ppm),
    "encoder-noise": (0, 100, _put(plant, "encoder_noise")),
    "temperature-drift": (0, 100, _put(plant, "encoder_drift")),
    "encoder-eccentricity": (0, 100, _put(plant, "encoder_eccentricity")),
    "compliance-pl-per-pa": (5, 100, _put(fluid, "outlet_pl_per_pa")),
    "inlet-compliance-pl-per-pa": (5, 1000, _put(fluid, "inlet_pl_per_pa")),
    "outlet-pa": (0, 400000, fluid.put_outlet_pa),
    "inlet-pa": (-100000, 0, fluid.put_inlet_pa),
}
