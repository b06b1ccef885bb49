"""Programs that contradict themselves or a limit are refused, and the field is named."""

import pytest
from flexday import constant, flex_day, step
from hypothesis import given
from hypothesis import strategies as st

from infuser.core import druglibrary, prescription
from infuser.core.schedule import Schedule
from infuser.wire import codec, errors, program, units
from infuser.wire.messages import Refusal
from pumpctl import library

PATIENT = {
    "patient_bolus_ng": 10_000,
    "patient_bolus_min": 10,
    "patient_lockout_min": 60,
    "patient_boluses_per_day": 4,
}
PERIODIC = {"periodic_bolus_ng": 10_000, "periodic_bolus_min": 10, "periodic_interval_min": 360}
RISE = {"plan_increase_permille": 200}
DAY = units.MIN_PER_DAY
LAST_MIN = units.EPOCH_MAX_MS // units.MS_PER_MIN


def entry(at_min: int, dose_ng_per_day: int) -> dict[str, int]:
    return {"at_min": at_min, "dose_ng_per_day": dose_ng_per_day}


def refused(values: dict) -> Refusal:
    with pytest.raises(Refusal) as caught:
        prescription.check(values)
    return caught.value


@pytest.mark.case("EC3")
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"version": 1}, "version"),
        ({"patient": ""}, "patient"),
        ({"drug": ""}, "drug"),
        ({"concentration_ug_per_ml": 0}, "concentration_ug_per_ml"),
        ({"mode": 9}, "mode"),
        ({"low_reservoir_nl": 0}, "low_reservoir_nl"),
        ({"minimum_ng_per_day": 1}, "minimum_ng_per_day"),
        ({"minimum_ng_per_day": 300_000}, "minimum_ng_per_day"),
        ({"bolus_max_ng": 2_000_000}, "bolus_max_ng"),
        ({"dose_max_ng_per_day": 200_000}, "dose_ng_per_day"),
        ({"dose_max_ng_per_day": 3_000_000}, "dose_max_ng_per_day"),
        ({"step_list": []}, "step_list"),
        ({"step_list": [step(1440, 100_000)]}, "step_list[0].start_min"),
        ({"step_list": [step(0, 100_000, 0)]}, "step_list[0].day_mask"),
        ({"step_list": [step(0, 9)]}, "step_list[0].dose_ng_per_day"),
    ],
)
def test_a_program_beyond_a_hard_limit_is_refused_and_the_field_named(changes, field):
    assert refused(flex_day(**changes)).field == field


@pytest.mark.case("EC3")
@pytest.mark.parametrize(
    ("changes", "field", "low", "high"),
    [
        ({"patient_bolus_ng": 499}, "patient_bolus_ng", 500, 1_000_000),
        ({"patient_bolus_ng": 1_000_001}, "patient_bolus_ng", 500, 1_000_000),
        ({"patient_bolus_min": 0}, "patient_bolus_min", 1, 1440),
        ({"patient_bolus_min": 1441}, "patient_bolus_min", 1, 1440),
        ({"patient_lockout_min": 9}, "patient_lockout_min", 10, 10_080),
        ({"patient_lockout_min": 4, "patient_bolus_min": 1}, "patient_lockout_min", 5, 10_080),
        ({"patient_lockout_min": 10_081}, "patient_lockout_min", 10, 10_080),
        ({"patient_boluses_per_day": 0}, "patient_boluses_per_day", 1, 24),
        ({"patient_boluses_per_day": 25}, "patient_boluses_per_day", 1, 24),
        (
            {"patient_bolus_ng": 1_000_000, "patient_bolus_min": 1},
            "patient_bolus_rate_nl_per_day",
            1,
            units.PUMP_MAX_NL_PER_DAY - units.THERAPY_MAX_NL_PER_DAY,
        ),
    ],
)
def test_a_patients_bolus_out_of_range_is_refused_with_field_and_range(changes, field, low, high):
    refusal = refused(constant(**{**PATIENT, **changes}))
    assert (refusal.code, refusal.field, refusal.low, refusal.high) == (errors.OUT_OF_RANGE, field, low, high)
    assert not low <= refusal.value <= high


@pytest.mark.case("EC3")
@pytest.mark.parametrize(
    ("changes", "field", "low", "high"),
    [
        ({"periodic_bolus_ng": 499}, "periodic_bolus_ng", 500, 1_000_000),
        ({"periodic_bolus_min": 0}, "periodic_bolus_min", 1, 1440),
        ({"periodic_interval_min": 29}, "periodic_interval_min", 30, 10_080),
        ({"periodic_bolus_min": 360}, "periodic_interval_min", 361, 10_080),
        ({"periodic_interval_min": 10_081}, "periodic_interval_min", 30, 10_080),
        ({"periodic_bolus_ng": 200_000}, "dose_ng_per_day", 1, 400_000),
    ],
)
def test_a_periodic_bolus_out_of_range_is_refused_with_field_and_range(changes, field, low, high):
    refusal = refused(constant(**{**PERIODIC, **changes}))
    assert (refusal.code, refusal.field, refusal.low, refusal.high) == (errors.OUT_OF_RANGE, field, low, high)


