"""The watchdog is fed only while the tick makes progress."""

from infuser.core.liveness import Liveness

PERIOD_MS = 2000


def test_a_tick_that_counts_on_is_alive_however_long_the_loop_runs():
    liveness = Liveness()
    assert all(liveness.alive(now * 1000, True, now // 2, PERIOD_MS) for now in range(100))


def test_a_tick_that_stopped_is_dead_after_three_periods_and_not_before():
    liveness = Liveness()
    liveness.alive(0, True, 5, PERIOD_MS)
    assert liveness.alive(3 * PERIOD_MS - 1, True, 5, PERIOD_MS)
    assert not liveness.alive(3 * PERIOD_MS, True, 5, PERIOD_MS)


def test_a_motor_that_stands_needs_no_tick_and_gets_its_time_when_it_starts():
    liveness = Liveness()
    assert liveness.alive(1_000_000, False, 5, PERIOD_MS)
    assert liveness.alive(9_000_000, True, 5, PERIOD_MS)
    assert not liveness.alive(9_000_000 + 3 * PERIOD_MS, True, 5, PERIOD_MS)
