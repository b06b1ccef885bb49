"""Measured flow on the VM: a drive that fails is found before 1 uL is missing or over, one that works never."""

from pathlib import Path
from typing import Any

import pytest
from steady import RATES_UL_PER_DAY, started_with
from vmworld import World

from infuser.core.flow import TOLERANCE_STEPS
from infuser.wire import alarms, units

HERE = Path(__file__).parent
BENCH = HERE.parent / "bench"
UL_PL = units.NL_PER_UL * units.PL_PER_NL
DAY_MS = units.MS_PER_DAY
# Of 4096 a turn, beside the count of noise that is always there.
ERRORS = {"encoder-eccentricity": 1}
MISSING = [("stall", None), ("skip-steps", 20), ("skip-steps", 90), ("slip", 20)]
OVER = [("runaway", 1), ("runaway", 20), ("runaway", 200)]
FIND = """
import sys
sys.path.append({folder!r})
from vm_flow import find_all
result = find_all({therapy!r}, {errors!r}, {cases!r})
"""
YEAR = """
import sys
sys.path.append({folder!r})
from vm_flow_year import play
result = play({errors!r}, {courses!r})
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def found(world: World, rate_ul_per_day: int, faults: list[tuple[str, int | None]], most_ms: int) -> list[Any]:
    """What the pump found of each fault, and when; each begins at another moment between two microsteps."""
    cases = [(*fault, most_ms, 700 * number) for number, fault in enumerate(faults)]
    therapy = started_with(world.folder, rate_ul_per_day)
    told: list[Any] = world.run(
        FIND.format(folder=str(BENCH), therapy=therapy, errors=ERRORS, cases=cases), within_s=120
    )
    return told


@pytest.mark.case("EC8")
@pytest.mark.parametrize("rate_ul_per_day", RATES_UL_PER_DAY)
def test_missing_steps_are_found_before_a_microlitre_is_missing_and_the_pump_keeps_trying(
    world: World, rate_ul_per_day: int
) -> None:
    for case, told in zip(MISSING, found(world, rate_ul_per_day, MISSING, DAY_MS), strict=True):
        assert told is not None, case
        assert 0 < told["missing_pl"] < UL_PL, (case, told)
        assert told["running"], case
        known = (alarms.STALL,) if case[0] == "stall" else (alarms.STALL, alarms.UNDER_DELIVERY)
        assert told["alarm"] in known, (case, told)


@pytest.mark.case("EC7")
@pytest.mark.parametrize("rate_ul_per_day", RATES_UL_PER_DAY)
def test_a_runaway_is_found_before_a_microlitre_is_over_and_the_motor_is_switched_off(
    world: World, rate_ul_per_day: int
) -> None:
    for case, told in zip(OVER, found(world, rate_ul_per_day, OVER, 10 * DAY_MS), strict=True):
        assert told is not None, case
        assert -UL_PL < told["missing_pl"] < 0, (case, told)
        assert told["alarm"] == alarms.OVER_DELIVERY and not told["running"], (case, told)


# Together no more than 7 counts of 4096 from one end to the other, of which the noise has 2 and rounding 1.
@pytest.mark.parametrize("errors", [{"encoder-eccentricity": 2}, {"encoder-eccentricity": 1, "temperature-drift": 1}])
def test_half_a_year_with_an_encoder_that_errs_is_no_deviation(world: World, errors: dict[str, int]) -> None:
    courses = [(48_000, 165, 1), (300_000, 14, 1), (1_200_000, 2, 1), (6_000_000, 1, 2), (24_000_000, 1, 8)]
    told = world.run(YEAR.format(folder=str(HERE), errors=errors, courses=courses), within_s=120)
    for (rate, days, at_once), (steps, least, most) in zip(courses, told, strict=True):
        steps_a_day = rate * units.PL_PER_NL // units.STEP_PL_NOMINAL
        assert steps == days * steps_a_day // at_once * at_once
        assert -TOLERANCE_STEPS < least <= most < TOLERANCE_STEPS, (rate, least, most)


def test_an_encoder_that_errs_too_much_would_not_go_unnoticed(world: World) -> None:
    script = YEAR.format(folder=str(HERE), errors={"encoder-eccentricity": 6}, courses=[(6_000_000, 1, 4)])
    ((_, least, most),) = world.run(script)
    assert most - least > TOLERANCE_STEPS
