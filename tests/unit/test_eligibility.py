"""Who may be given a therapy at all, and what a clinician must confirm first."""

from typing import Any

import pytest
from flexday import constant, flex_day
from hypothesis import given
from hypothesis import strategies as st

from infuser.core import eligibility, prescription
from infuser.core.schedule import Schedule
from infuser.wire import codec, errors, program, units
from infuser.wire import library as libraries
from infuser.wire.messages import Refusal
from pumpctl import library as drug_libraries

NOBODY = {
    "age_years": program.AGE_NOT_TOLD,
    "weight_hg": 0,
    "indication": 0,
    "screening_ng": 0,
    "screening_response": 0,
}
CHRONIC = libraries.find(drug_libraries.starting(), "baclofen", 500)
SCREENING = libraries.find(drug_libraries.starting(), "baclofen", 50)
assert CHRONIC is not None and SCREENING is not None
LONG_MS = 30 * units.MS_PER_DAY


def refused(**changes: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        eligibility.check(constant(**changes), CHRONIC)
    return caught.value


def asked(values: dict[str, Any], before_ng_per_day: int = 0, since_ms: int = LONG_MS) -> list[str]:
    """The fields to be confirmed, in order."""
    found = eligibility.warnings(Schedule(values), CHRONIC, before_ng_per_day, since_ms)
    return [warning["field"] for warning in found]


@pytest.mark.case("UC1")
def test_a_screened_adult_at_the_labelled_first_dose_is_taken_without_a_question() -> None:
    values = constant(200_000)
    prescription.check_against(prescription.check(values), CHRONIC)
    assert prescription.warnings(Schedule(values), CHRONIC) == []


@pytest.mark.case("UC1")
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"contraindications": 1}, "contraindications"),
        ({"contraindications": 4}, "contraindications"),
        ({"age_years": 3}, "age_years"),
        ({"age_years": 0}, "age_years"),
        ({"screening_response": program.NEGATIVE}, "screening_response"),
    ],
)
def test_who_must_not_be_given_the_therapy_is_refused_by_name(changes: dict[str, int], field: str) -> None:
    refusal = refused(**changes)
    assert (refusal.code, refusal.field) == (errors.NOT_ELIGIBLE, field)
    assert refusal.text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("age_years", 121),
        ("weight_hg", 19),
        ("weight_hg", 4001),
        ("indication", 3),
        ("screening_response", 4),
        ("screening_ng", 0),
        ("screening_ng", 100_001),
        ("contraindications", 8),
        ("cautions", 8),
    ],
)
def test_data_of_a_patient_that_make_no_sense_are_out_of_range(field: str, value: int) -> None:
    refusal = refused(**{field: value})
    assert (refusal.code, refusal.field, refusal.value) == (errors.OUT_OF_RANGE, field, value)


def test_a_screening_dose_without_its_response_is_out_of_range() -> None:
    refusal = refused(**{**NOBODY, "screening_ng": 50_000})
    assert (refusal.field, refusal.low, refusal.high) == ("screening_ng", 0, 0)


@pytest.mark.case("EC2")
def test_a_program_that_tells_nothing_of_its_patient_is_asked_about_once() -> None:
    assert asked(constant(**NOBODY)) == ["screening_response"]


@pytest.mark.case("EC2")
def test_with_a_screening_response_age_and_indication_are_asked_for() -> None:
    assert asked(constant(age_years=program.AGE_NOT_TOLD, indication=0)) == ["age_years", "indication"]


@pytest.mark.case("EC2")
def test_every_caution_is_named_in_words() -> None:
    found = eligibility.warnings(Schedule(constant(cautions=7)), CHRONIC)
    assert [warning["field"] for warning in found] == ["cautions"] * 3
    assert all(word in warning["text"] for word, warning in zip(("kidneys", "stroke", "pregnancy"), found, strict=True))


@pytest.mark.case("EC2")
@pytest.mark.parametrize(
    ("response", "most"), [(program.POSITIVE, 200_000), (program.POSITIVE_OVER_8H, 100_000)], ids=["short", "long"]
)
def test_a_first_daily_dose_above_the_labels_is_asked_about(response: int, most: int) -> None:
    assert asked(constant(most, screening_response=response)) == []
    assert asked(constant(most + 500, screening_response=response)) == ["dose_ng_per_day"]
    assert asked(constant(most + 500, screening_response=response), before_ng_per_day=most) == []


