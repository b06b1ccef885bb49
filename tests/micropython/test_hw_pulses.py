"""The drive's pulses, cycle by cycle: even, wide enough, as many as asked for, and counted exactly when halted."""

from collections import deque
from typing import Any

import pioasm
import pioemu
import piosim
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infuser.core import engine
from infuser.hw import board
from infuser.wire import units

STEP_PIN = 2
SIDE_PIN = 4
# TMC2209: a step pulse is high and low for 100 ns at least, and the direction stands 20 ns before its edge.
LEVEL_NS = 100
CYCLE_NS = 1000
INTERVAL_MIN_US = piosim.OVERHEAD_US


INTERVALS = st.integers(INTERVAL_MIN_US, 3 * INTERVAL_MIN_US)


@given(st.integers(1, 64), INTERVALS, st.integers(1, 64), INTERVALS)
def test_the_pio_program_makes_as_many_pulses_as_asked_evenly(
    count: int, interval_us: int, next_count: int, next_interval_us: int
) -> None:
    rises = piosim.rising_edges_us([(count, interval_us), (next_count, next_interval_us)])
    assert len(rises) == count + next_count
    gaps = [later - earlier for earlier, later in zip(rises, rises[1:], strict=False)]
    assert gaps[: count - 1] == [interval_us] * (count - 1)
    assert gaps[count - 1] == interval_us + piosim.FETCH_US
    assert gaps[count:] == [next_interval_us] * (next_count - 1)


def test_pulses_are_wide_enough_for_the_driver_at_the_shortest_interval() -> None:
    drive, machine = piosim.drive()
    drive.enable(True)
    drive.burst(64, INTERVAL_MIN_US)
    machine.run()
    assert len(machine.rises) == len(machine.falls) == 64
    wide = [fall - rise for rise, fall in zip(machine.rises, machine.falls, strict=True)]
    apart = [rise - fall for rise, fall in zip(machine.rises[1:], machine.falls, strict=False)]
    assert set(wide) == {2}
    assert min(wide + apart) * CYCLE_NS >= LEVEL_NS


