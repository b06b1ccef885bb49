"""A program is held against the library's entry: hard limits refuse, soft ones warn, windows only ever narrow."""

from typing import Any

import libraries as samples
import pytest
from hypothesis import given
from hypothesis import strategies as st
from therapies import sound_programs

from infuser.core import druglibrary, libraryentry
from infuser.core.schedule import Schedule
from infuser.wire import codec, errors, units
from infuser.wire import library as wire
from infuser.wire import program as programs
from infuser.wire.messages import Refusal
from pumpctl import library

Program = dict[str, Any]
DAY_MIN = units.MIN_PER_DAY


def program(dose: int = 100_000, **settings: Any) -> Program:
    steps = [{"day_mask": programs.EVERY_DAY, "start_min": 0, "dose_ng_per_day": dose}]
    usual = {"patient": "P", "drug": "baclofen", "concentration_ug_per_ml": 500, "mode": programs.CONTINUOUS}
    return programs.new(**{**usual, "step_list": steps, "minimum_ng_per_day": min(25_000, dose), **settings})


def refused(entry: dict[str, Any], told: Program) -> Refusal:
    with pytest.raises(Refusal) as caught:
        druglibrary.check(entry, told, Schedule(told))
    return caught.value


def taken(entry: dict[str, Any], told: Program) -> bool:
    try:
        druglibrary.check(entry, told, Schedule(told))
    except Refusal:
        return False
    return True


# The library itself


@given(st.lists(samples.entries(), min_size=1, max_size=4, unique_by=lambda one: one["concentration_ug_per_ml"]))
def test_a_sound_library_is_taken_and_survives_the_wire(entries: list[dict[str, Any]]) -> None:
    told = samples.made(*entries)
    druglibrary.check_library(told)
    assert wire.decode(wire.encode(told)) == told


@given(st.lists(samples.entries(), min_size=1, max_size=3), st.data())
def test_read_entry_by_entry_a_library_says_the_same_and_a_cut_or_longer_one_nothing(
    entries: list[dict[str, Any]], data: st.DataObject
) -> None:
    told = samples.made(*entries)
    encoded = wire.encode(told)
    assert list(wire.entries(encoded)) == entries
    assert {**wire.head(encoded), "entry_list": entries} == told
    cut = data.draw(st.integers(0, len(encoded) - 1))
    for damaged in (encoded[:cut], encoded + b"\0"):
        with pytest.raises(codec.CodecError):
            list(wire.entries(damaged))


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"hard_high_ng_per_day": units.DOSE_MAX_NG_PER_DAY + 1}, "hard_high_ng_per_day"),
        ({"hard_high_ng_per_day": 500_000, "soft_high_ng_per_day": 500_001}, "soft_high_ng_per_day"),
        ({"soft_high_ng_per_day": 500_000, "soft_low_ng_per_day": 500_001}, "soft_low_ng_per_day"),
        ({"hard_high_ng_per_day": 500_000, "soft_low_ng_per_day": 500_001}, "soft_low_ng_per_day"),
        ({"bolus_hard_ng": 1_000_001}, "bolus_hard_ng"),
        ({"bolus_hard_ng": 1000, "bolus_soft_ng": 1001}, "bolus_soft_ng"),
        ({"bolus_soft_ng": 1_000_001}, "bolus_soft_ng"),
        ({"patient_bolus_hard_ng": 1_000_001}, "patient_bolus_hard_ng"),
        ({"window_24h_ng": units.DOSE_WINDOW_MAX_NG + 1}, "window_24h_ng"),
        ({"window_24h_ng": 1000, "window_4h_ng": 1001}, "window_4h_ng"),
        ({"window_4h_ng": 1000, "window_1h_ng": 1001}, "window_1h_ng"),
        ({"window_24h_ng": 1000, "window_1h_ng": 1001}, "window_1h_ng"),
        ({"bolus_lockout_min": units.MIN_PER_WEEK + 1}, "bolus_lockout_min"),
        ({"patient_lockout_min": units.MIN_PER_WEEK + 1}, "patient_lockout_min"),
        ({"increase_child_permille": 301}, "increase_child_permille"),
        ({"age_min_years": 121}, "age_min_years"),
        ({"concentration_ug_per_ml": 0}, "concentration_ug_per_ml"),
        ({"concentration_ug_per_ml": 4001}, "concentration_ug_per_ml"),
    ],
)
def test_an_entry_whose_limits_do_not_nest_is_named(changed: dict[str, int], field: str) -> None:
    with pytest.raises(Refusal) as caught:
        druglibrary.check_library(samples.made(samples.entry(concentration_ug_per_ml=50), samples.entry(**changed)))
    assert (caught.value.code, caught.value.field) == (errors.OUT_OF_RANGE, f"entry_list[1].{field}")


