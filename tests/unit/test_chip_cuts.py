"""Which cut points the campaign on the chip chooses, and how a tape gives the flash at each."""

from chipcuts import Cuts, choose
from chiptape import Operation, Tape, Truth

BLANK, ZERO = b"\xff" * 4, bytes(4)


def tape(**lengths: int) -> Tape:
    made = Tape(BLANK * 3)
    for part, count in lengths.items():
        for _ in range(count):
            at = len(made.operations) % 3 * 4
            made.operations.append(Operation(Truth(part=part), False, at, BLANK, ZERO, ("", ""), (0, 0)))
    return made


def test_points_are_spread_over_the_parts_and_none_is_chosen_twice() -> None:
    told = tape(start=4, bolus=100, growth=1000)
    for seed in range(20):
        points = choose(told, 60, seed)
        assert len(points) == len(set(points)) == 60
        parts = [told.operations[number].truth.part for number, _ in points]
        assert [parts.count(part) for part in ("start", "bolus", "growth")] == [8, 26, 26]
        assert 10 < sum(half for _, half in points if _ >= 4) < 42
        assert max(number for number, _ in points) > 1000, "up to the end of each part"


def test_the_seed_alone_decides_which() -> None:
    told = tape(start=40, bolus=100)
    assert choose(told, 20, 3) == choose(told, 20, 3) != choose(told, 20, 4)


def test_the_flash_after_a_cut_holds_what_was_done_before_and_half_of_the_last_if_it_was_torn() -> None:
    told = tape(start=3)
    assert told.flash(1, half=False) == ZERO + BLANK + BLANK
    assert told.flash(1, half=True) == ZERO + bytes(2) + BLANK[:2] + BLANK


def test_what_a_script_left_unfinished_is_not_cut() -> None:
    told = tape(start=3, bolus=5)
    told.broken = "bolus: the chip is silent"
    told.forget_broken()
    assert list(told.parts()) == ["start"]


def test_what_came_of_several_cuts_is_summed_up() -> None:
    total = Cuts(1, figures={"uncertain-slow": 3, "known": 1}, failures={1: "x"})
    total.add(Cuts(2, figures={"uncertain-slow": 2, "known": 2, "boot-ms": 9}, failures={2: "y"}))
    assert (total.cuts, total.failures) == (3, {1: "x", 2: "y"})
    assert total.figures == {"uncertain-slow": 3, "known": 3, "boot-ms": 9}
