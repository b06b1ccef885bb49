"""Tick timer, annunciator and uptime on the real VM."""

from pathlib import Path

import pytest
from vmworld import World

from infuser.wire.alarms import HIGH, LOW, MEDIUM


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_late_and_early_ticks_hand_on_every_quantum_once(world: World) -> None:
    told = world.run("""
import time, rp2
from infuser.hw.ticktimer import TickTimer
total = 0
def handler(quanta):
    global total
    total += quanta
ticker, flash = TickTimer(handler), rp2.Flash()
start = time.ticks_ms()
ticker.start(130)
for index in range(50):
    flash.ioctl(6, 300)
    time.sleep_ms(37 * index)
    if index % 7 == 0:
        ticker.sync()
    if index == 25:
        ticker.start(1000)
ticker.sync()
result = [total, time.ticks_diff(time.ticks_ms(), start) // 100, ticker.count > 0, ticker.failed]
""")
    total, passed, counted, failed = told
    assert total == passed
    assert counted and not failed


def test_a_stopped_tick_hands_on_nothing_of_the_time_it_stood(world: World) -> None:
    told = world.run("""
import time
from infuser.hw.ticktimer import TickTimer
result = []
ticker = TickTimer(result.append)
ticker.sync()
ticker.start(1000)
time.sleep_ms(500)
ticker.stop()
time.sleep_ms(10000)
ticker.sync()
ticker.start(1000)
time.sleep_ms(100)
ticker.sync()
""")
    assert told == [1]


def test_the_time_since_the_last_tick_is_told_whatever_was_handed_on_between(world: World) -> None:
    told = world.run("""
import time
from infuser.hw.ticktimer import TickTimer
ticker = TickTimer(lambda quanta: None)
ticker.start(1000)
result = [ticker.since_ms()]
time.sleep_ms(2700)
ticker.sync()
result.append(ticker.since_ms())
ticker.start(4000)
result.append(ticker.since_ms())
import broken
broken.timers_dead = True
time.sleep_ms(9000)
ticker.sync()
result.append(ticker.since_ms())
""")
    assert told == [0, 700, 0, 9000]


def test_a_handler_that_raises_is_noted_and_the_ticks_go_on(world: World) -> None:
    told = world.run("""
import time
from infuser.hw.ticktimer import TickTimer
def handler(quanta):
    raise ValueError
ticker = TickTimer(handler)
ticker.start(100)
time.sleep_ms(1000)
result = [ticker.failed, ticker.count]
""")
    assert told == [True, 10]


def test_a_tick_that_finds_the_programs_stack_deep_is_left_to_the_main_loop_and_loses_no_time(world: World) -> None:
    told = world.run("""
import time
from infuser.hw import chip, ticktimer
result = []
ticker = ticktimer.TickTimer(result.append)
room = chip.STACK_MAX
chip.STACK_MAX = 0
ticker.start(1000)
time.sleep_ms(2500)
result.append([ticker.put_off, ticker.count, ticker.since_ms(), ticker.failed])
chip.STACK_MAX = room
ticker.catch_up()
result.append(ticker.put_off)
ticker.catch_up()
time.sleep_ms(1000)
""")
    assert told == [[True, 2, 500, False], 25, False, 5]


def test_a_stop_button_that_finds_the_programs_stack_deep_is_left_to_the_main_loop(world: World) -> None:
    told = world.run("""
import machine
from infuser.hw import chip
from infuser.hw.sensors import Sensors
result = []
sensors = Sensors(machine.I2C(0), lambda: result.append("cut"))
room = chip.STACK_MAX
chip.STACK_MAX = 0
sensors._on_stop(None)
result += [sensors.stop_button(), sensors.stop_button()]
chip.STACK_MAX = room
sensors._on_stop(None)
""")
    assert told == [True, False, "cut"]


@pytest.mark.parametrize(("priority", "colour", "edges"), [(HIGH, 18, 40), (MEDIUM, 19, 10), (LOW, 20, 1)])
def test_the_annunciator_flashes_the_lamp_of_the_priority_by_itself(
    world: World, priority: int, colour: int, edges: int
) -> None:
    told = world.run(f"""
import machine, time
from infuser.hw.annunciator import Annunciator
from infuser.hw.sensors import Sensors
from plant import plant
annunciator = Annunciator(Sensors(machine.I2C(0)))
annunciator.show({priority}, True)
lit = [0, 0, 0]
edges = sounds = 0
for _ in range(2000):
    now = [plant.levels[18], plant.levels[19], plant.levels[20]]
    edges += sum(now) > sum(lit)
    lit = now
    sounds += plant.sounder_hz > 0
    assert sum(lit) in (0, plant.levels[{colour}])
    time.sleep_ms(10)
annunciator.show({priority}, False)
silent = plant.sounder_hz
annunciator.show(0, False)
result = [edges, sounds > 0, silent, sum(plant.levels[18:21])]
""")
    assert told == [edges, True, 0, 0]


def test_the_self_test_hears_a_sound_sounder_and_misses_a_dead_one(world: World) -> None:
    told = world.run("""
import machine, time, faults
from infuser.hw.annunciator import Annunciator
from infuser.hw.sensors import Sensors
from plant import plant
annunciator = Annunciator(Sensors(machine.I2C(0)))
annunciator.show(1, False)
result = [annunciator.self_test()]
faults.switch("sounder-dead", True)
result += [annunciator.self_test(), plant.sounder_hz, list(plant.levels[18:21])]
""")
    assert told == [True, False, 0, [0, 0, 1]]


@pytest.mark.case("EC22")
def test_a_button_held_for_hours_is_one_press_and_tells_for_how_long_it_is_down(world: World) -> None:
    told = world.run("""
import machine, time
from infuser.hw.sensors import Sensors
from plant import plant
sensors = Sensors(machine.I2C(0))
presses = stops = 0
result = [sensors.patient_held_ms(), sensors.stop_held_ms()]
for bounce in (0, 1, 0, 1, 0):
    plant.sense(14, bounce)
    plant.sense(15, bounce)
    time.sleep_ms(2)
for _ in range(1000):
    time.sleep_ms(4000)
    presses += sensors.patient_pressed()
result += [presses, sensors.patient_held_ms() // 1000, sensors.stop_held_ms() // 1000]
for gpio in (14, 15):
    plant.sense(gpio, 1)
time.sleep_ms(100)
result += [sensors.patient_pressed(), sensors.patient_held_ms(), sensors.stop_held_ms()]
""")
    assert told == [0, 0, 1, 4000, 4000, False, 0, 0]


def test_a_closed_bus_is_as_one_on_which_nothing_answers(world: World) -> None:
    told = world.run("""
from infuser.hw.bus import Bus
from infuser.hw.sensors import Sensors
from infuser.hw.wallclock import WallClock
bus = Bus()
sensors, clock = Sensors(bus), WallClock(bus)
result = [sensors.encoder_counts() >= 0, clock.read_ms() > 0]
bus.close()
result += [sensors.encoder_counts(), clock.read_ms()]
""")
    assert told == [True, True, -1, 0]


def test_uptime_goes_on_over_the_wrap_of_the_ticks(world: World) -> None:
    told = world.run("""
import time
from infuser.hw.timebase import Timebase
timebase = Timebase()
for _ in range(30):
    time.sleep_ms(86400000)
    last = timebase.uptime_ms()
result = last
""")
    assert told == 30 * 86_400_000


def test_the_pump_knows_its_serial_number(world: World) -> None:
    assert world.run("from infuser.hw import chip; result = chip.serial()") == "e66100000000c0de"
