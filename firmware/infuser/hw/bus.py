"""The I2C bus that the encoder and the clock chip share."""

import errno

from machine import I2C, Pin

from infuser.hw import board


class Bus:
    """The bus on the board's pins, with the names of machine.I2C; OSError if a part does not answer."""

    def __init__(self) -> None:
        i2c = I2C(board.I2C_ID, sda=Pin(board.PINS["sda"]), scl=Pin(board.PINS["scl"]), freq=board.I2C_HZ)
        self.readfrom_mem = i2c.readfrom_mem
        self.readfrom_mem_into = i2c.readfrom_mem_into
        self.writeto_mem = i2c.writeto_mem

    def close(self) -> None:
        """No transfer any more until the next start: every part is as one that does not answer."""
        self.readfrom_mem = self.readfrom_mem_into = self.writeto_mem = _refuse


def _refuse(*_arguments):
    raise OSError(errno.EIO)
