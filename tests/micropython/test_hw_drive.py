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
    told = world.run(f"""{BUILD}
result = []
for after_us in range({piosim.CYCLES - 1}):
    before = plant.steps_made
    drive.enable(True)
    drive.burst({piosim.PULSES}, {piosim.INTERVAL_US})
    drive.burst({piosim.NEXT_PULSES}, {piosim.NEXT_INTERVAL_US})
    time.sleep_us(after_us)
    not_made = drive.halt()
    result.append([plant.steps_made - before, not_made])
""")
    assert [made for made, _ in told] == [piosim.halted_after(cycles)[0] for cycles in range(1, piosim.CYCLES)]
    assert all(made + not_made <= piosim.PULSES + piosim.NEXT_PULSES for made, not_made in told)


def test_the_stand_in_makes_the_same_pulses_as_the_pio_program(world: World) -> None:
    told = world.run(f"""{BUILD}
drive.enable(True)
start = time.ticks_us()
drive.burst(3, 50)
drive.burst(2, 20)
result = []
for _ in range(250):
    plant.sync()
    while len(result) < plant.steps_made:
        result.append(time.ticks_us() - start)
    time.sleep_us(1)
""")
    assert told == piosim.rising_edges_us([(3, 50), (2, 20)])


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
drive.burst(10, 1000)
drive.burst(5, 1000)
time.sleep_us(AFTER_US)
not_made = drive.halt()
again = drive.halt()
time.sleep_ms(100)
plant.sync()
made = plant.steps_made
drive.enable(True)
drive.burst(1, 1000)
time.sleep_ms(10)
result = [made, not_made, again, drive.halt(), plant.steps_made - made]
"""


@pytest.mark.parametrize("after_us", [3, 4, 10, 999, 1003, 1004, 5000, 9500, 10002, 10006, 10500, 25000])
def test_steps_made_and_steps_not_made_add_up_when_it_is_halted(world: World, after_us: int) -> None:
    made, not_made, again, at_rest, made_after = world.run(BUILD + HALTED.replace("AFTER_US", str(after_us)))
    assert made + not_made == 15
    assert (again, at_rest, made_after) == (0, 0, 1)


@pytest.mark.parametrize(("after_us", "handed_over"), [(0, 10), (2, 10), (10003, 5), (10005, 5)])
def test_a_burst_halted_while_it_is_fetched_counts_as_made(world: World, after_us: int, handed_over: int) -> None:
    made, not_made, again, at_rest, made_after = world.run(BUILD + HALTED.replace("AFTER_US", str(after_us)))
    assert made + not_made == 15 - handed_over
    assert (again, at_rest, made_after) == (0, 0, 1)


def test_direction_is_that_of_the_enable_call(world: World) -> None:
    told = world.run(f"""{BUILD}
result = []
for forward in (True, False):
    drive.enable(forward)
    drive.burst(60, 1000)
    time.sleep_ms(100)
    plant.sync()
    result.append([plant.motor, plant.piston])
""")
    assert told == [[60, 60], [0, 40]]


def test_changing_direction_on_the_way_loses_no_pulse_and_makes_none_up(world: World) -> None:
    told = world.run(f"""{BUILD}
drive.enable(True)
drive.burst(64, 1000)
time.sleep_us(10500)
drive.enable(False)
time.sleep_ms(100)
plant.sync()
result = [plant.steps_made, plant.steps_back]
""")
    assert told == [11, 0]
