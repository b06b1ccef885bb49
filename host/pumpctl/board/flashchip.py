"""The flash chip: an image file that outlives the emulator, real durations, wear, and operations that are torn."""

from array import array
from pathlib import Path
from typing import Any

from rp2040py.peripherals import ssi

from pumpctl import uf2
from pumpctl.board.pio import Pacer
from pumpctl.flash_plan import BLOCK_BYTES
from pumpctl.virtual.world.flashpart import BLOCKS, ERASE_US, PROGRAM_US

STORAGE_START = uf2.FLASH_END - uf2.FLASH_START  # of a Pico's file system
_UNIQUE_ID = 0x4B  # and four bytes of nothing before the eight of the number
_ID_AT = 5
_BLANK = b"\xff"
_FOR_EVER_NS = 10_000_000_000  # no watchdog waits so long
# What each command changes, in bytes.
_SIZES = {
    ssi.CMD_PAGE_PROGRAM: ssi.FLASH_PAGE_SIZE,
    ssi.CMD_SECTOR_ERASE: BLOCK_BYTES,
    ssi.CMD_BLOCK_ERASE: 16 * BLOCK_BYTES,
}


def half_done(before: bytes, after: bytes) -> bytes:
    """What an operation leaves that the power cut off in its midst."""
    return after[: len(after) // 2] + before[len(after) // 2 :]


class FlashChip:
    """Erase and program as the SSI hears them. Names as in the virtual pump's flash: they are saved and set alike.

    `cut_at` n: the power fails during the n-th operation from now; `dropped` True: and nothing of it is done.
    """

    def __init__(self, path: Path, serial: bytes) -> None:
        self.path = path
        self.serial = serial
        self.erases = array("I", [0] * BLOCKS)
        self.programs = array("I", [0] * BLOCKS)
        self.reads = 0
        self.cut_at = 0
        self.dropped = False
        self.broken = False
        self.bad: list[int] = []
        self.failing = 0
        self.hangs = {"bus-hang": 0, "flash-hang": 0}  # how many operations to come never end
        self.stalled_ns = 0
        self.erase_us = ERASE_US
        self.program_us = PROGRAM_US
        self.on_cut = lambda: None
        self.operations = 0
        self._mcu: Any = None
        self._file = path.open("r+b", buffering=0) if path.exists() else None

    def attach(self, mcu: Any, pacer: Pacer) -> None:
        """Put the image into the chip's flash and take over its commands."""
        self._mcu = mcu
        self._pacer = pacer
        if self._file is None:
            self.path.write_bytes(_BLANK * (BLOCKS * BLOCK_BYTES))
            self._file = self.path.open("r+b", buffering=0)
        mcu.flash[STORAGE_START : STORAGE_START + BLOCKS * BLOCK_BYTES] = self._file.read()
        self._apply = mcu.ssi._apply_command
        self._shift = mcu.ssi._shift_byte
        mcu.ssi._apply_command = self._on_command
        mcu.ssi._shift_byte = self._on_byte

    def write(self, at: int, data: bytes) -> None:
        """Change what the flash holds, behind the chip's back; `at` is counted from the start of the storage."""
        assert self._file is not None
        self._mcu.flash[STORAGE_START + at : STORAGE_START + at + len(data)] = data
        self._file.seek(at)
        self._file.write(data)

    def _on_byte(self, byte: int) -> int:
        shifted = int(self._shift(byte))
        command = self._mcu.ssi._tx_buffer
        if command[0] == _UNIQUE_ID and _ID_AT <= len(command) - 1 < _ID_AT + len(self.serial):
            return self.serial[len(command) - 1 - _ID_AT]
        return shifted

    def _on_command(self) -> None:
        command = bytes(self._mcu.ssi._tx_buffer)
        if len(command) < 4 or command[0] not in _SIZES or not self._mcu.ssi._write_enabled:
            self._apply()
            return
        size = _SIZES[command[0]]
        start = int.from_bytes(command[1:4], "big") & ~(size - 1)
        before = bytes(self._mcu.flash[start : start + size])
        self._apply()
        self._settle(start, before, command[0] != ssi.CMD_PAGE_PROGRAM)

    def _settle(self, start: int, before: bytes, erase: bool) -> None:
        """What the operation has really done, how long it took, and whether the power lasted."""
        size = len(before)
        at = start - STORAGE_START
        after = bytes(self._mcu.flash[start : start + size])
        self.operations += 1
        torn = self.cut_at == 1
        self.cut_at = max(0, self.cut_at - 1)
        block = at // BLOCK_BYTES
        if erase and self.failing and block not in self.bad:
            self.failing -= 1
            self.bad.append(block)
        if self.broken or block in self.bad or (torn and self.dropped):
            after = before
        elif torn:
            after = half_done(before, after)
        self._mcu.flash[start : start + size] = after
        if 0 <= at < BLOCKS * BLOCK_BYTES:
            assert self._file is not None
            self._file.seek(at)
            self._file.write(after)
            counters = self.erases if erase else self.programs
            for touched in range(block, min(BLOCKS, block + max(1, size // BLOCK_BYTES))):
                counters[touched] += 1
        if torn:
            self.on_cut()
            return
        self._stall((self.erase_us * max(1, size // BLOCK_BYTES) if erase else self.program_us) * 1000)
        if self.hangs["flash-hang"]:
            self.hangs["flash-hang"] -= 1
            self._stall(_FOR_EVER_NS)

    def _stall(self, duration_ns: int) -> None:
        self.stalled_ns += duration_ns
        self._pacer.pass_ns(duration_ns)
