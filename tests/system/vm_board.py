"""Runs on MicroPython and is a board with nothing but its prompt: littlefs at / on an image that outlives it.

Arguments: image file, then `prompt` or `boot`, then after how many writes the power fails (0: never); with `pico`
after them it tells that it is a Raspberry Pi Pico. `boot` does what a Pico does at power-on: it runs /main.py.
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
    """What of `machine` the update uses."""

    mem32 = {}

    @staticmethod
    def reset() -> None:
        os.system("kill -HUP $PPID")


class Implementation:
    """What MicroPython 1.28 tells on a Pico; the bytecode is this VM's."""

    version = (1, 28, 0, "")
    _machine = "Raspberry Pi Pico with RP2040"
    _mpy = sys.implementation._mpy


class Pico:
    """`sys` as it is on a Pico."""

    platform = "rp2"
    implementation = Implementation
    path = sys.path
    modules = sys.modules
    print_exception = sys.print_exception


sys.modules["machine"] = Machine
image = Image(sys.argv[1], int(sys.argv[3]))
try:
    volume = vfs.VfsLfs2(image)
except OSError:
    vfs.VfsLfs2.mkfs(image)
    volume = vfs.VfsLfs2(image)
vfs.mount(volume, "/")
sys.path[:] = [""]
arguments = sys.argv
if sys.argv[4:] == ["pico"]:
    sys.modules["sys"] = Pico
if arguments[2] == "boot":
    with open("/main.py") as file:
        exec(file.read(), {"__name__": "__main__"})
