"""Virtual time on the stand-ins: it moves by sleeping and idling only, and timers hang on it as on the chip."""

from pathlib import Path

import pytest
from vmworld import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_sleeping_moves_virtual_time_at_once_and_exactly(world: World) -> None:
    told = world.run("""
import time
start = time.ticks_us()
time.sleep_ms(86400000)
time.sleep_us(7)
result = (time.ticks_us() - start) % 2**30
""")
    assert told == (86400000 * 1000 + 7) % 2**30


def test_ticks_wrap_as_on_the_chip_and_ticks_diff_sees_through_it(world: World) -> None:
    told = world.run("""
import time
time.sleep_ms(2**30 - 5 - time.ticks_ms())
before = time.ticks_ms()
time.sleep_ms(10)
result = [before, time.ticks_ms(), time.ticks_diff(time.ticks_ms(), before), time.ticks_add(before, 10)]
""")
    assert told == [2**30 - 5, 5, 10, 5]


def test_hard_and_soft_timers_fire_at_their_times_in_order(world: World) -> None:
    told = world.run("""
import time, machine
start = time.ticks_ms()
result = []
def note(name):
    return lambda timer: result.append([name, time.ticks_diff(time.ticks_ms(), start)])
soft = machine.Timer(period=300, callback=note("soft"))
once = machine.Timer(mode=machine.Timer.ONE_SHOT, period=450, callback=note("once"))
time.sleep_ms(1000)
soft.deinit()
time.sleep_ms(1000)
""")
    assert told == [["soft", 300], ["once", 450], ["soft", 600], ["soft", 900]]


def test_a_hard_handler_that_allocates_is_told_of_and_never_called_again(world: World) -> None:
    told = world.run("""
import time, machine
calls = [0]
def handler(timer):
    calls[0] += 1
    [0] * 100
timer = machine.Timer(period=100, callback=handler, hard=True)
time.sleep_ms(1000)
result = calls[0]
""")
    assert told == 1
    assert "MemoryError" in world.errors


def test_a_critical_section_that_allocates_fails(world: World) -> None:
    told = world.run("""
from infuser.hw import chip
result = []
try:
    with chip.critical():
        with chip.critical():
            pass
        [0] * 100
except MemoryError:
    result.append("seen")
result.append([0] * 3)
""")
    assert told == ["seen", [0, 0, 0]]


def test_flash_holds_hard_timers_up_and_they_fire_late_afterwards(world: World) -> None:
    told = world.run("""
import time, machine, rp2
times = [0] * 8
count = 0
def handler(timer):
    global count
    times[count] = time.ticks_diff(time.ticks_ms(), start)
    count += 1
flash = rp2.Flash()
start = time.ticks_ms()
timer = machine.Timer(period=20, callback=handler, hard=True)
flash.ioctl(6, 300)
seen = count
timer.deinit()
result = [seen, times[:3]]
""")
    assert told == [2, [45, 45, 0]]


def test_a_watchdog_that_is_not_fed_resets_the_chip(world: World) -> None:
    script = """
import time
from infuser.hw import chip
from infuser.hw.watchdog import Watchdog
cause = chip.reset_cause()
watchdog = Watchdog()
watchdog.feed()
watchdog.start()
for _ in range(4):
    time.sleep_ms(7000)
    watchdog.feed()
result = cause
"""
    assert world.run(script) == "power-on"
    assert world.code == 0
    assert world.run(script + "time.sleep_ms(8001)") is None
    assert world.code == 42
    assert world.run(script, reset_cause="watchdog") == "watchdog"


def test_a_watchdog_fed_at_the_last_moment_bites_one_timeout_after_the_last_feed(world: World) -> None:
    script = """
import time, machine
begin = time.ticks_us()
dog = machine.WDT(timeout=5000)
for _ in range(20):
    time.sleep_us(4999999)
    dog.feed()
time.sleep_us(AFTER_US)
result = time.ticks_us() - begin
"""
    assert world.run(script.replace("AFTER_US", "4999999")) == 21 * 4999999
    assert world.code == 0
    assert world.run(script.replace("AFTER_US", "5000000")) is None
    assert world.code == 42


def test_an_ordered_reset_is_told_from_a_hung_program(world: World) -> None:
    assert world.run("from infuser.hw import chip; chip.reset()") is None
    assert world.code == 43
    causes = {
        cause: world.run("from infuser.hw import chip; result = chip.reset_cause()", reset_cause=cause)
        for cause in ("power-on", "watchdog", "soft", "pin")
    }
    assert all(cause == told for cause, told in causes.items())


_FOUND = "from infuser.hw import chip; result = [chip.reset_cause(), chip.fault_code(), chip.reset_cause()]"


def test_the_part_found_at_fault_is_told_after_the_reset_and_only_once(world: World) -> None:
    assert world.run("from infuser.hw import chip; chip.reset(3)") is None
    assert world.code == 43
    assert world.run(_FOUND + "; chip.reset()", reset_cause="soft") is None
    world.run("from infuser.hw import chip; chip.reset(65535)")
    assert world.run(_FOUND, reset_cause="soft") == ["fault", 65535, "watchdog"]


def test_a_part_under_suspicion_is_told_where_the_watchdog_bit(world: World) -> None:
    script = """
import time
from infuser.hw import chip
from infuser.hw.watchdog import Watchdog
Watchdog().start()
chip.suspect(17)
time.sleep_ms(9000)
"""
    assert world.run(script) is None
    assert world.run(_FOUND, reset_cause="watchdog") == ["watchdog", 17, "watchdog"]
    assert world.run(script.replace("time.sleep", "chip.suspect(0)\ntime.sleep")) is None
    assert world.run(_FOUND, reset_cause="watchdog") == ["watchdog", 0, "watchdog"]


def test_without_power_the_mark_of_a_fault_is_lost(world: World) -> None:
    world.run("from infuser.hw import chip; chip.reset(3)")
    assert world.run(_FOUND) == ["power-on", 0, "power-on"]


def test_two_runs_are_identical(tmp_path: Path) -> None:
    script = """
import machine, time
from infuser.hw.sensors import Sensors
from infuser.hw.drive import Drive
sensors, drive = Sensors(machine.I2C(0)), Drive()
drive.enable(True)
result = []
for _ in range(50):
    drive.burst(3, 50000)
    time.sleep_ms(1000)
    result.append([sensors.encoder_counts(), sensors.outlet_pa()])
"""
    folders = [tmp_path / name for name in ("a", "b")]
    for folder in folders:
        folder.mkdir()
    first, second = (World(folder, seed=7).run(script) for folder in folders)
    assert first == second
    assert (folders[0] / "plant.json").exists() == (folders[1] / "plant.json").exists()


def test_a_fast_crystal_shortens_the_pumps_second_not_the_worlds(world: World) -> None:
    world.run("result = 1")  # formats the flash, which takes its time
    told = world.run(
        """
import time
from slaves import clock
time.sleep_ms(1000000000)
result = [time.ticks_ms(), clock.true_us() // 1000]
""",
        crystal_ppm=100,
    )
    assert told == [1_000_000_000, 999_900_000]


@pytest.mark.parametrize("moment", [0, 951_782_400, 1_767_225_599, 1_767_225_600, 1_835_395_200, 4_102_444_799])
def test_calendar_and_seconds_agree(world: World, moment: int) -> None:
    import time as cpython

    told = world.run(f"import time; fields = time.gmtime({moment}); result = [list(fields), time.mktime(fields)]")
    real = cpython.gmtime(moment)
    assert told == [[*real[:6], real.tm_wday, real.tm_yday], moment]
