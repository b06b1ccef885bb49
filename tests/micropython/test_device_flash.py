"""The virtual flash: it keeps, wears, takes its time, and its power can fail in the midst of an operation."""

from pathlib import Path

import pytest
from vmworld import World

CUTS = range(1, 41)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_files_are_there_after_a_power_cycle(world: World) -> None:
    world.run("""
from infuser.hw.storage import Files
Files().append("journal", b"before")
result = 1
""")
    assert "formatted" in world.errors
    assert world.run("from infuser.hw.storage import Files; result = Files().read('journal').decode()") == "before"
    assert "formatted" not in world.errors


def test_erase_and_program_take_their_time(world: World) -> None:
    told = world.run("""
import time, rp2
flash = rp2.Flash()
start = time.ticks_us()
flash.ioctl(6, 340)
erased = time.ticks_us()
flash.writeblocks(340, b"x" * 512, 0)
result = [erased - start, time.ticks_us() - erased]
""")
    assert told == [45000, 800]


def test_a_program_only_clears_bits_until_the_block_is_erased(world: World) -> None:
    told = world.run("""
import rp2
flash, page = rp2.Flash(), bytearray(256)
def after(value):
    flash.writeblocks(340, bytes([value]) * 256, 512)
    flash.readblocks(340, page, 512)
    return page[0]
flash.ioctl(6, 340)
result = [after(0xF0), after(0x3C)]
flash.ioctl(6, 340)
result.append(after(0x3C))
""")
    assert told == [0xF0, 0x30, 0x3C]


def test_a_block_read_before_is_read_anew_after_an_erase_and_after_a_program(world: World) -> None:
    told = world.run("""
import rp2
flash, small = rp2.Flash(), bytearray(32)
def seen(block=340):
    flash.readblocks(block, small, 4064)
    return small[31]
flash.ioctl(6, 340)
flash.ioctl(6, 341)
result = [seen()]
flash.writeblocks(340, b"a" * 256, 3840)
result.append(seen())
flash.writeblocks(341, b"b" * 256, 3840)
result += [seen(341), seen()]
flash.ioctl(6, 340)
result += [seen(), seen(341)]
both = bytearray(8192)
flash.readblocks(340, both)
result += [both[4095], both[8191]]
""")
    assert told == [0xFF, ord("a"), ord("b"), ord("a"), 0xFF, ord("b"), 0xFF, ord("b")]


def test_wear_is_counted_for_each_block_and_kept(world: World) -> None:
    script = """
import rp2
from chipstate import chip
flash = rp2.Flash()
for _ in range(3):
    flash.ioctl(6, 340)
flash.writeblocks(340, b"x" * 1024, 0)
result = 1
chip.end(0)
"""
    world.run(script)
    world.run(script)
    for counters, count in (("erases", 6), ("programs", 8)):
        assert " ".join(world.plant()[counters]).split()[340] == str(count)


def test_a_worn_out_block_no_longer_keeps_what_is_written(world: World) -> None:
    told = world.run("""
import rp2
from flash import ENDURANCE, image
flash, page = rp2.Flash(), bytearray(256)
image.erases[340] = ENDURANCE
flash.ioctl(6, 340)
flash.writeblocks(340, b"x" * 256, 0)
flash.readblocks(340, page, 0)
result = bytes(page) == b"x" * 256
""")
    assert told is False


def test_broken_flash_gives_an_error_and_reading_goes_on(world: World) -> None:
    told = world.run("""
import faults
from infuser.hw.storage import Files
files = Files()
files.append("journal", b"kept")
faults.switch("flash-broken", True)
try:
    files.append("journal", b"lost")
except OSError as error:
    result = [error.errno, files.read("journal").decode()]
""")
    assert told == [5, "kept"]


def test_the_power_fails_at_the_operation_asked_for_and_whole_appends_survive(world: World) -> None:
    script = """
from infuser.hw.storage import Files
import faults
files = Files()
if files.size("journal") is None:
    files.append("journal", b"")
held = files.read("journal")
whole = held == b"".join(b"%04d" % number for number in range(len(held) // 4)) and len(held) % 4 == 0
faults.switch("power-cut-at-flash-op", True, CUT)
number = len(held) // 4
while WRITE:
    files.append("journal", b"%04d" % number)
    number += 1
result = [whole, len(held)]
"""
    lengths = []
    for cut in CUTS:
        assert world.run(script.replace("CUT", str(cut)).replace("WRITE", "True")) is None
        assert world.code == 44
        assert "formatted" not in world.errors or cut == CUTS[0]
        whole, length = world.run(script.replace("CUT", "1 << 29").replace("WRITE", "False"))
        assert whole
        lengths.append(length)
    assert lengths == sorted(lengths)
    assert lengths[-1] > lengths[0]


def test_nothing_reaches_the_flash_after_the_power_has_failed(world: World) -> None:
    assert world.run("result = 1") == 1
    assert (
        world.run("""
from infuser.hw.storage import Files
import faults, time
files = Files()
faults.switch("power-cut-at-flash-op", True, 1)
try:
    files.append("journal", b"torn")
finally:
    try:
        files.write("after", b"x")
    except OSError:
        pass
    time.sleep_ms(1)
""")
        is None
    )
    assert world.code == 44
    assert world.run("from infuser.hw.storage import Files; result = Files().size('after')") is None
    assert world.code == 0
