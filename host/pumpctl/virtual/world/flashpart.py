"""The flash chip of the reference board behind MicroPython's file system: its size, its times and its endurance."""

BLOCKS = 352
BLOCK_BYTES = 4096
PAGE_BYTES = 256
ERASE_US = 45000
PROGRAM_US = 400
ENDURANCE = 100000