@pytest.mark.parametrize(
    ("told", "code", "field"),
    [
        (samples.made(format=2), errors.OUT_OF_RANGE, "format"),
        (samples.made(version=0), errors.OUT_OF_RANGE, "version"),
        (samples.made(name=""), errors.LIBRARY_INVALID, "name"),
        (samples.made(entry_list=[]), errors.OUT_OF_RANGE, "entry_list"),
        (samples.made(samples.entry(drug="")), errors.LIBRARY_INVALID, "entry_list[0].drug"),
        (samples.made(*[samples.entry()] * 2), errors.LIBRARY_INVALID, "entry_list[1].concentration_ug_per_ml"),
        (
            samples.made(*[samples.entry(concentration_ug_per_ml=n) for n in range(1, wire.ENTRIES_MAX + 2)]),
            errors.OUT_OF_RANGE,
            "entry_list",
        ),
    ],
)
def test_a_library_that_is_no_library_is_named(told: dict[str, Any], code: int, field: str) -> None:
    with pytest.raises(Refusal) as caught:
        druglibrary.check_library(told)
    assert (caught.value.code, caught.value.field) == (code, field)


# EC16


@pytest.mark.case("EC16")
def test_another_drug_or_concentration_has_no_entry_and_what_there_is_is_told() -> None:
    told = library.starting()
    assert druglibrary.entry_for(told, program())["concentration_ug_per_ml"] == 500
    with pytest.raises(Refusal) as caught:
        druglibrary.entry_for(told, program(concentration_ug_per_ml=750))
    assert (caught.value.code, caught.value.field) == (errors.NOT_IN_LIBRARY, "concentration_ug_per_ml")
    assert "50, 500, 1000, 2000 ug/mL" in caught.value.text
    with pytest.raises(Refusal) as caught:
        druglibrary.entry_for(told, program(drug="Baclofen"))
    assert (caught.value.code, caught.value.field) == (errors.NOT_IN_LIBRARY, "drug")


@pytest.mark.case("EC16")
@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"mode": programs.FLEX}, "mode"),
        ({"plan_list": [{"at_min": 30_000_000, "dose_ng_per_day": 2400}]}, "plan_list"),
        ({"patient_bolus_ng": 1000}, "patient_bolus_ng"),
        ({"periodic_bolus_ng": 1000, "periodic_interval_min": 60}, "periodic_bolus_ng"),
        ({"minimum_ng_per_day": 2300}, "dose_ng_per_day"),
    ],
)
def test_a_concentration_for_screening_takes_no_chronic_therapy(changed: Program, field: str) -> None:
    entry = library.starting()["entry_list"][0]
    usual = {"concentration_ug_per_ml": 50, "bolus_max_ng": 50_000, "bolus_lockout_min": DAY_MIN}
    screening = {**usual, "minimum_ng_per_day": 2400}
    assert taken(entry, program(2400, **screening))
    told = refused(entry, program(2400, **{**screening, **changed}))
    assert (told.code, told.field) == (errors.NOT_IN_LIBRARY, field)


# EC3


@pytest.mark.case("EC3")
@pytest.mark.parametrize(
    ("limits", "changed", "field"),
    [
        ({"hard_high_ng_per_day": 99_999}, {}, "dose_ng_per_day"),
        ({"bolus_hard_ng": 49_999}, {}, "bolus_max_ng"),
        ({"bolus_lockout_min": 241}, {}, "bolus_lockout_min"),
        ({"patient_bolus_hard_ng": 9_999}, {}, "patient_bolus_ng"),
        ({"patient_lockout_min": 61}, {}, "patient_lockout_min"),
        (
            {"bolus_hard_ng": 50_000},
            {"periodic_bolus_ng": 50_001, "periodic_bolus_min": 5, "periodic_interval_min": 10_000},
            "periodic_bolus_ng",
        ),
        (
            {"hard_high_ng_per_day": 119_999},
            {"plan_list": [{"at_min": 30_000_000, "dose_ng_per_day": 120_000}]},
            "plan_list[0].dose_ng_per_day",
        ),
    ],
)
def test_one_unit_beyond_a_hard_limit_is_refused_and_the_limit_itself_is_not(
    limits: dict[str, int], changed: Program, field: str
) -> None:
    usual = {"bolus_max_ng": 50_000, "bolus_lockout_min": 240, "patient_bolus_ng": 10_000, "patient_lockout_min": 60}
    told = program(**{**usual, **changed})
    caught = refused(samples.entry(**limits), told)
    assert (caught.code, caught.field) == (errors.OUT_OF_RANGE, field)
    (name, limit), *_ = limits.items()
    assert abs(caught.value - limit) == 1
    assert taken(samples.entry(**{name: caught.value}), told)


