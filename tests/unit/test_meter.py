"""The tick accumulator against exact rational arithmetic."""

from contextlib import nullcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infuser.core.meter import SEGMENTS, Meter, split_rate
from infuser.wire import states, units

STEP_PL = units.STEP_PL_NOMINAL
THERAPY_RATES = st.integers(units.THERAPY_MIN_NL_PER_DAY, units.THERAPY_MAX_NL_PER_DAY)
TICKS = st.lists(st.integers(1, 20_000), min_size=1, max_size=30)


def make_meter() -> Meter:
    return Meter(STEP_PL, nullcontext)


@given(segments=st.lists(st.tuples(THERAPY_RATES, TICKS), min_size=1, max_size=8))
def test_steps_due_equal_the_floor_of_the_programmed_volume_whatever_ticks_and_rates_come(segments):
    meter = make_meter()
    exact_pl = Fraction(0)
    for rate, ticks in segments:
        meter.set_rate(states.BASAL, rate, 1 << 29)
        for quanta in ticks:
            meter.advance(quanta)
            exact_pl += Fraction(rate * units.PL_PER_NL * quanta, units.QUANTA_PER_DAY)
            assert meter.pending() == exact_pl // STEP_PL


@given(rate=THERAPY_RATES, ticks=TICKS)
def test_late_and_merged_ticks_give_the_same_steps_as_punctual_ones(rate, ticks):
    late, punctual = make_meter(), make_meter()
    late.set_rate(states.BASAL, rate, 1 << 29)
    punctual.set_rate(states.BASAL, rate, 1 << 29)
    late.advance(sum(ticks))
    for quanta in ticks:
        punctual.advance(quanta)
    assert late.pending() == punctual.pending()


@given(
    first=THERAPY_RATES,
    second=THERAPY_RATES,
    boundary=st.integers(1, 50_000),
    ticks=TICKS,
)
def test_a_prepared_rate_takes_over_at_its_exact_quantum_even_within_a_late_tick(first, second, boundary, ticks):
    meter = make_meter()
    meter.set_rate(states.BASAL, first, boundary)
    meter.add_rate(states.BASAL, second, 1 << 29)
    passed = 0
    for quanta in ticks:
        meter.advance(quanta)
        passed += quanta
    exact = Fraction(
        (first * min(passed, boundary) + second * max(0, passed - boundary)) * units.PL_PER_NL, units.QUANTA_PER_DAY
    )
    assert meter.pending() == exact // STEP_PL


@given(volume=st.integers(1, units.BOLUS_MAX_NL), quanta=st.integers(3000, units.QUANTA_PER_DAY), ticks=TICKS)
def test_a_bolus_delivers_exactly_its_volume_and_then_nothing(volume, quanta, ticks):
    meter = make_meter()
    meter.set_volume(states.CLINICIAN_BOLUS, volume, quanta)
    for late in ticks:
        meter.advance(late)
    meter.advance(quanta)
    meter.advance(quanta)
    assert meter.pending() == volume * units.PL_PER_NL // STEP_PL
    assert meter.programmed_pl(states.CLINICIAN_BOLUS) == volume * units.PL_PER_NL


@given(rate=THERAPY_RATES, quanta=st.integers(1, 3_000_000))
def test_a_segment_ends_by_itself_when_nothing_is_prepared_to_follow(rate, quanta):
    meter = make_meter()
    meter.set_rate(states.BASAL, rate, quanta)
    meter.advance(quanta)
    due = meter.pending()
    meter.advance(10_000)
    assert meter.pending() == due


@given(rate=st.integers(0, units.PRIMING_MAX_NL_PER_DAY))
def test_every_value_of_a_tick_stays_a_small_int_of_the_rp2040(rate):
    pl, rem = split_rate(rate)
    assert pl * 256 + STEP_PL + 256 < 1 << 30
    assert rem * 256 + units.QUANTA_PER_DAY < 1 << 30


def test_a_rate_beyond_the_pump_is_refused_before_it_can_overflow():
    with pytest.raises(ValueError, match="too fast"):
        split_rate(units.PRIMING_MAX_NL_PER_DAY * 3)


def test_steps_the_drive_did_not_make_return_to_the_buckets_that_issued_them_last():
    meter = make_meter()
    meter.set_rate(states.BASAL, units.THERAPY_MAX_NL_PER_DAY, 1 << 29)
    meter.set_volume(states.CLINICIAN_BOLUS, 1_000_000, 3000)
    meter.advance(20)
    meter.issue(meter.pending())
    before = [channel.issued for channel in meter.channels]
    meter.advance(20)
    meter.issue(meter.pending())
    made = meter.issued()
    meter.take_back(made - sum(before))
    assert [channel.issued for channel in meter.channels] == before


