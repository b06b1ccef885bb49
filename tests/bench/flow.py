"""How soon the pump finds a motor or a line that fails, over the rates of therapy: volumes and times."""

import tempfile
from pathlib import Path
from typing import Any

from figures import Grid
from steady import RATES_UL_PER_DAY, started_with
from vmworld import World

from infuser.wire import alarms, units

HERE = Path(__file__).parent
DAY_MS = units.MS_PER_DAY
# (fault, its value, what it is called here); a runaway's value is microsteps a second.
MOTOR = (
    ("stall", None, "stall"),
    ("skip-steps", 20, "20 % skipped"),
    ("slip", 20, "20 % slipped"),
    ("runaway", 1, "runaway 1/s"),
    ("runaway", 20, "runaway 20/s"),
    ("runaway", 200, "runaway 200/s"),
)
MOTOR_WITHIN_MS = 10 * DAY_MS
# pL/Pa, the line's and the reservoir's.
OUTLET, INLET = (5, 10, 30, 100), (10, 100)
LINES = [("occlude", "compliance-pl-per-pa", one) for one in OUTLET]
LINES += [("occlude-upstream", "inlet-compliance-pl-per-pa", one) for one in INLET]
LINE_WITHIN_MS = 3 * DAY_MS
PRIMING_UL_PER_H = 10_000
# Errors of the encoder in counts of 4096 a turn, beside the noise of one count.
ERRORS = {"encoder-eccentricity": 1}
MOTOR_SCRIPT = """
import sys
sys.path.append({here!r})
from vm_flow import find_all
result = find_all({therapy!r}, {errors!r}, {cases!r})
"""
LINE_SCRIPT = """
import sys
sys.path.append({here!r})
from vm_flow import block_at
result = block_at({therapy!r}, {cases!r}, {priming!r})
"""

Values = dict[str, Any]


def measure(folder: Path) -> list[Grid]:
    """Tables of the motor's faults and of occlusions."""
    folder.mkdir(exist_ok=True)
    motor = {_ml_a_day(rate): _motor(folder, rate) for rate in RATES_UL_PER_DAY}
    line = {_ml_a_day(rate): _line(folder, rate, 0) for rate in RATES_UL_PER_DAY}
    line[f"{PRIMING_UL_PER_H / 1000:g} mL/h, priming"] = _line(folder, RATES_UL_PER_DAY[0], PRIMING_UL_PER_H)
    faults = tuple(called for *_, called in MOTOR)
    lines = (*(f"outlet {one} pL/Pa" for one in OUTLET), *(f"inlet {one} pL/Pa" for one in INLET))
    return [
        Grid("motor: uL missing or over when found (bound: 1)", faults, _cells(motor, _deviation_ul)),
        Grid(
            "motor: minutes until found (a stalled SynchroMed II may be noticed only hours later)",
            faults,
            _cells(motor, _minutes),
        ),
        Grid("occlusion: uL pressed into the line, or drawn from nowhere, when found", lines, _cells(line, _held_ul)),
        Grid("occlusion: minutes until found", lines, _cells(line, _minutes)),
        Grid("occlusion: kPa at the outlet when found", lines[: len(OUTLET)], _cells(line, _outlet_kpa)),
    ]


def _motor(folder: Path, rate_ul_per_day: int) -> list[Values]:
    cases = [(fault, value, MOTOR_WITHIN_MS) for fault, value, _ in MOTOR]
    therapy = started_with(folder, rate_ul_per_day)
    script = MOTOR_SCRIPT.format(here=str(HERE), therapy=therapy, errors=ERRORS, cases=cases)
    return _told(folder, script, cases, (alarms.STALL, alarms.UNDER_DELIVERY, alarms.OVER_DELIVERY))


def _line(folder: Path, rate_ul_per_day: int, priming_ul_per_h: int) -> list[Values]:
    cases = [(*line, LINE_WITHIN_MS) for line in LINES]
    therapy = started_with(folder, rate_ul_per_day)
    script = LINE_SCRIPT.format(here=str(HERE), therapy=therapy, cases=cases, priming=priming_ul_per_h)
    known = (alarms.OCCLUSION_DOWNSTREAM, alarms.OCCLUSION_UPSTREAM, alarms.PRIMING_FAILED)
    return _told(folder, script, cases, known)


def _told(folder: Path, script: str, cases: list[Any], known: tuple[int, ...]) -> list[Values]:
    """What a new pump in the VM says of each case; the alarm must be one of those that are meant."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        told: list[Values] = World(Path(name)).run(script, within_s=600)
    for case, found in zip(cases, told, strict=True):
        if found is None or found["alarm"] not in known:
            raise SystemExit(f"{case}: found {found}")
    return told


def _cells(told: dict[str, list[Values]], value: Any) -> list[tuple[str, list[float]]]:
    return [(name, [value(found) for found in row]) for name, row in told.items()]


def _deviation_ul(found: Values) -> float:
    return abs(float(found["missing_pl"])) / 1e6


def _held_ul(found: Values) -> float:
    return float(found["held_pl"]) / 1e6


def _minutes(found: Values) -> float:
    return float(found["after_ms"]) / units.MS_PER_MIN


def _outlet_kpa(found: Values) -> float:
    return float(found["outlet_pa"]) / 1000


def _ml_a_day(rate_ul_per_day: int) -> str:
    return f"{rate_ul_per_day / 1000:g} mL/d"
