"""Self-test at power-on and by order: names each part that fails (EC4). What goes on while the pump runs is in upkeep.

It costs no dose, so the motor does not move: the encoder must answer and stand still; that it follows the motor is
what the flow checker sees with the first microsteps of therapy.
"""

from infuser.app.watch_device import BATTERY_EMPTY_MV
from infuser.core import memtest
from infuser.core.checkpoint import Checkpoint
from infuser.wire import alarms, records

TEMPERATURE_PLAUSIBLE_MC = (-20000, 90000)
PRESSURE_PLAUSIBLE_PA = (-60000, 250000)
BATTERY_PLAUSIBLE_MV = (1500, 6000)
SOUNDER = "sounder"
LAMP = "lamp "
LIBRARY = "drug library"
IMAGE = "firmware image"
# The block of the heap that is tested, in pieces that can still be had when the heap is in use.
_BLOCKS = 4
_BLOCK_BYTES = 1024
_ENCODER_READS = 8
_ENCODER_QUIET_COUNTS = 4
# One wrong reading may be a glitch.
_TRIES = 3


def run(pump) -> list[str]:
    """Test everything, note and signal the result; the parts that failed, those that do not guard included."""
    hardware = pump.hardware
    feed = hardware.watchdog.feed
    failed = memory()
    feed()
    if hardware.image.check(feed):
        failed.append(IMAGE)
    feed()
    failed += _at_rest(hardware.sensors) + sensors(hardware.sensors) + _held(hardware.sensors)
    failed += stored(pump)
    works = hardware.annunciator.self_test()
    feed()
    others = [] if works else [SOUNDER]
    others += [LAMP + colour for colour in hardware.annunciator.dark_lamps()]
    if library(pump):
        others.append(LIBRARY)
    pump.recorder.failure = ""
    found = failed + others
    pump.recorder.note(records.SELF_TEST, passed=not found, failed=", ".join(found))
    if pump.recorder.failure:
        failed.append("journal")
    _report(pump.watch, failed, others)
    return failed + others


def guards(failed: list[str]) -> bool:
    """Whether a part failed without which nothing may be delivered: not so sounder, lamps and what stops by itself."""
    return any(part not in (SOUNDER, LIBRARY) and part[: len(LAMP)] != LAMP for part in failed)


def _report(watch, failed: list[str], others: list[str]) -> None:
    watch.set(alarms.SELF_TEST, bool(failed), len(failed))
    if not failed:
        # What was found before is repaired; it stays latched until somebody acknowledges it.
        watch.set(alarms.INTERNAL_FAULT, False)
        watch.set(alarms.JOURNAL_FAULT, False)
    watch.set(alarms.SOUNDER_FAILED, SOUNDER in others)
    dark = sum(1 for part in others if part[: len(LAMP)] == LAMP)
    watch.set(alarms.LAMP_FAILED, dark > 0, dark)


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


def _at_rest(told) -> list[str]:
    """While the motor stands: the encoder answers and is quiet."""
    first = told.encoder_counts()
    for _ in range(_ENCODER_READS):
        counts = told.encoder_counts()
        apart = (counts - first + 2048) % 4096 - 2048
        if first < 0 or counts < 0 or abs(apart) > _ENCODER_QUIET_COUNTS:
            return ["encoder"]
    return []


def _held(told) -> list[str]:
    failed = []
    if told.battery_mv() < BATTERY_EMPTY_MV and not told.supply_present():
        failed.append("battery")
    if told.stop_button():
        failed.append("stop button")
    if told.patient_button():
        failed.append("patient button")
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


def library(pump) -> str:
    """What is wrong with the drug library, nothing if all is well."""
    return str(pump.library.verify())
