"""Fields turn into bytes and back without loss, and anything else is refused with the field's name."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from wiredata import values_of

from infuser.wire import codec

FIELDS = (
    ("small", "u8"),
    ("short", "u16"),
    ("word", "u32"),
    ("long", "u64"),
    ("signed", "i32"),
    ("far", "i64"),
    ("flag", "bool"),
    ("name", "text"),
    ("data", "blob"),
    ("parts", (("part", "text"), ("sizes", (("size", "u16"),)))),
)


@given(values_of(FIELDS))
def test_values_come_back_as_they_were(values: dict) -> None:
    assert codec.decode(FIELDS, codec.encode(FIELDS, values)) == values


@given(values_of(FIELDS), st.integers(0, 10_000))
def test_bytes_cut_short_are_refused(values: dict, cut: int) -> None:
    data = codec.encode(FIELDS, values)
    with pytest.raises(codec.CodecError):
        codec.decode(FIELDS, data[: cut % len(data)])


@given(values_of(FIELDS), st.binary(min_size=1, max_size=20))
def test_bytes_left_over_are_refused(values: dict, tail: bytes) -> None:
    with pytest.raises(codec.CodecError, match=f"{len(tail)} bytes left over"):
        codec.decode(FIELDS, codec.encode(FIELDS, values) + tail)


@given(st.binary(max_size=300))
def test_bytes_that_decode_are_the_only_encoding_of_their_values(data: bytes) -> None:
    try:
        values = codec.decode(FIELDS, data)
    except codec.CodecError:
        return
    assert codec.encode(FIELDS, values) == data


@pytest.mark.parametrize("name", [name for name, _ in FIELDS])
def test_a_missing_field_is_named(name: str) -> None:
    values = {"small": 0, "short": 0, "word": 0, "long": 0, "signed": 0, "far": 0}
    values |= {"flag": False, "name": "", "data": b"", "parts": []}
    del values[name]
    with pytest.raises(codec.CodecError, match=f"{name} is missing"):
        codec.encode(FIELDS, values)


@pytest.mark.parametrize("kind", sorted(codec.BOUNDS))
def test_a_number_outside_its_type_is_refused_with_the_range(kind: str) -> None:
    low, high = codec.BOUNDS[kind]
    for value in (low - 1, high + 1):
        with pytest.raises(codec.CodecError) as refused:
            codec.encode((("dose_ng", kind),), {"dose_ng": value})
        assert str(refused.value) == f"dose_ng = {value}, allowed {low} to {high}"
    for value in (low, high):
        data = codec.encode((("dose_ng", kind),), {"dose_ng": value})
        assert codec.decode((("dose_ng", kind),), data) == {"dose_ng": value}


def test_a_bool_is_0_or_1_on_the_line() -> None:
    with pytest.raises(codec.CodecError, match="bool of 2"):
        codec.decode((("flag", "bool"),), b"\2")


def test_text_is_limited_in_bytes_not_in_letters() -> None:
    fields = (("operator", "text"),)
    assert codec.decode(fields, codec.encode(fields, {"operator": "é" * 127})) == {"operator": "é" * 127}
    with pytest.raises(codec.CodecError, match="operator has 256 bytes, allowed 255"):
        codec.encode(fields, {"operator": "é" * 128})


def test_text_that_no_utf8_can_carry_is_refused_before_it_is_sent() -> None:
    with pytest.raises(codec.CodecError, match="operator is not text"):
        codec.encode((("operator", "text"),), {"operator": "\udc80"})


@given(st.binary(max_size=8))
@example(b"\xed\xa0\x80")
@example(b"\xc0\x80")
@example(b"\xe0\x80\x80")
@example(b"\xf5\x80\x80\x80")
def test_text_is_taken_exactly_if_it_is_strict_utf8(data: bytes) -> None:
    fields = (("operator", "text"),)
    coded = bytes([len(data)]) + data
    try:
        expected = data.decode()
    except UnicodeDecodeError:
        with pytest.raises(codec.CodecError, match="UTF-8"):
            codec.decode(fields, coded)
    else:
        assert codec.decode(fields, coded) == {"operator": expected}


def test_a_list_that_claims_more_than_it_holds_is_refused_at_its_end() -> None:
    with pytest.raises(codec.CodecError, match="truncated"):
        codec.decode((("parts", (("size", "u16"),)),), b"\xff\xff" + b"\0" * 20)
