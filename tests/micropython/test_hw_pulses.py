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
# TMC2209: a step pulse is high and low for 100 ns at least, and the direction stands 20 ns before its edge.
LEVEL_NS = 100
CYCLE_NS = 1000


@given(st.integers(1, 64), st.integers(8, 400), st.integers(1, 64), st.integers(8, 400))
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
    drive.burst(64, 8)
    machine.run()
    assert len(machine.rises) == len(machine.falls) == 64
    wide = [fall - rise for rise, fall in zip(machine.rises, machine.falls, strict=True)]
    apart = [rise - fall for rise, fall in zip(machine.rises[1:], machine.falls, strict=False)]
    assert set(wide) == {2}
    assert min(wide + apart) * CYCLE_NS >= LEVEL_NS


@pytest.mark.parametrize(
    ("count", "interval_us"), [(1, 8), (64, 8), (1, 1 << 24), (2, 1 << 24), (64, 1 << 24), (17, 100000 // 17)]
)
def test_a_burst_at_either_end_of_its_range_fits_its_word_and_comes_out_whole(count: int, interval_us: int) -> None:
    assert 0 <= piosim.word(count, interval_us) < 1 << 30, "no more a small integer: handing it over would allocate"
    assert piosim.rising_edges_us([(count, interval_us)]) == [piosim.FETCH_US + n * interval_us for n in range(count)]


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
    drive.burst(10, 50)
    assert heard[-2:] == [(direction, board.FORWARD, False), (enable, board.DRIVER_ON, False)]
    machine.run()
    assert machine.rises[0] * CYCLE_NS >= 20, "the direction stood since before the word was fetched"
    drive.burst(10, 50)
    machine.run(100)
    heard.clear()
    drive.enable(False)
    off, back = 1 - board.DRIVER_ON, 1 - board.FORWARD
    assert heard == [(enable, off, False), (direction, back, False), (enable, board.DRIVER_ON, False)]


def test_a_halt_at_any_cycle_of_a_burst_stops_within_a_step_and_counts_exactly() -> None:
    doubts = []
    for cycles in range(1, piosim.CYCLES):
        made, not_made = piosim.halted_after(cycles)
        doubts.append(piosim.PULSES + piosim.NEXT_PULSES - made - not_made)
    # Two cycles of each fetch leave a whole burst in doubt, the cycle before each rising edge that pulse.
    assert {doubt: doubts.count(doubt) for doubt in set(doubts)} == {
        0: len(doubts) - 4 - piosim.PULSES - piosim.NEXT_PULSES,
        1: piosim.PULSES + piosim.NEXT_PULSES,
        piosim.PULSES: 2,
        piosim.NEXT_PULSES: 2,
    }


def test_an_independent_emulator_sees_the_same_levels_of_the_step_pin() -> None:
    instructions, labels = pioasm.program()
    opcodes = [instruction.opcode(labels) for instruction in instructions]
    bursts = [(1, 8), (3, 9), (64, 8), (2, 300), (1, 8)]
    words = deque(piosim.word(*burst) for burst in bursts)
    begin = pioemu.State(transmit_fifo=words)
    rises, falls = [], []
    steps = pioemu.emulate(
        opcodes, stop_when=lambda _, state: state.clock > 2000, initial_state=begin, set_base=STEP_PIN, set_count=1
    )
    for before, after in steps:
        if after.pin_values != before.pin_values:
            (rises if after.pin_values else falls).append(before.clock)
    assert rises == piosim.rising_edges_us(bursts)
    assert [fall - rise for rise, fall in zip(rises, falls, strict=True)] == [2] * 71
