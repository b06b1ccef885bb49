"""Tests of memory, sensors and counters that may be made while therapy runs, and the names of the parts tested."""

from infuser.core import memtest
from infuser.core.checkpoint import Checkpoint

SOUNDER = "sounder"
LAMP = "lamp "
IMAGE = "firmware image"
TEMPERATURE_PLAUSIBLE_MC = (-20000, 90000)
PRESSURE_PLAUSIBLE_PA = (-60000, 250000)
BATTERY_PLAUSIBLE_MV = (1500, 6000)
# The block of the heap that is tested, in pieces that can still be had when the heap is in use.
_BLOCKS = 4
_BLOCK_BYTES = 1024
# One wrong reading may be a glitch.
_TRIES = 3


def memory() -> list[str]:
    """Patterns over a block of the heap and over a scratch of the stack."""
    # All at once, else each piece would be the one before.
    blocks = [bytearray(_BLOCK_BYTES) for _ in range(_BLOCKS)]
    sound = all(memtest.keeps(block) for block in blocks) and memtest.stack_keeps()
    return [] if sound else ["memory"]


def sensors(told) -> list[str]:
    """Sensors whose readings cannot be true, in a fixed order."""
    failed = _implausible(told)
    for _ in range(_TRIES - 1):
        if failed:
            again = _implausible(told)
            failed = [part for part in failed if part in again]
    return failed


def _implausible(told) -> list[str]:
    failed = [
        part
        for part, value, bounds in (
            ("temperature sensor", told.temperature_mc(), TEMPERATURE_PLAUSIBLE_MC),
            ("outlet pressure sensor", told.outlet_pa(), PRESSURE_PLAUSIBLE_PA),
            ("inlet pressure sensor", told.inlet_pa(), PRESSURE_PLAUSIBLE_PA),
            ("battery sense", told.battery_mv(), BATTERY_PLAUSIBLE_MV),
        )
        if not bounds[0] <= value <= bounds[1]
    ]
    if told.at_full() and told.at_empty():
        failed.append("limit switches")
    return failed


def stored(pump) -> list[str]:
    """The checkpoint on flash: a file that is damaged is logged and written anew (a masked fault)."""
    checkpoint = Checkpoint(pump.hardware.files)
    sound = checkpoint.load() is not None
    if sound and not checkpoint.damaged:
        return []
    pump.watch.masked("checkpoint", "{} of its two files damaged; written anew".format("one" if sound else "both"))
    counters = pump.delivery.memory
    # Twice, for they are written in turn.
    counters.save(counters.reserved)
    counters.save(counters.reserved)
    return [] if checkpoint.load() is not None else ["checkpoint"]
