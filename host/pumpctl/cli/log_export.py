"""`pumpctl log export`: a log as a table for other programs."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from pumpctl import logexport, logformats
from pumpctl.cli import log_choice
from pumpctl.cli.context import Context, pass_context
from pumpctl.errors import UNVERIFIED, UsageProblem
from pumpctl.logexport import Row
from pumpctl.report_text import plural
from pumpctl.wholefile import writing

_PATH = click.Path(dir_okay=False, path_type=Path)


@click.command(short_help="Write a log as CSV, JSON Lines or Parquet.")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("-o", "--output", type=_PATH, default="-", show_default=True, help="File to write; - is stdout.")
@click.option(
    "--format",
    "asked",
    type=click.Choice(list(logformats.FORMATS)),
    help="How it is written.  [default: by the file's ending]",
)
@click.option("--force", is_flag=True, help="Replace a file that is there, without a question.")
@log_choice.pump
@log_choice.options
@pass_context
def export(
    context: Context,
    file: Path | None,
    output: Path,
    asked: str | None,
    force: bool,
    serial: str | None,
    **filters: Any,
) -> None:
    """Write the archived log, or FILE as written by `log pull --raw`, as a table for other programs.

    One row a record with the same columns in CSV, JSON Lines and Parquet: times in UTC, units in the names, the
    counters and volumes of delivery records (--all, or --kind delivery) as columns of their own.

    A log that fails verification is exported all the same: its rows say `verified` false, and the exit code is 5.
    """
    to = None if str(output) == "-" else output
    form = logformats.format_of(to, asked)
    _check(context, form, to, force)
    choice = log_choice.choice(**filters)
    name, verdict = log_choice.judged(context, file, serial)
    chosen, hidden = choice.take(verdict.records)
    sound = not verdict.findings
    rows = logexport.rows(chosen, verdict.records, sound)
    about = {"source": name, "verified": str(sound).lower()}
    _write(context, form, to, rows, about, len(chosen))
    findings = [str(one) for one in verdict.findings]
    context.out.result({
        "file": str(to) if to else None, "format": form, "source": name, "records": len(chosen), "hidden": hidden,
        "columns": list(logexport.COLUMNS), "verified": sound, "findings": findings,
    })  # fmt: skip
    if to:
        context.out.line(f"{plural(len(chosen), 'record')} of {name} written to {to}.")
    if hidden:
        context.out.note(log_choice.told_hidden(hidden))
    for gap in verdict.gaps:
        context.out.note(f"gap: {gap}")
    if findings:
        context.out.note(f"this log fails verification ({findings[0]}); see `pumpctl log verify`")
        click.get_current_context().exit(UNVERIFIED)


def _check(context: Context, form: str, to: Path | None, force: bool) -> None:
    """What stands in the way, told before a log is read."""
    if to is None and form == "parquet":
        raise UsageProblem("Parquet is not text for stdout", field="--output", remedy="name a file: -o log.parquet")
    if form == "parquet":
        logformats.parquet_module()
    if to is None and context.json:
        raise UsageProblem("--json has stdout for its document", field="--output", remedy="name a file: -o log.csv")
    if to is not None and to.exists() and not force:
        context.confirm(f"{to} exists; replace it?")


def _write(
    context: Context, form: str, to: Path | None, rows: Iterator[Row], about: dict[str, str], count: int
) -> None:
    write = logformats.FORMATS[form]
    if count >= log_choice.QUICK:
        with context.out.progress("Exporting", count) as advance:
            _put(to, write, _counted(rows, advance), about)
    else:
        _put(to, write, rows, about)


def _counted(rows: Iterator[Row], advance: Any) -> Iterator[Row]:
    done = 0
    for row in rows:
        yield row
        done += 1
        if not done % 500:
            advance(done)
    advance(done)


def _put(to: Path | None, write: logformats.Write, rows: Iterator[Row], about: dict[str, str]) -> None:
    if to is not None:
        with writing(to) as file:
            write(file, rows, about)
        return
    try:
        write(sys.stdout.buffer, rows, about)
        sys.stdout.flush()
    except OSError as error:
        # Nothing more can be written, not even what is still buffered when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):  # which only says that the reader has seen enough
            raise UsageProblem(f"stdout: {error.strerror}", field="--output", remedy="name a file: -o FILE") from error
