"""The tables of boluses: the clinician's, the patient's, and those that come periodically."""

from infuser.wire import units
from pumpctl.quantity import format_dose, format_duration
from pumpctl.therapy_reader import MINUTES_MAX, Reader

# A bolus runs on top of the basal rate, and both together stay within what the motor can do.
_RATE_MAX_NL_PER_DAY = units.PUMP_MAX_NL_PER_DAY - units.THERAPY_MAX_NL_PER_DAY
# Smaller boluses would be lost in the microstep.
_LEAST_NL = units.NL_PER_UL
_LONGEST_MIN = units.BOLUS_MAX_MS // units.MS_PER_MIN


def clinician(reader: Reader, concentration: int | None) -> dict[str, int | None]:
    """The wire's fields of [bolus]; 0 without the table."""
    if not reader.has("bolus"):
        return {"bolus_max_ng": 0, "bolus_lockout_min": 0}
    return {
        "bolus_max_ng": reader.ranged("bolus.max", 1, _most_ng(concentration), format_dose),
        "bolus_lockout_min": reader.minutes("bolus.lockout", 0, MINUTES_MAX),
    }


def patient(reader: Reader, concentration: int | None) -> dict[str, int | None]:
    """The wire's fields of [patient_bolus]; 0 without the table."""
    if not reader.has("patient_bolus"):
        return dict.fromkeys(
            ("patient_bolus_ng", "patient_bolus_min", "patient_lockout_min", "patient_boluses_per_day"), 0
        )
    dose, minutes = _given(reader, "patient_bolus", concentration)
    lockout = reader.minutes("patient_bolus.lockout", units.PATIENT_LOCKOUT_MIN_MIN, units.MIN_PER_WEEK)
    if lockout is not None and minutes is not None and lockout < minutes:
        reader.problem(
            "patient_bolus.lockout",
            f"{_time(lockout)} is shorter than the bolus, allowed from {_time(minutes)} (patient_bolus.duration)",
        )
    return {
        "patient_bolus_ng": dose,
        "patient_bolus_min": minutes,
        "patient_lockout_min": lockout,
        "patient_boluses_per_day": reader.count("patient_bolus.per_day", 1, units.PATIENT_BOLUSES_PER_DAY_MAX),
    }


def periodic(reader: Reader, concentration: int | None) -> dict[str, int | None]:
    """The wire's fields of [periodic_bolus]; 0 without the table."""
    if not reader.has("periodic_bolus"):
        return dict.fromkeys(("periodic_bolus_ng", "periodic_bolus_min", "periodic_interval_min"), 0)
    dose, minutes = _given(reader, "periodic_bolus", concentration)
    every = reader.minutes("periodic_bolus.every", units.PERIODIC_INTERVAL_MIN_MIN, units.MIN_PER_WEEK)
    if every is not None and minutes is not None and every <= minutes:
        reader.problem(
            "periodic_bolus.duration",
            f"{_time(minutes)} is not shorter than the interval, {_time(every)} (periodic_bolus.every)",
        )
    return {"periodic_bolus_ng": dose, "periodic_bolus_min": minutes, "periodic_interval_min": every}


def _given(reader: Reader, table: str, concentration: int | None) -> tuple[int | None, int | None]:
    """(dose in ng, minutes) of a bolus that the motor can give."""
    least = units.dose_ng(_LEAST_NL, concentration or 1)
    dose = reader.ranged(f"{table}.dose", least, _most_ng(concentration), format_dose)
    minutes = reader.minutes(f"{table}.duration", 1, _LONGEST_MIN)
    if dose and minutes and concentration:
        volume_nl = units.volume_nl(dose, concentration)
        shortest = -(-volume_nl * units.MIN_PER_DAY // _RATE_MAX_NL_PER_DAY)
        if minutes < shortest:
            reader.problem(
                f"{table}.duration",
                f"{_time(minutes)} is too short for {format_dose(dose)} at {concentration} ug/mL,"
                f" allowed from {_time(shortest)}",
            )
    return dose, minutes


def _most_ng(concentration: int | None) -> int:
    return units.dose_ng(units.BOLUS_MAX_NL, concentration or units.CONCENTRATION_MAX_UG_PER_ML)


def _time(minutes: int) -> str:
    return format_duration(minutes * units.MS_PER_MIN)
