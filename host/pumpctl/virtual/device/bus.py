"""The I2C bus with its two slaves, as machine.I2C."""

import errno

import broken
from slaves import clock, encoder

from infuser.hw import board


class I2C:
    """Register reads and writes; a slave that does not answer gives OSError, as on the bus."""

    def __init__(self, id=-1, scl=None, sda=None, freq=400000):
        self._slaves = {board.ENCODER_ADDRESS: encoder, board.CLOCK_ADDRESS: clock}

    def scan(self):
        return sorted(address for address, slave in self._slaves.items() if slave.answers())

    def readfrom_mem_into(self, address, register, buffer):
        self._slave(address).read(register, buffer)

    def readfrom_mem(self, address, register, count):
        data = bytearray(count)
        self._slave(address).read(register, data)
        return bytes(data)

    def writeto_mem(self, address, register, data):
        self._slave(address).write(register, data)

    def _slave(self, address):
        if broken.hangs["bus-hang"]:
            broken.hang_if_due("bus-hang", True)
        slave = self._slaves.get(address)
        if slave is None or not slave.answers():
            raise OSError(errno.EIO)
        return slave
