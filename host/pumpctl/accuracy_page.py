"""Accuracy curves as files: one self-contained HTML page, or one SVG with both figures."""

from pathlib import Path

from pumpctl import accuracy_plot, accuracy_view, charts
from pumpctl.accuracy import Accuracy
from pumpctl.report_style import STYLE
from pumpctl.report_text import escape, in_print, signs

TITLE = "Flow accuracy"
METHOD = "Trumpet and start-up curve as in IEC 60601-2-24, with longer windows for flows of microlitres an hour."
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_SVG_STYLE = "text{font:13px system-ui,sans-serif;fill:#1c2733}text.small{font-size:12px}"
_GAP = 24


def write_html(path: Path, told: Accuracy, source: str) -> None:
    """The page; `source` says what was measured and how."""
    body = (
        f'<header><h1>{TITLE}</h1><p class="warning">{_printed(source)}</p></header>'
        f'<p class="told">{METHOD}</p>{_paragraphs(told)}'
        + "".join(f"<section><h2>{title}</h2><figure>{figure}</figure></section>" for title, figure in _figures(told))
        + f'<section><h2>Figures</h2>{_table(told)}<p class="told">{_printed(accuracy_view.NOTE)}</p></section>'
    )
    _write(
        path,
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light">'
        f'<link rel="icon" href="data:,"><title>{TITLE}</title><style>{STYLE}</style></head>'
        f"<body><main>{body}</main></body></html>\n",
    )


def write_svg(path: Path, told: Accuracy, source: str) -> None:
    """Both figures, one below the other, with a line on what was measured."""
    parts, top = [], 2 * _GAP
    for _, figure in _figures(told):
        height = _height(figure)
        parts.append(figure.replace("<svg ", f'<svg y="{top}" width="{charts.WIDTH}" height="{height}" ', 1))
        top += height + _GAP
    _write(
        path,
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {charts.WIDTH} {top}"><style>{_SVG_STYLE}</style>'
        f'<rect width="{charts.WIDTH}" height="{top}" fill="#fff"/>'
        f'<text x="{charts.LEFT}" y="{_GAP}">{_printed(source)}</text>{"".join(parts)}</svg>\n',
    )


def _figures(told: Accuracy) -> list[tuple[str, str]]:
    figures = [("Trumpet curve", accuracy_plot.trumpet(told))]
    return figures + ([("Start-up curve", accuracy_plot.start_up(told))] if told.start_up else [])


def _height(figure: str) -> int:
    """The last number of a figure's view box."""
    return int(figure.partition('viewBox="')[2].partition('"')[0].split()[-1])


def _paragraphs(told: Accuracy) -> str:
    return "".join(f'<p class="told">{_printed(sentence)}</p>' for sentence in accuracy_view.sentences(told))


def _table(told: Accuracy) -> str:
    head = "".join(f'<th class="n">{escape(name)}</th>' for name in accuracy_view.COLUMNS)
    rows = ("".join(f'<td class="n">{_printed(cell)}</td>' for cell in row) for row in accuracy_view.rows(told))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(f'<tr>{row}</tr>' for row in rows)}</tbody></table>"


def _printed(text: str) -> str:
    """A text of the terminal set for the page."""
    return escape(signs(in_print(text)))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
