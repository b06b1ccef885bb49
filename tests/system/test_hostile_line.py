"""A flood on the real port of a pump that infuses, as fast as the port takes it: dose and alarms hold."""

import os
import select
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from access import provision
from vm_frames import ANYBODYS, Sender
from ward import MINUTE_MS, STEP_PL, Ward, infusing

from infuser.wire import frame, messages

SPEED = 20  # virtual seconds a second: a bolus of a minute takes three
CHUNK = 4096
LAST_ID = 0x77777777
SENT_LEAST = 20_000
HEARD_LEAST = 1000


class Flood:
    """What was sent and what came back."""

    def __init__(self) -> None:
        self.sent = 0
        self.heard = 0
        self.answered = False
        self.over = threading.Event()


@contextmanager
def flooded(ward: Ward, seed: int) -> Iterator[Flood]:
    """Somebody sends without end, and reads what is answered so that the line never stands."""
    sender = Sender(seed, messages.protocol_hash(), ANYBODYS)
    flood = Flood()
    line = os.open(ward.plant.port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)

    def send() -> None:
        waiting = b""
        while not flood.over.is_set():
            while len(waiting) < CHUNK:
                waiting += sender.next()[1]
            try:
                count = os.write(line, waiting)
                flood.sent += count
                waiting = waiting[count:]
            except BlockingIOError:
                flood.over.wait(0.001)
            with suppress(BlockingIOError):
                flood.heard += len(os.read(line, CHUNK))

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield flood
    finally:
        flood.over.set()
        thread.join()
        flood.answered = answers(line)
        os.close(line)


def answers(line: int, within_s: float = 600) -> bool:
    """Whether a good frame is answered once all that was sent before it is heard."""
    waiting = b"\0" + frame.encode(messages.encode_request(messages.STATUS, LAST_ID, {}))
    deframer = frame.Deframer()
    end_s = time.monotonic() + within_s
    while time.monotonic() < end_s:
        readable, writable, _ = select.select([line], [line] if waiting else [], [], 1)
        if writable:
            waiting = waiting[os.write(line, waiting) :]
        for payload in deframer.feed(os.read(line, CHUNK)) if readable else []:
            if messages.decode_head(payload) == (messages.REPLY, messages.STATUS, LAST_ID):
                return True
    return False


def keyed(cli, bench) -> Ward:
    """A pump with keys that infuses; the flood has none."""
    ward = infusing(cli, bench)
    ward.do("stop")
    provision(ward)
    ward.do("resume")
    ward.advance(10 * MINUTE_MS)
    return ward


@pytest.mark.case("EC18")
@pytest.mark.on_chip
def test_a_bolus_under_a_flood_gives_its_exact_dose_and_nothing_else_changes(cli, bench):
    ward = keyed(cli, bench)
    before = ward.status()
    ward.do("--yes", "bolus", "20ug", "--over", "1min", "--patient", "BENCH-001")
    ward.plant.set_speed(SPEED)
    with flooded(ward, 1) as flood:
        flood.over.wait(4)
        for _ in range(120):  # an emulated chip takes less in
            if flood.sent > SENT_LEAST and flood.heard > HEARD_LEAST:
                break
            flood.over.wait(1)
    ward.plant.set_speed(0)
    assert flood.answered
    ward.advance(2 * MINUTE_MS)  # a machine that is busy lets less time pass at the pump
    now = ward.status()
    assert flood.sent > SENT_LEAST and flood.heard > HEARD_LEAST
    assert now["state"] == "infusing" and not now["alarms"]
    assert now["delivered_steps"]["clinician-bolus"] == 40_000_000 // STEP_PL
    assert now["steps_total"] == ward.truth()["steps_made"]
    for name in ("boot_count", "program_digest", "rate_nl_per_day", "library_digest"):
        assert now[name] == before[name]
    assert ward.do("log", "pull")["new"] > 0


@pytest.mark.case("EC12")
def test_an_alarm_stops_the_motor_under_a_flood(cli, bench):
    ward = keyed(cli, bench)
    ward.plant.set_speed(SPEED)
    with flooded(ward, 2) as flood:
        ward.plant.fault("air")
        for _ in range(200):
            flood.over.wait(0.2)
            if not ward.truth()["driver_enabled"]:
                break
        assert not ward.truth()["driver_enabled"]
    ward.plant.set_speed(0)
    assert flood.answered
    assert "air-in-line" in ward.alarms()
