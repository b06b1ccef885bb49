"""The drive: every burst comes out whole and evenly spaced, and a halt knows what was not made."""

from pathlib import Path

import piosim
import pytest
from vmworld import World

BUILD = """
import time, micropython
from infuser.hw.drive import Drive
from plant import plant
drive = Drive()
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_the_stand_in_has_made_what_the_machine_has_at_every_cycle_and_never_tells_a_pulse_as_not_made(
    world: World,
) -> None:
    moments = [cycles - 1 for cycles in piosim.MOMENTS]
    told = world.run(f"""{BUILD}
result = []
for after_us in {moments}:
    before = plant.steps_made
    drive.enable(True)
    drive.burst({piosim.PULSES}, {piosim.INTERVAL_US})
    drive.burst({piosim.NEXT_PULSES}, {piosim.NEXT_INTERVAL_US})
    time.sleep_us(after_us)
    not_made = drive.halt()
    result.append([plant.steps_made - before, not_made])
""")
    assert [tuple(one) for one in told] == [piosim.halted_after(cycles) for cycles in piosim.MOMENTS]
    assert all(made + not_made <= piosim.PULSES + piosim.NEXT_PULSES for made, not_made in told)


def test_the_stand_in_makes_the_same_pulses_as_the_pio_program(world: World) -> None:
    told = world.run(f"""{BUILD}
drive.enable(True)
start = time.ticks_us()
drive.burst(3, 5000)
drive.burst(2, 4200)
result = []
for _ in range(24000):
    plant.sync()
    while len(result) < plant.steps_made:
        result.append(time.ticks_us() - start)
    time.sleep_us(1)
""")
    assert told == piosim.rising_edges_us([(3, 5000), (2, 4200)])


def test_the_stand_in_switches_the_current_as_the_pio_program_does(world: World) -> None:
    told = world.run(f"""{BUILD}
drive.enable(True)
drive.burst(3, 5000)
drive.burst(2, 4200)
result, last_us, on = [], 0, 0
for cycle in range(24000):
    time.sleep_us(1)
    plant.sync()
    on_us = plant.on_us()
    if (on_us > last_us) != on:
        on = on_us > last_us
        result.append([cycle, 0 if on else 1])
    last_us = on_us
""")
    machine = piosim.StateMachine()
    machine.active(1)
    machine.words = [piosim.word(3, 5000), piosim.word(2, 4200)]
    machine.run()
    assert [tuple(one) for one in told] == machine.sides


def test_current_flows_around_the_pulses_only_and_stops_at_once_when_the_drive_is_cut(world: World) -> None:
    told = world.run(f"""{BUILD}
drive.enable(True)
time.sleep_ms(10000)
plant.sync()
result = [plant.on_us()]
drive.burst(10, 1000000)
time.sleep_ms(20000)
plant.sync()
result.append(plant.on_us())
drive.burst(1, 1000000)
time.sleep_us({piosim.FIRST_US + 100})
micropython.heap_lock()
drive.cut()
micropython.heap_unlock()
time.sleep_ms(100)
plant.sync()
result += [plant.on_us(), plant.levels[4]]
""")
    whole = 10 * piosim.ON_US
    assert told == [0, whole, whole + piosim.RISE_US + 100, 1]


def test_bursts_are_handed_over_under_a_locked_heap(world: World) -> None:
    told = world.run(f"""{BUILD}
def deliver():
    ready = True
    micropython.heap_lock()
    for _ in range(20):
        ready = ready and drive.ready()
        drive.burst(64, 15000)
        time.sleep_ms(1000)
    micropython.heap_unlock()
    return ready
drive.enable(True)
ready = deliver()
time.sleep_ms(1000)
plant.sync()
result = [ready, plant.steps_made]
""")
    assert told == [True, 20 * 64]


def test_no_step_is_made_while_the_driver_is_off(world: World) -> None:
    told = world.run(f"""{BUILD}
result = [drive.ready(), drive.enabled]
drive.enable(True)
result += [drive.ready(), drive.enabled]
drive.disable()
result += [drive.ready(), drive.enabled, plant.enabled, plant.steps_made]
""")
    assert told == [False, False, True, True, False, False, False, 0]


HALTED = """
drive.enable(True)
drive.burst(10, 5000)
drive.burst(5, 5000)
time.sleep_us(AFTER_US)
not_made = drive.halt()
again = drive.halt()
time.sleep_ms(100)
plant.sync()
made = plant.steps_made
drive.enable(True)
drive.burst(1, 5000)
time.sleep_ms(10)
result = [made, not_made, again, drive.halt(), plant.steps_made - made]
"""


@pytest.mark.parametrize("after_us", [11, 12, 100, 4999, 5011, 5012, 25_000, 47_500, 50_014, 50_015, 52_500, 90_000])
def test_steps_made_and_steps_not_made_add_up_when_it_is_halted(world: World, after_us: int) -> None:
    made, not_made, again, at_rest, made_after = world.run(BUILD + HALTED.replace("AFTER_US", str(after_us)))
    assert made + not_made == 15
    assert (again, at_rest, made_after) == (0, 0, 1)


@pytest.mark.parametrize(("after_us", "handed_over"), [(0, 10), (50_003, 5)])
def test_a_burst_halted_while_it_is_fetched_counts_as_made(world: World, after_us: int, handed_over: int) -> None:
    made, not_made, again, at_rest, made_after = world.run(BUILD + HALTED.replace("AFTER_US", str(after_us)))
    assert made + not_made == 15 - handed_over
    assert (again, at_rest, made_after) == (0, 0, 1)


def test_a_reset_on_the_way_leaves_the_driver_off(world: World) -> None:
    world.run(f"""{BUILD}
import machine
drive.enable(True)
drive.burst(64, 5000)
time.sleep_us(12345)
machine.reset()
""")
    made = world.plant()["plant"]["steps_made"]
    told = world.run(f"""
from plant import plant
import time
result = [plant.enabled]
{BUILD}
time.sleep_ms(1000)
plant.sync()
result += [plant.enabled, plant.on_us(), plant.steps_made]
""")
    assert (world.code, made) == (0, 3)
    assert told == [False, False, 0, 3]


@pytest.mark.parametrize("after_us", [1, 10, 5010, 50_004, 50_013])
def test_a_pulse_for_which_the_current_rises_counts_as_made(world: World, after_us: int) -> None:
    made, not_made, *_ = world.run(BUILD + HALTED.replace("AFTER_US", str(after_us)))
    assert made + not_made == 14


def test_direction_is_that_of_the_enable_call(world: World) -> None:
    told = world.run(f"""{BUILD}
result = []
for forward in (True, False):
    drive.enable(forward)
    drive.burst(60, 5000)
    time.sleep_ms(400)
    plant.sync()
    result.append([plant.motor, plant.piston])
""")
    assert told == [[60, 60], [0, 40]]


def test_changing_direction_on_the_way_loses_no_pulse_and_makes_none_up(world: World) -> None:
    told = world.run(f"""{BUILD}
drive.enable(True)
drive.burst(64, 5000)
time.sleep_us(52500)
drive.enable(False)
time.sleep_ms(400)
plant.sync()
result = [plant.steps_made, plant.steps_back]
""")
    assert told == [11, 0]
