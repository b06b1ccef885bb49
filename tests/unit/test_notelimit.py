"""However many events there are, few get a record of their own, and none is lost to the count."""

from hypothesis import given
from hypothesis import strategies as st

from infuser.core.notelimit import NoteLimit

BURST, EVERY_MS, TELL_MS = 5, 1000, 6000
GAPS = st.lists(st.one_of(st.integers(0, 20), st.integers(0, 3000)), max_size=200)


@given(GAPS)
def test_each_event_is_admitted_or_told_in_a_count(gaps):
    limit, age_ms, admitted, told = NoteLimit(BURST, EVERY_MS, TELL_MS), 0, 0, 0
    for gap_ms in gaps:
        age_ms += gap_ms
        admitted += limit.admits(age_ms)
        told += limit.told(age_ms)
    told += limit.told(age_ms + TELL_MS)
    assert admitted + told == len(gaps)


@given(GAPS, st.integers(0, 100), st.integers(0, 20_000))
def test_in_any_stretch_of_time_no_more_are_admitted_than_the_burst_and_what_it_earned(gaps, skip, span_ms):
    limit, age_ms, admitted = NoteLimit(BURST, EVERY_MS, TELL_MS), 0, []
    for gap_ms in gaps:
        age_ms += gap_ms
        if limit.admits(age_ms):
            admitted.append(age_ms)
    later = admitted[skip:]
    within = [at for at in later if at <= later[0] + span_ms]
    assert len(within) <= BURST + 1 + span_ms // EVERY_MS


@given(GAPS)
def test_counts_are_told_no_oftener_than_asked_for(gaps):
    limit, age_ms, tellings = NoteLimit(0, 0, TELL_MS), 0, []
    for gap_ms in gaps:
        age_ms += gap_ms
        limit.count(3, age_ms)
        if limit.told(age_ms):
            tellings.append(age_ms)
    assert all(later - earlier >= TELL_MS for earlier, later in zip(tellings, tellings[1:], strict=False))


def test_a_single_event_after_a_long_time_gets_its_record_at_once():
    limit = NoteLimit(BURST, EVERY_MS, TELL_MS)
    assert [limit.admits(0) for _ in range(BURST + 1)] == [True] * BURST + [False]
    assert limit.admits(EVERY_MS) and not limit.admits(EVERY_MS)
    assert [limit.admits(10**12) for _ in range(BURST + 1)] == [True] * BURST + [False], (
        "no more than a burst is saved up"
    )


def test_nothing_is_told_while_nothing_was_counted():
    limit = NoteLimit(BURST, EVERY_MS, TELL_MS)
    limit.count(0, 5)
    assert limit.told(10**9) == 0
