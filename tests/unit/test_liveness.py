"""The watchdog is fed only while tick and journal make progress."""

from hypothesis import given
from hypothesis import strategies as st

from infuser.core import liveness, seal
from infuser.core.liveness import JOURNAL_MS, LATE_MS, Liveness

HOUR_MS = 3_600_000


def test_a_tick_that_is_overdue_stands_still_and_not_before():
    alive = Liveness()
    assert alive.standing(0, -4000, 1) == 0
    assert alive.standing(4000, LATE_MS, 1) == 0
    assert alive.standing(4001, LATE_MS + 1, 1) == liveness.TICK


def test_a_tick_that_comes_again_is_alive_again():
    alive = Liveness()
    assert alive.standing(0, LATE_MS + 1, 1) == liveness.TICK
    assert alive.standing(100, 0, 1) == 0


@given(st.lists(st.integers(1, HOUR_MS), max_size=30))
def test_a_journal_in_which_something_is_written_each_hour_is_alive(waits_ms):
    alive, now_ms = Liveness(), 0
    for number, wait_ms in enumerate(waits_ms):
        now_ms += wait_ms
        assert alive.standing(now_ms, 0, number) == 0


def test_a_journal_in_which_nothing_is_written_for_more_than_an_hour_stands_still():
    alive = Liveness()
    alive.standing(1000, 0, 7)
    assert alive.standing(1000 + JOURNAL_MS, 0, 7) == 0
    assert alive.standing(1001 + JOURNAL_MS, 0, 7) == liveness.JOURNAL
    assert alive.standing(1002 + JOURNAL_MS, 0, 8) == 0


def test_every_code_has_a_name_of_its_own():
    assert not set(liveness.PARTS) & set(seal.PARTS)
    codes = [liveness.LOOP, liveness.TICK, liveness.HANDLER, liveness.JOURNAL, liveness.BUS]
    assert sorted(liveness.PARTS) == sorted(codes)
    assert len(set(liveness.PARTS.values())) == len(codes)
