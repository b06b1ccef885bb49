"""Takes the raw bytes of a log apart: whole records whose checksum holds, and what lies between them."""

from collections.abc import Iterator
from dataclasses import dataclass

from infuser.wire import records

_LENGTH_SIZE, _CRC_SIZE = 2, 4


@dataclass(frozen=True)
class Piece:
    """A stretch of a log at `offset`: one whole record, or bytes that are none and `why` (changed or truncated)."""

    offset: int
    stored: bytes
    why: str = ""


def split(raw: bytes) -> Iterator[Piece]:
    """The pieces of a raw log; after an unsound stretch it goes on at the next record whose CRC holds."""
    at = 0
    while at < len(raw):
        size = sound_size(raw, at)
        if size:
            yield Piece(at, raw[at : at + size])
            at += size
            continue
        end = next((later for later in range(at + 1, len(raw)) if sound_size(raw, later)), len(raw))
        yield Piece(at, raw[at:end], "truncated" if end == len(raw) and _cut(raw, at) else "changed")
        at = end


def sound_size(raw: bytes, at: int) -> int:
    """Size of the record at `at`, 0 if there is none whose CRC and fields hold."""
    try:
        size = records.size_at(raw, at)
        records.decode(raw[at : at + size])
    except records.RecordError:
        return 0
    return size


def _cut(raw: bytes, at: int) -> bool:
    """Whether what begins at `at` would go on behind the end."""
    left = len(raw) - at
    return left < records.PEEK_SIZE or left < records.peek(raw, at)[0] <= records.LENGTH_MAX + 2


def follows(stored: bytes, chain: bytes) -> bool:
    """Whether a stored record, whose checksum holds, follows the chain value `chain`."""
    end = len(stored) - records.CHAIN_SIZE - _CRC_SIZE
    return records.link(chain, stored[_LENGTH_SIZE:end]) == records.chain_of(stored)
