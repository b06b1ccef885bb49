"""Requests, replies and refusals arrive as they were sent; the declaration is consistent in itself."""

import contextlib

import pytest
from blanks import blank
from hypothesis import given
from hypothesis import strategies as st
from wiredata import replies, requests, value_of, values_of

from infuser.wire import alarms, codec, errors, frame, messages, records, signed, states
from infuser.wire.replies import STATUS_FIELDS


@given(requests())
def test_a_request_arrives_as_it_was_sent(sent: tuple[int, int, dict]) -> None:
    command, request_id, values = sent
    payload = messages.encode_request(command, request_id, values)
    assert messages.decode_head(payload) == (messages.REQUEST, command, request_id)
    assert messages.decode_request(payload) == values


@given(replies())
def test_a_reply_arrives_as_it_was_sent(sent: tuple[int, int, dict]) -> None:
    command, request_id, values = sent
    payload = messages.encode_reply(command, request_id, values)
    assert messages.decode_head(payload) == (messages.REPLY, command, request_id)
    assert messages.decode_reply(payload) == values


@given(
    st.sampled_from(sorted(messages.MESSAGES)),
    value_of("u64"),
    st.sampled_from(sorted(set(errors.codes()) - {errors.OK})),
    values_of(messages.REFUSAL_FIELDS),
)
def test_a_refusal_arrives_with_field_value_and_range(command: int, request_id: int, code: int, told: dict) -> None:
    payload = messages.encode_refusal(command, request_id, messages.Refusal(code, **told))
    with pytest.raises(messages.Refusal, match=errors.name(code)) as refused:
        messages.decode_reply(payload)
    assert refused.value.code == code
    assert refused.value.values() == told


@given(requests(), st.integers(0, 10_000))
def test_a_request_cut_short_is_refused_as_malformed(sent: tuple[int, int, dict], cut: int) -> None:
    payload = messages.encode_request(*sent)
    head_size = 10
    with pytest.raises(codec.CodecError):
        messages.decode_head(payload[: cut % head_size])
    if len(payload) > head_size:
        with pytest.raises(codec.CodecError):
            messages.decode_request(payload[: head_size + cut % (len(payload) - head_size)])


@given(st.sampled_from(sorted(messages.MESSAGES)), st.binary(max_size=200))
def test_any_bytes_decode_to_values_or_a_declared_error(command: int, body: bytes) -> None:
    payload = bytes([messages.REPLY, command]) + bytes(8) + body
    for decode in (messages.decode_request, messages.decode_reply):
        with contextlib.suppress(codec.CodecError, messages.Refusal):
            assert isinstance(decode(payload), dict)


def test_names_are_unique_in_every_table() -> None:
    tables = [[entry[0] for entry in table.values()] for table in (messages.MESSAGES, alarms.ALARMS, records.RECORDS)]
    for names in (*tables, [errors.name(code) for code in errors.codes()]):
        assert len(set(names)) == len(names)


def test_what_changes_the_pump_names_an_operator() -> None:
    for name, flags, request, _ in messages.MESSAGES.values():
        has_operator = ("operator", "text") in codec.fields(request)
        assert has_operator == bool(flags & messages.MUTATES), name


def test_a_full_status_fits_into_a_frame() -> None:
    """Every alarm present, every text as long as any can be, every kind of bolus under way, and all of it signed."""
    values = blank(STATUS_FIELDS)
    alarm = {
        "alarm": 1,
        "priority": 1,
        "since_ms": 0,
        "active": True,
        "acknowledged": True,
        "latched": True,
        "detail": 0,
    }
    values |= {"alarm_list": [alarm] * len(alarms.ALARMS), "bucket_list": [{"steps": 0}] * states.BUCKETS}
    bolus = {"bucket": 0, "volume_nl": 0, "delivered_nl": 0, "left_ms": 0, "held": False}
    window = {"span_min": 0, "limit_nl": 0, "used_nl": 0}
    values |= {"bolus_list": [bolus] * states.BUCKETS, "window_list": [window] * 3}
    values |= {name: "x" * codec.TEXT_MAX for name, kind in codec.fields(STATUS_FIELDS) if kind == "text"}
    values |= {name: bytes(32) for name, kind in codec.fields(STATUS_FIELDS) if kind == "blob"}
    assert len(messages.encode_reply(messages.STATUS, 1, values)) + signed.AROUND_BYTES <= frame.PAYLOAD_MAX


def test_chunks_fit_into_a_frame_with_everything_around_them() -> None:
    chunk = bytes(messages.CHUNK_MAX)
    carried = (
        messages.encode_request(messages.PROGRAM_STAGE, 1, {"total": 0, "offset": 0, "chunk": chunk}),
        messages.encode_reply(messages.PROGRAM_READ, 1, {"total": 0, "digest": bytes(32), "chunk": chunk}),
        messages.encode_reply(messages.LOG_READ, 1, {"oldest_seq": 0, "next_seq": 0, "chunk": chunk}),
    )
    assert all(len(payload) + signed.AROUND_BYTES <= frame.PAYLOAD_MAX for payload in carried)


def test_a_refusal_that_quotes_what_a_host_sent_is_cut_to_its_field_in_whole_characters() -> None:
    for text in ("x" * 255, "x" * 1000, "\u20ac" * 85 + "x", "\U0001f489" * 400, ""):
        reply = messages.encode_refusal(messages.HELLO, 1, messages.Refusal(errors.PROTOCOL_MISMATCH, text=text))
        with pytest.raises(messages.Refusal) as caught:
            messages.decode_reply(reply)
        told = caught.value.text
        assert text.startswith(told) and len(told.encode()) <= codec.TEXT_MAX
        assert told == text or len(told.encode()) > codec.TEXT_MAX - 4


def test_the_protocol_hash_changes_with_any_declaration(monkeypatch: pytest.MonkeyPatch) -> None:
    before = messages.protocol_hash()
    assert before == messages.protocol_hash()
    assert len(before) == 8
    monkeypatch.setattr(errors, "NEW", 999, raising=False)
    assert messages.protocol_hash() != before


LONG = st.tuples(st.text(max_size=12), st.integers(0, 60)).map(lambda told: told[0] * told[1])


@given(st.integers(), st.integers(), LONG, LONG)
def test_a_refusal_can_be_told_of_whatever_was_asked_for(value: int, high: int, text: str, field: str) -> None:
    payload = messages.encode_refusal(
        messages.STOP, 1, messages.Refusal(errors.OUT_OF_RANGE, field, value, 0, high, text)
    )
    with pytest.raises(messages.Refusal) as caught:
        messages.decode_reply(payload)
    told = caught.value
    assert text.startswith(told.text) and field.startswith(told.field)
    assert told.text == text or 252 <= len(told.text.encode()) <= 255
    assert told.value == min(max(value, -(2**63)), 2**63 - 1)
