"""What runs in the tick interrupt allocates nothing, stays within small integers, and stops the pump when it fails."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from vmworld import World

from infuser.core.engine import INTERVAL_MIN_US, Engine
from infuser.core.guard import Guard
from infuser.core.meter import Meter
from infuser.wire import states, units

HERE = Path(__file__).parent
SUPPORT = HERE.parent / "support"
SMALL_MAX = (1 << 30) - 1
# A pump that runs ten years at its largest rate counts to this; `ticks_diff` reaches over 6.2 days.
LIFE_STEPS = 10 * 366 * units.THERAPY_MAX_NL_PER_DAY // (units.STEP_PL_NOMINAL // units.PL_PER_NL)
LATEST_QUANTA = (1 << 29) // units.QUANTUM_MS
RATES = st.one_of(
    st.sampled_from([units.THERAPY_MIN_NL_PER_DAY, units.THERAPY_MAX_NL_PER_DAY]),
    st.integers(units.THERAPY_MIN_NL_PER_DAY, units.THERAPY_MAX_NL_PER_DAY),
)
TICKS = st.lists(st.one_of(st.integers(1, 30), st.integers(1, 20_000)), min_size=1, max_size=8)
BUILD = f"""
import sys, time, micropython, kernel, main
sys.path.extend({[str(HERE), str(SUPPORT)]!r})
from vm_world import Silence, Unwatched
from infuser.app.pump import Pump
from infuser.wire import states, units
from plant import plant
main.gc.threshold(-1)
hardware = main.Hardware()
hardware.watchdog = Unwatched()
pump = Pump(hardware)
delivery = pump.delivery
def deliver(ticks, late_us):
    micropython.heap_lock()
    for tick in range(ticks):
        time.sleep_ms(100)
        if tick % 7 == 0:
            kernel.block(late_us)
    micropython.heap_unlock()
"""


class Small(int):
    """An integer of the RP2040: arithmetic whose result would need memory is an error."""


def _checked(name: str):
    exact = getattr(int, name)

    def operation(self, *others):
        value = exact(self, *others)
        if value is NotImplemented:
            return value
        assert -SMALL_MAX <= value <= SMALL_MAX, f"{int(self)} {name} {others} = {value} is no small integer"
        return Small(value)

    return operation


for _name in ("add", "sub", "mul", "floordiv", "mod", "and", "or", "xor", "lshift", "rshift"):
    setattr(Small, f"__{_name}__", _checked(f"__{_name}__"))
    setattr(Small, f"__r{_name}__", _checked(f"__r{_name}__"))
Small.__neg__ = _checked("__neg__")  # type: ignore[method-assign,assignment]


class Outside:
    """Critical sections where nothing interrupts."""

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        return None


class Recorder:
    """The drive's end of the interrupt: takes what fits into its word."""

    def __init__(self) -> None:
        self.steps = 0

    def ready(self) -> bool:
        return True

    def burst(self, count: int, interval_us: int) -> None:
        assert 1 <= count <= units.BURST_MAX_STEPS and INTERVAL_MIN_US <= interval_us < 1 << 24
        self.steps += count


def make_small(owner: object) -> None:
    """Every integer that `owner` holds becomes one that checks itself."""
    for name, value in vars(owner).items():
        if type(value) is int:
            setattr(owner, name, Small(value))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@example(units.THERAPY_MAX_NL_PER_DAY, units.BOLUS_MAX_NL, 1, [LATEST_QUANTA, 1])
