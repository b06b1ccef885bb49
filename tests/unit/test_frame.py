"""Frames come through whatever surrounds them, and nothing else does."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from infuser.wire import frame

PAYLOADS = st.binary(min_size=1, max_size=frame.PAYLOAD_MAX)
SHORT = st.binary(min_size=1, max_size=40)


def fed(deframer: frame.Deframer, data: bytes, cuts: list[int]) -> list[bytes]:
    """Payloads from `data` delivered in pieces that end at `cuts`."""
    got: list[bytes] = []
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    for start, end in zip(edges, edges[1:], strict=False):
        got += deframer.feed(data[start:end])
    return got


@given(PAYLOADS)
@example(b"\0" * frame.PAYLOAD_MAX)
@example(b"\1" * 254)
@example(b"\1" * 253 + b"\0")
@example(bytes(range(256)) * 4)
def test_a_frame_carries_its_payload_without_a_zero_byte_inside(payload: bytes) -> None:
    coded = frame.encode(payload)
    assert coded[0] == coded[-1] == 0
    assert 0 not in coded[1:-1]
    assert len(coded) <= frame.CODED_MAX + 2
    assert frame.decode(coded[1:-1]) == payload


@given(st.lists(SHORT, max_size=6), st.lists(st.integers(0, 4000)))
def test_frames_are_found_however_the_line_cuts_them(payloads: list[bytes], cuts: list[int]) -> None:
    deframer = frame.Deframer()
    assert fed(deframer, b"".join(map(frame.encode, payloads)), cuts) == payloads
    assert deframer.dropped == 0


@given(st.binary(max_size=3000), SHORT, st.lists(st.integers(0, 8000), max_size=5))
@example(b"\1" * 5000, b"x", [])
@example(b"\3\r\n\4\1", b"x", [])
def test_the_first_frame_after_any_garbage_is_received(garbage: bytes, payload: bytes, cuts: list[int]) -> None:
    assert fed(frame.Deframer(), garbage + frame.encode(payload), cuts)[-1] == payload


@given(SHORT, st.integers(0, 10_000))
def test_a_frame_cut_off_costs_only_itself(payload: bytes, cut: int) -> None:
    coded = frame.encode(payload)
    deframer = frame.Deframer()
    got = deframer.feed(coded[: 1 + cut % (len(coded) - 2)] + frame.encode(b"after"))
    assert got == [b"after"]


@given(SHORT, st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_never_gives_another_payload(payload: bytes, at: int, change: int) -> None:
    coded = bytearray(frame.encode(payload))
    coded[at % len(coded)] ^= change
    assert all(got == payload for got in frame.Deframer().feed(bytes(coded) + b"\0"))


@given(st.lists(st.binary(max_size=2000), max_size=10))
def test_whatever_is_fed_at_most_one_frame_is_held(pieces: list[bytes]) -> None:
    deframer = frame.Deframer()
    for piece in pieces:
        deframer.feed(piece)
        assert len(deframer._buffer) <= frame.CODED_MAX


def test_an_endless_stream_without_an_edge_is_dropped_once_and_counted() -> None:
    deframer = frame.Deframer()
    for _ in range(100):
        assert deframer.feed(b"\xff" * 1000) == []
    assert deframer.feed(frame.encode(b"on")) == [b"on"]
    assert deframer.dropped == 1


@given(st.binary(max_size=1100))
@example(b"\0")
@example(b"\2\0\0")
def test_decoding_any_bytes_ends_in_a_payload_or_a_value_error(coded: bytes) -> None:
    try:
        payload = frame.decode(coded)
    except ValueError:
        return
    assert frame.decode(frame.encode(payload)[1:-1]) == payload


def test_a_frame_of_a_checksum_alone_is_refused() -> None:
    with pytest.raises(ValueError, match="too short"):
        frame.decode(frame._framed(b"")[1:-1])


@pytest.mark.parametrize("size", [0, frame.PAYLOAD_MAX + 1])
def test_a_payload_that_is_empty_or_too_long_is_not_framed(size: int) -> None:
    with pytest.raises(ValueError, match=f"payload of {size} bytes, allowed 1 to {frame.PAYLOAD_MAX}"):
        frame.encode(bytes(size))
