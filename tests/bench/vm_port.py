"""Runs on MicroPython with -i: a virtual pump with a journal given to it, and after it the VM's own prompt on its port.

Arguments: the folder of the stand-ins, the pump's configuration, a folder with the journal's files.
"""

import json
import os
import sys

sys.path.insert(0, sys.argv[1])

import start  # noqa: E402

PIECE_BYTES = 4096


def take_over(folder):
    """Copy files to where the pump will find its own."""
    for name in os.listdir(folder):
        with open(folder + "/" + name, "rb") as source, open(start.MOUNT_POINT + "/" + name, "wb") as copy:
            piece = source.read(PIECE_BYTES)
            while piece:
                copy.write(piece)
                piece = source.read(PIECE_BYTES)


start.HERE = sys.argv[1]
with open(sys.argv[2]) as file:
    start.power_on(json.load(file))
take_over(sys.argv[3])
import main  # noqa: E402

main.main()
