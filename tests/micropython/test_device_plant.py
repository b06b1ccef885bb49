"""The plant: what the firmware does to the mechanics, what it can sense of them, and each fault's one switch."""

from pathlib import Path

import pytest
from vmworld import World

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
def turn(steps, interval_us=6000):
    while steps:
        count = min(64, steps)
        while not drive.ready():
            time.sleep_ms(10)
        drive.burst(count, interval_us)
        time.sleep_us(count * interval_us)
        steps -= count
    time.sleep_ms(500)
    plant.sync()
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_what_the_piston_displaces_is_delivered(world: World) -> None:
    told = world.run(
        BUILD
        + "turn(1000); fluid.flow(); time.sleep_ms(500); fluid.flow(); result = [plant.piston, fluid.delivered_pl]"
    )
    assert told[0] == 1000
    assert 1000 * 98175 - 1000 < told[1] <= 1000 * 98175


def test_the_encoder_turns_with_the_motor_and_trembles_by_a_count(world: World) -> None:
    told = world.run(
        BUILD
        + """
result = []
for _ in range(40):
    turn(100)
    result.append(sensors.encoder_counts())
"""
    )
    beside = [(counts - (index + 1) * 128 + 2048) % 4096 - 2048 for index, counts in enumerate(told)]
    assert set(beside) == {-1, 0, 1}


def test_a_change_of_direction_takes_up_the_backlash_first(world: World) -> None:
    told = world.run(
        BUILD
        + """
turn(100)
drive.enable(False)
turn(50)
result = [plant.piston]
drive.enable(True)
turn(45)
result += [plant.piston, plant.motor]
"""
    )
    assert told == [90, 95, 95]


def test_fast_flow_raises_the_outlet_pressure_as_the_line_resists(world: World) -> None:
    told = world.run(
        BUILD
        + """
result = [sensors.outlet_pa()]
for _ in range(20):
    drive.burst(17, 5882)
    time.sleep_ms(100)
    last = sensors.outlet_pa()
result.append(last)
time.sleep_ms(500)
result.append(sensors.outlet_pa())
"""
    )
    assert abs(told[0]) <= 200 and abs(told[2]) <= 200
    assert 18_000 <= told[1] <= 22_000


def test_an_occluded_line_reaches_the_alarm_pressure_within_a_microlitre_and_gives_it_back(world: World) -> None:
    told = world.run(
        BUILD
        + """
faults.switch("occlude", True)
turn(8)
result = [sensors.outlet_pa(), fluid.delivered_pl]
turn(100)
result += [sensors.outlet_pa(), plant.motor]
faults.switch("occlude", False)
time.sleep_ms(500)
result += [sensors.outlet_pa(), fluid.delivered_pl // 98175, plant.piston]
"""
    )
    at_8, delivered, blocked_pa, motor, open_pa, delivered_steps, piston = told
    assert at_8 > 69_000 and delivered == 0
    assert motor == 40, "the motor stalls against 400 kPa"
    assert 200_000 < blocked_pa <= 230_000, "the sensor's range ends there"
    assert abs(open_pa) <= 200 and abs(delivered_steps - piston) <= 1


def test_an_unvented_reservoir_is_seen_as_suction(world: World) -> None:
    told = world.run(
        BUILD
        + """
faults.switch("occlude-upstream", True)
turn(8)
result = [sensors.inlet_pa(), fluid.delivered_pl]
faults.switch("occlude-upstream", False)
time.sleep_ms(500)
result += [sensors.inlet_pa()]
"""
    )
    assert told[0] < -7000 and told[1] == 0
    assert abs(told[2]) <= 200


@pytest.mark.parametrize(
    ("fault", "value", "motor"), [("stall", None, 0), ("skip-steps", 25, 75), ("skip-steps", None, 80)]
)
def test_a_bad_drive_moves_less_than_it_is_told(world: World, fault: str, value: int | None, motor: int) -> None:
    switch = f"faults.switch({fault!r}, True, {value!r})\n"
    told = world.run(BUILD + switch + "turn(100); result = [plant.steps_made, plant.motor]")
    assert told == [100, motor]


def test_a_runaway_moves_the_motor_only_while_it_has_current(world: World) -> None:
    told = world.run(
        BUILD
        + """
faults.switch("runaway", True, 1000)
time.sleep_ms(10000)
plant.sync()
result = [plant.motor]
turn(100)
result += [plant.motor, plant.steps_made, plant.on_us()]
drive.disable()
time.sleep_ms(10000)
plant.sync()
result.append(plant.motor)
"""
    )
    at_rest, motor, made, on_us, at_end = told
    assert (at_rest, made, on_us) == (0, 100, 100 * 4112)
    assert motor == at_end == 100 + on_us * 1000 // 1_000_000


