"""The log's records are read back as written, and no change to them goes unnoticed."""

import pytest
from blanks import blank
from hypothesis import given
from hypothesis import strategies as st
from wiredata import record_contents

from infuser.wire import records

CONTENTS = st.lists(record_contents(), min_size=1, max_size=5)


def chained(contents: list) -> list[bytes]:
    """Stored records with sequence numbers from 7, each following the one before."""
    stored, chain = [], records.CHAIN_START
    for seq, (kind, boot, time_ms, age_ms, values) in enumerate(contents, 7):
        stored.append(records.encode(kind, boot, seq, time_ms, age_ms, values, chain))
        chain = records.decode(stored[-1])["chain"]
    return stored


def read(data: bytes) -> list[dict]:
    """All records of a log that begins with the chain's start; RecordError if any is not sound."""
    got, at, chain = [], 0, records.CHAIN_START
    while at < len(data):
        size = records.size_at(data, at)
        got.append(records.decode(data[at : at + size], chain))
        chain = got[-1]["chain"]
        at += size
    return got


@given(CONTENTS)
def test_a_log_is_read_back_as_it_was_written(contents: list) -> None:
    got = read(b"".join(chained(contents)))
    assert [(r["kind"], r["boot"], r["time_ms"], r["age_ms"], r["fields"]) for r in got] == contents
    assert [r["seq"] for r in got] == list(range(7, 7 + len(contents)))


@given(CONTENTS, st.integers(0, 1_000_000), st.integers(1, 255))
def test_no_changed_byte_goes_unnoticed(contents: list, at: int, change: int) -> None:
    data = bytearray(b"".join(chained(contents)))
    data[at % len(data)] ^= change
    with pytest.raises(records.RecordError):
        read(bytes(data))


@given(CONTENTS, st.integers(0, 1_000_000))
def test_a_torn_tail_is_noticed_and_what_is_before_it_kept(contents: list, cut: int) -> None:
    stored = chained(contents)
    torn = stored[-1][: cut % len(stored[-1])]
    if not torn:
        return
    with pytest.raises(records.RecordError, match="cut"):
        records.size_at(torn, 0)
    assert len(read(b"".join(stored[:-1]))) == len(stored) - 1


@given(st.lists(record_contents(), min_size=3, max_size=5), st.data())
def test_a_record_dropped_or_moved_breaks_the_chain(contents: list, data: st.DataObject) -> None:
    stored = chained(contents)
    at = data.draw(st.integers(0, len(stored) - 2))
    with pytest.raises(records.RecordError, match="does not follow"):
        read(b"".join(stored[:at] + stored[at + 1 :]))
    stored[at], stored[at + 1] = stored[at + 1], stored[at]
    with pytest.raises(records.RecordError, match="does not follow"):
        read(b"".join(stored))


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_as_a_record_without_any_other_error(data: bytes) -> None:
    with pytest.raises(records.RecordError):
        records.decode(data[: records.size_at(data, 0)], records.CHAIN_START)


def test_the_header_can_be_read_without_the_rest() -> None:
    stored = chained([(records.STATE, 3, 0, 5, blank(records.RECORDS[records.STATE][1]))])[0]
    assert records.peek(stored) == (len(stored), records.STATE, 3, 7)
    assert records.chain_of(stored) == records.decode(stored)["chain"]


def test_a_record_longer_than_any_reader_takes_is_not_written() -> None:
    with pytest.raises(records.RecordError, match=f"allowed {records.LENGTH_MAX}"):
        records.encode(records.SNAPSHOT, 1, 1, 0, 0, {"ledger": bytes(records.LENGTH_MAX)}, records.CHAIN_START)
