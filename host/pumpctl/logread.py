"""Reads a pump's journal page by page; interrupted, it goes on where it was."""

from collections.abc import Callable, Iterator
from typing import Any

from infuser.core import journal
from infuser.wire import messages, records
from pumpctl.errors import VerificationError
from pumpctl.logahead import SKIP_MAX

Ask = Callable[..., dict[str, Any]]
Progress = Callable[[int, int, int], None]

# Twice what a pump keeps: room for short pages and for what it adds meanwhile. One that has more makes it up.
_PAGES_KEPT = journal.BUDGET_BYTES // messages.CHUNK_MAX
PAGES_MAX = 2 * _PAGES_KEPT
_SEQ_MAX = 0xFFFFFFFF
_SERVICE = "what was sound is archived; run `pumpctl selftest` and service the pump"


def read_log(ask: Ask, from_seq: int, progress: Progress | None = None) -> Iterator[bytes]:
    """Whole stored records from `from_seq`, or from the oldest kept if that is newer.

    A page may end inside a record; `skip` counts the bytes of record `seq` that are here already.
    Nothing is yielded of a record that is not complete. VerificationError for a log that does not
    come to an end, and for records that are cut or go back.
    """
    seq, have = from_seq, b""
    base, since = seq, 0  # the pages are counted from this record on: so much of it and of what follows is here
    for _ in range(PAGES_MAX):
        page = ask(messages.LOG_READ, from_seq=base, skip=since)
        if page["oldest_seq"] > base:
            if page["oldest_seq"] > seq:
                seq, have = page["oldest_seq"], b""
            base, since = seq, len(have)
            continue
        if seq >= page["next_seq"]:
            return
        if not since and len(page["chunk"]) >= records.PEEK_SIZE:
            base = records.peek(page["chunk"])[3]  # a later record than was asked for, where that one is lost
        have += page["chunk"]
        whole, seq = _whole(seq, have)
        if not page["chunk"] or len(have) - whole > records.LENGTH_MAX + 2:
            raise VerificationError(f"the pump does not send record {seq} whole", field="seq", value=seq,
                                    remedy=_SERVICE)  # fmt: skip
        if whole:
            yield have[:whole]
        have = have[whole:]
        since += len(page["chunk"])
        if len(page["chunk"]) < messages.CHUNK_MAX or since + messages.CHUNK_MAX > SKIP_MAX:
            base, since = seq, len(have)
        if progress is not None:
            progress(page["oldest_seq"], page["next_seq"], seq)
    raise VerificationError(
        f"the pump's log does not end: {PAGES_MAX} pages were read, and what a pump keeps has {_PAGES_KEPT}",
        field="pages", value=PAGES_MAX, high=PAGES_MAX, remedy=_SERVICE,
    )  # fmt: skip


def _whole(seq: int, data: bytes) -> tuple[int, int]:
    """(bytes of the whole records in `data`, sequence number of the record after them, which is `seq` or later)."""
    at = 0
    while at < len(data):
        try:
            size = records.size_at(data, at)
        except records.RecordError:
            break
        seq = _risen(seq, records.peek(data, at)[3]) + 1
        at += size
    if len(data) - at >= records.PEEK_SIZE:
        seq = _risen(seq, records.peek(data, at)[3])
    return at, seq


def _risen(expected: int, seq: int) -> int:
    if not expected <= seq < _SEQ_MAX:
        raise VerificationError(
            f"the pump sends record {seq} where record {expected} or a later one was asked for",
            field="seq", value=seq, low=expected, remedy=_SERVICE,
        )  # fmt: skip
    return seq
