"""`pumpctl log`: pull the pump's log into the archive, show it, verify it; `export` and `replay` stand apart."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from pumpctl import logbook, logpull, logview
from pumpctl.cli import log_choice
from pumpctl.cli.context import Context, pass_context
from pumpctl.cli.group import SuggestingGroup
from pumpctl.cli.log_export import export
from pumpctl.cli.replay import replay
from pumpctl.logchain import Verdict
from pumpctl.store import Archive, Gap, Log
from pumpctl.wholefile import writing


@click.group(cls=SuggestingGroup)
def log() -> None:
    """Pull, show, export, verify and replay the pump's log. Pulled logs are kept in a local archive."""


log.add_command(export)
log.add_command(replay)


@log.command(short_help="Bring what is new into the archive, verified.")
@click.option("--raw", type=click.Path(dir_okay=False, path_type=Path), help="Write the raw records to this file too.")
@click.option("--new-log", is_flag=True, help="Begin a new log: the pump's memory was erased on purpose.")
@pass_context
def pull(context: Context, raw: Path | None, new_log: bool) -> None:
    """Bring what is new in the pump's log into the archive, verified record by record."""
    with Archive() as archive, context.connect() as pump:
        with _progress(context) as progress:
            pulled = logpull.pull(pump, archive, new_log, progress)
        if raw:
            _write_raw(archive, pulled.log, raw)
        gaps = archive.gaps(pulled.log)
    for gap in pulled.gaps:
        context.out.note(f"gap: {gap}")
    logpull.require_whole(pulled)
    last = pulled.log.next_seq - 1
    context.out.result(
        {
            "serial": pulled.log.serial,
            "new": pulled.count,
            "last_seq": last,
            "gaps": [_gap_document(gap) for gap in gaps],
            "archive": str(archive.path),
            "raw": str(raw) if raw else None,
        }
    )
    new = (
        "Nothing new" if not pulled.count else f"{pulled.count} new record{'' if pulled.count == 1 else 's'}, verified"
    )
    context.out.line(f"{new}; pump {pulled.log.serial} is archived up to record {last}.")
    if raw:
        context.out.line(f"Raw records: {raw}")


@log.command()
@log_choice.pump
@log_choice.options
@pass_context
def show(context: Context, serial: str | None, **filters: Any) -> None:
    """Show archived records, one sentence each; no pump is needed.

    The hourly delivery records and the snapshots are hidden without --all, or --kind that names them.
    """
    choice = log_choice.choice(**filters)
    with Archive() as archive:
        chosen_log = archive.select(serial)
        verdict = logbook.verify_archive(archive, chosen_log)
    chosen, hidden = choice.take(verdict.records)
    context.out.result(
        {
            "serial": chosen_log.serial,
            "records": [logview.document(one) for one in chosen],
            "hidden": hidden,
            "gaps": [_gap_document(gap) for gap in verdict.gaps],
            "verified": not verdict.findings,
        }
    )
    if chosen:
        context.out.table(logview.COLUMNS, logview.rows(chosen))
    else:
        context.out.line("No record matches.")
    if hidden:
        context.out.note(log_choice.told_hidden(hidden))
    _warn(context, verdict)


@log.command(short_help="Verify an archived log, or a raw file.")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@log_choice.pump
@pass_context
def verify(context: Context, file: Path | None, serial: str | None) -> None:
    """Verify an archived log, or FILE as written by `log pull --raw`: checksums, numbers and chain.

    With FILE and --pump the file is held against what is archived of that pump as well: a chain that
    somebody has made anew holds by itself. Ends with exit code 5 and names what is wrong: changed, dropped,
    lost on the pump, reordered, truncated, foreign, impossible.
    """
    name, verdict = log_choice.judged(context, file, serial)
    for gap in verdict.gaps:
        context.out.note(f"gap: {gap}")
    logbook.require(verdict, name)
    context.out.result(_verified(name, verdict))
    seqs = [record["seq"] for record in verdict.records]
    span = f", {seqs[0]} to {seqs[-1]}" if seqs else ""
    context.out.line(f"{name}: {len(seqs)} records{span}: every checksum and the whole chain hold.")


def _verified(name: str, verdict: Verdict) -> dict[str, Any]:
    return {
        "verified": True,
        "what": name,
        "records": len(verdict.records),
        "first_seq": verdict.records[0]["seq"] if verdict.records else None,
        "last_seq": verdict.records[-1]["seq"] if verdict.records else None,
        "gaps": [_gap_document(gap) for gap in verdict.gaps],
    }


def _gap_document(gap: Gap) -> dict[str, Any]:
    return {"first_seq": gap.first_seq, "last_seq": gap.last_seq, "why": gap.why}


def _warn(context: Context, verdict: Verdict) -> None:
    for gap in verdict.gaps:
        context.out.note(f"gap: {gap}")
    if verdict.findings:
        context.out.note(f"this log fails verification ({verdict.findings[0]}); see `pumpctl log verify`")


@contextlib.contextmanager
def _progress(context: Context) -> Iterator[Any]:
    """A callback (done, to do) shown as a share, since how much there is becomes known on the way."""
    with context.out.progress("Pulling the log", 1.0) as advance:
        yield lambda done, total: advance(done / total if total else 1.0)


def _write_raw(archive: Archive, chosen: Log, path: Path) -> None:
    with writing(path) as file:
        file.writelines(stored for _, stored in archive.records(chosen))
