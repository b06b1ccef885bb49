"""Edges at the emulated board's pins, and what the bench makes of them."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "bench"))

import board_edges  # noqa: E402

MS = 1_000_000
PERIOD = 100 * MS
HELD = 3 * MS


def pulses(begins: list[int]) -> list[list[int]]:
    """Edges of pulses of 3 ms."""
    return [edge for begin in begins for edge in ([begin, 1], [begin + HELD, 0])]


def test_a_tick_is_as_late_as_it_is_behind_the_grid_of_the_earliest_one() -> None:
    told = board_edges.ticks(pulses([7 + 5 * MS, 7 + PERIOD, 7 + 2 * PERIOD, 7 + 3 * PERIOD + MS]), PERIOD)
    assert told.late_ns == [5 * MS, 0, 0, MS]
    assert (told.median_ns, told.rare_ns, told.worst_ns, told.lost) == (MS / 2, 5 * MS, 5 * MS, 0)
    assert told.held_ns == [HELD] * 4


def test_ticks_that_a_stall_held_up_and_that_ring_one_after_the_other_are_late_and_none_is_lost() -> None:
    begins = [number * PERIOD for number in range(20)]
    for number in range(5, 9):
        begins[number] = 9 * PERIOD - MS + (number - 5) * 4 * MS
    told = board_edges.ticks(pulses(begins), PERIOD)
    assert told.worst_ns == 4 * PERIOD - MS
    assert told.lost == 0


def test_a_tick_that_never_came_is_told_as_lost() -> None:
    begins = [number * PERIOD for number in range(20) if number != 5]
    assert board_edges.ticks(pulses(begins), PERIOD).lost == 1


def test_a_pulse_that_is_cut_at_either_end_of_what_was_seen_does_not_count() -> None:
    seen = board_edges.steps([[1, 0], [10, 1], [12, 0], [20, 1], [22, 0], [30, 1]])
    assert (seen.widths_ns, seen.spacings_ns) == ([2, 2], [10])


def test_the_probes_own_cost_is_the_shortest_of_its_empty_pulses() -> None:
    assert board_edges.empty_ns([[0, 1], [9, 0], [20, 1], [26, 0], [30, 1], [31, 0]], 2) == 6
