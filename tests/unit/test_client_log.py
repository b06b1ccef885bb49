"""The client's reading of a log: whole records however the pages are cut, and whatever the pump drops meanwhile."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from wirepeer import Peer

from infuser.wire import messages, records
from pumpctl.client import Pump
from pumpctl.pending import PendingStore
from pumpctl.transport import open_transport


@pytest.fixture
def store(tmp_path: Path) -> PendingStore:
    return PendingStore(tmp_path / "pending")


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as made:
        yield made


def connect(peer: Peer, store: PendingStore, timeout_s: float = 0.3) -> Pump:
    return Pump(open_transport(peer.port), operator="tester", pending=store, timeout_s=timeout_s)


def journal(count: int) -> list[bytes]:
    """Stored records 5 to 5 + count."""
    stored, chain = [], records.CHAIN_START
    for seq in range(5, 5 + count):
        values = {"firmware": "x" * (seq % 7 * 30), "cause": "soft", "steps_uncertain": 0, "torn_bytes": 0, "gap_ms": 0}
        stored.append(records.encode(records.BOOT, 1, seq, 0, seq * 1000, values, chain))
        chain = records.chain_of(stored[-1])
    return stored


def pages(stored: list[bytes], first: int, oldest: Any, size: int) -> Any:
    """A handler of LOG_READ over `stored`, whose first record is `first`; `oldest()` may move on."""

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        least = oldest()
        data = b"".join(stored[max(request["from_seq"], least) - first :])[request["skip"] :]
        return {"oldest_seq": least, "next_seq": first + len(stored), "chunk": data[:size]}

    return answer


@pytest.mark.parametrize("size", [2, 50, 333, 1536])
def test_a_log_is_read_whole_however_its_pages_are_cut(peer: Peer, store: PendingStore, size: int) -> None:
    stored = journal(12 if size > 2 else 2)
    peer.handlers[messages.LOG_READ] = pages(stored, 5, lambda: 5, size)
    with connect(peer, store) as pump:
        assert b"".join(pump.read_log(0)) == b"".join(stored)
        assert b"".join(pump.read_log(6)) == b"".join(stored[1:])


def test_a_log_whose_oldest_records_are_dropped_meanwhile_goes_on_with_whole_records(
    peer: Peer, store: PendingStore
) -> None:
    stored = journal(12)
    asked = itertools.count()
    peer.handlers[messages.LOG_READ] = pages(stored, 5, lambda: 5 if next(asked) < 3 else 14, 100)
    with connect(peer, store) as pump:
        data = b"".join(pump.read_log(5))
    at, seqs = 0, []
    while at < len(data):
        size = records.size_at(data, at)
        seqs.append(records.decode(data[at : at + size])["seq"])
        at += size
    assert seqs == sorted(set(seqs)) and seqs[-3:] == [14, 15, 16] and 13 not in seqs
