"""Flips single bits in the running firmware's memory and in the files on its flash, unknown to the firmware."""

import os
import random

import kernel
from flash import image
from flashpart import BLOCK_BYTES

# A file of up to this size lies within littlefs's own metadata, whose checksum would undo what is done to it there.
_INLINE_MAX = 1024
_SMALL_BITS = 30
_FOLDER = "/pump"
# Read at the start and never again.
_LEFT_OUT = ("found",)

pump = None  # the running firmware's, once there is one


class Nothing(Exception):
    """There is nothing of that name to flip a bit in."""


def registering(make):
    """`make` (the class of the pump) with its object kept for us."""

    def made(*arguments):
        global pump
        pump = make(*arguments)
        return pump

    return made


# What the firmware holds to be critical: program, counters and limits. name -> objects whose values count
STRUCTURES = {
    "meter": lambda: (pump.delivery.meter,) + pump.delivery.meter.channels,
    "guard": lambda: (pump.delivery.guard,),
    "engine": lambda: (pump.delivery.engine,),
    "age": lambda: (pump.timebase,),
    "ticks": lambda: (pump.delivery.timer,),
    "windows": lambda: (pump.delivery.guard.window,),
    "minutes": lambda: (pump.delivery.guard.window._minutes,),
    "reservation": lambda: (pump.delivery.memory, pump.delivery.memory._checkpoint),
    "ledger": lambda: (pump.controller.ledger, pump.controller.ledger.alarms),
    "program": lambda: (pump.controller.basal, pump.controller.basal.schedule),
}


def flip_ram(name, seed=None):
    """Flip a bit of one of STRUCTURES ("random": of any); what was flipped, as a text."""
    if pump is None:
        raise Nothing("no firmware runs")
    _begin(seed)
    if name == "random":
        name = random.choice(sorted(STRUCTURES))
    if name not in STRUCTURES:
        raise Nothing("memory has no '{}'; there are random, {}".format(name, ", ".join(sorted(STRUCTURES))))
    places = []
    for owner in STRUCTURES[name]():
        if isinstance(owner, memoryview):
            places.append((owner, random.randrange(len(owner)), 0, "minutes"))
        elif owner is not None:
            for attribute in sorted([one for one in owner.__dict__ if one not in _LEFT_OUT]):
                _collect(places, owner, attribute, getattr(owner, attribute), attribute)
    owner, key, value, told = random.choice(places)
    if isinstance(owner, memoryview):
        value = owner[key]
        changed = value ^ 1 << random.randrange(8)
    else:
        changed = _flipped(value)
    if isinstance(key, str) and not isinstance(owner, dict):
        setattr(owner, key, changed)
    else:
        owner[key] = changed
    return "{} {}: {} -> {}".format(name, told, value, changed)


def _begin(seed):
    random.seed(kernel.now_us if seed is None else seed)


def _collect(places, owner, key, value, told):
    if isinstance(value, (int, bool)) or (isinstance(value, (bytes, str)) and value):
        places.append((owner, key, value, told))
    elif isinstance(value, tuple) and value and isinstance(value[0], int):
        places.append((owner, key, value, told))
    elif isinstance(value, dict):
        for name in sorted(value):
            _collect(places, value, name, value[name], told + "." + str(name))
    elif isinstance(value, list):
        for at, entry in enumerate(value):
            _collect(places, value, at, entry, "{}[{}]".format(told, at))


def _flipped(value):
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        bits = _SMALL_BITS
        while abs(value) >> bits:
            bits += 1
        return value ^ 1 << random.randrange(bits)
    if isinstance(value, tuple):
        at = random.randrange(len(value))
        return value[:at] + (_flipped(value[at]),) + value[at + 1 :]
    data = bytearray(value if isinstance(value, bytes) else value.encode())
    at = random.randrange(len(data))
    if isinstance(value, bytes):
        data[at] ^= 1 << random.randrange(8)
        return bytes(data)
    data[at] ^= 1 << random.randrange(5)  # it stays a text
    return bytes(data).decode()


def flip_flash(name, seed=None):
    """Flip a bit of a stored file ("random": of any); which, as a text."""
    _begin(seed)
    names = sorted([one for one in os.listdir(_FOLDER) if one != "tmp" and os.stat(_FOLDER + "/" + one)[6]])
    if name == "random" and names:
        name = random.choice(names)
    if name not in names:
        raise Nothing("flash has no file '{}'; there are random, {}".format(name, ", ".join(names)))
    path = _FOLDER + "/" + name
    size = os.stat(path)[6]
    bit = 1 << random.randrange(8)
    at = random.randrange(size)
    if size <= _INLINE_MAX:
        _rewrite(path, at, bit)
    else:
        _flip_raw(path, at, bit)
    return "{} byte {} bit mask {}".format(name, at, bit)


def _rewrite(path, at, bit):
    with open(path, "rb") as file:
        data = bytearray(file.read())
    data[at] ^= bit
    with open(path, "wb") as file:
        file.write(data)


def _flip_raw(path, at, bit):
    """Change what the flash itself holds."""
    with open(path, "rb") as file:
        file.seek(at)
        wanted = file.read(1)
        block = image.last_read
    place = _in_chain(at)
    image.file.seek(block * BLOCK_BYTES + place)
    if image.file.read(1) != wanted:
        raise Nothing("byte {} of {} is not in block {}".format(at, path, block))
    image.file.seek(block * BLOCK_BYTES + place)
    image.file.write(bytes([wanted[0] ^ bit]))
    image.held_block = -1


def _in_chain(at):
    """Offset in its block of a byte of a file: block n of a chain begins with a pointer for each power of 2 in n."""
    usable = BLOCK_BYTES - 8
    index = at // usable
    if index:
        index = (at - 4 * (_ones(index - 1) + 2)) // usable
    return at - usable * index - 4 * _ones(index)


def _ones(value):
    return bin(value).count("1")
