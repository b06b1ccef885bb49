"""Start-up and trumpet curve against figures made by hand."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infuser.wire import units
from pumpctl import accuracy
from pumpctl.accuracy import Accuracy, LeftOut, Window, analyse
from pumpctl.accuracy_samples import Sample, at_rate, even, interval_ms
from pumpctl.errors import UsageProblem

EVERY = 30 * units.MS_PER_S
MINUTE = units.MS_PER_MIN
HOUR = units.MS_PER_H
STEP_PL = units.STEP_PL_NOMINAL
# 1,000 pL in each sample interval of 30 s.
RATE = 2_880


def run(pieces: list[int], rate: int = RATE) -> list[Sample]:
    """Samples of a delivery of so many pL in each interval, against a rate."""
    totals = accumulate(pieces, initial=0)
    return at_rate([(number * EVERY, total) for number, total in enumerate(totals)], rate)


def curves(pieces: list[int], spans_ms: list[int], settle_ms: int = 0) -> Accuracy:
    return analyse([run(pieces)], EVERY, settle_ms, STEP_PL, spans_ms)


def stepped(rate: int, samples: int, step_pl: int = STEP_PL) -> list[Sample]:
    """What an ideal stepper delivers: the whole microsteps in what is due at each sample."""
    due = [number * EVERY * rate * units.PL_PER_NL // units.MS_PER_DAY for number in range(samples + 1)]
    return [Sample(number * EVERY, pl // step_pl * step_pl, pl) for number, pl in enumerate(due)]


def test_the_errors_of_a_window_are_those_of_its_best_and_worst_placement() -> None:
    told = curves([1000, 1000, 1000, 1400, 1000, 1000, 600, 1000], [MINUTE, 2 * MINUTE])
    minute, two = told.windows
    # Two intervals hold 2,000 pL at most 2,400 and at least 1,600; four hold 4,000, at most 4,400, at least 3,600.
    assert (minute.max_percent, minute.min_percent, minute.placements) == (20.0, -20.0, 7)
    assert (two.max_percent, two.min_percent, two.placements) == (10.0, -10.0, 5)


def test_the_mean_error_is_that_of_the_whole_period() -> None:
    told = curves([1000, 1100, 1000, 1100], [MINUTE])
    assert told.mean_percent == pytest.approx(5.0)
    assert (told.delivered_pl, told.due_pl, told.analysed_ms) == (4200, 4000, 4 * EVERY)


def test_what_settles_is_left_out_of_the_trumpet_and_shown_in_the_start_up_curve() -> None:
    samples = run([0] * 10 + [100_000] * 250, 100 * RATE)
    told = analyse([samples], EVERY, 10 * EVERY, STEP_PL, [MINUTE])
    assert (told.windows[0].max_percent, told.windows[0].min_percent, told.mean_percent) == (0.0, 0.0, 0.0)
    assert told.start_up[0].rate_nl_per_day < 100 * RATE == told.rate_nl_per_day
    assert told.start_up[-1].at_ms > 2 * HOUR - told.flow_ms


def test_the_bound_of_one_microstep_is_its_share_of_what_is_due() -> None:
    told = analyse([stepped(200_000, 400)], EVERY, 0, STEP_PL, [2 * MINUTE])
    # 200 uL a day is 277.777 nL in 2 min: a microstep of 98.175 nL is 35.34 % of it.
    assert told.windows[0].step_percent == pytest.approx(35.343, abs=0.001)


@pytest.mark.parametrize("rate", [48_000, 200_000, 3_333_333, 24_000_000])
def test_an_ideal_stepper_stays_within_one_microstep_of_every_window(rate: int) -> None:
    told = analyse([stepped(rate, 2_000)], EVERY, 0, STEP_PL)
    assert told.windows
    for window in told.windows:
        # What is due is known to the pL.
        slack = 100 * 2 / (rate * units.PL_PER_NL * window.span_ms / units.MS_PER_DAY)
        assert abs(window.max_percent) <= window.step_percent + slack
        assert abs(window.min_percent) <= window.step_percent + slack


@given(st.integers(48, 24_000), st.integers(140, 400))
def test_a_constant_flow_has_no_error_in_any_window(rate_ul_per_day: int, samples: int) -> None:
    rate = rate_ul_per_day * 1000
    told = analyse([at_rate(_constant(rate, samples), rate)], EVERY, 0, STEP_PL)
    assert told.mean_percent == pytest.approx(0, abs=1e-6)
    for window in told.windows:
        assert window.max_percent == pytest.approx(0, abs=1e-4)
        assert window.min_percent == pytest.approx(0, abs=1e-4)


def _constant(rate: int, samples: int) -> list[tuple[int, int]]:
    return [(at * EVERY, at * EVERY * rate * units.PL_PER_NL // units.MS_PER_DAY) for at in range(samples + 1)]


PIECES = st.lists(st.integers(0, 5_000), min_size=8, max_size=80)


@given(PIECES)
def test_the_largest_error_is_never_below_the_least(pieces: list[int]) -> None:
    for window in curves(pieces, [EVERY, MINUTE, 2 * MINUTE]).windows:
        assert window.min_percent <= window.max_percent
        assert window.min_percent >= -100


@given(PIECES, st.integers(1, 4), st.integers(2, 4))
def test_the_trumpet_narrows_from_a_window_to_its_multiples(pieces: list[int], short: int, times: int) -> None:
    told = curves(pieces, [short * EVERY, short * times * EVERY]).windows
    if len(told) == 2:
        narrow, wide = told
        assert wide.max_percent <= narrow.max_percent + 1e-9
        assert wide.min_percent >= narrow.min_percent - 1e-9


@given(PIECES, st.integers(1, 4))
def test_the_mean_error_lies_between_the_bounds_of_a_window_that_divides_the_period(
    pieces: list[int], count: int
) -> None:
    pieces = pieces[: len(pieces) - len(pieces) % count]
    told = curves(pieces, [count * EVERY])
    (window,) = told.windows
    assert window.min_percent - 1e-9 <= told.mean_percent <= window.max_percent + 1e-9


@given(PIECES, st.integers(-50, 100))
def test_a_pump_that_gives_more_throughout_moves_every_curve_by_as_much(pieces: list[int], percent: int) -> None:
    pieces = [piece * 100 for piece in pieces]
    before = analyse([run(pieces, 100 * RATE)], EVERY, 0, STEP_PL, [MINUTE])
    after = analyse(
        [run([piece * (100 + percent) // 100 for piece in pieces], 100 * RATE)], EVERY, 0, STEP_PL, [MINUTE]
    )
    for name in ("max_percent", "min_percent"):
        expected = (100 + getattr(before.windows[0], name)) * (100 + percent) / 100 - 100
        assert getattr(after.windows[0], name) == pytest.approx(expected)


def test_windows_that_do_not_fit_are_named_with_the_reason() -> None:
    told = curves([1000] * 10, [10 * units.MS_PER_S, 45 * units.MS_PER_S, 5 * MINUTE, HOUR])
    assert [window.span_ms for window in told.windows] == [5 * MINUTE]
    assert told.left_out == [
        LeftOut(10 * units.MS_PER_S, "shorter than the sample interval of 30 s"),
        LeftOut(45 * units.MS_PER_S, "not a whole number of sample intervals of 30 s"),
        LeftOut(HOUR, "longer than what can be analysed in one piece, 5 min"),
    ]


def test_a_run_that_only_settles_is_refused() -> None:
    with pytest.raises(UsageProblem, match="5 min, of which 1 h") as refused:
        curves([1000] * 10, [MINUTE], settle_ms=HOUR)
    assert refused.value.field == "--settle"


def test_no_window_is_laid_over_a_hole() -> None:
    samples = run([1000] * 20)
    gapped = [one for one in samples if not 5 * EVERY < one.at_ms < 9 * EVERY]
    stretches = even(gapped, EVERY)
    assert [len(stretch) for stretch in stretches] == [6, 12]
    told = analyse(stretches, EVERY, 0, STEP_PL, [2 * MINUTE])
    assert told.windows == [Window(2 * MINUTE, 2 + 8, 0.0, 0.0, pytest.approx(100 * STEP_PL / 4000))]


def test_a_single_reading_before_a_hole_is_no_start() -> None:
    lone = Sample(0, 0, 0)
    later = [Sample(one.at_ms + HOUR, one.delivered_pl, one.due_pl) for one in run([1000] * 9)]
    told = analyse(even([lone, *later], EVERY), EVERY, 0, STEP_PL, [MINUTE])
    assert (told.start_up, told.mean_percent, told.windows[0].placements) == ([], 0.0, 8)


def test_a_time_in_which_nothing_was_due_has_no_error() -> None:
    still = [Sample(number * EVERY, 0, 0) for number in range(1, 5)]
    begun = [Sample((5 + number) * EVERY, number * 1000, number * 1000) for number in range(5)]
    told = analyse([[*still, *begun]], EVERY, 0, STEP_PL, [EVERY])
    assert (told.windows[0].placements, told.windows[0].max_percent) == (4, 0.0)


def test_readings_at_odd_times_are_laid_on_an_even_grid() -> None:
    samples = at_rate([(7, 0), (30_009, 1000), (60_003, 2000), (90_011, 3000)], RATE)
    assert interval_ms(samples) == EVERY
    (grid,) = even(samples, EVERY)
    assert [one.at_ms for one in grid] == [7, 30_007, 60_007, 90_007]
    assert all(abs(one.delivered_pl - number * 1000) <= 1 for number, one in enumerate(grid))


@given(st.lists(st.tuples(st.integers(1, 90_000), st.integers(-100, 5_000)), min_size=1, max_size=60))
def test_a_grid_stays_within_its_readings(moves: list[tuple[int, int]]) -> None:
    readings = [(0, 0)]
    for passed_ms, volume_pl in moves:
        readings.append((readings[-1][0] + passed_ms, readings[-1][1] + volume_pl))
    volumes = [volume for _, volume in readings]
    for stretch in even(at_rate(readings, RATE), EVERY):
        assert all(min(volumes) - 1 <= one.delivered_pl <= max(volumes) for one in stretch)
        assert all(after.at_ms - before.at_ms == EVERY for before, after in zip(stretch, stretch[1:], strict=False))


def test_the_start_up_curve_averages_over_ten_microsteps_at_least() -> None:
    slow = analyse([stepped(200_000, 3_000)], EVERY, 0, STEP_PL)
    # Ten microsteps are 982 nL: 7.1 min at 200 uL a day.
    assert slow.flow_ms == 11 * MINUTE
    fast = analyse([stepped(24_000_000, 3_000)], EVERY, 0, STEP_PL)
    assert fast.flow_ms == EVERY
    assert fast.start_up[-1].at_ms == accuracy.START_UP_MS
    assert all(abs(one.rate_nl_per_day - 24_000_000) <= 24_000_000 // 80 for one in fast.start_up)
