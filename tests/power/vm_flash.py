"""A RAM block device for littlefs whose power fails at a chosen program or erase operation."""

import os

BLOCK_BYTES = 4096
PROGRAM_BYTES = 256
_ERASED = b"\xff" * BLOCK_BYTES
_EIO = 5
NEVER = 1 << 30


class Flash:
    """Flash in `data`; operation number `cut_at` (from 1) does not happen, or with `torn` only its first half does.

    From then on everything fails; with `once` that one operation alone. Failures are returned, as the
    Pico's own flash does: an exception would unwind littlefs in the middle of its work.
    """

    def __init__(self, blocks: int) -> None:
        self.data = bytearray(blocks * BLOCK_BYTES)
        self.blocks = blocks
        self.power(NEVER)
        for block in range(blocks):
            self._put(block * BLOCK_BYTES, _ERASED)

    def power(self, cut_at: int, torn: bool = False, once: bool = False) -> None:
        """Power on, until `cut_at`."""
        self.cut_at = cut_at
        self.torn = torn
        self.once = once
        self.dead = False
        self.programs = 0
        self.erases = 0

    def operations(self) -> int:
        """Program and erase operations since power-on."""
        return self.programs + self.erases

    def readblocks(self, block: int, buffer, offset: int = 0) -> int:
        """littlefs reads."""
        if self.dead:
            return -_EIO
        at = block * BLOCK_BYTES + offset
        buffer[:] = memoryview(self.data)[at : at + len(buffer)]
        return 0

    def writeblocks(self, block: int, buffer, offset: int = 0) -> int:
        """littlefs programs whole pages."""
        self.programs += 1
        at = block * BLOCK_BYTES + offset
        # A program only clears bits: littlefs must have had the place erased.
        assert self.once or self.dead or self.data[at : at + len(buffer)] == _ERASED[: len(buffer)]
        return self._change(at, memoryview(buffer))

    def ioctl(self, order: int, block: int) -> int:
        """Geometry and erase, as MicroPython asks for them."""
        if order == 4:
            return self.blocks
        if order == 5:
            return BLOCK_BYTES
        if order == 6:
            self.erases += 1
            return self._change(block * BLOCK_BYTES, memoryview(_ERASED))
        return 0

    def _change(self, at: int, data) -> int:
        if self.dead:
            return -_EIO
        if self.operations() == self.cut_at:
            self.dead = not self.once
            if self.torn:
                self._put(at, data[: len(data) // 2])
            return -_EIO
        self._put(at, data)
        return 0

    def _put(self, at: int, data) -> None:
        self.data[at : at + len(data)] = data

    def format(self) -> None:
        """An empty file system."""
        os.VfsLfs2.mkfs(self, progsize=PROGRAM_BYTES)

    def mount(self, path: str) -> None:
        """Mount what is there; OSError if that is no file system."""
        os.mount(os.VfsLfs2(self, progsize=PROGRAM_BYTES), path)
