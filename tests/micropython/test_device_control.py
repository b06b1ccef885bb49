"""The control channel: time by order, truth, buttons, power cuts; and the serial line, which it never touches."""

import os
import select
import time
from pathlib import Path

import pytest
from vmworld import WALL_MS, World

# Answers the host with the uptime and the times it saw the stop button; an alarm is on in minutes two and three.
MAIN = """
import time
from machine import Pin, Timer
from infuser.hw.annunciator import Annunciator
from infuser.hw.sensors import Sensors
from infuser.hw.serialport import SerialPort
import machine

def main():
    sensors = Sensors(machine.I2C(0))
    annunciator, port, stop_seen = Annunciator(sensors), SerialPort(), 0
    port.acquire()
    while True:
        annunciator.show(3 if 60000 <= time.ticks_ms() < 180000 else 0, True)
        stop_seen += sensors.stop_button()
        data = port.read()
        if data:
            port.write(b"%d %d " % (time.ticks_ms(), stop_seen) + data)
        port.flush()
        port.idle(1000)
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.run("result = 1")  # formats the flash, which takes its time
    return made


def line_of(running, sent: bytes = b"") -> bytes:
    """What comes back on the serial line, up to and with what was sent."""
    os.write(running.line, sent)
    got = b""
    while not got.endswith(sent or b"\n"):
        assert select.select([running.line], [], [], 30)[0], got
        got += os.read(running.line, 4096)
    return got


def test_frozen_time_stands_still_and_the_serial_line_is_answered_all_the_same(world: World) -> None:
    with world.running(MAIN) as running:
        assert line_of(running, b"hello\n") == b"0 0 hello\n"
        time.sleep(0.2)
        assert line_of(running, b"again\n") == b"0 0 again\n"
        assert running.ask("get")["now_ms"] == 0


def test_an_advance_moves_time_exactly_and_tells_its_progress(world: World) -> None:
    with world.running(MAIN) as running:
        told = running.lines("advance", ms=10 * 86_400_000)
        assert told[-1] == {"ok": True, "now_ms": 10 * 86_400_000, "stopped_by": None}
        progress = [line["progress_ms"] for line in told[:-1]]
        assert progress == sorted(progress)
        assert all(line["of_ms"] == 10 * 86_400_000 for line in told[:-1])
        truth = running.ask("get")
        assert truth["wall_ms"] == WALL_MS + 10 * 86_400_000


def test_an_advance_until_an_alarm_stops_when_its_lamp_lights(world: World) -> None:
    with world.running(MAIN) as running:
        told = running.ask("advance", ms=3_600_000, until="alarm")
        assert told["stopped_by"] == "alarm"
        assert 60_000 <= told["now_ms"] <= 61_000
        assert running.ask("get")["lamps"] == {"red": True, "yellow": False, "cyan": False}
        # The same alarm, flashing on, is no new one.
        assert running.ask("advance", ms=60_000, until="alarm")["stopped_by"] is None


def test_paced_time_follows_real_time(world: World) -> None:
    with world.running(MAIN, speed=100) as running:
        running.ask("get")
        before, began = running.ask("get")["now_ms"], time.monotonic()
        time.sleep(0.5)
        passed = running.ask("get")["now_ms"] - before
        assert 50_000 * 0.5 <= passed <= 100_000 * (time.monotonic() - began) + 2000
        assert running.ask("speed", value=0)["ok"]
        stopped = running.ask("get")["now_ms"]
        time.sleep(0.1)
        assert running.ask("get")["now_ms"] == stopped


def test_a_button_is_held_for_the_time_ordered(world: World) -> None:
    with world.running(MAIN) as running:
        assert running.ask("press", button="stop", ms=3500)["ok"]
        running.ask("advance", ms=10_000)
        assert line_of(running, b"x\n").split() == [b"10000", b"3", b"x"]


def test_orders_given_during_an_advance_wait_for_its_end(world: World) -> None:
    with world.running(MAIN) as running:
        running.send("advance", ms=5 * 86_400_000)
        told = running.lines("get")
        assert told[-1]["now_ms"] == 5 * 86_400_000
        # The first answer is that of the advance; the next one is that of the order.
        assert running.ask("fault", name="stall", on=True)["now_ms"] == 5 * 86_400_000


def test_stop_does_not_wait_and_the_world_is_saved(world: World) -> None:
    with world.running(MAIN) as running:
        running.ask("fault", name="cover-open", on=True)
        running.send("advance", ms=10**12)
        running.send("stop")
        assert running.ended() == 0
    assert world.plant()["faults"] == {"cover-open": True}
    assert world.plant()["true_us"] < 10**15


def test_a_power_cut_ends_this_life_and_time_goes_on_outside(world: World) -> None:
    with world.running(MAIN) as running:
        running.ask("advance", ms=5000)
        assert running.ask("power-cut", off_ms=7000)["ok"]
        assert running.ended() == 44
    with world.running(MAIN) as running:
        truth = running.ask("get")
        assert (truth["now_ms"], truth["uptime_ms"]) == (12_000, 0)


def test_the_pump_ends_with_its_supervisor(world: World) -> None:
    with world.running(MAIN) as running:
        running.ask("get")
        running.hang_up()
        assert running.ended() == 0


def test_the_technicians_hands_fill_and_drain(world: World) -> None:
    with world.running(MAIN) as running:
        assert running.ask("fill", volume_nl=15_000_000)["ok"]
        assert running.ask("get")["reservoir_nl"] == pytest.approx(15_000_000, abs=100)
        assert running.ask("drain")["drained_nl"] == pytest.approx(15_000_000, abs=100)
        assert running.ask("get")["reservoir_nl"] == 0
        assert running.ask("fill", volume_nl=20_000_000)["ok"]
        refused = running.ask("fill", volume_nl=25_000_000)
        assert not refused["ok"] and refused["field"] == "volume_nl"


@pytest.mark.parametrize(
    "request_",
    [{"op": "dance"}, {"op": "advance"}, {"op": "speed", "value": -1}, {"op": "fault", "name": "gremlins", "on": True}],
)
def test_an_improper_order_is_refused_and_the_pump_lives_on(world: World, request_: dict) -> None:
    with world.running(MAIN) as running:
        told = running.ask(**request_)
        assert told["ok"] is False and told["error"]
        assert running.ask("get")["ok"]


def test_a_host_that_stops_reading_holds_nothing_up_and_loses_whole_frames_only(world: World) -> None:
    flood = """
