"""Patterns that working memory must keep: bits that stick, couple or are addressed twice show."""

_PATTERNS = (0x00, 0x55, 0xAA, 0xFF)
_LINE = 64
_DEEP = 12


def keeps(block) -> bool:
    """Whether a bytearray keeps each pattern, upwards and downwards, and an own value in each line of 64 bytes."""
    lines = len(block) // _LINE
    block[:] = bytes(len(block))
    before = bytes(_LINE)
    for pattern in _PATTERNS[1:] + _PATTERNS[:1]:
        wanted = bytes((pattern,) * _LINE)
        # As a march test goes: what the line before left must be there until it is overwritten.
        for line in range(lines) if pattern != 0xAA else range(lines - 1, -1, -1):
            at = line * _LINE
            if block[at : at + _LINE] != before:
                return False
            block[at : at + _LINE] = wanted
        before = wanted
    for line in range(lines):
        block[line * _LINE : (line + 1) * _LINE] = bytes((line & 0xFF,) * _LINE)
    return all(block[line * _LINE : (line + 1) * _LINE] == bytes((line & 0xFF,) * _LINE) for line in range(lines))


def stack_keeps(deep: int = _DEEP) -> bool:
    """Whether numbers on the stack of nested calls are the same after the return."""
    first, second = 0x15555555 ^ deep, 0x2AAAAAAA ^ deep
    inner = stack_keeps(deep - 1) if deep else True
    return inner and first == 0x15555555 ^ deep and second == 0x2AAAAAAA ^ deep
