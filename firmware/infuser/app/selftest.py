"""Self-test at power-on and by order: names each part that fails (EC4). What goes on while the pump runs is in upkeep.

It costs no dose, so the motor does not move: the encoder must answer and stand still; that it follows the motor is
what the flow checker sees with the first microsteps of therapy.
"""

from infuser.app import soundness
from infuser.app.soundness import IMAGE, LAMP, SOUNDER
from infuser.app.watch_device import BATTERY_EMPTY_MV
from infuser.wire import alarms, records

LIBRARY = "drug library"
_ENCODER_READS = 8
_ENCODER_QUIET_COUNTS = 4


def run(pump) -> list[str]:
    """Test everything, note and signal the result; the parts that failed, those that do not guard included."""
    hardware = pump.hardware
    feed = hardware.watchdog.feed
    failed = soundness.memory()
    feed()
    if hardware.image.check(feed):
        failed.append(IMAGE)
    feed()
    failed += _at_rest(hardware.sensors) + soundness.sensors(hardware.sensors) + _held(hardware.sensors)
    failed += soundness.stored(pump)
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


def library(pump) -> str:
    """What is wrong with the drug library, nothing if all is well."""
    return str(pump.library.verify())
