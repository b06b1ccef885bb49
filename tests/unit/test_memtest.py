"""Patterns find memory that does not keep what is written to it."""

import pytest

from infuser.core import memtest

SIZE = 1024


class Faulty(bytearray):
    """Memory with a fault: `spoil(block)` is called after each write, and is what the fault does."""

    def __init__(self, spoil) -> None:
        super().__init__(SIZE)
        self.spoil = spoil

    def __setitem__(self, place, value) -> None:
        super().__setitem__(place, value)
        self.spoil(self)


def stuck(at: int, bit: int, level: int):
    def spoil(block: bytearray) -> None:
        kept = bytearray.__getitem__(block, at)
        bytearray.__setitem__(block, at, kept | 1 << bit if level else kept & ~(1 << bit))

    return spoil


def copies(source: int, target: int):
    """Two addresses that reach one cell."""

    def spoil(block: bytearray) -> None:
        bytearray.__setitem__(block, target, bytearray.__getitem__(block, source))

    return spoil


def test_sound_memory_passes():
    assert memtest.keeps(bytearray(SIZE))
    assert memtest.keeps(bytearray(b"\xa5" * 4096))


@pytest.mark.parametrize("at", [0, 1, 63, 64, 511, SIZE - 1])
@pytest.mark.parametrize("bit", range(8))
@pytest.mark.parametrize("level", [0, 1])
def test_a_bit_that_sticks_is_found(at, bit, level):
    assert not memtest.keeps(Faulty(stuck(at, bit, level)))


@pytest.mark.parametrize(("source", "target"), [(0, 512), (512, 0), (70, 134), (1023, 3), (0, 64)])
def test_two_addresses_of_one_cell_are_found(source, target):
    assert not memtest.keeps(Faulty(copies(source, target)))


def test_a_sound_stack_passes():
    assert memtest.stack_keeps()
