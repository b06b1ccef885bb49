"""What the monitor asks a pump for, and what it does with an order: read what is new, send now or never."""

import queue
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from logpeer import with_log
from pumplog import START_MS, PumpLog
from wirepeer import EMPTY_STATUS, Peer, answering

from infuser.wire import messages, records, states, units
from pumpctl import monitor_link, monitor_look
from pumpctl.client import Pump
from pumpctl.monitor_link import Event, Linked, Order, Seen, Told, Watcher
from pumpctl.monitor_look import Reader

pytestmark = pytest.mark.usefixtures("home")


def journal(count: int, day_ms: int = START_MS) -> list[bytes]:
    """Records of one day, of which `count` - 1 are no deliveries."""
    log = PumpLog()
    log.time_ms = day_ms - units.MS_PER_DAY
    log.delivery()
    log.time_ms = day_ms
    for _ in range(count - 1):
        log.wait(1000)
        log.note(records.COMMAND, command=messages.STOP)
    return log.stored


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as made:
        made.handlers.update(with_log(journal(3)))
        yield made


def with_time(peer: Peer, stored: list[bytes]) -> None:
    """A pump with this log, by whose clock it is the day of the last record."""
    told = with_log(stored)
    status = told[messages.STATUS]({})
    now = {"time_ms": records.decode(stored[-1])["time_ms"], "time_valid": True}
    peer.handlers.update({**told, messages.STATUS: lambda request: {**status, **now}})


def asked(peer: Peer) -> list[int]:
    """From which records on the log was asked for, and forget it."""
    found = [request["from_seq"] for command, _, request in peer.seen if command == messages.LOG_READ]
    peer.seen.clear()
    return found


def test_of_the_log_only_what_is_new_is_read(peer: Peer) -> None:
    stored, reader = journal(40), Reader()
    with Pump.open(peer.port) as pump:
        with_time(peer, stored[:30])
        assert len(reader.look(pump).placed) == 30
        assert asked(peer)
        reader.look(pump)
        assert asked(peer) == []
        with_time(peer, stored)
        assert [one.record["seq"] for one in reader.look(pump).placed] == list(range(1, 41))
        assert min(asked(peer)) == 31


def test_the_log_is_read_back_to_the_beginning_of_the_day(peer: Peer) -> None:
    count = monitor_look.FIRST_TAIL + monitor_look.FURTHER + 50
    with_time(peer, journal(count))
    with Pump.open(peer.port) as pump:
        assert len(Reader().look(pump).placed) == count
        # The same of a day that began within the last records.
        with_time(peer, [*journal(count), *_more(journal(count), 20)])
        assert len(Reader().look(pump).placed) == monitor_look.FIRST_TAIL


def _more(stored: list[bytes], count: int) -> list[bytes]:
    told, chain = [], records.chain_of(stored[-1])
    last = records.decode(stored[-1])
    for number in range(1, count + 1):
        time_ms, seq = last["time_ms"] + units.MS_PER_DAY + number, last["seq"] + number
        told.append(
            records.encode(
                records.ALARM_CLEARED, 1, seq, time_ms, last["age_ms"] + units.MS_PER_DAY + number, {"alarm": 3}, chain
            )
        )
        chain = records.chain_of(told[-1])
    return told


def test_an_order_that_waits_stops_the_reading_and_the_rest_is_read_later(peer: Peer) -> None:
    count = monitor_look.FIRST_TAIL
    with_time(peer, journal(count))
    waiting = [True]
    reader = Reader(lambda: waiting[0])
    with Pump.open(peer.port) as pump:
        first = len(reader.look(pump).placed)
        assert 0 < first < count
        waiting[0] = False
        assert [one.record["seq"] for one in reader.look(pump).placed] == list(range(1, count + 1))


def test_an_unsound_log_is_told_and_the_rest_of_the_pump_is_shown(peer: Peer) -> None:
    stored = journal(5)
    stored[3] = stored[3][:-1] + bytes([stored[3][-1] ^ 1])
    with_time(peer, stored)
    reader = Reader()
    with Pump.open(peer.port) as pump:
        look = reader.look(pump)
    assert look.status["log_next"] == 6
    assert "the pump's log fails verification" in reader.problem


class Watched:
    """A watcher at a peer, with what it told."""

    def __init__(self, peer: Peer) -> None:
        self.told: queue.Queue[Event] = queue.Queue()
        self.watcher = Watcher(peer.port, "Ada", 0.05, self.told.put)
        self.watcher.start()

    def until(self, kind: type[Any], within_s: float = 10.0) -> Any:
        """The next event of a kind."""
        end_s = time.monotonic() + within_s
        while True:
            event = self.told.get(timeout=max(0.01, end_s - time.monotonic()))
            if isinstance(event, kind):
                return event


@pytest.fixture
def watched(peer: Peer) -> Iterator[Watched]:
    made = Watched(peer)
    yield made
    made.watcher.close()


def test_looks_come_in_by_themselves(watched: Watched) -> None:
    assert watched.until(Linked).state == monitor_link.LIVE
    assert watched.until(Seen).look.status["log_next"] == 4
    assert watched.until(Seen)


def test_therapy_is_resumed_only_as_it_was_confirmed(peer: Peer, watched: Watched) -> None:
    peer.handlers[messages.RESUME] = answering(messages.RESUME, state=states.INFUSING, rate_nl_per_day=200_000)
    watched.until(Seen)
    watched.watcher.order(Order("resume", agreed=("BENCH-002", b"")))
    told = watched.until(Told)
    assert told.kind == "refused" and "no longer the one that was confirmed" in told.text
    assert not peer.ids_of(messages.RESUME)
    watched.watcher.order(Order("resume", agreed=(EMPTY_STATUS["patient"], EMPTY_STATUS["program_digest"])))
    assert watched.until(Told) == Told("State: infusing, 200 uL/d.", "done")
    assert len(peer.ids_of(messages.RESUME)) == 1


def test_an_order_that_finds_no_pump_is_told_and_never_sent_later(peer: Peer, watched: Watched, tmp_path: Path) -> None:
    watched.until(Seen)
    peer.hang_up()
    while watched.until(Linked).state != monitor_link.LOST:
        pass
    watched.watcher.order(Order("stop"))
    told = watched.until(Told)
    assert told.kind == "uncertain" and told.text.startswith("NOT SENT: stop") and "stop button" in told.text
    assert not peer.ids_of(messages.STOP)


def test_a_board_that_comes_back_as_another_port_is_found_again(peer: Peer) -> None:
    told: queue.Queue[Event] = queue.Queue()
    with Peer(with_log(journal(3))) as back:
        watcher = Watcher(peer.port, "Ada", 0.05, told.put, lambda: back.port)
        watcher.start()
        assert told.get(timeout=10) == Linked(monitor_link.LIVE)
        peer.hang_up()
        end_s = time.monotonic() + 10
        while told.get(timeout=10) != Told("pump PEER0001 answers again"):
            assert time.monotonic() < end_s
        watcher.close()
    assert back.ids_of(messages.STATUS)


def test_several_alarms_are_acknowledged_one_by_one(peer: Peer, watched: Watched) -> None:
    peer.handlers[messages.ALARM_ACK] = answering(messages.ALARM_ACK, acknowledged=1)
    watched.until(Seen)
    watched.watcher.order(Order("acknowledge", codes=(3, 8)))
    assert watched.until(Told) == Told("2 alarms acknowledged.", "done")
    sent = {request_id: request["alarm"] for command, request_id, request in peer.seen if command == messages.ALARM_ACK}
    assert list(sent.values()) == [3, 8]
