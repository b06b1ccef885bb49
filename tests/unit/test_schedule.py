"""What rate a program asks for at any time of the week, and the most that it gives in any time."""

from flexday import constant, flex_day, step
from hypothesis import example, given
from hypothesis import strategies as st

from infuser.core.schedule import Schedule
from infuser.wire import units

STARTS = st.lists(st.tuples(st.integers(0, 1439), st.integers(1, 127)), min_size=1, max_size=4)
DOSES = st.integers(24_000, 1_500_000)


@st.composite
def weeks(draw: st.DrawFn) -> list[dict]:
    """Steps of a week, no two of which begin at once."""
    steps, taken = [], set()
    for start_min, day_mask in draw(STARTS):
        days = {day * units.MIN_PER_DAY + start_min for day in range(7) if day_mask >> day & 1}
        if not days & taken:
            taken |= days
            steps.append(step(start_min, draw(DOSES), day_mask))
    return steps


def by_minute(schedule: Schedule) -> list[int]:
    """The rate of every minute of the week, asked for one by one."""
    return [schedule.rate_at(minute * units.MS_PER_MIN)[0] for minute in range(units.MIN_PER_WEEK)]


def test_a_flex_step_holds_until_the_next_one_begins_across_midnight():
    schedule = Schedule(flex_day())
    assert schedule.rate_at(0) == (640_000, 6 * units.MS_PER_H)
    assert schedule.rate_at(6 * units.MS_PER_H) == (480_000, 12 * units.MS_PER_H)
    assert schedule.rate_at(7 * units.MS_PER_DAY - 1) == (640_000, 6 * units.MS_PER_H + 1)


def test_the_daily_mean_weighs_each_step_by_its_length():
    assert Schedule(flex_day()).mean_nl_per_day == 560_000
    assert Schedule(flex_day()).dose_ng_per_day() == 280_000


def test_steps_may_differ_by_the_day_of_the_week():
    schedule = Schedule(flex_day(step_list=[step(0, 100_000, 0x1F), step(0, 200_000, 0x60)]))
    assert schedule.rate_at(0) == (200_000, units.MS_PER_DAY)
    assert schedule.rate_at(4 * units.MS_PER_DAY) == (200_000, units.MS_PER_DAY)
    assert schedule.rate_at(5 * units.MS_PER_DAY + 5) == (400_000, units.MS_PER_DAY - 5)


@given(weeks())
def test_a_rate_lasts_as_long_as_it_is_said_to(steps):
    schedule = Schedule(flex_day(step_list=steps))
    rates = by_minute(schedule)
    for minute in range(0, units.MIN_PER_WEEK, 61):
        _, lasts_ms = schedule.rate_at(minute * units.MS_PER_MIN)
        last = minute + lasts_ms // units.MS_PER_MIN
        assert {rates[at % units.MIN_PER_WEEK] for at in range(minute, last)} == {rates[minute]}


@example([step(0, 100_000, 1), step(30, 900_000, 1)], 60)
@given(weeks(), st.sampled_from([1, 60, 61, 240, 241, 1440, 1441]))
def test_the_most_of_any_time_is_that_of_the_fullest_stretch_of_minutes(steps, span_min):
    schedule = Schedule(flex_day(step_list=steps))
    rates = by_minute(schedule)
    held = sum(rates[:span_min])
    most = held
    for first in range(units.MIN_PER_WEEK):
        held += rates[(first + span_min) % units.MIN_PER_WEEK] - rates[first]
        most = max(most, held)
    assert schedule.most_nl(span_min) == most // units.MIN_PER_DAY + 1


@given(every_min=st.integers(30, 3000), span_min=st.sampled_from([60, 240, 1440]), phase=st.integers(0, 3000))
def test_periodic_boluses_are_in_the_most_as_often_as_they_can_come(every_min, span_min, phase):
    changes = {"periodic_bolus_ng": 5_000, "periodic_bolus_min": 10, "periodic_interval_min": every_min}
    schedule = Schedule(constant(**changes))
    phase %= every_min
    begun = [at for at in range(phase, span_min, every_min)] + (
        [span_min] if (span_min - phase) % every_min == 0 else []
    )
    basal_nl = schedule.mean_nl_per_day * span_min // units.MIN_PER_DAY
    assert schedule.most_nl(span_min) >= basal_nl + len(begun) * schedule.periodic_nl
    daily = schedule.total_nl_per_day - schedule.mean_nl_per_day
    assert daily == schedule.periodic_nl * units.MIN_PER_DAY // every_min


@given(weeks(), DOSES)
def test_a_pattern_scaled_to_a_dose_never_gives_more_than_it_and_keeps_its_times(steps, dose):
    plain, scaled = Schedule(flex_day(step_list=steps)), Schedule(flex_day(step_list=steps), dose)
    assert [at for at, _ in plain.starts] == [at for at, _ in scaled.starts]
    # Each step is rounded down by less than a nanogram and a nanolitre, the mean that it is scaled from by one more.
    assert scaled.dose_ng_per_day() <= dose * (plain.pattern_ng_per_day + 1) // plain.pattern_ng_per_day
    assert scaled.dose_ng_per_day() >= dose - dose // plain.pattern_ng_per_day - 4


def test_limits_are_the_programs_own_and_never_above_the_pumps():
    assert Schedule(constant(dose_max_1h_ng=0, dose_max_4h_ng=0)).limits_nl(500) == [0, 0, 800_000]
    assert Schedule(constant(dose_max_1h_ng=10_000, dose_max_4h_ng=40_000)).limits_nl(500) == [20_000, 80_000, 800_000]
    none = Schedule(constant(dose_max_ng_per_day=0)).limits_nl(500)
    assert none[2] == units.volume_nl(units.DOSE_WINDOW_MAX_NG, 500)
    dilute = Schedule(constant(dose_max_ng_per_day=0, concentration_ug_per_ml=50)).limits_nl(50)
    assert dilute[2] == units.DAY_MAX_NL
