"""Tables of the report as HTML."""

from collections.abc import Sequence

from pumpctl.report_text import escape


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int] = (), name: str = "") -> str:
    """An HTML table; every cell is escaped. `numbers` are the columns set right-aligned."""
    kinds = [' class="n"' if at in numbers else "" for at in range(len(columns))]
    head = "".join(f'<th scope="col"{kind}>{escape(cell)}</th>' for cell, kind in zip(columns, kinds, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{kind}>{escape(cell)}</td>" for cell, kind in zip(row, kinds, strict=True)) + "</tr>"
        for row in rows
    )
    mark = f' id="{name}"' if name else ""
    return f"<table{mark}><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def pairs(rows: Sequence[tuple[str, str]]) -> str:
    """A table of names and values."""
    return (
        "<table><tbody>"
        + "".join(f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>' for name, value in rows)
        + "</tbody></table>"
    )
