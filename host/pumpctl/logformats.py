"""Writes the rows of an exported log as CSV, JSON Lines or Parquet, as they come.

CSV is opened in spreadsheets, where a cell that begins like a formula is one: in texts an apostrophe goes before it,
also behind a semicolon, at which many of them part cells; in `fields`, which is JSON, the semicolon is written
as its escape. Numbers and ordinary texts stay as they are.
"""

import contextlib
import csv
import io
import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from pumpctl.errors import UsageProblem
from pumpctl.logexport import COLUMNS, FIELDS, FLAG, INTEGER, TEXT, TIME, Row
from pumpctl.printable import json_text

Write = Callable[[BinaryIO, Iterable[Row], dict[str, str]], None]

_BATCH = 5000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FORMULA = re.compile(r"(^|;)([\s\"']*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")


def format_of(path: Path | None, asked: str | None) -> str:
    """The format asked for, else that of the file's ending; UsageProblem where neither tells it."""
    name = asked or (path.suffix.lower().removeprefix(".") if path else "")
    name = {"ndjson": "jsonl"}.get(name, name)
    if name not in FORMATS:
        what = f"{path} does not tell the format" if path else "the format is not told"
        allowed = ", ".join(FORMATS)
        raise UsageProblem(
            what, field="--format", value=name or None,
            remedy=f"end the file's name in one of .{allowed.replace(', ', ', .')}, or give --format, one of {allowed}",
        )  # fmt: skip
    return name


def parquet_module() -> Any:
    """pyarrow's Parquet module; UsageProblem says how to get it."""
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise UsageProblem(
            "Parquet needs pyarrow, which is not installed", field="--format", value="parquet",
            remedy="install it: `pip install pyarrow` (or pumpctl with its extra: `pip install './host[parquet]'`);"
            " or export CSV or JSON Lines",
        ) from error  # fmt: skip
    return pyarrow.parquet


def csv_cell(kind: str, value: Any) -> str:
    """A value as it stands in a cell, before quoting; nothing for None."""
    if value is None:
        return ""
    if kind == TIME:
        return _iso(value)
    if kind == FLAG:
        return "true" if value else "false"
    if kind == FIELDS:
        return json_text(value).replace(";", "\\u003b")
    return _FORMULA.sub(r"\1\2'", value) if kind == TEXT else str(value)


def _iso(time_ms: int) -> str:
    return (_EPOCH + timedelta(milliseconds=time_ms)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _write_csv(file: BinaryIO, rows: Iterable[Row], about: dict[str, str]) -> None:
    with _text(file) as text:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([csv_cell(kind, row[name]) for name, kind in COLUMNS.items()] for row in rows)


def _write_jsonl(file: BinaryIO, rows: Iterable[Row], about: dict[str, str]) -> None:
    with _text(file) as text:
        for row in rows:
            told = {
                name: _iso(row[name]) if kind == TIME and row[name] is not None else row[name]
                for name, kind in COLUMNS.items()
            }
            text.write(json_text(told) + "\n")


def _write_parquet(file: BinaryIO, rows: Iterable[Row], about: dict[str, str]) -> None:
    """`about` goes into the file's key-value metadata."""
    parquet = parquet_module()
    import pyarrow as pa

    types = {
        INTEGER: pa.int64(), TEXT: pa.string(), TIME: pa.timestamp("ms", tz="UTC"), FLAG: pa.bool_(),
        FIELDS: pa.string(),
    }  # fmt: skip
    schema = pa.schema([pa.field(name, types[kind]) for name, kind in COLUMNS.items()], metadata=about)
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for batch in _batches(rows):
            told = [{**row, "fields": json_text(row["fields"])} for row in batch]
            writer.write_table(pa.Table.from_pylist(told, schema=schema))


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    left = iter(rows)
    while batch := list(itertools.islice(left, _BATCH)):
        yield batch


@contextlib.contextmanager
def _text(file: BinaryIO) -> Iterator[io.TextIOWrapper]:
    """UTF-8 text over a binary file, which stays open."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    try:
        yield text
    finally:
        text.detach()


FORMATS: dict[str, Write] = {"csv": _write_csv, "jsonl": _write_jsonl, "parquet": _write_parquet}
