"""Runs on MicroPython and CPython: the prescriptions of the script, one of which is signed beforehand."""

from infuser.wire import program, units

PATIENT = "bench"
PERIODIC = {"periodic_bolus_ng": 3000, "periodic_bolus_min": 1, "periodic_interval_min": 30}


def prescription(dose_ng_per_day, concentration=1000, **more):
    """A continuous infusion."""
    values = {
        "patient": PATIENT,
        "drug": "baclofen",
        "concentration_ug_per_ml": concentration,
        "mode": program.CONTINUOUS,
        "step_list": [{"day_mask": program.EVERY_DAY, "start_min": 0, "dose_ng_per_day": dose_ng_per_day}],
        "minimum_ng_per_day": dose_ng_per_day // 4,
        "bolus_max_ng": 100000,
        "bolus_lockout_min": 1,
        "patient_bolus_ng": 10000,
        "patient_bolus_min": 1,
        "patient_lockout_min": 5,
        "patient_boluses_per_day": 12,
        "low_reservoir_nl": units.LOW_RESERVOIR_MIN_NL,
    }
    values.update(more)
    return program.new(**values)


def signed_one():
    """The prescription that carries the prescriber's signature."""
    return prescription(1200000, **PERIODIC)
