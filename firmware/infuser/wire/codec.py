"""Turns declared fields into bytes and back, strictly: nothing missing, nothing left over.

A declaration is a text, "name:type name:type": on a board it takes a tenth of the memory of the tuples that it is
read into. Types: u8 u16 u32 u64 i32 i64 bool (little-endian), text (u8 length, UTF-8), blob (u16 length), or
"(name:type,name:type)": a list of such records (u16 count), which hold no lists.
"""

import gc
import struct

_FORMATS = {
    "u8": "<B",
    "u16": "<H",
    "u32": "<I",
    "u64": "<Q",
    "i32": "<i",
    "i64": "<q",
}
BOUNDS = {
    "u8": (0, 0xFF),
    "u16": (0, 0xFFFF),
    "u32": (0, 0xFFFFFFFF),
    "u64": (0, 0xFFFFFFFFFFFFFFFF),
    "i32": (-0x80000000, 0x7FFFFFFF),
    "i64": (-0x8000000000000000, 0x7FFFFFFFFFFFFFFF),
}
TEXT_MAX = 255


class CodecError(ValueError):
    """A value that its field cannot hold, or bytes that are not these fields."""


# Declarations as they were read. A host, which decodes whole logs, keeps them; a board keeps what is asked for often.
_READ: dict = {}
_KEEP = not hasattr(gc, "mem_free")


def fields(declared) -> tuple:
    """(name, type) of each field of a declaration; the type of a list is the tuple of its own fields."""
    if isinstance(declared, tuple):
        return declared
    read = _READ.get(declared)
    if read is None:
        read = _fields(declared, " ")
        if _KEEP:
            _READ[declared] = read
    return read


def keep(declared: str) -> None:
    """Read a declaration once and for all: on a board that costs some hundred bytes, and saves many ms each time."""
    _READ[declared] = fields(declared)


def _fields(declared: str, between: str) -> tuple:
    """Up to each list at once, and not word by word: a status takes as long to declare as to encode."""
    read: list = []
    for part in declared.split(")"):
        plain, _, inner = part.partition("(")
        words = plain.replace(":", between).strip(between).split(between)
        read.extend(zip(words[:-1:2], words[1::2]))
        if inner:
            read.append((words[-1], _fields(inner, ",")))
    return tuple(read)


def encode(declared, values: dict, head: bytes = b"") -> bytes:
    """`head`, then `values` (name -> value) in the order of the declaration; CodecError names the field."""
    out = [head]
    _put_fields(out, fields(declared), values)
    return b"".join(out)


def decode(declared, data: bytes) -> dict:
    """Values by name from exactly `data`; CodecError if it is short, long or malformed."""
    values, at = _get_fields(fields(declared), data, 0)
    if at != len(data):
        raise CodecError("{} bytes left over".format(len(data) - at))
    return values


def shortened(text: str) -> str:
    """As much of a text as a field holds, in whole characters."""
    data = text.encode()
    if len(data) <= TEXT_MAX:
        return text
    end = TEXT_MAX
    while data[end] & 0xC0 == 0x80:
        end -= 1
    return str(data[:end], "utf-8")


def decode_from(kind, data: bytes, at: int) -> tuple:
    """(value, where the next begins) at `at`: of a field's type, or one record of the fields given. CodecError."""
    return _get_fields(kind, data, at) if isinstance(kind, tuple) else _get(kind, data, at)


def _put_fields(out: list, declared: tuple, values: dict) -> None:
    for name, kind in declared:
        if name not in values:
            raise CodecError("{} is missing".format(name))
        _put(out, name, kind, values[name])


def _put(out: list, name: str, kind, value) -> None:
    if kind in _FORMATS:
        low, high = BOUNDS[kind]
        if not low <= value <= high:
            raise CodecError("{} = {}, allowed {} to {}".format(name, value, low, high))
        out.append(struct.pack(_FORMATS[kind], value))
    elif isinstance(kind, tuple):
        out.append(struct.pack("<H", len(value)))
        for item in value:
            _put_fields(out, kind, item)
    elif kind == "bool":
        out.append(b"\1" if value else b"\0")
    elif kind == "text":
        try:
            data = value.encode()
        except UnicodeError:
            raise CodecError("{} is not text".format(name))
        if len(data) > TEXT_MAX:
            raise CodecError("{} has {} bytes, allowed {}".format(name, len(data), TEXT_MAX))
        out.append(bytes((len(data),)))
        out.append(data)
    else:
        if len(value) > 0xFFFF:
            raise CodecError("{} has {} bytes, allowed 65535".format(name, len(value)))
        out.append(struct.pack("<H", len(value)))
        out.append(value if isinstance(value, bytes) else bytes(value))  # join takes nothing else on a board


def _take(data: bytes, at: int, count: int) -> bytes:
    if at + count > len(data):
        raise CodecError("truncated")
    return data[at : at + count]


def _text(data: bytes) -> str:
    """Strict UTF-8. MicroPython takes overlong forms and surrogates; a host could not read them back from the log."""
    try:
        text = str(data, "utf-8")
    except (UnicodeError, ValueError):
        raise CodecError("text is not UTF-8")
    size = 0
    for char in text:
        point = ord(char)
        if 0xD800 <= point < 0xE000 or point > 0x10FFFF:
            raise CodecError("text is not UTF-8")
        size += 1 if point < 0x80 else 2 if point < 0x800 else 3 if point < 0x10000 else 4
    if size != len(data):
        raise CodecError("text is not UTF-8")
    return text


def _get_fields(declared: tuple, data: bytes, at: int) -> tuple[dict, int]:
    values = {}
    for name, kind in declared:
        values[name], at = _get(kind, data, at)
    return values, at


def _get(kind, data: bytes, at: int) -> tuple:
    if isinstance(kind, tuple):
        count = struct.unpack("<H", _take(data, at, 2))[0]
        at += 2
        items = []
        for _ in range(count):
            item, at = _get_fields(kind, data, at)
            items.append(item)
        return items, at
    if kind == "bool":
        value = _take(data, at, 1)[0]
        if value > 1:
            raise CodecError("bool of {}".format(value))
        return bool(value), at + 1
    if kind == "text":
        size = _take(data, at, 1)[0]
        return _text(_take(data, at + 1, size)), at + 1 + size
    if kind == "blob":
        size = struct.unpack("<H", _take(data, at, 2))[0]
        return _take(data, at + 2, size), at + 2 + size
    size = struct.calcsize(_FORMATS[kind])
    return struct.unpack(_FORMATS[kind], _take(data, at, size))[0], at + size
