"""The clock chip, what outlives a power cut, and orders that make no sense."""

from pathlib import Path

import pytest
from vmworld import WALL_MS, World

BUILD = """
import machine, time, faults, control
from infuser.hw.drive import Drive
from infuser.hw.sensors import Sensors
from infuser.hw.wallclock import WallClock
from plant import plant, END
from fluid import fluid
from slaves import clock
drive, i2c = Drive(), machine.I2C(0)
sensors, wall = Sensors(i2c), WallClock(i2c)
drive.enable(True)
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_the_clock_chip_keeps_time_until_it_is_lost_and_can_be_set_again(world: World) -> None:
    told = world.run(
        BUILD
        + """
time.sleep_ms(3600000 - clock.true_us() // 1000)
result = [wall.read_ms()]
faults.switch("clock-lost", True)
result.append(wall.read_ms())
wall.set_ms(1800000000000)
result.append(wall.read_ms())
faults.switch("clock-lost", False)
result.append(wall.read_ms())
wall.set_ms(1800000000400)
time.sleep_ms(86400000)
result.append(wall.read_ms())
"""
    )
    assert told == [WALL_MS + 3_600_000, 0, 0, 0, 1_800_086_400_000]


def test_without_a_clock_chip_the_pumps_own_clock_counts_once_it_is_set(world: World) -> None:
    told = world.run(
        BUILD
        + """
faults.switch("clock-absent", True)
result = [wall.read_ms()]
wall.set_ms(1800000000000)
time.sleep_ms(86400000)
result.append(wall.read_ms())
"""
    )
    assert told[0] == 0
    assert told[1] == pytest.approx(1_800_086_400_000, abs=1000)


@pytest.mark.parametrize("moment_ms", [1_582_934_400_000, 1_709_164_800_000, 1_735_689_599_000, 4_102_444_799_000])
def test_any_date_that_is_set_is_read_back(world: World, moment_ms: int) -> None:
    assert world.run(BUILD + f"wall.set_ms({moment_ms}); result = wall.read_ms()") == moment_ms


def test_the_physical_world_outlives_a_power_cut_with_its_faults(world: World) -> None:
    world.run(
        BUILD
        + """
faults.switch("stall", True)
faults.switch("battery", True, 3300)
faults.switch("clock-lost", True)
faults.switch("clock-lost", False)
wall.set_ms(1800000000000)
faults.switch("stall", False)
drive.burst(50, 6000)
time.sleep_ms(500)
faults.switch("stall", True)
from chipstate import chip
time.sleep_ms(60000 - clock.true_us() // 1000)
chip.end(44, off_ms=3600000)
"""
    )
    assert world.code == 44
    told = world.run(
        BUILD
        + """
truth = control.truth()
drive.burst(10, 6000)
time.sleep_ms(500)
plant.sync()
result = [truth["faults"], plant.motor, plant.piston, truth["battery_mv"], truth["now_ms"], truth["driver_enabled"]]
wall_ms = wall.read_ms()
result.append(1800003600000 < wall_ms < 1800003600000 + 61000)
"""
    )
    assert told == [{"stall": True, "battery": 3300}, 50, 50, 3300, 3_660_000, True, True]


@pytest.mark.parametrize(
    ("call", "field"),
    [
        ("switch('no-such', True)", "fault"),
        ("switch('battery', True, 9000)", "battery"),
        ("switch('battery', True, 'flat')", "battery"),
        ("switch('button-stuck', True, 'red')", "button-stuck"),
        ("put('colour', 1)", "name"),
        ("put('temperature-mc', 200000)", "temperature-mc"),
        ("press('red', True)", "button"),
    ],
)
def test_what_cannot_be_is_refused_by_name(world: World, call: str, field: str) -> None:
    told = world.run(
        f"""
import faults
try:
    faults.{call}
except faults.Unknown as refused:
    result = refused.args
"""
    )
    assert told[1] == field
    assert field in told[0] or "there is no" in told[0]
