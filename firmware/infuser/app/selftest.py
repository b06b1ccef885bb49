"""Power-on and ordered self-test: names each part that fails (EC4)."""

from infuser.app.watch import BATTERY_EMPTY_MV
from infuser.wire import alarms

TEMPERATURE_PLAUSIBLE_MC = (-20000, 90000)
PRESSURE_PLAUSIBLE_PA = (-60000, 250000)
BATTERY_PLAUSIBLE_MV = (1500, 6000)
SOUNDER = "sounder"


def run(sensors) -> list[str]:
    """Parts that failed, in a fixed order; sounder and journal are tested by the pump itself."""
    failed = []
    if sensors.encoder_counts() < 0:
        failed.append("encoder")
    for part, value, bounds in (
        ("temperature sensor", sensors.temperature_mc(), TEMPERATURE_PLAUSIBLE_MC),
        ("outlet pressure sensor", sensors.outlet_pa(), PRESSURE_PLAUSIBLE_PA),
        ("inlet pressure sensor", sensors.inlet_pa(), PRESSURE_PLAUSIBLE_PA),
        ("battery sense", sensors.battery_mv(), BATTERY_PLAUSIBLE_MV),
    ):
        if not bounds[0] <= value <= bounds[1]:
            failed.append(part)
    if sensors.battery_mv() < BATTERY_EMPTY_MV and not sensors.supply_present():
        failed.append("battery")
    if sensors.at_full() and sensors.at_empty():
        failed.append("limit switches")
    if sensors.stop_button():
        failed.append("stop button")
    if sensors.patient_button():
        failed.append("patient button")
    return failed


def report(watch, failed: list[str], sounder_works: bool) -> None:
    """Turn the result into alarms."""
    watch.set(alarms.SELF_TEST, bool(failed), len(failed))
    if not failed:
        # What was found before is repaired; it stays latched until somebody acknowledges it.
        watch.set(alarms.INTERNAL_FAULT, False)
        watch.set(alarms.JOURNAL_FAULT, False)
    watch.set(alarms.SOUNDER_FAILED, not sounder_works)
