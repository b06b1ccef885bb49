"""Plots as plain SVG: scales, axes with units, lines, bars, bands and legends; legible in grey, described for readers.

A plot's x is local ms; its y is any integer quantity shown in `unit`s of `per_unit`.
"""

from collections.abc import Sequence

from infuser.wire import units
from pumpctl.report_text import calendar, clock_known, day, escape

WIDTH = 860
LEFT, RIGHT, TOP, BOTTOM = 64, 12, 34, 40
INK = "#1c2733"
FAINT = "#d5dbe1"

_STEPS_MS = [units.MS_PER_H * hours for hours in (1, 2, 3, 6, 12)] + [
    units.MS_PER_DAY * days for days in (1, 2, 7, 14, 28, 56, 91, 182, 364)
]
_TICK_WIDTH = 54
_ROW = 18
# Monday 5 January 1970: weeks are counted from it.
_MONDAY_MS = 4 * units.MS_PER_DAY


class Plot:
    """One figure. Draw inside with data coordinates, then `svg()`."""

    def __init__(
        self,
        name: str,
        title: str,
        description: str,
        x_range: tuple[int, int],
        y_range: tuple[int, int],
        height: int = 300,
        left: int = LEFT,
    ) -> None:
        self.name = name
        self.title = title
        self.description = description
        self.x0, self.x1 = x_range[0], max(x_range[1], x_range[0] + units.MS_PER_MIN)
        self.y0, self.y1 = y_range[0], max(y_range[1], y_range[0] + 1)
        self.height = height
        self.left = left
        self.bottom = height - BOTTOM
        self._above = 0  # room for a legend of several rows
        self._under: list[str] = []
        self._parts: list[str] = []

    def x(self, ms: int) -> float:
        """Horizontal place of a time, held within the plot."""
        at = min(max(ms, self.x0), self.x1)
        return self.left + (WIDTH - RIGHT - self.left) * (at - self.x0) / (self.x1 - self.x0)

    def y(self, value: int) -> float:
        """Vertical place of a value."""
        return self.bottom - (self.bottom - TOP) * (value - self.y0) / (self.y1 - self.y0)

    def add(self, part: str) -> None:
        """Draw a piece of SVG above what is there."""
        self._parts.append(part)

    def under(self, part: str) -> None:
        """Draw a piece of SVG beneath everything, the grid included."""
        self._under.append(part)

    def text(self, x: float, y: float, words: str, anchor: str = "start", kind: str = "") -> None:
        """Words at a place of the figure."""
        self.add(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">{escape(words)}</text>')

    def line(self, points: Sequence[tuple[int, int]], style: str) -> None:
        """A line through (time, value); points that fall on one pixel are left out."""
        path: list[str] = []
        last = (-9.0, -9.0)
        for at, (ms, value) in enumerate(points):
            x, y = self.x(ms), self.y(value)
            if at < len(points) - 1 and abs(x - last[0]) < 0.4 and abs(y - last[1]) < 0.4:
                continue
            path.append(f"{x:.1f},{y:.1f}")
            last = (x, y)
        if path:
            self.add(f'<polyline points="{" ".join(path)}" fill="none" {style}/>')

    def area(self, points: Sequence[tuple[int, int]], style: str) -> None:
        """A closed shape through (time, value)."""
        path = " ".join(f"{self.x(ms):.1f},{self.y(value):.1f}" for ms, value in points)
        self.add(f'<polygon points="{path}" {style}/>')

    def bar(self, start_ms: int, end_ms: int, low: int, high: int, style: str, told: str) -> None:
        """A box in data coordinates, at least a pixel wide; `told` appears under the pointer."""
        x, y = self.x(start_ms), self.y(high)
        self.box(x, y, max(self.x(end_ms) - x, 1), max(self.y(low) - y, 0), style, told)

    def box(self, x: float, y: float, width: float, height: float, style: str, told: str) -> None:
        """A box in figure coordinates."""
        self.add(f"<g>{_box(x, y, width, height, style)}<title>{escape(told)}</title></g>")

    def band(self, start_ms: int, end_ms: int, style: str, told: str) -> None:
        """A stretch of time over the plot's whole height, at least 3 pixels wide, beneath the rest."""
        x = self.x(start_ms)
        width = max(self.x(end_ms) - x, 3)
        self.under(f"<g>{_box(x, TOP, width, self.bottom - TOP, style)}<title>{escape(told)}</title></g>")

    def mark(self, ms: int, style: str = "") -> None:
        """A vertical line at a time."""
        x = self.x(ms)
        self.add(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{self.bottom}" stroke="{INK}" {style}/>')

    def legend(self, entries: Sequence[tuple[str, str]]) -> None:
        """Keys above the plot, right-aligned, in rows as needed; an entry is (SVG of a 22 x 12 sample, words)."""
        rows: list[list[tuple[str, str, int]]] = [[]]
        for sample, words in entries:
            width = 42 + 7 * len(words)
            if rows[-1] and sum(one[2] for one in rows[-1]) + width > WIDTH - RIGHT:
                rows.append([])
            rows[-1].append((sample, words, width))
        self._above = _ROW * (len(rows) - 1)
        for at, row in enumerate(rows):
            x, y = float(WIDTH - RIGHT - sum(one[2] for one in row)), TOP - self._above + _ROW * at
            for sample, words, width in row:
                self.add(f'<g transform="translate({x:.1f},{y - 22})">{sample}</g>')
                self.text(x + 27, y - 12, words, kind="small")
                x += width

    def time_axis(self, label: str = "") -> None:
        """Ticks at hours, midnights or Mondays, as the span asks for."""
        most = (WIDTH - RIGHT - self.left) // _TICK_WIDTH
        step_ms = next((s for s in _STEPS_MS if (self.x1 - self.x0) // s <= most), _STEPS_MS[-1])
        phase_ms = _MONDAY_MS if step_ms % (7 * units.MS_PER_DAY) == 0 and clock_known(self.x0) else 0
        at_ms = self.x0 + (phase_ms - self.x0) % step_ms
        while at_ms <= self.x1:
            x = self.x(at_ms)
            self.under(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{self.bottom + 4}" stroke="{FAINT}"/>')
            self.text(min(x, WIDTH - RIGHT - 14), self.bottom + 17, _tick(at_ms, step_ms), "middle", "small")
            at_ms += step_ms
        self.text((self.left + WIDTH - RIGHT) / 2, self.height - 5, label, "middle", "small")

    def value_axis(self, label: str, per_unit: int) -> None:
        """Horizontal grid with round values; `label` carries the unit."""
        for value in ticks(self.y0, self.y1):
            y = self.y(value)
            width = 1.2 if value == 0 else 1
            stroke = INK if value == 0 else FAINT
            self.under(
                f'<line x1="{self.left}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"'
                f' stroke="{stroke}" stroke-width="{width}"/>'
            )
            shown = f"{value / per_unit:g}".replace("-", "\u2212")
            self.text(self.left - 7, y + 4, shown, "end", "small")
        y = (TOP + self.bottom) / 2
        self.add(f'<text transform="translate(13,{y:.1f}) rotate(-90)" text-anchor="middle">{escape(label)}</text>')

    def empty(self, words: str) -> None:
        """Say why there is nothing to draw."""
        self.text((self.left + WIDTH - RIGHT) / 2, (TOP + self.bottom) / 2, words, "middle")

    def svg(self) -> str:
        """The figure as an SVG element."""
        frame = f'<path d="M{self.left} {TOP}V{self.bottom}H{WIDTH - RIGHT}" fill="none" stroke="{INK}"/>'
        return (
            f'<svg class="plot" id="{self.name}" role="img"'
            f' viewBox="0 {-self._above} {WIDTH} {self.height + self._above}"'
            f' aria-labelledby="{self.name}-title {self.name}-desc">'
            f'<title id="{self.name}-title">{escape(self.title)}</title>'
            f'<desc id="{self.name}-desc">{escape(self.description)}</desc>'
            f"{''.join(self._under)}{''.join(self._parts)}{frame}</svg>"
        )


def _box(x: float, y: float, width: float, height: float, style: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" {style}/>'


def _tick(ms: int, step_ms: int) -> str:
    if step_ms >= units.MS_PER_DAY or ms % units.MS_PER_DAY == 0:
        return day(ms)
    return calendar(ms).strftime("%H:%M")


def ticks(low: int, high: int) -> list[int]:
    """About five round values (1, 2 or 5 times a power of ten) between two integers."""
    span = max(1, high - low)
    power = 10 ** (len(str(span)) - 1)
    step = next((power * m // 10 for m in (1, 2, 5, 10, 20, 50) if span * 10 <= 6 * power * m), power * 10) or 1
    first = -(-low // step) * step
    return list(range(first, high + 1, step))


def ceiling(value: int) -> int:
    """A little room above the largest value of an axis."""
    return value + max(1, value // 12)


def sample_line(style: str) -> str:
    """A legend's key for a line."""
    return f'<line x1="0" x2="22" y1="6" y2="6" {style}/>'


def sample_box(style: str) -> str:
    """A legend's key for an area."""
    return f'<rect x="3" width="16" height="12" {style}/>'


def patterns() -> str:
    """Hatchings used by all figures, defined once in the page."""
    size = 'width="{1}" height="{1}" patternUnits="userSpaceOnUse"'
    hatch = '<pattern id="{0}" ' + size + ' patternTransform="rotate({2})">{3}</pattern>'
    dark = f'<rect width="6" height="6" fill="#fff"/><rect width="2.4" height="6" fill="{INK}"/>'
    light = '<rect width="7" height="7" fill="#f4f4f4"/><rect width="2" height="7" fill="#9aa4ae"/>'
    return (
        '<svg class="defs" width="0" height="0" aria-hidden="true"><defs>'
        + hatch.format("hatch-dark", 6, 45, dark)
        + hatch.format("hatch-gap", 7, -45, light)
        + "</defs></svg>"
    )
