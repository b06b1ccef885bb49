"""Reads a pump's journal page by page; interrupted, it goes on where it was."""

from collections.abc import Callable, Iterator
from typing import Any

from infuser.wire import messages, records
from pumpctl.errors import VerificationError

Ask = Callable[..., dict[str, Any]]
Progress = Callable[[int, int, int], None]


def read_log(ask: Ask, from_seq: int, progress: Progress | None = None) -> Iterator[bytes]:
    """Whole stored records from `from_seq`, or from the oldest kept if that is newer.

    A page may end inside a record; `skip` counts the bytes of record `seq` that are here already.
    Nothing is yielded of a record that is not complete.
    """
    seq, have = from_seq, b""
    while True:
        page = ask(messages.LOG_READ, from_seq=seq, skip=len(have))
        if page["oldest_seq"] > seq:
            seq, have = page["oldest_seq"], b""
            continue
        if seq >= page["next_seq"]:
            return
        have += page["chunk"]
        whole, seq = _whole(seq, have)
        if not page["chunk"] or len(have) - whole > records.LENGTH_MAX + 2:
            raise VerificationError(f"the pump does not send record {seq} whole", remedy="run `pumpctl selftest`")
        if whole:
            yield have[:whole]
        have = have[whole:]
        if progress is not None:
            progress(page["oldest_seq"], page["next_seq"], seq)


def _whole(seq: int, data: bytes) -> tuple[int, int]:
    """(bytes of the whole records in `data`, sequence number of the record after them)."""
    at = 0
    while at < len(data):
        try:
            size = records.size_at(data, at)
        except records.RecordError:
            break
        seq = records.peek(data, at)[3] + 1
        at += size
    if len(data) - at >= records.PEEK_SIZE:
        seq = records.peek(data, at)[3]
    return at, seq
