"""The board bench: the real MicroPython image on an emulated RP2040, with the virtual pump's world behind its pins."""
