"""A single flipped bit in program, counters or limits is found before it is used, and nothing goes out after it."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infuser.app.recorder import Recorder
from infuser.core import seal
from infuser.core.channel import SEGMENTS, Channel
from infuser.core.engine import Engine
from infuser.core.guard import Guard
from infuser.core.ledger import Ledger
from infuser.core.meter import Meter
from infuser.core.schedule import Schedule
from infuser.core.window import MINUTES, Window
from infuser.wire import program, records, states, units

pytestmark = pytest.mark.case("EC22")

STEP_PL = units.STEP_PL_NOMINAL
BITS = st.integers(0, 29)
QUEUES = [f"_next_{name}" for name in ("pl", "rem", "left")]
# vetoed is a figure for the log and limits nothing; the seals themselves must show too.
GUARD = [name for name, value in vars(Guard(STEP_PL, nullcontext)).items() if type(value) is int and name != "vetoed"]
CHANNEL = [name for name, value in vars(Channel()).items() if type(value) is int]
WINDOW = [name for name, value in vars(Window()).items() if type(value) is int and name != "_crc"]


class Drive:
    """Takes every burst until its motor is cut off."""

    def __init__(self) -> None:
        self.steps = 0
        self.on = True

    def ready(self) -> bool:
        return self.on

    def burst(self, count: int, interval_us: int) -> None:
        assert self.on
        self.steps += count

    def cut(self) -> None:
        self.on = False


def running() -> Engine:
    """An infusion of 24 mL a day with another rate prepared, in its second minute."""
    engine = Engine(Meter(STEP_PL, nullcontext), Guard(STEP_PL, nullcontext), Drive(), nullcontext)
    engine.guard.restore(0, 0, 0)
    engine.guard.set_rate_limits(units.THERAPY_MAX_NL_PER_DAY, units.THERAPY_MAX_NL_PER_DAY)
    engine.guard.set_limits([0, 0, units.DAY_MAX_NL])
    engine.guard.set_ceiling(100_000)
    engine.meter.set_rate(states.BASAL, units.THERAPY_MAX_NL_PER_DAY, 900)
    engine.meter.add_rate(states.BASAL, units.THERAPY_MAX_NL_PER_DAY, 1 << 29)
    engine.run(nullcontext)
    for _ in range(16):
        engine.on_tick(40)
    engine.guard.poll(units.MS_PER_MIN)
    return engine


def no_step_after(engine: Engine, flip: Callable[[], None]) -> None:
    before = engine.drive.steps
    flip()
    for _ in range(states.BUCKETS + 30):
        engine.on_tick(40)
    assert engine.drive.steps == before
    assert not engine.drive.on and not engine.running


def test_without_a_flipped_bit_the_motor_runs_on():
    engine = running()
    before = engine.drive.steps
    engine.on_tick(40)
    assert engine.drive.steps > before and engine.drive.on


@given(name=st.sampled_from(CHANNEL), bit=BITS)
def test_any_flipped_bit_of_the_running_channel_cuts_the_motor_before_another_step(name: str, bit: int):
    engine = running()
    channel = engine.meter.channels[states.BASAL]
    if name == "_queue_seal":
        channel.left = 1
        channel.seal()
        engine.on_tick(1)  # the next segment is begun: only now the queue is looked at
        assert engine.drive.on
        channel.queue(1, 1, 1)
        channel.left = 0
        channel.seal()
    no_step_after(engine, lambda: setattr(channel, name, getattr(channel, name) ^ 1 << bit))
    assert engine.meter.corrupt and not engine.meter.intact()


@given(name=st.sampled_from(QUEUES), at=st.integers(0, SEGMENTS - 1), bit=BITS)
def test_a_rate_that_was_prepared_is_not_begun_once_a_bit_of_the_queue_has_flipped(name: str, at: int, bit: int):
    engine = running()
    channel = engine.meter.channels[states.BASAL]
    channel.left = 0
    channel.seal()

    def flip() -> None:
        getattr(channel, name)[at] ^= 1 << bit

    no_step_after(engine, flip)


@given(bucket=st.integers(states.BASAL + 1, states.BUCKETS - 1), name=st.sampled_from(CHANNEL), bit=BITS)
def test_a_channel_that_stands_is_found_damaged_within_a_few_ticks(bucket: int, name: str, bit: int):
    engine = running()
    channel = engine.meter.channels[bucket]
    setattr(channel, name, getattr(channel, name) ^ 1 << bit)
    if name != "_queue_seal":
        for _ in range(states.BUCKETS):
            engine.on_tick(1)
        assert engine.meter.corrupt and not engine.drive.on
    assert not engine.meter.intact()


@given(bit=BITS)
def test_a_flipped_bit_of_the_microsteps_volume_cuts_the_motor(bit: int):
    engine = running()
    no_step_after(engine, lambda: setattr(engine.meter, "step_pl", engine.meter.step_pl ^ 1 << bit))


@given(name=st.sampled_from(GUARD), bit=BITS)
def test_any_flipped_bit_of_the_guard_is_found(name: str, bit: int):
    engine = running()
    guard = engine.guard
    setattr(guard, name, getattr(guard, name) ^ 1 << bit)
    if name in ("step_pl", "primed", "_slow_seal"):  # not used in the interrupt
        assert guard.room_steps() == 0 and guard.corrupt
    no_step_after(engine, lambda: None)
    assert not guard.intact()


@given(index=st.integers(0, 2), bit=BITS)
def test_a_limit_that_a_bit_has_raised_leaves_no_room(index: int, bit: int):
    guard = running().guard
    guard.limits[index] ^= 1 << bit
    assert guard.room_steps() == 0 and guard.corrupt


@given(name=st.sampled_from(WINDOW), bit=BITS)
def test_any_flipped_bit_of_the_windows_sums_stops_the_guard(name: str, bit: int):
    guard = running().guard
    setattr(guard.window, name, getattr(guard.window, name) ^ 1 << bit)
    assert guard.room_steps() == 0
    assert guard.allow(1, 256) == 0


@given(at=st.integers(0, 2 * MINUTES - 1), bit=st.integers(0, 7), index=st.integers(0, 2), sum_bit=BITS)
def test_a_minute_of_the_windows_is_verified_before_the_next_is_closed(at: int, bit: int, index: int, sum_bit: int):
    window = Window()
    window.begin(1000, 0)
    window.advance(1700, 90)
    used = [window.used(span, 90) for span in range(3)]
    window._minutes[at] ^= 1 << bit
    assert not window.intact()
    window.advance(1701, 90)
    assert [window.used(span, 90) for span in range(3)] == used, "no sum is made of it"
    window._minutes[at] ^= 1 << bit
    assert window.intact()
    window._sums[index] ^= 1 << sum_bit
    assert not window.sound()


class Files:
    """A journal that keeps the kinds of its records."""

    def __init__(self) -> None:
        self.kinds: list[int] = []
        self.next_seq = 1

    def append(self, kind: int, fields: dict[str, Any], time_ms: int, age_ms: int) -> None:
        self.kinds.append(kind)
        self.next_seq += 1


class Now:
    """A clock and a timebase that stand."""

    def age_ms(self) -> int:
        return 5000

    def now_ms(self, age_ms: int) -> int:
        return 0


def noted() -> Recorder:
    recorder = Recorder(Files(), Ledger(), Now(), Now())
    recorder.note(records.PROGRAM, program=bytes(range(40)), digest=bytes(32), confirmed=True, operator="x")
    recorder.note(records.START_AT, start_age_ms=7000, remind_min=5, operator="x")
    return recorder


@pytest.mark.parametrize("name", [name for name, value in vars(Ledger()).items() if type(value) is int])
def test_no_record_is_written_and_nothing_applied_once_a_bit_of_the_ledger_has_flipped(name: str):
    recorder = noted()
    recorder.verify()
    setattr(recorder.ledger, name, getattr(recorder.ledger, name) ^ 1 << 11)
    with pytest.raises(seal.Corrupt) as found:
        recorder.note(records.START_AT, start_age_ms=0, remind_min=0, operator="x")
    assert found.value.part == seal.LEDGER
    assert recorder.journal.kinds == [records.PROGRAM, records.START_AT]
    assert recorder.ledger.start_age_ms != 0


def test_a_flipped_bit_in_the_program_of_the_ledger_or_in_a_list_of_it_is_found():
    recorder = noted()
    recorder.ledger.program = b"\x01" + recorder.ledger.program[1:]
    with pytest.raises(seal.Corrupt):
        recorder.verify()
    recorder = noted()
    recorder.ledger.outcome_list.append({"request_id": 1, "error": 0})
    with pytest.raises(seal.Corrupt):
        recorder.verify()


def test_a_change_of_any_figure_of_a_schedule_shows_in_its_digest():
    steps = [{"day_mask": 127, "start_min": 60 * hour, "dose_ng_per_day": 100_000 + hour} for hour in range(24)]
    schedule = Schedule(
        program.new(
            drug="baclofen",
            concentration_ug_per_ml=500,
            mode=program.FLEX,
            step_list=steps,
            minimum_ng_per_day=50_000,
            low_reservoir_nl=1_000_000,
        )
    )
    before = schedule.digest()
    assert schedule.digest() == before
    schedule.program["step_list"][23]["dose_ng_per_day"] ^= 1
    assert schedule.digest() != before
    schedule.program["step_list"][23]["dose_ng_per_day"] ^= 1
    start, rate = schedule.starts[100]
    schedule.starts[100] = (start, rate ^ 1 << 20)
    assert schedule.digest() != before
    schedule.starts[100] = (start, rate)
    schedule.minimum_nl_per_day ^= 2
    assert schedule.digest() != before


def test_every_part_that_can_be_damaged_has_a_name_and_its_error_tells_it():
    assert sorted(seal.PARTS) == list(range(seal.METER, seal.AGE + 1))
    assert str(seal.Corrupt(seal.WINDOW)) == "dose windows damaged in memory"
