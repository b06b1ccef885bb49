"""A sound program of two rates a day, to be changed field by field."""

from typing import Any

from infuser.wire import program

EVERY_DAY = program.EVERY_DAY


def step(start_min: int, dose_ng_per_day: int, day_mask: int = EVERY_DAY) -> dict[str, int]:
    """One step of the week."""
    return {"day_mask": day_mask, "start_min": start_min, "dose_ng_per_day": dose_ng_per_day}


def flex_day(**changes: Any) -> dict[str, Any]:
    """240 ug a day from 06:00, 320 ug a day from 18:00, of 500 ug/mL."""
    values = {
        "patient": "P-1",
        "drug": "baclofen",
        "concentration_ug_per_ml": 500,
        "mode": program.FLEX,
        "step_list": [step(6 * 60, 240_000), step(18 * 60, 320_000)],
        "minimum_ng_per_day": 30_000,
        "bolus_max_ng": 50_000,
        "bolus_lockout_min": 240,
        "dose_max_ng_per_day": 400_000,
        "low_reservoir_nl": 2_000_000,
        "age_years": 47,
        "weight_hg": 720,
        "indication": program.SPINAL,
        "screening_ng": 100_000,
        "screening_response": program.POSITIVE,
    }
    return program.new(**{**values, **changes})


def constant(dose_ng_per_day: int = 100_000, **changes: Any) -> dict[str, Any]:
    """One rate all the week."""
    return flex_day(mode=program.CONTINUOUS, step_list=[step(0, dose_ng_per_day)], **changes)
