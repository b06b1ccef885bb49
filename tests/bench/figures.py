"""A figure of the bench, the table of them, and grids of figures of one kind."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """What was measured, what it is held against, and the ratio of the two."""

    name: str
    value: float
    unit: str
    peer: str
    peer_value: float

    @property
    def ratio(self) -> float:
        return self.value / self.peer_value if self.peer_value else 0.0


@dataclass(frozen=True)
class Grid:
    """Figures of one kind: a name for each column, and a name and the values of each row."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, list[float]]]

    def text(self) -> str:
        """The grid for people, as wide as it needs."""
        lines = [(self.title, *self.columns)]
        for name, values in self.rows:
            lines.append((name, *(number(value) for value in values[: len(self.columns)])))
        first = max(len(line[0]) for line in lines[1:])
        widths = [max(len(line[column]) for line in lines) for column in range(1, len(self.columns) + 1)]
        head = "  ".join(one.rjust(width) for one, width in zip(self.columns, widths, strict=True))
        body = [
            f"{line[0]:<{first}}  " + "  ".join(one.rjust(width) for one, width in zip(line[1:], widths, strict=True))
            for line in lines[1:]
        ]
        return "\n".join([self.title, " " * first + "  " + head, *body])


def table(figures: list[Figure]) -> str:
    """The figures for people, one a line."""
    rows = [("figure", "measured", "held against", "", "ratio")]
    for figure in figures:
        value = f"{number(figure.value)} {figure.unit}"
        peer = f"{number(figure.peer_value)} {figure.unit}"
        rows.append((figure.name, value.strip(), figure.peer, peer.strip(), number(figure.ratio)))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    left = (True, False, True, False, False)
    return "\n".join(
        "  ".join(
            text.ljust(width) if flush else text.rjust(width)
            for text, width, flush in zip(row, widths, left, strict=True)
        )
        for row in rows
    )


def number(value: float) -> str:
    """Three significant digits, or all of a large number's."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