@given(rate=RATES, volume=st.integers(1, units.BOLUS_MAX_NL), quanta=st.integers(1, units.QUANTA_PER_DAY), ticks=TICKS)
def test_every_value_in_the_interrupt_is_a_small_integer_at_any_rate_and_however_late(rate, volume, quanta, ticks):
    fastest = units.PUMP_MAX_NL_PER_DAY - units.THERAPY_MAX_NL_PER_DAY
    quanta = max(quanta, -(-volume * units.QUANTA_PER_DAY // fastest))
    meter, guard, drive = Meter(units.STEP_PL_NOMINAL, Outside), Guard(units.STEP_PL_NOMINAL, Outside), Recorder()
    guard.restore(LIFE_STEPS, 0, 0)
    guard.set_rate_limits(units.THERAPY_MAX_NL_PER_DAY, units.PUMP_MAX_NL_PER_DAY)
    for _ in range(3):
        guard.grant(units.RESERVOIR_CAPACITY_NL, units.RESERVOIR_CAPACITY_NL)
    guard.set_ceiling(SMALL_MAX)
    meter.restore(states.BASAL, LIFE_STEPS, 0, 0)
    meter.set_rate(states.BASAL, rate, LATEST_QUANTA)
    meter.add_rate(states.BASAL, units.THERAPY_MAX_NL_PER_DAY, LATEST_QUANTA)
    for bucket in range(states.PATIENT_BOLUS, states.BUCKETS):
        meter.set_volume(bucket, volume, quanta)
    engine = Engine(meter, guard, drive, Outside)
    engine.run(Outside)
    for owner in (meter, guard, engine, *meter.channels):
        make_small(owner)
    for late in ticks:
        engine.on_tick(Small(late))
    assert isinstance(meter.channels[states.BASAL].acc_pl, Small), "the arithmetic was not watched"
    assert drive.steps == meter.issued() - LIFE_STEPS


@pytest.mark.parametrize("late_us", [0, 45_000, 250_000, 3_000_000])
def test_ticks_punctual_late_and_merged_allocate_nothing_at_the_largest_rate(world: World, late_us: int) -> None:
    told = world.run(f"""{BUILD}
delivery.meter.set_rate(states.BASAL, units.THERAPY_MAX_NL_PER_DAY, units.QUANTA_PER_DAY)
delivery.begin_volume(states.CLINICIAN_BOLUS, 2 * units.NL_PER_ML, 126000, units.BOLUS_MAX_NL)
for bucket in (states.PATIENT_BOLUS, states.PERIODIC_BOLUS, states.PRIME):
    delivery.begin_volume(bucket, units.NL_PER_ML, 600000, units.PRIMING_MAX_NL)
delivery.start(units.THERAPY_MAX_NL_PER_DAY, units.PUMP_MAX_NL_PER_DAY, 200000, False)
delivery.guard.set_ceiling(1 << 29)
deliver(1300, {late_us})
time.sleep_ms(2000)
machine = hardware.drive._machine
result = [delivery.timer.failed, delivery.timer.count, delivery.steps_total(), max(machine._words)]
plant.sync()
result.append(plant.steps_made)
""")
    failed, ticks, steps, word, made = told
    assert not failed
    assert ticks > 1300
    assert steps > 20_000
    assert word <= SMALL_MAX
    assert made <= steps


def test_an_allocation_in_the_interrupt_would_not_go_unnoticed(world: World) -> None:
    told = world.run(f"""{BUILD}
from infuser.hw.ticktimer import TickTimer
kept = []
timer = TickTimer(lambda quanta: kept.append([quanta] * 100))
timer.start(100)
time.sleep_ms(1000)
result = [timer.failed, timer.count, len(kept)]
""")
    assert told == [True, 10, 0]


@pytest.mark.case("EC22")
def test_a_tick_that_finds_a_flipped_bit_cuts_the_motor_saves_nothing_and_resets(world: World) -> None:
    told = world.run(
        f"""{BUILD}
import idle
from infuser.app import startup
from infuser.app.commands import carry_out
from infuser.core import seal
from infuser.wire import messages
idle.control = Silence()
startup.take_up(pump)
idle.advance(1 << 58)
def order(command, **request):
    carry_out(pump, command, dict(request, operator="bench"))
order(messages.REFILL_BEGIN)
order(messages.REFILL_COMPLETE, measured_residual_nl=0, volume_nl=20000000, concentration_ug_per_ml=500)
order(messages.PRIME, purpose=states.PRIMING_CATHETER, volume_nl=1000000, duration_ms=600000)
for turn in range(100):
    hardware.port.idle(100 if pump.poll() else 2000)
result = [delivery.running, hardware.drive.enabled]
saved = [hardware.files.read(name) for name in ("c0", "c1")]
delivery.meter.channels[states.PRIME].den ^= 1 << 18
time.sleep_ms(500)
plant.sync()
made = plant.steps_made
result += [made > 0, delivery.running, hardware.drive.enabled, delivery.timer.failed]
time.sleep_ms(5000)
plant.sync()
result.append(plant.steps_made - made)
try:
    pump.poll()
except seal.Corrupt as found:
    result.append(pump.integrity.cause(found))
    delivery.cut()
result.append(saved == [hardware.files.read(name) for name in ("c0", "c1")])
"""
    )
    assert told == [True, True, True, False, False, False, 0, 1, True]


def test_a_reset_after_a_flipped_bit_is_ordered_by_the_pump_itself(world: World) -> None:
    told = world.run(
        f"""{BUILD}
from infuser.app import startup
startup.take_up(pump)
pump.controller.ledger.filled_nl ^= 1 << 20
pump.fail(KeyError("what a wrong figure led to"))
result = "it went on"
"""
    )
    assert told is None and world.code == 43
