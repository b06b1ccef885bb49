"""Runs on MicroPython and CPython: noise told by a seed, and bytes that fields of the protocol may or may not take."""

import hashlib
import struct

from infuser.wire import codec

_WORD = 1 << 32
_EMPTY = bytes(32)
_PLAIN = {
    "u8": ("<B", 8),
    "u16": ("<H", 16),
    "u32": ("<I", 32),
    "u64": ("<Q", 64),
    "i32": ("<I", 32),
    "i64": ("<Q", 64),
}
# What a person might ask for, by the end of a field's name: so that more than the first check is reached.
_LIKELY = (
    ("_ng", (1, 500, 5000, 50000, 60000)),
    ("_ng_per_day", (30000, 100000, 280000, 400000)),
    ("_nl", (1, 1000, 200000, 20000000)),
    ("_ug_per_ml", (500, 1000)),
    ("_min", (0, 1, 60, 1440)),
    ("_ms", (0, 10000, 600000, 3600000, 1767225600000)),
    ("role", (1, 2)),
    ("purpose", (1, 2, 3)),
    ("action", (1, 2, 3)),
    ("total", (1, 40, 768, 4096)),
    ("offset", (0, 0, 40, 768)),
    ("alarm", (0, 1, 2)),
)
_TEXTS = (b"", b"bench", b"P-1", b"x" * 255, "Großer Bär".encode(), "\U0001f600".encode() * 63, b"\0" * 8)
_BROKEN_TEXTS = (b"\xff\xfe", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"abc\xe2\x82", b"\x80" * 255)
_BLOB_SIZES = (0, 1, 15, 16, 17, 31, 32, 33, 255, 256, 257, 700, 768, 769)


class Noise:
    """Bytes and numbers without end, the same for the same seed everywhere: SHA-256 of a counter."""

    def __init__(self, seed):
        self._seed = seed
        self._block = 0
        self._pool = _EMPTY[:0]
        self._at = 0

    def _next(self):
        self._block += 1
        return hashlib.sha256(struct.pack("<QQ", self._seed, self._block)).digest()

    def bytes(self, count):
        """So many bytes."""
        end = self._at + count
        if end > len(self._pool):
            pieces = [self._pool[self._at :]]
            left = end - len(self._pool)
            while left > len(_EMPTY):
                pieces.append(self._next())
                left -= len(_EMPTY)
            self._pool = self._next()
            pieces.append(self._pool[:left])
            self._at = left
            return b"".join(pieces)
        data = self._pool[self._at : end]
        self._at = end
        return data

    def number(self, low, high):
        """A whole number, both ends included."""
        return low + struct.unpack("<I", self.bytes(4))[0] % (high - low + 1)

    def below(self, count):
        """0 to `count` less one; `count` at most 256."""
        if self._at >= len(self._pool):
            self._pool = self._next()
            self._at = 0
        self._at += 1
        return self._pool[self._at - 1] % count

    def of(self, options):
        """One of a short sequence."""
        return options[self.below(len(options))]


def field_bytes(noise, name, kind):
    """Bytes for one field: sound, at an edge, or wrong."""
    if isinstance(kind, tuple):
        count = noise.of((0, 1, 1, 2, 3, 7, 300))
        told = count if noise.below(8) else noise.number(0, 65535)
        return struct.pack("<H", told) + b"".join([fields_bytes(noise, kind) for _ in range(min(count, 7))])
    if kind == "bool":
        return bytes([noise.of((0, 1, 1, 2, 255)) if not noise.below(4) else noise.below(2)])
    if kind == "text":
        return _sized(noise, "<B", noise.of(_TEXTS) if noise.below(3) else noise.of(_BROKEN_TEXTS))
    if kind == "blob":
        return _sized(noise, "<H", noise.bytes(noise.of(_BLOB_SIZES)))
    form, bits = _PLAIN[kind]
    return struct.pack(form, _number(noise, name, bits))


def fields_bytes(noise, fields):
    """Bytes for fields in their order."""
    return b"".join([field_bytes(noise, name, kind) for name, kind in codec.fields(fields)])


def _sized(noise, form, data):
    size = len(data)
    if not noise.below(12):
        size = noise.number(0, 255)
    return struct.pack(form, min(size, 255) if form == "<B" else size) + data


def _number(noise, name, bits):
    choice = noise.below(6)
    if choice < 3:
        for end, likely in reversed(_LIKELY):
            if name.endswith(end):
                value = noise.of(likely)
                return value if value >> bits == 0 else 0
    top = (1 << bits) - 1
    if choice == 4:
        return 1 << noise.below(bits)
    if choice == 5:
        return noise.of((0, 1, top, top - 1, top >> 1, (top >> 1) + 1))
    value = noise.number(0, _WORD - 1)
    return (value << 32 | noise.number(0, _WORD - 1)) & top if bits == 64 else value & top
