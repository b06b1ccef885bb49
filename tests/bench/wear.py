"""Wear of the flash: what a day of each therapy costs it, and how long its busiest block lasts.

littlefs moves what it writes most often to other blocks after a hundred erases or two. Over some days the busiest block
is that by chance: the years that follow from it are the least to expect, and grow with the days played.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from figures import Figure, Grid
from flexday import constant, flex_day, step
from libraries import entry, made
from vmworld import World

from infuser.wire import library
from infuser.wire import program as programs
from pumpctl import flash_plan

HERE = Path(__file__).parent
ENDURANCE = 100_000
GOAL_YEARS = 10
DAYS_A_YEAR = 365.25
DAYS = 30
SECONDS_A_DAY_MAX = 300
WRITERS = ("journal", "windows", "checkpoint", "others")
COLUMNS = (
    "days", "blocks erased", "programs a day", "erases a day", "of the busiest block", "years by it", "if even",
)  # fmt: skip
SCRIPT = """
import sys
sys.path.append({here!r})
from vm_wear import play
result = play({application!r}, {therapy!r}, {kind!r}, {days})
"""

Values = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A therapy, what happens on each of its days (see vm_wear.Days), and how many of them to play at most."""

    name: str
    program: Values | None
    kind: str
    days: int = DAYS
    span_days: float = 1  # how long one of its days lasts


_BUSY = flex_day(
    step_list=[step(30 * half, 80_000 + 20_000 * (half % 3)) for half in range(48)],
    patient_bolus_ng=2000, patient_bolus_min=5, patient_lockout_min=30, patient_boluses_per_day=24,
    bolus_lockout_min=60,
)  # fmt: skip
_THIN = {"concentration_ug_per_ml": 50, "minimum_ng_per_day": 10_000, "bolus_max_ng": 2000}
_WORST = constant(
    1_200_000, periodic_bolus_ng=1000, periodic_bolus_min=5, periodic_interval_min=30, dose_max_ng_per_day=1_300_000,
    **_THIN,
)  # fmt: skip
TYPICAL = Case("0.2 mL/d", constant(100_000), "quiet")
CASES = (
    Case("no therapy", None, "quiet"),
    TYPICAL,
    Case("48 steps, 25 boluses a day", _BUSY, "visited"),
    Case("24 mL/d, 48 boluses, alarms", _WORST, "alarmed", 4),
    Case("a refused command every second", constant(100_000), "flooded", 1, 0.25),
)


def measure(folder: Path, most_days: int) -> tuple[list[Figure], list[Grid]]:
    """How long a typical therapy's busiest block lasts, and a table of all cases, played `most_days` at most."""
    folder.mkdir(exist_ok=True)
    told = {case.name: play(folder, case, min(case.days, most_days)) for case in CASES}
    rows = [(name, _row(values)) for name, values in told.items()]
    by_writer = [
        (name, [values["by_writer"][one] / values["days"] for one in WRITERS]) for name, values in told.items()
    ]
    life = Figure(f"busiest block of the flash, {TYPICAL.name}", years(told[TYPICAL.name]), "years", "goal", GOAL_YEARS)
    return [life], [
        Grid(f"flash: wear on a board whose journal is full; a block lasts for {ENDURANCE:,} erases", COLUMNS, rows),
        Grid("flash: erases a day, by what was written", WRITERS, by_writer),
    ]


def play(folder: Path, case: Case, days: int) -> Values:
    """What vm_wear.play tells of so many days of a case; `days` is the time that they lasted."""
    plan = flash_plan.make_plan(flash_plan.compiler())
    application = [["app/" + file.path, len(file.data)] for file in plan.files]
    script = SCRIPT.format(
        here=str(HERE), application=application, therapy=_started_with(case.program), kind=case.kind, days=days
    )
    with tempfile.TemporaryDirectory(dir=folder) as name:
        told: Values = World(Path(name)).run(script, within_s=60 + SECONDS_A_DAY_MAX * days)
    if told["failure"]:
        raise SystemExit(f"{case.name}: {told['failure']}")
    return {**told, "days": days * case.span_days}


def years(told: Values) -> float:
    """Until the busiest block has been erased ENDURANCE times, if it went on being the busiest."""
    return _years(told["busiest"] / told["days"])


def _years(erases_a_day: float) -> float:
    return ENDURANCE / erases_a_day / DAYS_A_YEAR


def _row(told: Values) -> list[float]:
    days = told["days"]
    programs_a_day, erases_a_day = told["programs"] / days, told["erases"] / days
    even = _years(erases_a_day / told["blocks"])
    return [days, told["blocks"], programs_a_day, erases_a_day, told["busiest"] / days, years(told), even]


def _started_with(program: Values | None) -> tuple[str, int, str] | None:
    """What vm_pump.started takes, with a drug library that sets no limits."""
    if program is None:
        return None
    limitless = library.encode(made(entry(), entry(concentration_ug_per_ml=50))).hex()
    return programs.encode(program).hex(), program["concentration_ug_per_ml"], limitless
