"""The dose guard: rate, grants, ceiling and windows hold whatever is asked of it."""

from contextlib import nullcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infuser.core.guard import Guard
from infuser.wire import units

STEP_PL = units.STEP_PL_NOMINAL
FAST = units.THERAPY_MAX_NL_PER_DAY
# Thousandths of a microstep a quantum at the largest rates of therapy and of the pump, rounded up as the guard does.
FAST_MILLI = 283
PEAK = units.PUMP_MAX_NL_PER_DAY
REQUESTS = st.lists(st.tuples(st.integers(0, 64), st.integers(1, 40)), max_size=200)


def make_guard(basal: int = FAST, peak: int = FAST, ceiling: int = 10_000) -> Guard:
    guard = Guard(STEP_PL, nullcontext)
    guard.restore(0, 0, 0)
    guard.set_rate_limits(basal, peak)
    guard.set_ceiling(ceiling)
    return guard


@given(requests=REQUESTS)
def test_never_do_more_steps_pass_than_rate_and_ceiling_admit(requests):
    guard = make_guard(ceiling=150)
    quanta_passed = 0
    for wanted, quanta in requests:
        quanta_passed += quanta
        assert 0 <= guard.allow(wanted, quanta) <= wanted
        assert guard.steps <= min(150, 2 + quanta_passed * FAST_MILLI // 1000)


@pytest.mark.case("EC7")
@given(requests=REQUESTS, granted_nl=st.integers(0, units.BOLUS_MAX_NL // 10))
def test_a_bolus_that_runs_on_for_ever_gets_no_more_than_was_granted_above_the_basal_rate(requests, granted_nl):
    guard = make_guard(basal=200_000, peak=PEAK, ceiling=10**9)
    guard.grant(granted_nl, units.BOLUS_MAX_NL)
    quanta_passed = 0
    for wanted, quanta in [*requests, *[(64, 40)] * 400]:
        quanta_passed += quanta
        guard.allow(wanted, quanta)
        # 3 thousandths of a microstep a quantum are 200 uL a day.
        basal = 2 + quanta_passed * 3 // 1000
        assert guard.steps <= basal + granted_nl * 1000 // STEP_PL + 1
    assert guard.vetoed > 0


def test_a_bolus_granted_passes_whole_beside_the_basal_rate():
    guard = make_guard(basal=FAST, peak=PEAK)
    guard.grant(100_000, units.BOLUS_MAX_NL)
    passed = sum(guard.allow(7, 10) for _ in range(500))
    assert passed >= 100_000_000 // STEP_PL + 500 * 10 * (FAST_MILLI - 1) // 1000
    assert passed <= 100_000_000 // STEP_PL + 1 + 2 + 500 * 10 * FAST_MILLI // 1000


@given(volumes=st.lists(st.integers(0, 2 * units.BOLUS_MAX_NL), min_size=1, max_size=20))
def test_grants_never_add_up_to_more_than_the_most(volumes):
    guard = make_guard(basal=0, peak=PEAK, ceiling=10**9)
    for volume_nl in volumes:
        guard.grant(volume_nl, units.BOLUS_MAX_NL)
    passed = sum(guard.allow(64, 40) for _ in range(1000))
    assert passed <= units.volume_steps(min(sum(volumes), units.BOLUS_MAX_NL), STEP_PL) + len(volumes) + 2
    guard.revoke()
    assert guard.allow(64, 40) == 0


def test_what_is_left_of_a_grant_is_void_once_revoked():
    guard = make_guard(basal=0, peak=PEAK)
    guard.grant(100_000, units.BOLUS_MAX_NL)
    assert guard.allow(10, 40) == 10
    guard.revoke()
    assert [guard.allow(10, 40) for _ in range(5)] == [0] * 5


def test_a_microstep_of_the_basal_rate_need_not_wait_for_credit_that_a_bolus_used_up():
    guard = make_guard(basal=100_000, peak=PEAK)
    guard.grant(100_000, units.BOLUS_MAX_NL)
    assert guard.allow(10, 40) == 10
    guard.revoke()
    assert [guard.allow(1, 0) for _ in range(3)] == [1, 1, 0]


def test_nothing_passes_without_a_rate_limit_or_beyond_the_ceiling():
    guard = make_guard(basal=0, peak=0)
    assert guard.allow(5, 256) == 0
    guard.set_rate_limits(FAST, FAST)
    guard.set_ceiling(3)
    assert sum(guard.allow(5, 256) for _ in range(20)) == 3
    guard.set_ceiling(2)
    assert guard.allow(5, 256) == 0
    assert guard.vetoed == 5 + 97 + 5


@pytest.mark.case("EC5")
@given(bit=st.integers(0, 29))
def test_a_flipped_bit_in_the_count_is_noticed_and_stops_everything(bit):
    guard = make_guard()
    guard.steps ^= 1 << bit
    assert guard.allow(1, 10) == 0
    assert guard.corrupt
    guard.steps ^= 1 << bit
    assert guard.corrupt, "a fault seen once stays known"


def test_the_count_of_what_was_vetoed_stays_a_small_integer():
    guard = make_guard(ceiling=0)
    guard.vetoed = (1 << 30) - 20
    for _ in range(100):
        guard.allow(64, 256)
    assert (1 << 30) - 64 <= guard.vetoed < 1 << 30 or guard.vetoed == (1 << 30) - 20


@pytest.mark.case("EC13")
def test_the_fullest_window_tells_the_room_and_priming_is_in_none():
    guard = make_guard()
    assert guard.room_steps() > 1 << 29
    guard.set_limits([100_000, 300_000, 0])
    hour, four = (units.volume_steps(limit, STEP_PL) for limit in (100_000, 300_000))
    assert [guard.limited(index) for index in range(3)] == [True, True, False]
    guard.allow(0, 256)
    assert guard.allow(50, 256) == 50
    assert guard.room_steps() == hour - 50
    guard.set_primed(20)
    assert guard.room_steps() == hour - 30
    guard.poll(61 * units.MS_PER_MIN)
    assert (guard.used_steps(0), guard.used_steps(1)) == (0, 30)
    assert guard.room_steps() == min(hour, four - 30)


@pytest.mark.case("EC13")
def test_the_24_h_window_counts_for_a_day_and_frees_it_a_minute_after():
    guard = make_guard()
    guard.set_limits([0, 0, units.steps_volume_nl(100, STEP_PL) + 1])
    guard.allow(0, 256)
    assert guard.allow(60, 256) == 60
    guard.poll(24 * units.MS_PER_H)
    assert guard.room_steps() == 40
    guard.poll(24 * units.MS_PER_H + units.MS_PER_MIN)
    assert guard.room_steps() == 100


def test_a_restart_goes_on_from_the_counts_and_lets_nothing_out_by_itself():
    guard = Guard(STEP_PL, nullcontext)
    guard.window.assume([10] * 30, 100_000)
    guard.set_limits([0, 0, units.steps_volume_nl(1000, STEP_PL) + 1])
    guard.restore(5000, 700, 100_000 * units.MS_PER_MIN)
    assert (guard.steps, guard.primed, guard.room_steps()) == (5000, 700, 1000 - 25 * 10)
    assert guard.allow(5, 256) == 0
    assert not guard.corrupt
    guard.restore(5000, 700, 100_000 * units.MS_PER_MIN, 30)
    assert guard.room_steps() == 1000 - 25 * 10 - 30
