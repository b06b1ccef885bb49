"""Bars and the day's plot as characters: what was delivered filled, what is planned as a dotted line above it."""

from dataclasses import dataclass
from itertools import pairwise

from infuser.wire import units
from pumpctl import quantity
from pumpctl.monitor_day import Day


@dataclass(frozen=True)
class Glyphs:
    """The characters to draw with. `parts` are the eighths of a cell, the last one full."""

    parts: str
    empty: str
    mark: str
    dot: str
    rule: str
    cut: str
    box: str  # four corners and a side


UNICODE = Glyphs(" ▁▂▃▄▅▆▇█", "░", "┃", "•", "─", "…", "┌┐└┘│")
ASCII = Glyphs(" #", ".", "|", "o", "-", "~", "++++|")


def bar(share: int, whole: int, width: int, glyphs: Glyphs, mark: int | None = None) -> str:
    """A bar of `width` cells filled to `share` of `whole`, with a mark at the cell that `mark` of it comes to."""
    if whole <= 0 or width <= 0:
        return ""
    filled = min(width, max(0, share) * width // whole)
    cells = [glyphs.parts[-1]] * filled + [glyphs.empty] * (width - filled)
    if mark is not None:
        cells[min(width - 1, max(0, mark) * width // whole)] = glyphs.mark
    return "".join(cells)


_LABEL = 10


def day_plot(day: Day, width: int, height: int, glyphs: Glyphs) -> list[str]:
    """The local day in `height` lines: volume since its plan began over the time of day. Empty without a plan."""
    columns, rows = width - _LABEL - 1, height - 3
    if day.course is None or rows < 3 or columns < 24:
        return []
    top_nl = max(1, day.whole_nl or 0, day.delivered_nl)
    start_ms = day.midnight_ms
    planned: list[int | None] = []
    given: list[int | None] = []
    for column in range(columns):
        ms = start_ms + (column + 1) * units.MS_PER_DAY // columns
        planned.append(day.planned_until_nl(ms) if ms > day.start_ms else None)
        given.append(_at(day.points, min(ms, day.now_ms)) if _begun(day, column, columns) else None)
    lines = [
        _row(row, rows, top_nl, planned, given, glyphs).rjust(columns).rjust(columns + _LABEL + 1)
        for row in range(rows - 1, -1, -1)
    ]
    lines[0] = quantity.format_volume(top_nl).rjust(_LABEL) + lines[0][_LABEL:]
    lines[-1] = "0".rjust(_LABEL) + lines[-1][_LABEL:]
    title = f"delivered {glyphs.parts[-1] * 3}   plan {glyphs.dot * 3}".rjust(width)
    return [title, *lines, " " * (_LABEL + 1) + glyphs.rule * columns, _hours(columns)]


def _begun(day: Day, column: int, columns: int) -> bool:
    """Whether a column's time has come."""
    at_ms = day.midnight_ms + column * units.MS_PER_DAY // columns
    after_ms = at_ms + units.MS_PER_DAY // columns
    return at_ms <= day.now_ms and after_ms > day.start_ms


def _row(
    row: int, rows: int, top_nl: int, planned: list[int | None], given: list[int | None], glyphs: Glyphs
) -> str:  # fmt: skip
    eighths = len(glyphs.parts) - 1
    cells = []
    for plan_nl, given_nl in zip(planned, given, strict=True):
        filled = min(eighths, max(0, (given_nl or 0) * rows * eighths // top_nl - row * eighths))
        cell = glyphs.parts[filled]
        if plan_nl is not None and min(rows - 1, plan_nl * rows // top_nl) == row and filled < eighths:
            cell = glyphs.dot
        cells.append(cell)
    return "".join(cells)


def _at(points: tuple[tuple[int, int], ...], at_ms: int) -> int:
    """The volume at a time, between two points in proportion."""
    for (start_ms, low), (end_ms, high) in pairwise(points):
        if start_ms <= at_ms < end_ms:
            return low + (high - low) * (at_ms - start_ms) // (end_ms - start_ms)
    return points[-1][1] if points and at_ms >= points[-1][0] else 0


def _hours(columns: int) -> str:
    line = [" "] * (columns + _LABEL + 3)
    for hour in (0, 6, 12, 18, 24):
        text = f"{hour:02d}:00"
        at = _LABEL + 1 + hour * columns // 24 - (0 if hour == 0 else 5 if hour == 24 else 2)
        line[at : at + len(text)] = text
    return "".join(line).rstrip()
