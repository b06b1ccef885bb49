"""What a command prints: one JSON document, or tables for people; everything else goes to stderr.

All of it goes through here, so that no text of a pump, a file or a board can act on the terminal.
"""

import contextlib
import itertools
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TextIO

from pumpctl.errors import Internal, PumpctlError
from pumpctl.printable import json_text, printable

Advance = Callable[[float], None]
_LAYOUT = "\n\t"


class Output:
    """Where results, notes and errors go.

    A command calls `result` once with its JSON document; `line`, `table` and `pairs` are for
    people and print nothing under `--json`. Progress and notes go to stderr in either case.
    """

    def __init__(self, as_json: bool = False) -> None:
        self.json = as_json
        self._told = False

    def result(self, document: dict[str, Any]) -> None:
        """The command's one JSON document; nothing without `--json`."""
        if not self.json:
            return
        if self._told:
            raise Internal("a command printed a second JSON document")
        self._told = True
        ascii_only = (sys.stdout.encoding or "").lower() not in ("utf-8", "utf8")
        sys.stdout.write(json_text(document, 2, ascii_only) + "\n")
        sys.stdout.flush()

    def close(self) -> None:
        """End of a command that succeeded: under `--json` there is a document even if it had nothing to say."""
        if self.json and not self._told:
            self.result({"ok": True})

    def line(self, text: str = "") -> None:
        """A line of the result for people."""
        if not self.json:
            print(printable(text, _LAYOUT))

    def sentence(self, text: str) -> None:
        """A line of the result that is prose: folded between words on a terminal."""
        if not self.json:
            print(folded(printable(text, _LAYOUT), stream=sys.stdout))

    def note(self, text: str) -> None:
        """Something to know that is not the result; stderr."""
        print(folded(printable(text, _LAYOUT)), file=sys.stderr, flush=True)

    def error(self, error: PumpctlError) -> None:
        """The error on stderr, and under `--json` the one document on stdout."""
        first, *rest = error.lines()
        self.note(f"pumpctl: {first}")
        for line in rest:
            self.note(f"  {line}")
        if self.json and not self._told:
            self.result({"error": error.document()})

    def pairs(self, rows: Sequence[tuple[str, str]], title: str = "") -> None:
        """Names and values, one a line."""
        self.table(("", ""), rows, title)

    def table(
        self, columns: Sequence[str], rows: Sequence[Sequence[str]], title: str = "", needed: bool = False,
        styles: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        """A table: framed on a terminal, aligned text in a pipe. Empty column names print no header.

        One that a person `needed` to decide goes to stderr under `--json`; `styles` colour cells by their text.
        """
        title = printable(title)
        rows = [[printable(cell, _LAYOUT) for cell in row] for row in rows]
        if self.json:
            if needed:
                print(plain_table(columns, rows, title), file=sys.stderr, flush=True)
        elif styled():
            print(_rich_table(columns, rows, title, styles or {}), end="")
        else:
            print(plain_table(columns, rows, title))

    @contextlib.contextmanager
    def progress(self, title: str, total: float) -> Iterator[Advance]:
        """Yields a function to call with how much of `total` is done by now; shown on stderr."""
        if sys.stderr.isatty() and not _dumb():
            with _rich_progress(title, total) as advance:
                yield advance
        else:
            yield _plain_progress(title, total)


def styled() -> bool:
    """Whether tables have frames and colours: on a terminal, or where FORCE_COLOR asks for it; never in a dumb one."""
    return not _dumb() and (bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty())


def folded(text: str, room: int = 0, stream: TextIO | None = None) -> str:
    """Sentences for a stream, stderr without one, folded between words where it is a terminal.

    `room` is left for what a prompt adds to the end.
    """
    if not (stream or sys.stderr).isatty() or _dumb():
        return text
    import shutil

    width = shutil.get_terminal_size().columns - room
    return "\n".join(fold(line, width) for line in text.split("\n"))


# What a prompt adds: " [y/N]: " and a short answer.
PROMPT = 12
_TOGETHER = "\0"  # stands for a blank that is no place to fold at: what is printable has none


def fold(line: str, width: int) -> str:
    """A line in several of at most `width` characters; a command that may be copied stays in one piece."""
    if len(line) <= width:
        return line
    import re
    import textwrap

    words = line.lstrip()
    indent = line[: len(line) - len(words)]
    if words.startswith("pumpctl ") or " | " in words:  # a command by itself
        return line
    words = re.sub("`[^`]*`", lambda code: code.group().replace(" ", _TOGETHER), words)
    told = textwrap.fill(
        words, width, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return told.replace(_TOGETHER, " ")


def moves_cursor() -> bool:
    """Whether the screen can be cleared and written again."""
    return sys.stdout.isatty() and not _dumb()


def _dumb() -> bool:
    return os.environ.get("TERM") in ("dumb", "unknown")


def plain_table(columns: Sequence[str], rows: Sequence[Sequence[str]], title: str = "") -> str:
    """The table as aligned lines without colour or frame."""
    shown = [line for row in ([columns, *rows] if any(columns) else rows) for line in _split(row)]
    widths = [max((len(row[at]) for row in shown), default=0) for at in range(len(columns))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in shown]
    return "\n".join([title, *lines] if title else lines)


def _split(row: Sequence[str]) -> list[list[str]]:
    """The lines of a row whose cells may have several."""
    return [list(line) for line in itertools.zip_longest(*(cell.split("\n") for cell in row), fillvalue="")]


# Below so many characters a column a row is shown as lines of its own.
_NARROW = 14


def _rich_table(columns: Sequence[str], rows: Sequence[Sequence[str]], title: str, styles: Mapping[str, str]) -> str:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(no_color=True if os.environ.get("NO_COLOR") else None)
    if any(columns) and console.width < min(_NARROW * len(columns), _natural(columns, rows)):
        columns, rows = ("", ""), _stacked(columns, rows)
    headed = any(columns)
    frame = box.SIMPLE_HEAD if headed else None
    tight = _natural(columns, rows) + len(columns) > console.width  # each column has a blank before and two after it
    table = Table(
        title=Text(title) if title else None, title_justify="left", box=frame, show_header=headed,
        collapse_padding=tight, pad_edge=not tight,
    )  # fmt: skip
    for at, column in enumerate(columns):
        table.add_column(column, style="bold" if at == 0 and not headed else None, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell, style=styles.get(cell, "")) for cell in row))
    with console.capture() as captured:
        console.print(table)
    return captured.get()


def _natural(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """How wide a table is that folds nothing."""
    return sum(max(len(line) for row in (columns, *rows) for line in row[at].split("\n")) + 2
               for at in range(len(columns)))  # fmt: skip


def _stacked(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[tuple[str, str]]:
    """Each row as one line a column, an empty line between two rows."""
    found: list[tuple[str, str]] = []
    for row in rows:
        found += [*([("", "")] if found else []), *zip(columns, row, strict=True)]
    return found


@contextlib.contextmanager
def _rich_progress(title: str, total: float) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda done: bar.update(task, completed=done)


def _plain_progress(title: str, total: float) -> Advance:
    """A line at every tenth, so that a log of a long command stays short."""
    shown = -1

    def advance(done: float) -> None:
        nonlocal shown
        tenth = int(10 * done / total) if total else 10
        if tenth > shown:
            shown = tenth
            print(f"{title}: {10 * tenth} %", file=sys.stderr, flush=True)

    return advance
