"""What an oscilloscope at the lamps and the sounder has seen: the last changes, with their times."""

from array import array

import kernel

SIZE = 256
NAMES = ("red", "yellow", "cyan", "sounder")
_times_us = array("q", [0] * SIZE)
_values = array("H", [0] * SIZE)
_names = bytearray(SIZE)
_count = 0


def saw(name, value):
    """A lamp or the sounder has changed: 0 or 1, or the frequency in Hz."""
    global _count
    at = _count % SIZE
    _times_us[at] = kernel.now_us
    _values[at] = value
    _names[at] = NAMES.index(name)
    _count += 1


def seen():
    """[time since power-on in us, name, value] of the last SIZE changes, oldest first."""
    told = []
    for index in range(max(0, _count - SIZE), _count):
        at = index % SIZE
        told.append([_times_us[at], NAMES[_names[at]], _values[at]])
    return told