import time
from infuser.hw.serialport import SerialPort

def main():
    port, number, refused = SerialPort(), 0, 0
    while True:
        for _ in range(20):
            if not port.write(b"<%06d%s>" % (number, b"." * 200)):
                refused += 1
            number += 1
        port.flush()
        port.idle(1000)
"""
    with world.running(flood) as running:
        assert running.ask("advance", ms=60_000)["now_ms"] == 60_000
        got = b""
        while select.select([running.line], [], [], 0.3)[0]:
            got += os.read(running.line, 65536)
            if got.count(b">") > 60:
                break
        frames = got.split(b">")[:-1]
        assert frames and all(len(frame) == 207 and frame.startswith(b"<") for frame in frames)


WRITER = """
from infuser.hw.serialport import SerialPort
from infuser.hw.storage import Files
import time

def main():
    port, files, due = SerialPort(), Files(), 0
    while True:
        if time.ticks_ms() >= due:
            due += 600000
            files.append("log", b"%d\\n" % time.ticks_us())
        port.read()
        port.idle(1000)
"""


def test_two_lives_under_the_same_orders_are_identical_to_the_last_bit(tmp_path: Path) -> None:
    lives = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        world, told = World(tmp_path / name, seed=7), []
        for _ in range(2):
            with world.running(WRITER) as running:
                told += [running.ask("advance", ms=ms) for ms in (0, 600_000, 7_200_000)]
                told.append(running.ask("get"))
                running.ask("power-cut", off_ms=1000)
                running.ended()
        lives.append((told, world.plant(), (tmp_path / name / "flash.img").read_bytes()))
    for truth in (lives[0][0], lives[1][0]):
        for answer in truth:
            answer.pop("heap_free", None)
    assert lives[0] == lives[1]