@pytest.mark.case("EC3")
def test_a_heavy_day_does_not_hide_in_the_mean_of_the_week() -> None:
    monday, others = 0b1, 0b1111110
    steps = [
        {"day_mask": monday, "start_min": 0, "dose_ng_per_day": 700_000},
        {"day_mask": others, "start_min": 0, "dose_ng_per_day": 100_000},
    ]
    told = program(mode=programs.FLEX, step_list=steps)
    assert druglibrary.heaviest_day_ng(told) == 700_000
    assert refused(samples.entry(hard_high_ng_per_day=500_000), told).field == "step_list of a day"


def test_the_step_of_the_evening_before_counts_for_the_day_after_midnight() -> None:
    steps = [
        {"day_mask": 0b1000000, "start_min": 1080, "dose_ng_per_day": 240_000},  # Sunday 18:00
        {"day_mask": 0b0000001, "start_min": 720, "dose_ng_per_day": 48_000},  # Monday noon
    ]
    told = program(mode=programs.FLEX, step_list=steps)
    assert druglibrary.heaviest_day_ng(told) == (240_000 + 48_000) // 2


@pytest.mark.case("EC13")
@pytest.mark.parametrize(
    ("field", "span_min"), [("window_1h_ng", 60), ("window_4h_ng", 240), ("window_24h_ng", DAY_MIN)]
)
def test_a_program_that_fills_a_window_by_itself_is_refused_with_what_it_needs(field: str, span_min: int) -> None:
    told = program(144_000)  # 100 ng a minute
    needed = refused(samples.entry(**{field: 100 * span_min}), told).value
    assert 100 * span_min < needed < 100 * (span_min + 1) + 2_000
    assert taken(samples.entry(**{field: needed}), told)
    assert refused(samples.entry(**{field: needed - 1}), told).field == field


@pytest.mark.case("EC13")
def test_the_doses_to_which_a_plan_rises_are_held_against_the_windows_too() -> None:
    plan = [{"at_min": 30_000_000, "dose_ng_per_day": 130_000}]
    entry = samples.entry(window_24h_ng=125_000)
    assert taken(entry, program())
    assert refused(entry, program(plan_list=plan)).field == "window_24h_ng"


@pytest.mark.case("EC3")
@given(samples.entries(), sound_programs)
def test_what_an_entry_takes_lies_within_all_of_its_limits(entry: dict[str, Any], told: Program) -> None:
    schedule = Schedule(told)
    if not taken(entry, told):
        return
    doses = [druglibrary.heaviest_day_ng(told), schedule.dose_ng_per_day()]
    doses += [step["dose_ng_per_day"] for step in told["plan_list"]]
    assert max(doses) <= (entry["hard_high_ng_per_day"] or units.DOSE_MAX_NG_PER_DAY * 7)
    boluses = max(told["bolus_max_ng"], told["periodic_bolus_ng"])
    assert boluses <= (entry["bolus_hard_ng"] or boluses)
    assert told["patient_bolus_ng"] <= (entry["patient_bolus_hard_ng"] or told["patient_bolus_ng"])
    for field, span_min in zip(druglibrary.WINDOW_FIELDS, (60, 240, DAY_MIN), strict=True):
        given_ng = units.dose_ng(schedule.most_nl(span_min), schedule.concentration)
        assert given_ng <= (entry[field] or given_ng)


@given(sound_programs)
def test_an_entry_without_limits_takes_every_sound_program_and_warns_of_nothing(told: Program) -> None:
    entry = samples.entry(concentration_ug_per_ml=told["concentration_ug_per_ml"])
    druglibrary.check(entry, told, Schedule(told))
    assert druglibrary.warnings(entry, Schedule(told)) == []


# EC2


