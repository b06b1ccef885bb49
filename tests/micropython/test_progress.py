"""The firmware on the VM: what makes no progress any more is named where a reset leaves it alone."""

from pathlib import Path

import pytest
from vmworld import World

from infuser.core import liveness

# A pump that delivers at a low rate, as main.py makes it; `turns(ms)` lets its main loop turn.
_PUMP = """
import idle, kernel, main
from infuser.app import startup
from infuser.hw import chip
from infuser.wire import alarms, records, states

class Silence:
    file = None
    def progress(self, done_ms, of_ms): pass
    def advanced(self, reason): pass

hardware = main.Hardware()
idle.control = Silence()
idle.advance(1 << 58)
pump = main.Pump(hardware)
startup.take_up(pump)

def turns(duration_ms):
    end_us = kernel.now_us + duration_ms * 1000
    while kernel.now_us < end_us:
        pump.poll()
        hardware.port.idle(pump.delivery.turn_ms())

def deliver():
    pump.delivery.meter.set_rate(states.PRIME, 200000, 1 << 20)
    pump.delivery.start(0, 200000, 100000, False)
"""
_FOUND = "from infuser.hw import chip; result = [chip.reset_cause(), chip.fault_code()]"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.mark.case("EC5")
def test_a_tick_handler_that_raises_ends_in_a_reset_at_the_next_turn_with_the_motor_off(world: World) -> None:
    script = (
        _PUMP
        + """
from plant import plant
def bad(quanta):
    raise ValueError
turns(10000)
deliver()
turns(20000)
pump.delivery.timer._handler = bad
began_us = kernel.now_us
def ending():
    print(kernel.now_us - began_us, plant.enabled, file=sys.stderr)
import sys
from chipstate import chip as state
before = state.before_end
state.before_end = lambda off_ms: (ending(), before(off_ms))
turns(60000)
result = "went on"
"""
    )
    assert world.run(script) is None, world.errors
    assert world.code == 43
    passed_us, enabled = world.errors.splitlines()[-1].split()
    assert int(passed_us) <= 8_000_000
    assert enabled == "False"
    assert world.run(_FOUND, reset_cause="soft") == ["fault", liveness.HANDLER]


@pytest.mark.case("EC5")
def test_a_dead_timer_is_under_suspicion_when_the_watchdog_bites(world: World) -> None:
    script = (
        _PUMP
        + """
import broken
turns(10000)
deliver()
turns(20000)
broken.timers_dead = True
turns(12300)
result = "went on"
"""
    )
    assert world.run(script) is None, world.errors
    assert world.code == 42
    assert world.run(_FOUND, reset_cause="watchdog") == ["watchdog", liveness.TICK]


@pytest.mark.case("EC5")
def test_an_append_that_claims_success_and_keeps_nothing_is_an_alarm_and_stops_the_motor(world: World) -> None:
    told = world.run(
        _PUMP
        + """
turns(10000)
deliver()
turns(20000)
pump.recorder.journal._store = lambda segment, stored: None
pump.recorder.note(records.AUDIO_PAUSE, pause_s=0, operator="")
turns(8000)
result = [pump.delivery.running, pump.watch.alarms.active(alarms.JOURNAL_FAULT), pump.recorder.failure]
"""
    )
    assert told[:2] == [False, True], world.errors
    assert "not kept" in told[2]


@pytest.mark.case("EC5")
def test_a_journal_in_which_nothing_is_written_for_hours_ends_in_a_reset(world: World) -> None:
    script = (
        _PUMP
        + """
pump._run_errands = lambda now_ms: None
turns(60 * 60 * 1000)
print("an hour", file=sys.stderr)
turns(20 * 60 * 1000)
result = "went on"
"""
    )
    assert world.run("import sys\n" + script) is None
    assert "an hour" in world.errors
    assert world.code == 42
    assert world.run(_FOUND, reset_cause="watchdog") == ["watchdog", liveness.JOURNAL]


def test_a_pump_in_which_all_goes_on_is_never_reset(world: World) -> None:
    told = world.run(
        _PUMP
        + """
deliver()
turns(26 * 60 * 60 * 1000)
result = [chip.fault_code(), pump.delivery.timer.failed]
"""
    )
    assert told == [0, False], world.errors