@pytest.mark.case("EC2")
@pytest.mark.parametrize(
    ("changes", "permille"),
    [
        ({"indication": program.SPINAL}, 300),
        ({"indication": program.CEREBRAL}, 150),
        ({"indication": 0, "age_years": 47}, 150),
        ({"indication": program.SPINAL, "age_years": 17}, 150),
    ],
    ids=["spinal", "cerebral", "not told", "child"],
)
def test_an_increase_above_the_labels_is_asked_about(changes: dict[str, int], permille: int) -> None:
    at_most = 100_000 * (1000 + permille) // 1000
    assert "dose_ng_per_day" not in asked(constant(at_most, **changes), before_ng_per_day=100_000)
    assert "dose_ng_per_day" in asked(constant(at_most + 500, **changes), before_ng_per_day=100_000)


@pytest.mark.case("EC2")
def test_an_increase_within_a_day_of_the_last_change_is_asked_about_and_a_decrease_is_not() -> None:
    day = units.MS_PER_DAY
    assert asked(constant(110_000), 100_000, day - 1) == ["dose_ng_per_day"]
    assert asked(constant(110_000), 100_000, day) == []
    assert asked(constant(80_000), 100_000, 0) == asked(constant(100_000), 100_000, 0) == []


@pytest.mark.case("EC2")
def test_a_plan_that_rises_faster_than_the_label_is_asked_about() -> None:
    days = [9, 9 + units.MIN_PER_DAY]
    plan = [{"at_min": at, "dose_ng_per_day": dose} for at, dose in zip(days, (120_000, 150_000), strict=True)]
    values = constant(100_000, plan_list=plan, plan_increase_permille=300)
    assert asked(values) == []
    assert asked({**values, "indication": program.CEREBRAL}) == ["plan_list"]


def test_a_screening_bolus_needs_no_screening_before_it() -> None:
    values = constant(
        5_000, concentration_ug_per_ml=50, minimum_ng_per_day=5_000, dose_max_ng_per_day=0, bolus_lockout_min=1440,
        **NOBODY,
    )  # fmt: skip
    prescription.check_against(prescription.check(values), SCREENING)
    assert eligibility.warnings(Schedule(values), SCREENING) == []
    with pytest.raises(Refusal) as caught:
        eligibility.check({**values, "age_years": 3}, SCREENING)
    assert caught.value.field == "age_years"


_PATIENT_FIELDS = {name: (1 << int(kind[1:])) - 1 for name, kind in codec.fields(program.PROGRAM_FIELDS)[-7:]}


@given(st.fixed_dictionaries({name: st.one_of(st.integers(0, 8), st.integers(0, most))
                              for name, most in _PATIENT_FIELDS.items()}))  # fmt: skip
def test_whoever_is_not_refused_is_old_enough_and_has_no_contraindication(patient: dict[str, int]) -> None:
    values = {**flex_day(), **patient}
    try:
        eligibility.check(values, CHRONIC)
    except Refusal as refusal:
        assert refusal.field in _PATIENT_FIELDS
        assert refusal.code in (errors.NOT_ELIGIBLE, errors.OUT_OF_RANGE)
        return
    assert not patient["contraindications"]
    assert patient["age_years"] >= 4
    assert patient["screening_response"] != program.NEGATIVE
    # Without a positive response there is a question.
    if not patient["screening_response"]:
        assert "screening_response" in asked(values)


@given(
    st.integers(48_000, 2_003_000), st.integers(48_000, 2_003_000), st.integers(0, 2 * units.MS_PER_DAY),
    st.sampled_from([4, 17, 18, 80, program.AGE_NOT_TOLD]), st.integers(0, 2),
)  # fmt: skip
def test_no_increase_passes_unasked_that_is_too_large_or_too_soon(
    before: int, dose: int, since_ms: int, age: int, indication: int
) -> None:
    values = constant(dose, age_years=age, indication=indication, minimum_ng_per_day=24_000)
    most = 300 if age >= 18 and indication == program.SPINAL else 150
    # Whole permille count, and the pump delivers whole nL.
    given_ng = Schedule(values).dose_ng_per_day()
    wrong = given_ng * 1000 >= before * (1000 + most + 1) or (
        given_ng * 1000 >= before * 1001 and since_ms < units.MS_PER_DAY
    )
    assert ("dose_ng_per_day" in asked(values, before, since_ms)) == wrong
