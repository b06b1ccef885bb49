"""Rate of rise, priming that gets nowhere, and what happens too often: judged by figures alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infuser.core import priming, repeats
from infuser.core.priming import Priming
from infuser.core.rising import RISE_MIN_PA, RISES, Rising
from infuser.wire import alarms, units

TOTAL_PA = 15_000
FAST = 30 * units.NL_PER_ML * 24


def looks(pressures: list[int]) -> list[bool]:
    """What a fresh judge says at each look."""
    judge = Rising(TOTAL_PA)
    return [judge.look(pa) for pa in pressures]


@pytest.mark.case("EC10")
@given(st.integers(-2000, 5000), st.integers(RISE_MIN_PA, 20_000))
def test_a_pressure_that_climbs_with_every_look_is_a_blocked_line_once_it_has_risen_enough(base, rise):
    count = max(RISES, -(-TOTAL_PA // rise))
    told = looks([base + n * rise for n in range(count + 1)])
    assert told == [False] * count + [True]


@pytest.mark.case("EC10")
@given(st.integers(0, 30_000), st.lists(st.integers(-RISE_MIN_PA + 1, RISE_MIN_PA - 1), max_size=60))
def test_noise_around_a_steady_pressure_never_is(base, noise):
    assert not any(looks([base + one // 2 for one in noise]))


@pytest.mark.case("EC10")
@given(st.lists(st.integers(0, 14_999), max_size=40))
def test_a_pressure_that_stays_low_never_is_however_it_moves(pressures):
    assert not any(looks(pressures))


@pytest.mark.case("EC10")
def test_a_rise_that_stands_still_in_between_begins_anew() -> None:
    assert not any(looks([0, 6000, 12_000, 12_000, 18_000, 24_000, 26_000]))


@pytest.mark.case("EC6")
def test_fast_priming_must_be_felt_in_the_line_and_every_priming_must_end() -> None:
    begun = Priming(1000, 60_000, FAST, True)
    assert begun.failure(1000 + priming.PRESSURE_WITHIN_MS, 0) == ""
    assert begun.failure(1001 + priming.PRESSURE_WITHIN_MS, 0) == priming.NO_PRESSURE
    felt = Priming(1000, 60_000, FAST, True)
    assert felt.failure(2000, priming.PRESSURE_MIN_PA) == ""
    assert felt.failure(60_000, 0) == ""
    assert felt.failure(60_000 * 2, 0) == priming.LATE


@pytest.mark.case("EC6")
@pytest.mark.parametrize(("rate", "pressing"), [(priming.PRESSING_NL_PER_DAY - 1, True), (FAST, False)])
def test_slow_priming_and_draining_need_not_be_felt(rate, pressing) -> None:
    assert Priming(0, 60_000, rate, pressing).failure(60_000, 0) == ""


@pytest.mark.case("EC23")
def test_three_stops_by_one_alarm_count_only_together_and_within_ten_minutes() -> None:
    minute = units.MS_PER_MIN
    trips = [{"alarm": alarms.AIR_IN_LINE, "age_ms": at * minute} for at in (5, 8, 12)]
    assert repeats.tripped(trips, 15 * minute) == alarms.AIR_IN_LINE
    assert repeats.tripped(trips, 15 * minute + 1) == 0
    assert repeats.tripped(trips[:2], 12 * minute) == 0
    trips[1] = {"alarm": alarms.OVERHEAT, "age_ms": 8 * minute}
    assert repeats.tripped(trips, 12 * minute) == 0


@pytest.mark.case("EC23")
def test_stop_commands_are_a_flood_once_so_many_came_within_ten_minutes():
    minute = units.MS_PER_MIN
    stops = [n * 2 * minute for n in range(repeats.STOPS_KEPT)]
    assert repeats.flooded(stops, stops[-1])
    assert not repeats.flooded(stops, stops[-1] + 1)
    assert not repeats.flooded(stops[1:], stops[-1])
    assert repeats.flooded([0, *stops], stops[-1])
