"""HARDWARE.md: parts, values, drawing and budget fit each other, the board file and the PIO's program."""

import re
from xml.etree import ElementTree

import pytest
from tree import FIRMWARE

from infuser.wire import alarms, units
from pumpctl import circuits, docs_pages, parts, pinout, power_budget, wiring
from pumpctl.wiring_boxes import KINDS, LEFT, RIGHT

PINS = pinout.pins(FIRMWARE / "infuser" / "hw" / "board.py")
PAGE = (FIRMWARE / "HARDWARE.md").read_text(encoding="utf-8")
DRAWN = (FIRMWARE / wiring.FILE).read_text(encoding="utf-8")
NAME = re.compile(r"\b(?:RV|[BCDFJMQRSU]|BT|LS|JP)\d+\b")
INSIDE_THE_PICO = "battery"
Point = tuple[int, int]


def designators() -> list[str]:
    return [name for item in parts.ITEMS for name in item.names]


def test_the_drawing_is_that_of_the_board_file() -> None:
    assert wiring.write(FIRMWARE) == DRAWN, "run `make docs`"
    moved = {**PINS, "air": 13}
    assert wiring.svg(moved) != DRAWN and ">GP13<" in wiring.svg(moved)


def test_every_signal_has_parts_and_one_wire_in_the_drawing() -> None:
    wired = [name for box in (*LEFT, *RIGHT) for name, _ in box.terminals]
    assert sorted([*wired, INSIDE_THE_PICO]) == sorted([*PINS, "VSYS"])
    for signal in PINS:
        assert parts.serving(signal), signal
        assert f">{signal}<" in DRAWN or signal == INSIDE_THE_PICO
    for item in parts.ITEMS:
        assert set(item.signals) <= set(PINS), item.names


def test_every_part_is_listed_once_and_all_that_drawing_bring_up_and_page_name_are_listed() -> None:
    from pumpctl.bringup_parts import PARTS

    listed = designators()
    assert len(set(listed)) == len(listed)
    drawn = " ".join("".join(found.itertext()) for found in ElementTree.fromstring(DRAWN))
    for text in (drawn, PAGE, *(part.check for part in PARTS)):
        assert not set(NAME.findall(text)) - set(listed), text
    missing = set(listed) - set(NAME.findall(drawn))
    assert all(re.search(rf"\b{name}\b", PAGE) for name in listed)
    # What is told by a range in the drawing, or stands beside the part that it belongs to.
    assert missing == {"R18", "R19", "R20", "R21", "D2", "C2", "C10", "C11", "C12"}


def wires() -> list[list[Point]]:
    """The corners of every wire."""
    found = re.findall(r'<path d="M(\d+) (\d+)H(\d+)V(\d+)H(\d+)"', DRAWN)
    return [
        [(int(a), int(b)), (int(c), int(b)), (int(c), int(d)), (int(e), int(d))] for a, b, c, d, e in found
    ]  # fmt: skip


def touch(one: tuple[Point, Point], other: tuple[Point, Point]) -> bool:
    (left, top), (right, bottom) = zip(*map(sorted, zip(*one, strict=True)), strict=True)
    (its_left, its_top), (its_right, its_bottom) = zip(*map(sorted, zip(*other, strict=True)), strict=True)
    return left <= its_right and its_left <= right and top <= its_bottom and its_top <= bottom


def test_no_wire_of_the_drawing_meets_another() -> None:
    drawn = wires()
    assert len(drawn) == len(PINS)  # the battery's is inside the Pico, VSYS has one
    for at, one in enumerate(drawn):
        for other in drawn[at + 1 :]:
            for mine in zip(one, one[1:], strict=False):
                for its in zip(other, other[1:], strict=False):
                    assert not touch(mine, its), (one, other)


@pytest.mark.parametrize("box", [*LEFT, *RIGHT], ids=lambda box: box.title)
def test_the_texts_of_a_box_have_room_beside_each_other(box) -> None:
    width = 318 - 10 - 9
    for at, note in enumerate(box.notes):
        beside = box.terminals[min(at, len(box.terminals) - 1)][1] if at < len(box.terminals) + 1 else ""
        assert 6.9 * len(note) + 7.6 * len(beside) < width, note
    assert box.kind in KINDS


def test_the_values_give_what_firmware_and_datasheets_want() -> None:
    for what, given, needed, holds in circuits.checks(FIRMWARE):
        assert holds, (what, given, needed)


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [("R_BUS", 4700, "rise of the I2C bus"), ("R_GAIN", 680, "slope"), ("R_ENABLE", 47_000, "EN"),
     ("R_SENSE", 100, "sounder"), ("R_SUPPLY_BOTTOM", 27_000, "supply_present"), ("R_ZERO_TRIM", 500, "zero")],
)  # fmt: skip
def test_a_value_that_does_not_do_is_found_when_the_page_is_written(
    monkeypatch: pytest.MonkeyPatch, name: str, value: int, what: str
) -> None:
    monkeypatch.setattr(circuits, name, value)
    with pytest.raises(ValueError, match=what):
        docs_pages.check_table(FIRMWARE)


def test_the_motors_share_of_the_time_is_that_of_the_pios_program() -> None:
    assert power_budget.on_us(FIRMWARE) == 4112
    a_day = power_budget.motor_share(FIRMWARE, units.THERAPY_MAX_NL_PER_DAY) * 86_400
    assert 1005 < a_day < 1006, "17 minutes, as the page says"
    assert "4.112 ms" in PAGE and "2 s to 17 min a day" in PAGE
    assert power_budget.motor_share(FIRMWARE, units.PRIMING_MAX_NL_PER_DAY) < 1
    assert power_budget.lit_share(alarms.HIGH) == pytest.approx(0.4)


def test_the_budget_adds_up_and_its_modes_differ_by_what_is_switched_on() -> None:
    idle, least, one, most, alarm, priming = (power_budget.total_a(FIRMWARE, mode) for mode in power_budget.MODES)
    assert idle < least < one < most < priming and one < alarm
    for mode in power_budget.MODES:
        told = sum(current_a(mode) for _, _, current_a in power_budget.consumers(FIRMWARE))
        assert power_budget.life_h(FIRMWARE, mode) * told == pytest.approx(power_budget.CELL_AH * power_budget.USABLE)
