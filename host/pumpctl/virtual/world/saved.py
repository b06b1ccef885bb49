"""The physical world between two lives of the firmware: plant.json."""

import json
import os

import broken
import faults
from chipstate import chip
from flash import image
from fluid import fluid
from plant import plant
from slaves import clock

_KEPT = {
    "plant": (
        plant,
        ("steps_made", "steps_back", "motor", "piston", "gap", "battery_mv", "temperature_mc", "noise")
        + ("encoder_noise", "encoder_drift", "encoder_eccentricity"),
    ),
    "fluid": (fluid, ("stored_pl", "missing_pl", "leaked_pl", "delivered_pl", "outlet_pl_per_pa", "inlet_pl_per_pa")),
    "clock": (clock, ("offset_ms", "stopped")),
    "flash": (image, ("reads", "cut_at", "bad", "failing")),
    "chip": (chip, ("scratch", "end_code")),
}


# Counters are kept in short rows: a list of them all would want one large piece of the firmware's heap.
_ROW = 16


def _rows(counters):
    return [" ".join(str(count) for count in counters[at : at + _ROW]) for at in range(0, len(counters), _ROW)]


def load(path, seed, wall_ms):
    """Take up the world as it was saved; a new one begins with a full reservoir at `wall_ms`."""
    try:
        with open(path) as file:
            told = json.load(file)
    except OSError:
        plant.noise = seed
        clock.offset_ms = wall_ms
        return
    clock.start_us = told["true_us"]
    for name, (owner, attributes) in _KEPT.items():
        for attribute in attributes:
            if attribute in told.get(name, ()):  # a world that an older stand-in saved knows less
                setattr(owner, attribute, told[name][attribute])
    for counters, values in ((image.erases, told["erases"]), (image.programs, told["programs"])):
        for row, text in enumerate(values):
            for at, word in enumerate(text.split()):
                counters[row * _ROW + at] = int(word)
    offset_ms, cut_at = clock.offset_ms, image.cut_at
    for name, value in told["faults"].items():
        faults.switch(name, True, value)
    clock.offset_ms, image.cut_at = offset_ms, cut_at


def save(path, off_ms=0):
    """Write the world down as it will be in `off_ms`; a reader finds the old one or the new one."""
    fluid.flow()
    if not image.cut_at:
        faults.active.pop("power-cut-at-flash-op", None)
    for name, left in broken.hangs.items():
        if name in faults.active:
            faults.active[name] = left
            if not left:
                faults.active.pop(name)
    told = {
        "true_us": clock.true_us() + off_ms * 1000,
        "faults": faults.active,
        "erases": _rows(image.erases),
        "programs": _rows(image.programs),
    }
    for name, (owner, attributes) in _KEPT.items():
        told[name] = {attribute: getattr(owner, attribute) for attribute in attributes}
    with open(path + ".new", "w") as file:
        json.dump(told, file)
    os.rename(path + ".new", path)