@pytest.mark.case("EC3")
@pytest.mark.parametrize(
    ("plan", "changes", "field", "low", "high"),
    [
        ([entry(100, 120_000)], {"plan_increase_permille": 0}, "plan_increase_permille", 1, 300),
        ([entry(100, 120_000)], {"plan_increase_permille": 301}, "plan_increase_permille", 1, 300),
        ([entry(0, 120_000)], RISE, "plan_list[0].at_min", 1, LAST_MIN),
        ([entry(100, 120_001)], RISE, "plan_list[0].dose_ng_per_day", 100_000, 120_000),
        ([entry(9, 110_000), entry(8 + DAY, 120_000)], RISE, "plan_list[1].at_min", 9 + DAY, LAST_MIN),
        ([entry(9, 110_000), entry(9 + DAY, 132_001)], RISE, "plan_list[1].dose_ng_per_day", 110_000, 132_000),
        ([entry(9, 110_000), entry(9 + DAY, 109_000), entry(9 + 2 * DAY, 120_000)], RISE,
         "plan_list[1].dose_ng_per_day", 110_000, 132_000),
        ([entry(9, 80_000), entry(9, 70_000)], {}, "plan_list[1].at_min", 10, LAST_MIN),
        ([entry(9, 80_000), entry(99, 80_001), entry(199, 70_000)], {}, "plan_list[1].dose_ng_per_day", 1, 80_000),
        ([entry(9, 80_000), entry(99, 0), entry(199, 0)], {}, "plan_list[1].dose_ng_per_day", 1, 80_000),
        ([entry(9, 23_000)], {}, "plan_list[0].dose_ng_per_day", 24_001, 12_000_000),
        ([entry(9 + number, 80_000) for number in range(61)], {}, "plan_list", 1, 60),
    ],
)  # fmt: skip
def test_a_plan_out_of_range_is_refused_with_field_and_range(plan, changes, field, low, high):
    refusal = refused(constant(plan_list=plan, **changes))
    assert (refusal.code, refusal.field, refusal.low, refusal.high) == (errors.OUT_OF_RANGE, field, low, high)


def test_a_plan_goes_with_no_periodic_bolus():
    refusal = refused(constant(plan_list=[entry(9, 80_000)], **PERIODIC))
    assert (refusal.code, refusal.field) == (errors.PROGRAM_INVALID, "plan_list")


@pytest.mark.case("EC13")
@pytest.mark.parametrize("field", ["dose_max_1h_ng", "dose_max_4h_ng", "dose_max_ng_per_day"])
def test_a_program_that_would_fill_its_own_dose_window_is_refused_and_told_what_it_needs(field):
    refusal = refused(constant(240_000, **{"dose_max_ng_per_day": 0, field: 1_000}))
    if field == "dose_max_ng_per_day":
        refusal = refused(constant(240_000, dose_max_ng_per_day=240_000))
    assert (refusal.code, refusal.field) == (errors.OUT_OF_RANGE, field)
    assert refusal.high == units.DOSE_WINDOW_MAX_NG
    with pytest.raises(Refusal):
        prescription.check(constant(240_000, **{"dose_max_ng_per_day": 0, field: refusal.low - 2}))
    prescription.check(constant(240_000, **{"dose_max_ng_per_day": 0, field: refusal.low}))


@pytest.mark.case("EC13")
def test_every_dose_of_a_plan_must_fit_the_dose_windows():
    plan = [entry(9, 120_000), entry(9 + DAY, 140_000)]
    refusal = refused(constant(plan_list=plan, dose_max_ng_per_day=130_000, **RISE))
    assert refusal.field == "dose_max_ng_per_day"
    assert refusal.low > 140_000


def test_two_steps_that_begin_at_once_are_refused():
    assert refused(flex_day(step_list=flex_day()["step_list"] * 2)).code == errors.PROGRAM_INVALID


def test_a_program_with_everything_in_it_is_sound():
    values = flex_day(dose_max_1h_ng=60_000, dose_max_4h_ng=120_000, start_min=1, **PATIENT)
    assert prescription.check({**values, **PERIODIC}).periodic_nl == 20_000
    plan = [entry(9, 300_000), entry(9 + DAY, 330_000)]
    assert prescription.check({**values, **RISE, "plan_list": plan}).patient_nl == 20_000
    taper = [entry(9, 200_000), entry(10, 100_000), entry(11, 0)]
    assert prescription.check({**values, "plan_list": taper}).patient_nl == 20_000


@pytest.mark.case("EC2")
def test_a_dose_outside_the_labelled_range_is_warned_about():
    entry = druglibrary.entry_for(library.starting(), flex_day())
    schedule = prescription.check(constant(1_500_000, dose_max_ng_per_day=0))
    (warning,) = prescription.warnings(schedule, entry, 1_500_000)
    assert (warning["field"], "outside the usual" in warning["text"]) == ("dose_ng_per_day", True)
    assert prescription.warnings(Schedule(flex_day()), entry, 280_000) == []


NUMBERS = [name for name, kind in codec.fields(program.PROGRAM_FIELDS) if kind in ("u8", "u16", "u32")]


@given(st.dictionaries(st.sampled_from(NUMBERS), st.one_of(st.integers(0, 255), st.integers(0, 2_000_000)), max_size=8))
def test_any_numbers_are_either_taken_or_refused_naming_a_field(changes):
    small = {"version", "mode", "patient_boluses_per_day"}
    values = {**constant(), **{name: value & 255 if name in small else value for name, value in changes.items()}}
    try:
        prescription.check(values)
    except Refusal as refusal:
        assert refusal.field
