"""Titration and taper: never a leap, never back, whatever the clock says."""

from flexday import constant
from hypothesis import assume, given
from hypothesis import strategies as st

from infuser.core import plan, prescription
from infuser.wire import units

BASE = 100_000
MINUTE = units.MS_PER_MIN


@st.composite
def rising_plans(draw: st.DrawFn) -> dict:
    permille = draw(st.integers(1, 300))
    at_min, dose, entries = draw(st.integers(1, 3000)), BASE, []
    for _ in range(draw(st.integers(1, 6))):
        dose = draw(st.integers(dose, min(dose * (1000 + permille) // 1000, 300_000)))
        entries.append({"at_min": at_min, "dose_ng_per_day": dose})
        at_min += draw(st.integers(1440, 5000))
    return constant(BASE, plan_list=entries, plan_increase_permille=permille, dose_max_ng_per_day=0)


@st.composite
def falling_plans(draw: st.DrawFn) -> dict:
    at_min, dose, entries = draw(st.integers(1, 3000)), BASE, []
    for _ in range(draw(st.integers(1, 6))):
        dose = draw(st.integers(30_000, dose))
        entries.append({"at_min": at_min, "dose_ng_per_day": dose})
        at_min += draw(st.integers(1, 5000))
    if draw(st.booleans()):
        entries.append({"at_min": at_min, "dose_ng_per_day": 0})
    return constant(BASE, plan_list=entries, dose_max_ng_per_day=0)


# Minutes until the pump looks again, and by how much somebody set its clock meanwhile.
COURSE = st.lists(
    st.tuples(st.integers(1, 3000), st.one_of(st.just(0), st.integers(-100_000, 100_000))), min_size=1, max_size=60
)


def followed(program: dict, course: list[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """(age in ms, position, dose) after each step that the plan took, as the planner takes them."""
    age_ms = local_min = since_ms = position = shift = 0
    dose = BASE
    taken = [(0, 0, BASE)]
    for minutes, clock in course:
        age_ms += minutes * MINUTE
        local_min = max(0, local_min + minutes + clock)
        found = plan.step(program, position, dose, shift, age_ms - since_ms, local_min)
        if found:
            position, dose = found
            since_ms = age_ms
            taken.append((age_ms, position, dose))
    return taken


@given(rising_plans(), COURSE)
def test_a_dose_rises_at_most_once_in_24_h_and_by_at_most_the_increment_however_the_clock_leaps(program, course):
    prescription.check(program)
    taken = followed(program, course)
    most = 1000 + program["plan_increase_permille"]
    last_rise_ms = 0
    for (_, position, dose), (age_ms, later_position, later_dose) in zip(taken, taken[1:], strict=False):
        assert position <= later_position <= position + 1
        assert dose <= later_dose <= dose * most // 1000
        if later_dose > dose:
            assert age_ms - last_rise_ms >= units.MS_PER_DAY
            last_rise_ms = age_ms


@given(falling_plans(), COURSE)
def test_a_taper_falls_one_entry_at_a_time_and_never_rises_again(program, course):
    prescription.check(program)
    doses = [entry["dose_ng_per_day"] for entry in program["plan_list"]]
    for number, (_, position, dose) in enumerate(followed(program, course)):
        assert position == number
        assert dose == ([BASE, *doses][number])


@given(st.one_of(rising_plans(), falling_plans()))
def test_by_a_clock_left_alone_every_dose_comes_at_its_time_or_24_h_after_the_one_before(program):
    last_min = program["plan_list"][-1]["at_min"]
    taken = followed(program, [(10, 0)] * (last_min // 10 + 200 * len(program["plan_list"])))
    assert taken[-1][1] == len(program["plan_list"])
    assert taken[-1][2] == program["plan_list"][-1]["dose_ng_per_day"]
    for (age_ms, position, dose), entry in zip(taken[1:], program["plan_list"], strict=False):
        if plan.rising(program["plan_list"], BASE):
            break
        assert entry["at_min"] * MINUTE <= age_ms < (entry["at_min"] + 20 + 10 * position) * MINUTE
        assert dose == entry["dose_ng_per_day"]


def test_a_rising_dose_comes_on_the_minute_that_was_planned():
    program = constant(
        BASE,
        plan_increase_permille=150,
        plan_list=[{"at_min": 3000, "dose_ng_per_day": 115_000}, {"at_min": 6000, "dose_ng_per_day": 130_000}],
    )
    assert followed(program, [(1, 0)] * 7000) == [
        (0, 0, BASE),
        (3000 * MINUTE, 1, 115_000),
        (6000 * MINUTE, 2, 130_000),
    ]
    assert plan.step(program, 0, BASE, 500, 10 * units.MS_PER_DAY, 3499) is None
    assert plan.step(program, 0, BASE, 500, 10 * units.MS_PER_DAY, 3500) == (1, 115_000)


@given(rising_plans(), st.integers(1, 10))
def test_after_a_dose_was_cut_back_the_plan_goes_on_by_its_increment(program, part):
    entries = program["plan_list"]
    assume(plan.rising(entries, BASE))
    cut = entries[-1]["dose_ng_per_day"] * part // 10
    position = plan.position_of(program, BASE, cut)
    assert all(entry["dose_ng_per_day"] <= cut for entry in entries[:position])
    assert all(entry["dose_ng_per_day"] > cut for entry in entries[position:])
    dose, most = cut, 1000 + program["plan_increase_permille"]
    for _ in range(2000):
        found = plan.step(program, position, dose, 0, units.MS_PER_DAY, 10**6)
        if found is None:
            break
        assert found[1] <= max(dose * most // 1000, dose)
        position, dose = found
        early = plan.step(program, position, dose, 0, units.MS_PER_DAY - 1, 10**6)
        assert early is None or early[1] <= dose


def test_a_taper_cut_back_goes_on_below_the_dose_that_it_was_cut_back_to():
    entries = [{"at_min": number, "dose_ng_per_day": dose} for number, dose in enumerate((80, 60, 40, 0), 1)]
    program = constant(BASE, plan_list=entries)
    assert [plan.position_of(program, BASE, dose) for dose in (90, 80, 70, 60, 40, 30)] == [0, 1, 1, 2, 3, 3]
