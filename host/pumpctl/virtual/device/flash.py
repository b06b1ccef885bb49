"""The flash as MicroPython's block device: an image file, timing of erase and program, wear, torn operations.

The image is read and written where it lies: the VM's memory holds only the block that was read last, for littlefs
goes through one in hundreds of small pieces.
"""

import sys
from array import array

import broken
import kernel
from chipstate import chip
from flashpart import BLOCK_BYTES, BLOCKS, ENDURANCE, ERASE_US, PAGE_BYTES, PROGRAM_US

_BLANK = b"\xff" * 1024
_PAGE = b"\xff" * PAGE_BYTES
_IO_ERROR = -5


class Image:
    """Bytes of the image, counters of every block and the operation at which the power shall fail."""

    def __init__(self):
        self.file = None
        self.erases = array("I", [0] * BLOCKS)
        self.programs = array("I", [0] * BLOCKS)
        self.reads = 0
        self.last_read = -1  # the block that was read last
        self.cut_at = 0  # the power fails during the n-th operation from now, 0: never
        self.broken = False  # whatever is written fails
        self.bad = []  # blocks that take no writes any more
        self.failing = 0  # so many more of the blocks that are erased go bad
        self._old = bytearray(PAGE_BYTES)
        self.held = bytearray(BLOCK_BYTES)
        self.view = memoryview(self.held)
        self.held_block = -1  # whose bytes are held, -1: none's

    def open(self, path):
        """Take the image at `path`; a new one is blank."""
        try:
            self.file = open(path, "r+b", 0)  # noqa: SIM115 (open for life)
        except OSError:
            with open(path, "wb") as new:
                for _ in range(BLOCKS * BLOCK_BYTES // len(_BLANK)):
                    new.write(_BLANK)
            self.file = open(path, "r+b", 0)  # noqa: SIM115

    def erase(self, block):
        """One block to 0xFF; it takes ERASE_US with interrupts off."""
        torn = self._about_to_be_cut()
        self.held_block = -1
        if self.failing and block not in self.bad:
            self.failing -= 1
            self.bad.append(block)
        self.file.seek(block * BLOCK_BYTES)
        if block not in self.bad:
            for _ in range(BLOCK_BYTES // len(_BLANK) // (2 if torn else 1)):
                self.file.write(_BLANK)
        self.erases[block] += 1
        self._took(ERASE_US, torn)

    def program(self, block, offset, data):
        """One page; bits only go from 1 to 0."""
        torn = self._about_to_be_cut()
        self.held_block = -1
        place = block * BLOCK_BYTES + offset
        self.file.seek(place)
        self.file.readinto(self._old)
        worn = self.erases[block] > ENDURANCE or block in self.bad
        if self._old != _PAGE or worn:
            data = self._clear_bits(data, worn)
        self.file.seek(place)
        self.file.write(data[: PAGE_BYTES // 2] if torn else data)
        self.programs[block] += 1
        self._took(PROGRAM_US, torn)

    def _clear_bits(self, data, worn):
        data = bytearray(new & was for new, was in zip(data, self._old))
        if worn:
            data[1] = 0
        return data

    def _about_to_be_cut(self):
        if not self.cut_at:
            return False
        self.cut_at -= 1
        return self.cut_at == 0

    def _took(self, duration_us, torn):
        # Nothing is raised here: that would unwind littlefs in the midst of its work.
        if torn:
            print("power cut during a flash operation", file=sys.stderr)
            chip.stop(44)
            return
        try:
            broken.hang_if_due("flash-hang", False)
            kernel.block(duration_us)
        except SystemExit:
            pass  # a reset meanwhile: the flash fails from now on, and time does not go on


image = Image()


class Flash:
    """rp2.Flash: the block device that littlefs is mounted on."""

    def readblocks(self, block, buffer, offset=0):
        source = image
        source.reads += 1
        source.last_read = block
        end = offset + len(buffer)
        if end > BLOCK_BYTES:
            source.file.seek(block * BLOCK_BYTES + offset)
            source.file.readinto(buffer)
            return
        if block != source.held_block:
            source.file.seek(block * BLOCK_BYTES)
            source.file.readinto(source.held)
            source.held_block = block
        buffer[:] = source.view[offset:end]

    def writeblocks(self, block, buffer, offset=None):
        if chip.ended or image.broken:
            return _IO_ERROR
        if offset is None:
            offset = 0
            for index in range(len(buffer) // BLOCK_BYTES):
                image.erase(block + index)
        data = memoryview(buffer)
        for at in range(0, len(data), PAGE_BYTES):
            if not chip.ended:
                image.program(block, offset + at, data[at : at + PAGE_BYTES])
        return _IO_ERROR if chip.ended else 0

    def ioctl(self, operation, argument):
        if operation == 4:
            return BLOCKS
        if operation == 5:
            return BLOCK_BYTES
        if operation == 6:
            if chip.ended or image.broken:
                return _IO_ERROR
            image.erase(argument)
        return 0
