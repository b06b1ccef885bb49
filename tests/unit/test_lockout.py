"""The patient's boluses: lock-out and allowance of any 24 h."""

import pytest
from flexday import constant
from hypothesis import given
from hypothesis import strategies as st

from infuser.core import lockout
from infuser.wire import errors, units

pytestmark = pytest.mark.case("EC1")


def prescribed(per_day: int, lockout_min: int) -> dict:
    return constant(
        patient_bolus_ng=5_000,
        patient_bolus_min=5,
        patient_lockout_min=lockout_min,
        patient_boluses_per_day=per_day,
    )


@given(
    per_day=st.integers(1, units.PATIENT_BOLUSES_PER_DAY_MAX),
    lockout_min=st.integers(5, 600),
    waits_ms=st.lists(st.integers(0, 3 * units.MS_PER_H), max_size=200),
)
def test_never_two_within_the_lock_out_nor_more_than_the_allowance_in_any_24_h(per_day, lockout_min, waits_ms):
    program = prescribed(per_day, lockout_min)
    age_ms, kept, given_ms = 1, [], []
    for wait_ms in waits_ms:
        age_ms += wait_ms
        if lockout.refusal(program, kept, age_ms) != errors.OK:
            assert lockout.wait_ms(program, kept, age_ms) > 0
            continue
        assert lockout.wait_ms(program, kept, age_ms) == 0
        if given_ms:
            assert age_ms - given_ms[-1] >= lockout_min * units.MS_PER_MIN
        given_ms.append(age_ms)
        kept = given_ms[-units.PATIENT_BOLUSES_PER_DAY_MAX :]  # as many as the pump remembers
        assert sum(1 for at_ms in given_ms if at_ms > age_ms - units.MS_PER_DAY) <= per_day
        assert lockout.left(program, kept, age_ms) == per_day - sum(
            1 for at_ms in given_ms if at_ms > age_ms - units.MS_PER_DAY
        )


@given(
    per_day=st.integers(1, units.PATIENT_BOLUSES_PER_DAY_MAX),
    lockout_min=st.integers(5, 10_080),
    before_ms=st.lists(st.integers(0, 2 * units.MS_PER_DAY), max_size=24),
)
def test_the_wait_told_is_the_first_moment_at_which_one_is_given(per_day, lockout_min, before_ms):
    program = prescribed(per_day, lockout_min)
    now_ms = 3 * units.MS_PER_DAY
    given_ms = sorted(now_ms - before for before in before_ms)
    wait_ms = lockout.wait_ms(program, given_ms, now_ms)
    assert lockout.refusal(program, given_ms, now_ms + wait_ms) == errors.OK
    if wait_ms:
        assert lockout.refusal(program, given_ms, now_ms + wait_ms - 1) in (
            errors.LOCK_OUT,
            errors.PATIENT_BOLUS_LIMIT,
        )


def test_each_refusal_has_its_reason():
    assert lockout.refusal(constant(), [], 5) == errors.NO_PATIENT_BOLUS
    program = prescribed(2, 60)
    hour = units.MS_PER_H
    assert lockout.refusal(program, [], 5) == errors.OK
    assert lockout.refusal(program, [hour], 2 * hour - 1) == errors.LOCK_OUT
    assert lockout.refusal(program, [hour, 5 * hour], 6 * hour) == errors.PATIENT_BOLUS_LIMIT
    assert lockout.refusal(program, [hour, 5 * hour], 25 * hour) == errors.OK
