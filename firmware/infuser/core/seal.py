"""Checksums over what must not change by itself in memory: a flipped bit is found before it can do harm.

In the interrupt the exclusive-or of a structure's integers is compared with the one kept beside them: any single
flip shows, and it costs no memory. Elsewhere `digest` takes in a whole structure.
"""

import binascii

MASK = 0x3FFFFFFF
_PIECE = 24

METER = 1
GUARD = 2
WINDOW = 3
MEMORY = 4
LEDGER = 5
SCHEDULE = 6
ENGINE = 7
AGE = 8
# The code survives the reset that follows; the name goes into the log.
PARTS = {
    METER: "meter",
    GUARD: "dose guard",
    WINDOW: "dose windows",
    MEMORY: "reservation",
    LEDGER: "ledger",
    SCHEDULE: "program",
    ENGINE: "engine",
    AGE: "pump's age",
}


class Corrupt(Exception):
    """Something in memory is not what was put there; `part` is a key of PARTS."""

    def __init__(self, part: int) -> None:
        super().__init__("{} damaged in memory".format(PARTS[part]))
        self.part = part


def digest(values, crc: int = 0) -> int:
    """CRC-32 over numbers, texts, bytes and lists of anything, in their present order.

    As text, for what a flipped bit makes of a number may fit no format; long lists piece by piece, for memory is short.
    """
    for value in values:
        if isinstance(value, list) and len(value) > _PIECE:
            crc = digest([value[at : at + _PIECE] for at in range(0, len(value), _PIECE)], crc)
        else:
            crc = binascii.crc32(value if isinstance(value, bytes) else repr(value).encode(), crc)
    return crc
