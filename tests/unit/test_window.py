"""The sliding windows against a list of every step and its time."""

import binascii
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infuser.core.window import MINUTES, SPANS_MIN, Window, unit_of
from infuser.wire import units

pytestmark = pytest.mark.case("EC13")

# (ms that pass, steps made then, whether the pump looks at its clock afterwards).
COURSES = st.lists(
    st.tuples(
        st.one_of(st.integers(0, 90_000), st.integers(0, 5 * units.MS_PER_H)), st.integers(0, 400), st.booleans()
    ),
    min_size=1,
    max_size=60,
)
START_MS = 1_234_567_890


class History:
    """Every step with its time, and a window that is told of them as the pump tells it."""

    def __init__(self, age_ms: int = START_MS) -> None:
        self.window = Window()
        self.age_ms = age_ms
        self.steps = 0
        self.made: list[tuple[int, int]] = []
        self.window.begin(age_ms // units.MS_PER_MIN, 0)

    def go_on(self, wait_ms: int, steps: int) -> None:
        """Time passes in turns of the loop as long as they are, then steps are made."""
        self.age_ms += wait_ms
        self.look()
        self.steps += steps
        self.made.append((self.age_ms, steps))

    def look(self) -> None:
        minute = self.age_ms // units.MS_PER_MIN
        if minute > self.window.minute:
            self.window.advance(minute, self.steps)

    def in_last(self, duration_ms: int) -> int:
        """The truth: steps made in the last `duration_ms`, both ends included."""
        return sum(steps for at_ms, steps in self.made if at_ms >= self.age_ms - duration_ms)

    def check(self, over_min: int = 1) -> None:
        for index, span_min in enumerate(SPANS_MIN):
            used = self.window.used(index, self.steps)
            assert used >= self.in_last(span_min * units.MS_PER_MIN), "a window counted too little"
            assert used <= self.in_last((span_min + over_min) * units.MS_PER_MIN), "a window counted too much"


@given(COURSES)
def test_a_window_never_counts_too_little_and_at_most_a_minute_too_much(course):
    history = History()
    for wait_ms, steps, look in course:
        history.go_on(wait_ms, steps)
        if look:
            history.look()
        history.check()


def restarted(history: History, base_min: int, stored: bytes) -> None:
    """The pump starts again at the present: a new window takes up what the one before left on flash."""
    left = history.window.since(base_min, history.steps)
    window = Window()
    assert window.load(stored, base_min, left)
    minute = history.age_ms // units.MS_PER_MIN
    window.begin(minute, history.steps - window.go_on(minute))
    history.window = window


@given(before=COURSES, passed=st.integers(0, 60), within_ms=st.integers(0, 59_999), after=COURSES)
def test_what_is_stored_and_loaded_at_any_minute_is_the_same_window(before, passed, within_ms, after):
    history = History()
    for wait_ms, steps, _ in before:
        history.go_on(wait_ms, steps)
    base, stored = history.window.minute, bytes(history.window.stored(500))
    history.age_ms = base * units.MS_PER_MIN + within_ms
    for number in range(passed):
        history.go_on(units.MS_PER_MIN, number % 7)
    used = [history.window.used(index, history.steps) for index in range(3)]
    restarted(history, base, stored)
    assert [history.window.used(index, history.steps) for index in range(3)] == used
    for wait_ms, steps, _ in after:
        history.go_on(wait_ms, steps)
        history.check()


@given(off_ms=st.integers(0, 3 * MINUTES * units.MS_PER_MIN), rate=st.integers(1, 50), after=COURSES)
def test_the_time_without_power_counts_as_time_without_a_dose(off_ms, rate, after):
    history = History()
    for _ in range(30):
        history.go_on(50 * units.MS_PER_MIN, rate)
    base, stored = history.window.minute, bytes(history.window.stored(500))
    history.go_on(units.MS_PER_MIN // 2, rate)
    left = history.window.since(base, history.steps)
    window = Window()
    assert window.load(stored, base, left)
    history.age_ms += off_ms
    minute = history.age_ms // units.MS_PER_MIN
    window.begin(minute, history.steps - window.go_on(minute))
    history.window = window
    history.check()
    for wait_ms, steps, _ in after:
        history.go_on(wait_ms, steps)
        history.check()


def test_a_file_tells_in_which_concentration_it_counts_the_drug():
    window = Window()
    window.begin(700, 0)
    stored = bytes(window.stored(500))
    assert unit_of(stored, 700) == 500
    assert unit_of(stored, 701) == unit_of(stored[:-1], 700) == unit_of(None, 700) == -1


def test_a_file_from_before_it_told_the_concentration_is_still_taken_up():
    window = Window()
    window.begin(700, 0)
    window.advance(710, 99)
    minutes = bytes(window.stored(500))[: -2 * 4]
    older = minutes + struct.pack("<I", binascii.crc32(minutes))
    again = Window()
    assert unit_of(older, 710) == 0 and again.load(older, 710, b"")
    again.begin(710, 99)
    assert again.used(0, 99) == window.used(0, 99) == 99


@given(damage=st.integers(0, 2 * MINUTES + 11), bit=st.integers(0, 7))
def test_a_damaged_file_is_not_taken_up_and_nothing_is_changed(damage, bit):
    window = Window()
    window.begin(700, 0)
    window.advance(710, 99)
    stored = bytearray(window.stored(500))
    minute = window.minute
    stored[damage] ^= 1 << bit
    untouched = bytes(window.stored(500))
    assert not window.load(bytes(stored), minute, b"")
    assert not window.load(None, minute, b"")
    assert not window.load(b"", minute, b"")
    assert not window.load(untouched[:-1], minute, b"")
    assert not window.load(untouched, minute - 60, b""), "a file of another hour does not belong to the checkpoint"
    assert not window.load(untouched, minute, bytes(124)), "more minutes than an hour has"
    assert bytes(window.stored(500)) == untouched
    assert window.load(untouched, minute, b"")


@given(st.lists(st.integers(0, 200_000), min_size=1, max_size=30), st.integers(MINUTES, 10**6))
def test_without_a_file_the_hours_count_as_late_as_they_can_have_been(hours, minute):
    window = Window()
    window.assume(hours, minute)
    window.begin(minute, 0)
    assert window.used(0, 0) >= min(hours[-1], 60 * 65_535)
    assert window.used(1, 0) >= sum(hours[-4:])
    assert window.used(2, 0) == sum(hours[-25:])
    # Each hour's steps stand in its last minute: they stay in the 1 h window for an hour.
    window.advance(minute + 59, 0)
    assert window.used(0, 0) >= min(hours[-1], 65_535)


@pytest.mark.parametrize("within_min", [0, 1, 2, 30, 59])
def test_without_a_file_a_closed_hour_counts_as_made_when_it_ended(within_min):
    minute = 100 * 60 + within_min
    window = Window()
    window.assume([1000, 100, 10], minute)
    window.begin(minute, 0)
    # The hour before may have been made a moment before it ended, and that is `within_min` ago.
    assert window.used(0, 0) == 110
    assert window.used(1, 0) == 1110
    window.advance(minute + 59 - within_min, 0)
    assert window.used(0, 0) == 110
    window.advance(minute + 62 - within_min, 0)
    assert window.used(0, 0) <= 10


def test_a_count_that_another_concentration_makes_too_large_for_a_minute_is_not_lost():
    window = Window()
    window.begin(100, 0)
    window.advance(101, 60_000)
    window.scale(2, 1, 60_000)
    assert [window.used(index, 60_000) for index in range(3)] == [30_000] * 3
    window.scale(1, 4, 60_000)
    assert [window.used(index, 60_000) for index in range(3)] == [120_000] * 3


def test_a_count_too_large_for_a_minute_runs_on_into_the_next():
    window = Window()
    window.begin(100, 0)
    window.advance(103, 100_000)
    assert [window.used(index, 100_000) for index in range(3)] == [100_000] * 3


@given(before=COURSES, after=COURSES, old=st.integers(50, 4000), new=st.integers(50, 4000))
def test_counted_in_another_concentration_a_window_holds_as_much_drug_and_never_less(before, after, old, new):
    history = History()
    for wait_ms, steps, _ in before:
        history.go_on(wait_ms, steps)
    used = [history.window.used(index, history.steps) for index in range(3)]
    history.window.scale(new, old, history.steps)
    assert [history.window.used(index, history.steps) for index in range(3)] == [
        -(-count * old // new) for count in used
    ]
    made, history.made = history.made, []
    for wait_ms, steps, _ in after:
        history.go_on(wait_ms, steps)
        for index, span_min in enumerate(SPANS_MIN):
            since_ms = history.age_ms - span_min * units.MS_PER_MIN
            drug = sum(count for at_ms, count in made if at_ms >= since_ms) * old
            drug += sum(count for at_ms, count in history.made if at_ms >= since_ms) * new
            assert history.window.used(index, history.steps) * new >= drug