def test_a_coupling_that_slips_loses_microsteps_at_random(world: World) -> None:
    told = world.run(BUILD + "faults.switch('slip', True, 20); turn(2000); result = [plant.steps_made, plant.motor]")
    made, motor = told
    assert made == 2000
    assert 1500 < motor < 1700


def test_the_encoders_errors_are_those_that_are_set(world: World) -> None:
    told = world.run(
        BUILD
        + """
def errors(most):
    seen = set()
    for _ in range(64):
        turn(50)
        time.sleep_ms(3600000)
        off = (sensors.encoder_counts() - plant.motor * 128 // 100 + 2048) % 4096 - 2048
        seen.add(off)
    return [min(seen), max(seen)]
result = []
for name in ("encoder-noise", "encoder-eccentricity", "temperature-drift"):
    faults.put("encoder-noise", 0)
    faults.put(name, 5)
    result.append(errors(5))
    faults.put(name, 0)
"""
    )
    assert told == [[-5, 5]] * 3


def test_a_stiffer_line_rises_faster(world: World) -> None:
    told = world.run(
        BUILD
        + """
result = []
faults.switch("occlude", True)
for compliance in (5, 10, 50):
    faults.put("compliance-pl-per-pa", compliance)
    turn(5)
    result.append(sensors.outlet_pa())
    faults.switch("occlude", False)
    time.sleep_ms(5000)
    sensors.outlet_pa()
    faults.switch("occlude", True)
"""
    )
    expected = [5 * 98175 // compliance for compliance in (5, 10, 50)]
    assert all(abs(seen - due) <= 300 for seen, due in zip(told, expected, strict=True)), (told, expected)


def test_a_leak_takes_its_share_before_the_patient(world: World) -> None:
    told = world.run(
        BUILD
        + "faults.switch('leak', True, 40); turn(100); fluid.flow(); result = [fluid.delivered_pl, fluid.leaked_pl]"
    )
    delivered, leaked = told
    assert 0.39 < leaked / (leaked + delivered) < 0.41


def test_the_limit_switches_close_at_the_ends_and_the_piston_goes_no_further(world: World) -> None:
    told = world.run(
        BUILD
        + """
result = [sensors.at_full(), sensors.at_empty()]
plant.put_piston(END // 2)
result += [sensors.at_full(), sensors.at_empty()]
plant.put_piston(END - 30)
turn(100)
result += [sensors.at_full(), sensors.at_empty(), plant.piston - END, plant.motor]
"""
    )
    assert told == [True, False, False, False, False, True, 0, 30]


def test_every_switch_and_button_is_read_as_it_is_named(world: World) -> None:
    told = world.run(
        BUILD
        + """
def seen():
    return [sensors.air(), sensors.cover_open(), sensors.service_jumper(), not sensors.supply_present(),
            sensors.patient_button(), sensors.stop_button(), sensors.encoder_counts() < 0]
names = ["air", "cover-open", "service-jumper", "supply-off", "button-stuck", None, "encoder-dead"]
result = [seen()]
for name in names:
    if name:
        faults.switch(name, True)
    else:
        faults.switch("button-stuck", True, "stop")
    result.append(seen())
    faults.switch(name or "button-stuck", False)
result.append(seen())
"""
    )
    nothing = [False] * 7
    assert told == [nothing] + [[index == on for index in range(7)] for on in range(7)] + [nothing]


def test_battery_and_temperature_are_measured_within_their_sensors_steps(world: World) -> None:
    told = world.run(
        BUILD
        + """
def seen():
    return [sensors.battery_mv(), sensors.temperature_mc(), sensors.supply_present()]
result = [seen()]
for name, value in (("battery", "low"), ("battery", "empty"), ("battery", 3333), ("overheat", None)):
    faults.switch(name, True, value)
    result.append(seen())
for name in ("battery", "overheat"):
    faults.switch(name, False)
faults.put("temperature-mc", -5000)
result.append(seen())
"""
    )
    expected = [
        (4100, 32000, True),
        (3400, 32000, False),
        (3100, 32000, False),
        (3333, 32000, False),
        (3333, 60000, False),
        (4100, -5000, True),
    ]
    for (battery, temperature, powered), (real_mv, real_mc, supplied) in zip(told, expected, strict=True):
        assert abs(battery - real_mv) <= 3
        assert abs(temperature - real_mc) <= 500
        assert powered == supplied
