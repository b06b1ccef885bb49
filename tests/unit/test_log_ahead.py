"""Pages of a log are asked for ahead: the log comes whole whatever happens on the way, and nothing is asked in vain."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from journals import fill, open_journal, pieces, segment_files
from logpump import LogPump
from wirepeer import Peer

import infuser
from infuser.core.mac import Channel
from infuser.wire import frame, messages, records
from pumpctl.client import Pump
from pumpctl.errors import LinkError
from pumpctl.exchange import Exchange
from pumpctl.logahead import AHEAD, SKIP_MAX, Ahead
from pumpctl.logread import read_log
from pumpctl.pending import PendingStore
from pumpctl.transport import SerialTransport, open_transport

PAGE = messages.CHUNK_MAX
FIRST = 5


def stored(count: int) -> list[bytes]:
    """Chained records from FIRST on, of 66 to 246 bytes."""
    made, chain = [], records.CHAIN_START
    for seq in range(FIRST, FIRST + count):
        values = {"firmware": "x" * (seq % 7 * 30), "cause": "soft", "steps_uncertain": 0, "torn_bytes": 0, "gap_ms": 0}
        made.append(records.encode(records.BOOT, 1, seq, 0, seq * 1000, values, chain))
        chain = records.chain_of(made[-1])
    return made


LOG = stored(60)
PAGES = -(-sum(map(len, LOG)) // PAGE)


class Log:
    """A handler of LOG_READ, as a pump answers it; from request `drops_at` on, records before `drops_to` are gone."""

    def __init__(self, log: list[bytes], drops_at: int = 0, drops_to: int = FIRST) -> None:
        self.log = log
        self.asked: list[tuple[int, int]] = []
        self._drops = drops_at, drops_to

    def __call__(self, request: dict[str, Any]) -> dict[str, Any]:
        self.asked.append((request["from_seq"], request["skip"]))
        at, to = self._drops
        oldest = to if at and len(self.asked) >= at else FIRST
        data = b"".join(self.log[max(request["from_seq"], oldest) - FIRST :])[request["skip"] :]
        return {"oldest_seq": oldest, "next_seq": FIRST + len(self.log), "chunk": data[:PAGE]}


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as made:
        yield made


@pytest.fixture
def read(peer: Peer, tmp_path: Path) -> Callable[[Log], bytes]:
    """Reads a log from its first record on."""

    def whole(log: Log) -> bytes:
        peer.handlers[messages.LOG_READ] = log
        with Pump(open_transport(peer.port), pending=PendingStore(tmp_path), timeout_s=0.3) as pump:
            return b"".join(pump.read_log(FIRST))

    return whole


def test_full_pages_are_asked_for_ahead_and_each_once(read: Callable[[Log], bytes]) -> None:
    log = Log(LOG)
    assert read(log) == b"".join(LOG)
    assert len(log.asked) == len(set(log.asked)) <= PAGES + AHEAD
    assert log.asked[:PAGES] == [(FIRST, PAGE * page) for page in range(PAGES)]


def test_a_log_of_less_than_a_page_is_read_without_anything_asked_ahead(read: Callable[[Log], bytes]) -> None:
    log = Log(stored(3))
    assert read(log) == b"".join(log.log)
    assert len(log.asked) == 2


def test_a_log_longer_than_a_page_can_be_counted_from_one_record_comes_whole(read: Callable[[Log], bytes]) -> None:
    log = Log(stored(SKIP_MAX * 2 // 150))
    assert sum(map(len, log.log)) > SKIP_MAX
    assert read(log) == b"".join(log.log)
    assert len(log.asked) <= sum(map(len, log.log)) / PAGE + AHEAD + 3


@pytest.mark.parametrize("lost", [2, 3, 5, PAGES])
def test_a_page_whose_reply_is_lost_is_asked_for_again(peer: Peer, read: Callable[[Log], bytes], lost: int) -> None:
    log = Log(LOG)
    peer.on_reply = lambda command, data: b"" if len(log.asked) == lost else data
    assert read(log) == b"".join(LOG)


@pytest.mark.parametrize("at", [2, 3, 6])
@pytest.mark.parametrize("to", [7, 30, 60])
def test_records_dropped_while_pages_are_on_their_way_leave_whole_records_behind(
    read: Callable[[Log], bytes], at: int, to: int
) -> None:
    got = read(Log(LOG, at, to))
    seqs = [records.peek(one)[3] for one in pieces(got)]
    assert sum(map(len, pieces(got))) == len(got)
    assert seqs == sorted(set(seqs)) and set(range(to, FIRST + len(LOG))) <= set(seqs)


def test_pages_asked_for_ahead_in_a_session_are_signed_each_under_its_own_counter(peer: Peer) -> None:
    key = bytes(range(32))
    peer.handlers[messages.LOG_READ] = log = Log(LOG)
    peer.channel = Channel(key)
    transport = open_transport(peer.port)
    try:
        link = Exchange(transport, timeout_s=0.3, tries=3)
        link.sign_with(key)
        assert b"".join(read_log(Ahead(_Bare(link)).ask, FIRST)) == b"".join(LOG)
    finally:
        transport.close()
    assert len(log.asked) > PAGES


@pytest.mark.parametrize("writes", [2, 3, 4])
def test_a_page_in_hand_is_not_lost_with_the_link_on_which_the_next_ones_are_asked_for(peer: Peer, writes: int) -> None:
    peer.handlers[messages.LOG_READ] = Log(LOG)
    transport = _Dying(peer.port, writes)
    got = b""
    try:
        with pytest.raises(LinkError):
            for piece in read_log(Ahead(_Bare(Exchange(transport, timeout_s=0.3, tries=1))).ask, FIRST):
                got += piece
    finally:
        transport.close()
    assert got and b"".join(LOG).startswith(got)


class _Dying(SerialTransport):
    """A cable that comes out before a write."""

    def __init__(self, name: str, writes: int) -> None:
        super().__init__(name)
        self._left = writes

    def write(self, data: bytes) -> None:
        self._left -= 1
        if self._left < 0:
            raise LinkError(f"the link to {self.name} is lost")
        super().write(data)


class _Bare:
    """Orders without sessions."""

    def __init__(self, link: Exchange) -> None:
        self.send_ahead = link.send_ahead
        self.forget_ahead = link.forget_ahead
        self._link = link

    def answer(self, command: int, request_id: int, values: dict[str, Any]) -> dict[str, Any]:
        return self._link.ask(command, values, request_id)


@pytest.mark.parametrize("at", [100, 3000, 7000])
def test_a_log_goes_on_behind_records_that_were_lost_on_the_pump(tmp_path: Path, at: int) -> None:
    fill(open_journal(tmp_path, 8192, 40960), 700)
    damaged = segment_files(tmp_path)[2]
    data = bytearray(damaged.read_bytes())
    data[at] ^= 1
    damaged.write_bytes(data)
    pump = LogPump(open_journal(tmp_path, 8192, 40960))
    seqs = [records.peek(one)[3] for one in pieces(b"".join(pump.read_log(0)))]
    lost = {seq for seq in range(seqs[0], pump.journal.next_seq) if seq not in seqs}
    assert seqs == sorted(set(seqs)) and lost
    first, behind = (int(segment.name[1:], 16) for segment in segment_files(tmp_path)[2:4])
    assert min(lost) >= first and max(lost) == behind - 1


def test_the_pump_keeps_the_replies_to_all_pages_that_are_asked_for_at_once() -> None:
    port = (Path(infuser.__file__).parent / "hw" / "serialport.py").read_text()
    queue_max = int(port.partition("\nQUEUE_MAX = ")[2].partition("\n")[0])
    page = {"oldest_seq": 1, "next_seq": 2, "chunk": b"\1" * PAGE}
    reply = Channel(bytes(32)).sign(1, messages.encode_reply(messages.LOG_READ, 1, page))
    assert AHEAD * len(frame.encode(reply)) <= queue_max
