"""`pumpctl log`: pull the pump's log into the archive, show it, verify it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from pumpctl import logbook, logpull, logview, operations, timetext
from pumpctl.cli.context import Context, pass_context
from pumpctl.cli.group import SuggestingGroup
from pumpctl.errors import UsageProblem
from pumpctl.logchain import Verdict
from pumpctl.report_text import plural
from pumpctl.store import Archive, Gap, Log

_PUMP = click.option("--pump", "serial", metavar="SERIAL", help="Archived pump.  [default: the only one]")


@click.group(cls=SuggestingGroup)
def log() -> None:
    """Pull, show and verify the pump's log. Pulled logs are kept in a local archive."""


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
@_PUMP
@click.option("--since", metavar="ISO", help="From this time on, such as 2026-03-01T08:00.")
@click.option("--until", metavar="ISO", help="Before this time.")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(list(logview.KINDS)), help="Only this kind.")
@click.option("--alarm", metavar="NAME", help="Only what is about this alarm.")
@click.option("--tail", type=click.IntRange(min=1), metavar="N", help="Only the last N.")
@click.option("--all", "routine", is_flag=True, help="The hourly delivery records and the snapshots too.")
@pass_context
def show(
    context: Context,
    serial: str | None,
    since: str | None,
    until: str | None,
    kinds: tuple[str, ...],
    alarm: str | None,
    tail: int | None,
    routine: bool,
) -> None:
    """Show archived records, one sentence each; no pump is needed.

    The hourly delivery records and the snapshots are hidden without --all, or --kind that names them.
    """
    choice = logview.Choice(
        since_ms=timetext.parse(since)[0] if since else None,
        until_ms=timetext.parse(until)[0] if until else None,
        kinds=[logview.KINDS[kind] for kind in kinds],
        alarm=operations.alarm_code(alarm) if alarm else 0,
        tail=tail,
        routine=routine,
    )
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
        told = plural(hidden, "delivery record or snapshot", "delivery records and snapshots")
        context.out.note(f"{told} hidden; --all shows them")
    _warn(context, verdict)


@log.command(short_help="Verify an archived log, or a raw file.")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_PUMP
@pass_context
def verify(context: Context, file: Path | None, serial: str | None) -> None:
    """Verify an archived log, or FILE as written by `log pull --raw`: checksums, numbers and chain.

    Ends with exit code 5 and names what is wrong: changed, dropped, lost on the pump, reordered,
    truncated, foreign.
    """
    if file and serial:
        raise UsageProblem("FILE and --pump are both given", field="--pump", remedy="give one of them")
    if file:
        name, verdict = str(file), logbook.verify_raw(file.read_bytes())
    else:
        with Archive() as archive:
            chosen = archive.select(serial)
            name, verdict = f"the log of pump {chosen.serial}", logbook.verify_archive(archive, chosen)
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
    with path.open("wb") as handle:
        handle.writelines(stored for _, stored in archive.records(chosen))
