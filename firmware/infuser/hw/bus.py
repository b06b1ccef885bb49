"""The I2C bus that the encoder and the clock chip share."""

from machine import I2C, Pin

from infuser.hw import board


def make_i2c() -> I2C:
    """The bus on the board's pins."""
    return I2C(board.I2C_ID, sda=Pin(board.PINS["sda"]), scl=Pin(board.PINS["scl"]), freq=board.I2C_HZ)
