"""Wall clock and local time as an offset to the pump's own age."""

from infuser.core.clock import Clock
from infuser.wire import units


def test_local_days_follow_the_utc_offset_and_go_on_without_a_clock():
    clock = Clock()
    assert clock.now_ms(5) == 0
    assert clock.day(units.MS_PER_DAY + 1) == 1
    clock.utc_offset_min = 120
    clock.set(1_780_000_000_000, 1000)
    assert clock.valid
    assert clock.local_ms(2000) == 1_780_000_001_000 + 7_200_000
    clock.set(12345, 3000)
    assert not clock.valid


def test_monday_begins_the_week():
    clock = Clock()
    clock.set(1_767_571_200_000, 0)  # Monday 5 January 2026, 00:00 UTC
    assert clock.week_ms(0) == 0