@pytest.mark.parametrize(
    ("count", "interval_us"),
    [(1, INTERVAL_MIN_US), (64, INTERVAL_MIN_US), (1, 1 << 24), (2, 1 << 24), (64, 1 << 24), (17, 100000 // 17)],
)
def test_a_burst_at_either_end_of_its_range_fits_its_word_and_comes_out_whole(count: int, interval_us: int) -> None:
    assert 0 <= piosim.word(count, interval_us) < 1 << 30, "no more a small integer: handing it over would allocate"
    assert piosim.rising_edges_us([(count, interval_us)]) == [piosim.FIRST_US + n * interval_us for n in range(count)]


def test_the_largest_rate_goes_out_in_bursts_that_end_before_the_next_is_due() -> None:
    drive, machine = piosim.drive()
    drive.enable(True)
    steps_per_min = units.PRIMING_MAX_NL_PER_DAY * units.PL_PER_NL // (1440 * units.STEP_PL_NOMINAL)
    tick_us, issued = 100_000, 0
    for tick in range(1, 601):
        machine.run(tick_us)
        due = steps_per_min * tick // 600
        assert drive.ready()
        drive.burst(due - issued, tick_us // (due - issued))
        issued = due
    machine.run()
    gaps = [later - earlier for earlier, later in zip(machine.rises, machine.rises[1:], strict=False)]
    assert len(machine.rises) == issued == steps_per_min == 10185
    assert min(gaps) >= engine.INTERVAL_MIN_US
    assert max(gaps) <= 2 * tick_us // 16


def pins_heard() -> tuple[Any, piosim.StateMachine, list[tuple[int, int, bool]]]:
    """A drive, its machine, and what it sets: (gpio, level, whether the machine runs then)."""
    heard: list[tuple[int, int, bool]] = []
    machines: list[piosim.StateMachine] = []
    drive, machine = piosim.drive(lambda gpio, level: heard.append((gpio, level, any(one.on for one in machines))))
    machines.append(machine)
    heard.clear()
    return drive, machine, heard


def test_direction_is_set_while_the_machine_stands_and_before_the_driver_is_on() -> None:
    drive, machine, heard = pins_heard()
    enable, direction = board.PINS["enable"], board.PINS["dir"]
    drive.enable(True)
    drive.burst(10, 5000)
    assert heard[-2:] == [(direction, board.FORWARD, False), (enable, piosim.PIO_HAS, False)]
    machine.run()
    assert machine.rises[0] * CYCLE_NS >= 20, "the direction stood since before the word was fetched"
    drive.burst(10, 5000)
    machine.run(10000)
    heard.clear()
    drive.enable(False)
    off, back = 1 - board.DRIVER_ON, 1 - board.FORWARD
    assert heard == [(enable, off, True), (direction, back, False), (enable, piosim.PIO_HAS, False)]


def test_a_halt_at_any_cycle_of_a_burst_stops_within_a_step_and_counts_exactly() -> None:
    doubts = []
    for cycles in piosim.MOMENTS:
        made, not_made = piosim.halted_after(cycles)
        doubts.append(piosim.PULSES + piosim.NEXT_PULSES - made - not_made)
    # The first cycle of each fetch leaves a whole burst in doubt. Of a pulse it is the cycle in which X is counted down
    # or filled, and those in which the current rises; of the first one in a burst another cycle of the fetch.
    pulses = piosim.PULSES + piosim.NEXT_PULSES
    assert {doubt: doubts.count(doubt) for doubt in set(doubts)} == {
        0: len(doubts) - 2 - 2 - pulses * (1 + piosim.RISE_US),
        1: 2 + pulses * (1 + piosim.RISE_US),
        piosim.PULSES: 1,
        piosim.NEXT_PULSES: 1,
    }


def test_the_driver_has_current_from_just_before_each_pulse_until_the_rotor_has_settled_and_none_at_rest() -> None:
    drive, machine = piosim.drive()
    drive.enable(True)
    assert not machine.current
    drive.burst(3, 20_000)
    drive.burst(1, 4_000_000)
    machine.run()
    on = [cycle for cycle, level in machine.sides if level == board.DRIVER_ON]
    off = [cycle for cycle, level in machine.sides if level != board.DRIVER_ON]
    assert on == [rise - piosim.RISE_US for rise in machine.rises]
    assert [end - begin for begin, end in zip(on, off, strict=True)] == [piosim.ON_US] * 4
    assert not machine.current


def test_the_driver_is_without_current_from_the_first_instant_until_the_drive_is_enabled() -> None:
    heard: list[tuple[int, int]] = []
    drive, machine = piosim.drive(lambda gpio, level: heard.append((gpio, level)))
    enable, off = board.PINS["enable"], 1 - board.DRIVER_ON
    assert [level for gpio, level in heard if gpio == enable] == [off, off], "before and after the machine has it"
    machine.on = True
    machine.words = [piosim.word(2, INTERVAL_MIN_US)]
    machine.run()
    assert not machine.current
    drive.enable(True)
    drive.disable()
    assert not machine.current


def test_a_cut_takes_the_current_although_the_program_goes_on() -> None:
    drive, machine = piosim.drive()
    drive.enable(True)
    drive.burst(64, INTERVAL_MIN_US)
    machine.run(piosim.FIRST_US + 100)
    assert machine.current
    drive.cut()
    machine.on = True  # a state machine that does not obey
    seen = []
    for _ in range(100):
        machine.run(500)
        seen.append(machine.current)
    assert machine.side == board.DRIVER_ON or len(machine.sides) > 10, "the program itself would have gone on"
    assert not any(seen)


def test_nothing_but_the_program_itself_switches_the_current_on() -> None:
    instructions, labels = pioasm.program()
    levels = [instruction.level for instruction in instructions]
    # Because some have none, the assembler gives side-set a bit of its own that tells whether it is there: restart(),
    # which jumps to the first instruction, and what exec() is given leave the level as it is.
    assert None in levels
    assert [index for index, level in enumerate(levels) if level == board.DRIVER_ON] == [labels["step"]]
    assert levels[0] == 1 - board.DRIVER_ON, "what waits for a word waits without current"


def test_an_independent_emulator_sees_the_same_levels_of_the_step_pin() -> None:
    instructions, labels = pioasm.program()
    opcodes = [instruction.opcode(labels) for instruction in instructions]
    least = INTERVAL_MIN_US
    bursts = [(1, least), (3, least + 1), (2, least), (2, least + 300), (1, least)]
    words = deque(piosim.word(*burst) for burst in bursts)
    begin = pioemu.State(transmit_fifo=words)
    rises, falls, sides, side = [], [], [], 1
    steps = pioemu.emulate(
        opcodes,
        stop_when=lambda _, state: state.clock > 10 * least,
        initial_state=begin,
        shift_osr_right=False,
        set_base=STEP_PIN,
        set_count=1,
        side_set_base=SIDE_PIN,
        side_set_count=2,
    )
    for before, after in steps:
        step = after.pin_values >> STEP_PIN & 1
        if step != before.pin_values >> STEP_PIN & 1:
            (rises if step else falls).append(before.clock)
        # It knows no side-set that may be left out: what it shows are the level and the bit that tells it is there.
        level, there = after.pin_values >> SIDE_PIN & 1, after.pin_values >> SIDE_PIN + 1 & 1
        if there and level != side:
            side = level
            sides.append((before.clock, side))
    machine = piosim.StateMachine()
    machine.active(1)
    machine.words = [piosim.word(*burst) for burst in bursts]
    machine.run()
    assert (rises, sides) == (machine.rises, machine.sides)
    assert [fall - rise for rise, fall in zip(rises, falls, strict=True)] == [2] * 9
