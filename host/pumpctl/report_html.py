"""Tables of the report as HTML."""

import re
from collections.abc import Sequence
from itertools import pairwise

from pumpctl.report_text import escape

# A table of no more rows is not torn apart in print.
WHOLE_MOST = 8


# A word of no more characters fits into a column; a longer one, which only outsiders write, may be broken.
_WORD_MOST = 20
_PIECES = re.compile(rf"\S{{{_WORD_MOST}}}(?=\S)")


def lines(text: str) -> str:
    """A text of several lines, each escaped; what is no word that fits a column may break."""
    return "<br/>".join("<wbr/>".join(map(escape, _pieces(line))) for line in text.split("\n"))


def _pieces(line: str) -> list[str]:
    if len(line) <= _WORD_MOST:
        return [line]
    cuts = [0, *(found.end() for found in _PIECES.finditer(line)), len(line)]
    return [line[begin:end] for begin, end in pairwise(cuts)]


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int] = (), name: str = "") -> str:
    """An HTML table; every cell is escaped. `numbers` are the columns set right-aligned."""
    kinds = [' class="n"' if at in numbers else "" for at in range(len(columns))]
    head = "".join(f'<th scope="col"{kind}>{escape(cell)}</th>' for cell, kind in zip(columns, kinds, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{kind}>{lines(cell)}</td>" for cell, kind in zip(row, kinds, strict=True)) + "</tr>"
        for row in rows
    )
    mark = f' id="{name}"' if name else ""
    mark += ' class="whole"' if len(rows) <= WHOLE_MOST else ""
    return f"<table{mark}><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def pairs(rows: Sequence[tuple[str, str]]) -> str:
    """A table of names and values."""
    return (
        '<table class="whole"><tbody>'
        + "".join(f'<tr><th scope="row">{escape(name)}</th><td>{lines(value)}</td></tr>' for name, value in rows)
        + "</tbody></table>"
    )


def section(title: str, body: str, name: str = "") -> str:
    """A section under a heading."""
    mark = f' class="{name}"' if name else ""
    return f"<section{mark}><h2>{escape(title)}</h2>{body}</section>"


def figure(svg: str, caption: str) -> str:
    """A figure with its caption, which is HTML."""
    return f"<figure>{svg}<figcaption>{caption}</figcaption></figure>"
