"""Programs of every infusion mode in a virtual pump, sent without a therapy file."""

from collections.abc import Callable
from typing import Any

from ward import ML, PATIENT, SECOND_MS, STEP_PL, Ward

from infuser.wire import errors, units
from infuser.wire import program as programs
from pumpctl import operations
from pumpctl.virtual import VirtualPump

Program = dict[str, Any]
CONCENTRATION = 500
# An adult whom 200 ug a day may be given at first.
SCREENED = {
    "age_years": 47,
    "weight_hg": 720,
    "indication": programs.SPINAL,
    "screening_ng": 100_000,
    "screening_response": programs.POSITIVE,
}
# 2026-01-01 08:00 UTC in minutes: the local time at which every virtual pump of the bench begins.
NOW_MIN = 1_767_254_400 // 60
DAY_MIN = units.MIN_PER_DAY
# The loop looks at buttons and times once in a tick.
TURN_MS = 5 * SECOND_MS


def steady(dose_ng_per_day: int = 100_000, **changes: Any) -> Program:
    """One rate all the week, of 500 ug/mL; no limits but the pump's own."""
    values = {
        "patient": PATIENT,
        "drug": "baclofen",
        "concentration_ug_per_ml": CONCENTRATION,
        "mode": programs.CONTINUOUS,
        "step_list": [{"day_mask": programs.EVERY_DAY, "start_min": 0, "dose_ng_per_day": dose_ng_per_day}],
        "minimum_ng_per_day": 25_000,
        "bolus_max_ng": 50_000,
        "bolus_lockout_min": 60,
        "low_reservoir_nl": 2 * ML,
        **SCREENED,
    }
    return programs.new(**{**values, **changes})


def patient_bolus(dose_ng: int = 10_000, minutes: int = 10, lockout_min: int = 60, per_day: int = 4) -> Program:
    """Fields of a patient's bolus."""
    return {
        "patient_bolus_ng": dose_ng,
        "patient_bolus_min": minutes,
        "patient_lockout_min": lockout_min,
        "patient_boluses_per_day": per_day,
    }


def periodic_bolus(dose_ng: int = 5_000, minutes: int = 10, every_min: int = 120) -> Program:
    """Fields of a periodic bolus."""
    return {"periodic_bolus_ng": dose_ng, "periodic_bolus_min": minutes, "periodic_interval_min": every_min}


def send(ward: Ward, program: Program, bridge_nl: int = 0) -> None:
    """Put a program into force as `pumpctl program send` does."""
    with ward.client() as pump:
        operations.commit(pump, operations.propose(pump, program, bridge_nl), confirmed=True)


def fill(ward: Ward, volume_nl: int = 20 * ML, concentration: int = CONCENTRATION) -> None:
    """A refill by whoever stands beside the pump."""
    with ward.client() as pump:
        pump.begin_refill()
        ward.plant.fill(volume_nl)
        pump.complete_refill(0, volume_nl, concentration)


def prepared(
    cli: Callable[..., Any], bench: Callable[..., VirtualPump], program: Program, fill_nl: int = 20 * ML
) -> Ward:
    """A pump with a program and a filled reservoir, not started."""
    ward = Ward(cli, bench())
    ward.advance(TURN_MS)  # the lamps of the power-on self-test are out
    send(ward, program)
    fill(ward, fill_nl)
    return ward


def running(
    cli: Callable[..., Any], bench: Callable[..., VirtualPump], program: Program, fill_nl: int = 20 * ML
) -> Ward:
    """A pump that delivers a program since just now."""
    ward = prepared(cli, bench, program, fill_nl)
    with ward.client() as pump:
        pump.resume()
    return ward


def press(ward: Ward, duration_ms: int = 200) -> None:
    """The patient presses the button, and the pump has seen it."""
    ward.plant.press("patient", duration_ms)
    ward.advance(TURN_MS)


def steps_of(dose_ng: int, concentration: int = CONCENTRATION) -> int:
    """Whole microsteps in a dose."""
    return units.volume_nl(dose_ng, concentration) * units.PL_PER_NL // STEP_PL


def records(ward: Ward, kind: str) -> list[dict[str, Any]]:
    """The fields of the log's records of a kind, oldest first, with the pump's age as `age_ms`."""
    ward.do("log", "pull")
    shown = ward.do("log", "show", "--kind", kind)["records"]
    return [{**record["fields"], "age_ms": record["age_ms"]} for record in shown]


def refusals(ward: Ward) -> list[str]:
    """Why boluses were not given, by the names of the errors, oldest first."""
    return [errors.name(int(record["error"])) for record in records(ward, "bolus-refused")]


def exact(ward: Ward) -> bool:
    """Whether the pump's count is the motor's; to be asked at a basal rate, where no burst is longer than a step."""
    before = ward.truth()["steps_made"]
    counted = ward.status()["steps_total"]
    return bool(before <= counted <= ward.truth()["steps_made"])
