"""Journals on a folder of this machine, for tests: real files, small segments, every kind of record."""

from pathlib import Path
from typing import Any

from infuser.core.journal import Journal
from infuser.hw.storage import Files
from infuser.wire import records

SEGMENT_BYTES = 2048
BUDGET_BYTES = 10240
LEDGER = b"ledger" * 10
START_MS = 1767225600000


def open_journal(root: Path, segment_bytes: int = SEGMENT_BYTES, budget_bytes: int = BUDGET_BYTES) -> Journal:
    """A journal after power-on, what it had to replay used up."""
    journal = Journal(Files(str(root)), lambda: LEDGER, segment_bytes, budget_bytes)
    list(journal.open()[1])
    return journal


def fill(journal: Journal, count: int) -> list[int]:
    """Append `count` records; their numbers."""
    return [append(journal, number) for number in range(count)]


def append(journal: Journal, number: int) -> int:
    """Append one alarm record that carries `number`."""
    values = {"alarm": 3, "priority": 3, "detail": number}
    return journal.append(records.ALARM_RAISED, values, START_MS + number * 1000, number * 1000)


def read_all(journal: Journal, page_bytes: int = 768) -> bytes:
    """The journal's raw bytes, read in pages as the host does: by the number of the next record and the bytes had."""
    raw = held = b""
    seq = journal.oldest_seq
    while page := journal.read_from(seq, len(held), page_bytes):
        held += page
        whole = pieces(held)
        if whole:
            seq = records.peek(whole[-1])[3] + 1
            raw += b"".join(whole)
            held = held[sum(map(len, whole)) :]
    assert not held
    return raw


def pieces(raw: bytes) -> list[bytes]:
    """The whole records in `raw`."""
    found, at = [], 0
    while at < len(raw):
        try:
            size = records.size_at(raw, at)
        except records.RecordError:
            break
        found.append(raw[at : at + size])
        at += size
    return found


def decode_all(raw: bytes) -> list[dict[str, Any]]:
    """The records in `raw`, each of which must follow the one before."""
    found: list[dict[str, Any]] = []
    for one in pieces(raw):
        found.append(records.decode(one, found[-1]["chain"] if found else None))
    return found


def segment_files(root: Path) -> list[Path]:
    """The journal's files, oldest first."""
    return sorted(root.glob("j????????"))