def test_a_stop_forgets_what_was_due_so_that_nothing_accumulates():
    meter = make_meter()
    meter.set_rate(states.BASAL, units.THERAPY_MAX_NL_PER_DAY, 1 << 29)
    meter.advance(1000)
    forgotten = meter.cancel(states.BASAL)
    assert forgotten > 0
    assert meter.pending() == 0
    meter.advance(1000)
    assert meter.pending() == 0


@given(
    volume=st.integers(1, units.BOLUS_MAX_NL),
    quanta=st.integers(3000, 100_000),
    cuts=st.lists(st.tuples(st.integers(0, 50_000), st.integers(0, 50_000)), max_size=6),
)
def test_a_volume_held_any_number_of_times_is_delivered_whole_and_nothing_while_it_waits(volume, quanta, cuts):
    meter = make_meter()
    meter.set_volume(states.CLINICIAN_BOLUS, volume, quanta)
    passed = 0
    for running, waiting in cuts:
        meter.advance(running)
        passed = min(quanta, passed + running)
        meter.hold(states.CLINICIAN_BOLUS)
        due = meter.pending()
        meter.advance(waiting)
        assert meter.pending() == due
        assert due == Fraction(volume * units.PL_PER_NL * passed, quanta) // STEP_PL
        meter.release(states.CLINICIAN_BOLUS)
    meter.advance(quanta - passed)
    assert meter.pending() == volume * units.PL_PER_NL // STEP_PL
    meter.advance(quanta)
    assert meter.programmed_pl(states.CLINICIAN_BOLUS) == volume * units.PL_PER_NL


@given(volumes=st.lists(st.integers(1, units.BOLUS_MAX_NL), min_size=4, max_size=4), rate=THERAPY_RATES, ticks=TICKS)
def test_every_bucket_keeps_its_own_account_however_the_steps_go_out(volumes, rate, ticks):
    meter = make_meter()
    meter.set_rate(states.BASAL, rate, 1 << 29)
    for bucket, volume in enumerate(volumes, states.PATIENT_BOLUS):
        meter.set_volume(bucket, volume, 30_000)
    passed = 0
    for quanta in [*ticks, 30_000]:
        meter.advance(quanta)
        passed += quanta
        while meter.pending() > 7:
            meter.issue(7)
    meter.issue(meter.pending())
    issued = [channel.issued for channel in meter.channels]
    assert issued[1:] == [volume * units.PL_PER_NL // STEP_PL for volume in volumes]
    assert issued[0] == Fraction(rate * units.PL_PER_NL * passed, units.QUANTA_PER_DAY) // STEP_PL


@given(st.lists(st.integers(1, 200_000), min_size=1, max_size=10))
def test_the_fraction_of_a_step_that_a_bolus_leaves_over_goes_into_the_next(volumes):
    meter = make_meter()
    for volume in volumes:
        meter.set_volume(states.PERIODIC_BOLUS, volume, 6000)
        meter.advance(6000)
        meter.issue(meter.pending())
    assert meter.issued() == sum(volumes) * units.PL_PER_NL // STEP_PL


@given(
    rates=st.lists(st.tuples(THERAPY_RATES, st.integers(1, 30)), min_size=2, max_size=1 + SEGMENTS),
    late=st.integers(1, 400),
)
def test_several_rates_that_end_within_one_late_tick_are_each_given_their_time(rates, late):
    meter = make_meter()
    meter.set_rate(states.BASAL, *rates[0])
    for rate, quanta in rates[1:]:
        meter.add_rate(states.BASAL, rate, quanta)
    meter.advance(late)
    exact_pl, left = Fraction(0), late
    for rate, quanta in rates:
        exact_pl += Fraction(rate * units.PL_PER_NL * min(left, quanta), units.QUANTA_PER_DAY)
        left -= min(left, quanta)
    assert meter.pending() == exact_pl // STEP_PL


def test_no_more_rates_wait_than_there_is_room_for():
    meter = make_meter()
    for _ in range(SEGMENTS):
        meter.add_rate(states.BASAL, 100_000, 10)
    with pytest.raises(ValueError, match="wait already"):
        meter.add_rate(states.BASAL, 100_000, 10)
