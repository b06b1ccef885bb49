"""The wiring diagram, firmware/wiring.svg: the Pico with its forty pins, and what hangs on each of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pumpctl import pinout
from pumpctl.charts import INK
from pumpctl.report_text import escape
from pumpctl.wiring_boxes import KINDS, LEFT, RIGHT, Box, pin

FILE = "wiring.svg"
WIDTH = 1200
_BOX_WIDTH = 318
_MARGIN = 24
_TOP = 96
_GAP = 14
_TITLE, _ROW, _NOTE, _FOOT = 26, 22, 17, 26
_PICO_LEFT, _PICO_RIGHT = 468, 732
_PITCH = 42
_LANE = 9
_PINS = 20
_STYLE = (
    "text{font:13px 'DejaVu Sans','Segoe UI',Arial,sans-serif;fill:#1c2733}"
    ".title{font-weight:bold}.note{font-size:12px}.small{font-size:11px;fill:#4a5763}.head{font-size:20px;font-weight:bold}"
    ".number{font-size:11px;fill:#fff}.unused{fill:#8a97a3}.name{font-weight:bold}"
)


@dataclass(frozen=True)
class _Wire:
    """From a terminal of a box to a pin of the Pico, both at their heights."""

    kind: str
    from_y: int
    to_y: int


def svg(gpio: Mapping[str, int]) -> str:
    """The drawing for these pins; KeyError if a box names a signal that board.py does not have."""
    pico_height = _PITCH * _PINS
    height = max(pico_height, _stack(LEFT), _stack(RIGHT))
    pico_top = _TOP + (height - pico_height) // 2
    parts = [*_head()]
    for boxes, on_left in ((LEFT, True), (RIGHT, False)):
        drawn, wires = _boxes(boxes, on_left, gpio, _TOP + (height - _stack(boxes)) // 2, pico_top)
        parts += _wires(wires, on_left)
        parts += drawn
    parts += _pico(gpio, pico_top)
    parts += _legend(_TOP + height + 34)
    bottom = _TOP + height + 84
    title = "Wiring of the reference board"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom}" width="{WIDTH}" height="{bottom}"'
        f' role="img" aria-label="{title}"><title>{title}</title><style>{_STYLE}</style>\n'
        f'<rect width="{WIDTH}" height="{bottom}" fill="#fdfdfb"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _text(x: int, y: int, text: str, style: str = "", anchor: str = "start") -> str:
    of_class = f' class="{style}"' if style else ""
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}"{of_class}>{escape(text)}</text>'


def _head() -> list[str]:
    return [
        _text(_MARGIN, 38, "Wiring of the reference board", "head"),
        _text(_MARGIN, 62, "Written from infuser/hw/board.py by make docs. A bench prototype: never connect it to a"
              " person. Nothing here was built."),
    ]  # fmt: skip


def _height(box: Box) -> int:
    return _TITLE + max(len(box.terminals) * _ROW, len(box.notes) * _NOTE) + _FOOT


def _stack(boxes: Sequence[Box]) -> int:
    return sum(map(_height, boxes)) + _GAP * (len(boxes) - 1)


def _boxes(
    boxes: Sequence[Box], on_left: bool, gpio: Mapping[str, int], top: int, pico_top: int
) -> tuple[list[str], list[_Wire]]:
    drawn: list[str] = []
    wires: list[_Wire] = []
    left = _MARGIN if on_left else WIDTH - _MARGIN - _BOX_WIDTH
    edge = left + _BOX_WIDTH if on_left else left
    for box in boxes:
        height, colour = _height(box), KINDS[box.kind][0]
        drawn.append(f'<rect x="{left}" y="{top}" width="{_BOX_WIDTH}" height="{height}" rx="5" fill="#fff"'
                     f' stroke="{colour}" stroke-width="1.5"/>')  # fmt: skip
        inside, side = (left + 10, "start") if on_left else (left + _BOX_WIDTH - 10, "end")
        drawn.append(_text(inside, top + 18, box.title, "title", side))
        for at, note in enumerate(box.notes):
            drawn.append(_text(inside, top + _TITLE + 14 + at * _NOTE, note, "note", side))
        drawn.append(_text(inside, top + height - 9, f"also to: {box.rails}", "small", side))
        for at, (name, label) in enumerate(box.terminals):
            y = top + _TITLE + 10 + at * _ROW
            drawn.append(f'<circle cx="{edge}" cy="{y}" r="4" fill="{colour}"/>')
            drawn.append(
                _text(edge - 9 if on_left else edge + 9, y + 4, label, "small name", "end" if on_left else "start")
            )
            wires.append(_Wire(box.kind, y, _pin_y(pin(name, gpio), pico_top)))
        top += height + _GAP
    return drawn, wires


def _pin_y(number: int, pico_top: int) -> int:
    """Pin 1 is at the top left, pin 40 at the top right."""
    row = number - 1 if number <= _PINS else 2 * _PINS - number
    return pico_top + _PITCH // 2 + row * _PITCH


def _wires(wires: Sequence[_Wire], on_left: bool) -> Iterable[str]:
    """Each goes level, in a lane of its own up or down, then level; in this order of lanes none crosses another."""
    falling = [wire for wire in wires if wire.to_y >= wire.from_y]
    rising = [wire for wire in wires if wire.to_y < wire.from_y]
    # A falling wire must not be crossed by the one below it, which turns before it does; a rising one the other way.
    turns = [
        *((wire, at) for at, wire in enumerate(reversed(falling))),
        *((wire, at) for at, wire in enumerate(rising)),
    ]
    box_edge = _MARGIN + _BOX_WIDTH if on_left else WIDTH - _MARGIN - _BOX_WIDTH
    pico_edge = _PICO_LEFT - 12 if on_left else _PICO_RIGHT + 12
    away = 1 if on_left else -1
    for wire, at in turns:
        lane = box_edge + away * (14 + at * _LANE)
        colour = KINDS[wire.kind][0]
        yield (f'<path d="M{box_edge} {wire.from_y}H{lane}V{wire.to_y}H{pico_edge}" fill="none" stroke="{colour}"'
               ' stroke-width="2" stroke-linejoin="round"/>')  # fmt: skip


def _pico(gpio: Mapping[str, int], top: int) -> Iterable[str]:
    signals = {pinout.EDGE[number]: (name, f"GP{number}") for name, number in gpio.items() if number in pinout.EDGE}
    numbers = {edge: f"GP{number}" for number, edge in pinout.EDGE.items()}
    height, middle = _PITCH * _PINS, (_PICO_LEFT + _PICO_RIGHT) // 2
    yield (f'<rect x="{_PICO_LEFT}" y="{top - 12}" width="{_PICO_RIGHT - _PICO_LEFT}" height="{height + 24}" rx="10"'
           ' fill="#e9f3ec" stroke="#2f6b46" stroke-width="2"/>')  # fmt: skip
    yield f'<rect x="{middle - 24}" y="{top - 26}" width="48" height="26" rx="3" fill="#c9d1d6" stroke="#5d6a74"/>'
    yield _text(middle, top - 9, "USB", "small", "middle")
    yield _text(middle, top + 26, "U1", "title", "middle")
    yield _text(middle, top + 44, "Raspberry Pi Pico", "note", "middle")
    used = {pin(name, gpio) for box in (*LEFT, *RIGHT) for name, _ in box.terminals}
    for number in range(1, 2 * _PINS + 1):
        y, on_left = _pin_y(number, top), number <= _PINS
        x = _PICO_LEFT if on_left else _PICO_RIGHT
        name, port = signals.get(number, ("", numbers.get(number, pinout.SUPPLY_PINS.get(number, ""))))
        fill = INK if number in used else "#8a97a3"
        yield f'<circle cx="{x}" cy="{y}" r="11" fill="{fill}"/>'
        yield _text(x, y + 4, str(number), "number", "middle")
        inside, side = (x + 17, "start") if on_left else (x - 17, "end")
        if name:
            yield _text(inside, y - 3, name, "note name", side)
            yield _text(inside, y + 11, port, "small", side)
        else:
            style = "note" if number in pinout.SUPPLY_PINS else "note unused"
            yield _text(inside, y + 4, port, style, side)


def _legend(y: int) -> Iterable[str]:
    x = _MARGIN
    for colour, meaning in KINDS.values():
        yield f'<path d="M{x} {y - 4}h26" stroke="{colour}" stroke-width="3"/>'
        yield _text(x + 34, y, meaning)
        x += 62 + 8 * len(meaning)
    yield _text(_MARGIN, y + 28, "3V3 is pin 36, AGND pin 33, VSYS pin 39, VBUS pin 40: told in words, as is"
                " GND. A black pin has a wire here, a grey one is free or a rail.", "small")  # fmt: skip


def write(firmware: Path) -> str:
    """The drawing of the board file in `firmware`."""
    return svg(pinout.pins(firmware / "infuser" / "hw" / "board.py"))
