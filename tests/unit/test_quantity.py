"""Quantities with units: exact in, exact out, and refused with the units allowed."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infuser.wire import units
from pumpctl import quantity
from pumpctl.errors import UsageProblem


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (quantity.parse_dose_ng, "50ug", 50_000),
        (quantity.parse_dose_ng, "50 ug", 50_000),
        (quantity.parse_dose_ng, "50mcg", 50_000),
        (quantity.parse_dose_ng, "50µg", 50_000),
        (quantity.parse_dose_ng, "0.05mg", 50_000),
        (quantity.parse_dose_ng, "7ng", 7),
        (quantity.parse_dose_rate, "90ug/d", 90_000),
        (quantity.parse_dose_rate, "0.5mg/day", 500_000),
        (quantity.parse_dose_rate, "2.5ug/h", 60_000),
        (quantity.parse_dose_rate, "1ng/min", 1440),
        (quantity.parse_volume_nl, "2ml", 2_000_000),
        (quantity.parse_volume_nl, "2mL", 2_000_000),
        (quantity.parse_volume_nl, "0.2ul", 200),
        (quantity.parse_flow_nl_per_day, "2.5ml/h", 60_000_000),
        (quantity.parse_flow_nl_per_day, "200ul/d", 200_000),
        (quantity.parse_concentration_ug_per_ml, "500ug/ml", 500),
        (quantity.parse_concentration_ug_per_ml, "2mg/ml", 2000),
        (quantity.parse_concentration_ug_per_ml, "500ng/ul", 500),
        (quantity.parse_duration_ms, "90min", 5_400_000),
        (quantity.parse_duration_ms, "36h", 129_600_000),
        (quantity.parse_duration_ms, "1.5s", 1500),
        (quantity.parse_duration_ms, "2w", 1_209_600_000),
        (quantity.parse_length_um, "60cm", 600_000),
        (quantity.parse_length_um, "38.5mm", 38_500),
        (quantity.parse_volume_per_length, "2.2ul/cm", 220_000),
        (quantity.parse_volume_per_length, "0.22ul/mm", 220_000),
        (quantity.parse_volume_per_length, "0.22ml/m", 220_000),
        (quantity.parse_share_permille, "80%", 800),
        (quantity.parse_share_permille, "12.5 %", 125),
    ],
)
def test_a_quantity_is_read_in_the_wires_unit(parse, text: str, value: int) -> None:
    assert parse(text) == value


@pytest.mark.parametrize(
    "text", ["90", "90 ", "", "ug", "-5ug", "+5ug", "1e3ug", ".5ug", "5.ug", "0,5mg", " 5ug", "5ug "]
)
def test_what_is_not_a_number_with_a_unit_is_refused_naming_the_units(text: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        quantity.parse_dose_ng(text)
    assert "ng, ug (mcg), mg" in caught.value.remedy
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(("text", "meant"), [("5Ug", "ug"), ("5MG", "mg"), ("5ugg", "ug")])
def test_an_unknown_unit_is_answered_with_the_nearest(text: str, meant: str) -> None:
    with pytest.raises(UsageProblem, match=f"did you mean '{meant}'"):
        quantity.parse_dose_ng(text)


def test_units_of_another_kind_are_refused() -> None:
    for text in ("5ml", "5h", "5ug/d"):
        with pytest.raises(UsageProblem, match="unknown unit"):
            quantity.parse_dose_ng(text)


def test_what_is_finer_than_the_pump_knows_is_refused_not_rounded() -> None:
    with pytest.raises(UsageProblem, match="finer than 1 ng"):
        quantity.parse_dose_ng("0.0001ug")
    with pytest.raises(UsageProblem, match="finer than 1 ug/ml"):
        quantity.parse_concentration_ug_per_ml("0.5ug/ml")
    with pytest.raises(UsageProblem, match=r"finer than 0.1 %"):
        quantity.parse_share_permille("33.33%")


@given(st.sampled_from(sorted(quantity.KINDS)), st.data(), st.decimals(0, 10**6, places=4))
def test_reading_is_exact_or_refused(kind: str, data: st.DataObject, number) -> None:
    unit = data.draw(st.sampled_from(sorted(quantity.KINDS[kind].sizes)))
    text = f"{number:f}{unit}"
    exact = Fraction(f"{number:f}") * quantity.KINDS[kind].sizes[unit]
    try:
        assert quantity.KINDS[kind].parse(text) == exact
    except UsageProblem:
        assert exact.denominator != 1


@given(st.integers(0, 10**12))
def test_what_is_written_is_read_back_as_the_same_dose(dose_ng: int) -> None:
    assert quantity.parse_dose_ng(quantity.format_dose(dose_ng)) == dose_ng
    assert quantity.parse_dose_rate(quantity.format_dose_rate(dose_ng)) == dose_ng


@given(st.integers(0, 10**11))
def test_a_volume_written_for_people_is_within_half_its_last_digit(volume_nl: int) -> None:
    read = quantity.parse_volume_nl(quantity.format_volume(volume_nl))
    assert abs(read - volume_nl) <= (0 if volume_nl < units.NL_PER_ML else units.NL_PER_UL // 2)


@pytest.mark.parametrize(
    ("duration_ms", "text"),
    [
        (0, "0 s"),
        (1500, "1 s 500 ms"),
        (90 * units.MS_PER_MIN, "1 h 30 min"),
        (36 * units.MS_PER_H, "1 d 12 h"),
        (units.MS_PER_DAY + 1, "1 d 1 ms"),
        (-90_000, "-1 min 30 s"),
    ],
)
def test_a_duration_is_told_in_its_two_largest_units(duration_ms: int, text: str) -> None:
    assert quantity.format_duration(duration_ms) == text


def test_formats_carry_their_unit() -> None:
    assert quantity.format_dose(90_500) == "90.5 ug"
    assert quantity.format_volume(200_000) == "200 uL"
    assert quantity.format_volume(12_345_678) == "12.346 mL"
    assert quantity.format_volume(-1_500_000) == "-1.5 mL"
    assert quantity.format_rate(560_000) == "560 uL/d"