@pytest.mark.case("EC2")
@pytest.mark.parametrize(
    ("limits", "changed", "fields"),
    [
        ({"soft_low_ng_per_day": 100_000, "soft_high_ng_per_day": 100_000}, {}, []),
        ({"soft_high_ng_per_day": 99_999}, {}, ["dose_ng_per_day"]),
        ({"soft_low_ng_per_day": 100_001, "soft_high_ng_per_day": 200_000}, {}, ["dose_ng_per_day"]),
        ({"soft_low_ng_per_day": 100_001}, {}, ["dose_ng_per_day"]),
        (
            {"soft_high_ng_per_day": 119_999},
            {"plan_list": [{"at_min": 30_000_000, "dose_ng_per_day": 120_000}]},
            ["plan_list"],
        ),
        ({"soft_low_ng_per_day": 50_000}, {"plan_list": [{"at_min": 30_000_000, "dose_ng_per_day": 0}]}, []),
        ({"bolus_soft_ng": 9_999}, {"patient_bolus_ng": 10_000}, ["patient_bolus_ng"]),
        ({"bolus_soft_ng": 10_000}, {"patient_bolus_ng": 10_000, "bolus_max_ng": 50_000}, []),
    ],
)
def test_each_soft_limit_overstepped_is_one_warning(
    limits: dict[str, int], changed: Program, fields: list[str]
) -> None:
    told = druglibrary.warnings(samples.entry(**limits), Schedule(program(**changed)))
    assert [warning["field"] for warning in told] == fields
    assert all(" ng" in warning["text"] for warning in told)


@pytest.mark.case("EC2", "EC3")
@given(samples.entries(), st.integers(1, 2_000_000))
def test_a_bolus_is_refused_above_the_hard_limit_and_warned_of_above_the_soft_one(
    entry: dict[str, Any], dose: int
) -> None:
    hard, soft = entry["bolus_hard_ng"], entry["bolus_soft_ng"]
    if hard and dose > hard:
        with pytest.raises(Refusal):
            druglibrary.check_bolus(entry, dose)
    else:
        druglibrary.check_bolus(entry, dose)
        assert bool(druglibrary.bolus_warnings(entry, dose)) == bool(soft and dose > soft)


@pytest.mark.case("EC2", "EC3")
@given(samples.entries(), st.integers(1, 3_000_000))
def test_a_daily_dose_is_refused_above_the_hard_limit_and_warned_of_outside_the_soft_ones(
    entry: dict[str, Any], dose: int
) -> None:
    hard = entry["hard_high_ng_per_day"]
    if hard and dose > hard:
        with pytest.raises(Refusal):
            druglibrary.check_rate(entry, dose)
    else:
        druglibrary.check_rate(entry, dose)
        low, high = entry["soft_low_ng_per_day"], entry["soft_high_ng_per_day"] or dose
        assert bool(druglibrary.rate_warnings(entry, dose)) == (not low <= dose <= high)


# EC13


@pytest.mark.case("EC13")
@given(samples.entries(), st.lists(st.integers(0, 10**8), min_size=3, max_size=3), st.sampled_from([50, 500, 2000]))
def test_a_window_is_only_ever_narrowed_and_never_lifted(
    entry: dict[str, Any], own_nl: list[int], concentration: int
) -> None:
    narrow = libraryentry.tightened(own_nl, entry, concentration)
    for own, limit_ng, now in zip(own_nl, druglibrary.limits_ng(entry), narrow, strict=True):
        assert bool(now) == bool(own or limit_ng)
        assert now <= (own or now)
        # What is less than a nanolitre holds is one: 0 would lift the limit.
        least_ng = units.dose_ng(1, concentration)
        assert not limit_ng or units.dose_ng(now, concentration) <= max(limit_ng, least_ng)


@pytest.mark.case("EC13")
def test_a_window_of_the_library_binds_a_program_that_sets_none() -> None:
    entry = samples.entry(window_1h_ng=50_000, window_24h_ng=240_000)
    assert libraryentry.tightened([0, 0, 0], entry, 500) == [100_000, 0, 480_000]
    assert libraryentry.tightened([0, 7, 100], entry, 500) == [100_000, 7, 100]


def test_a_program_of_the_bench_fits_the_starting_library() -> None:
    told = program(bolus_max_ng=50_000, bolus_lockout_min=240)
    assert taken(druglibrary.entry_for(library.starting(), told), told)
