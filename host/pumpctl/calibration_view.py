"""What weighed runs say: as tables for the person who decides, and as one document for scripts."""

from fractions import Fraction
from typing import Any

from infuser.wire import units
from pumpctl import status_parts
from pumpctl.accuracy_scale import format_mass
from pumpctl.calibration import OUTLIER_PERCENT, Calibration, format_percent, format_step, ppm
from pumpctl.quantity import format_volume

Values = dict[str, Any]

COLUMNS = ("RUN", "MICROSTEPS", "WEIGHT", "VOLUME", "A MICROSTEP", "OFF MEAN")


def rows(told: Calibration) -> list[tuple[str, ...]]:
    """A row for each run, as COLUMNS."""
    return [
        (
            str(number),
            str(run.steps),
            format_mass(run.mass_ng),
            format_volume(_nl(run.volume_pl)),
            format_step(round(run.step_pl)),
            format_percent(told.off_mean_ppm(run)),
        )
        for number, run in enumerate(told.runs, 1)
    ]


def summary(told: Calibration, now: Values) -> list[tuple[str, str]]:
    """The new value beside the one in force by the pump's status."""
    return [
        ("standard deviation", f"{told.deviation_ppm} ppm"),
        ("uncertainty (95 %)", f"+/- {told.uncertainty_ppm} ppm, from {len(told.runs)} runs"),
        ("in force", status_parts.calibration(now)),
        ("new", f"{format_step(told.step_pl)} a microstep"),
        ("change", format_percent(change_ppm(told, now))),
        ("off nominal", format_percent(told.from_nominal_ppm)),
    ]


def hints(told: Calibration, now: Values) -> list[str]:
    """What a person should think of before taking the value into use."""
    said = [
        f"Run {number} is more than {OUTLIER_PERCENT} % off the others: a drop lost, air, a misread weight?"
        for number in told.outliers
    ]
    if told.outliers:
        said.append("It weighs in the mean: better answer no and calibrate again.")
    if abs(change_ppm(told, now)) <= told.uncertainty_ppm:
        said.append("The change is within the uncertainty: the value in force may as well stay.")
    return said


def change_ppm(told: Calibration, now: Values) -> int:
    """How far the new value is from the one in force."""
    return ppm(Fraction(told.step_pl), Fraction(now["step_pl"]))


def document(told: Calibration, now: Values, reply: Values) -> Values:
    """The calibration taken into use, for scripts."""
    return {
        "step_pl": reply["step_pl"],
        "uncertainty_ppm": told.uncertainty_ppm,
        "deviation_ppm": told.deviation_ppm,
        "old_step_pl": now["step_pl"],
        "nominal_step_pl": units.STEP_PL_NOMINAL,
        "change_ppm": change_ppm(told, now),
        "from_nominal_ppm": told.from_nominal_ppm,
        "density_ug_per_ml": told.runs[0].density_ug_per_ml,
        "reservoir_nl": reply["reservoir_nl"],
        "outliers": told.outliers,
        "runs": [
            {
                "steps": run.steps,
                "mass_ng": run.mass_ng,
                "volume_nl": _nl(run.volume_pl),
                "step_pl": round(run.step_pl),
            }
            for run in told.runs
        ],
    }


def _nl(volume_pl: int) -> int:
    return round(volume_pl / units.PL_PER_NL)
