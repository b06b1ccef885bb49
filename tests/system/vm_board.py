"""Runs on MicroPython and is a board with nothing but its prompt: littlefs at / on an image that outlives it.

Arguments: image file, then `prompt` or `boot`, then after how many writes the power fails (0: never).
`boot` does what a Pico does at power-on: it runs /main.py.
"""

import os
import sys

import vfs

BLOCK_BYTES = 4096
BLOCKS = 96


class Image:
    """A block device in a file; the process dies by power failure when `left` writes have been made."""

    def __init__(self, path: str, left: int) -> None:
        self.left = left
        self.writes = 0
        try:
            self.file = open(path, "r+b")
        except OSError:
            self.file = open(path, "w+b")
            self.file.write(b"\xff" * (BLOCK_BYTES * BLOCKS))
            self.file.flush()

    def readblocks(self, block: int, data: bytearray, offset: int = 0) -> None:
        self.file.seek(block * BLOCK_BYTES + offset)
        self.file.readinto(data)

    def writeblocks(self, block: int, data: bytes, offset: int = 0) -> None:
        self.writes += 1
        if self.writes == self.left:
            os.system("kill -9 $PPID")
        self.file.seek(block * BLOCK_BYTES + offset)
        self.file.write(data)
        self.file.flush()

    def ioctl(self, op: int, argument: int) -> int:
        if op == 6:
            self.writeblocks(argument, b"\xff" * BLOCK_BYTES)
        return {4: BLOCKS, 5: BLOCK_BYTES}.get(op, 0)


class Machine:
    """The one thing of `machine` that the update uses on this board."""

    @staticmethod
    def reset() -> None:
        sys.exit(43)


sys.modules["machine"] = Machine
image = Image(sys.argv[1], int(sys.argv[3]))
try:
    volume = vfs.VfsLfs2(image)
except OSError:
    vfs.VfsLfs2.mkfs(image)
    volume = vfs.VfsLfs2(image)
vfs.mount(volume, "/")
sys.path[:] = [""]
if sys.argv[2] == "boot":
    with open("/main.py") as file:
        exec(file.read(), {"__name__": "__main__"})
