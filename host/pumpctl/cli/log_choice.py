"""What the commands on a log share: which log, and which of its records."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from pumpctl import logbook, logview, operations, timetext
from pumpctl.cli.context import Context
from pumpctl.logchain import Progress, Verdict
from pumpctl.report_text import plural
from pumpctl.store import Archive

# So many records are verified or written in about a second: what is less shows no progress.
QUICK = 10_000
_RECORD_BYTES = 80
pump = click.option("--pump", "serial", metavar="SERIAL", help="Archived pump.  [default: the only one]")
_OPTIONS = (
    click.option("--since", metavar="ISO", help="From this time on, such as 2026-03-01T08:00."),
    click.option("--until", metavar="ISO", help="Before this time."),
    click.option(
        "--kind",
        "kinds",
        metavar="KIND",
        multiple=True,
        type=click.Choice(list(logview.KINDS)),
        help="Only this kind, such as alarm-raised; repeatable. A wrong one is answered with all.",
    ),  # fmt: skip
    click.option("--alarm", metavar="NAME", help="Only what is about this alarm, such as stall."),
    click.option("--tail", type=click.IntRange(min=1), metavar="N", help="Only the last N."),
    click.option("--all", "routine", is_flag=True, help="The hourly delivery records and the snapshots too."),
)


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that choose records; `choice` takes them."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def choice(
    since: str | None, until: str | None, kinds: tuple[str, ...], alarm: str | None, tail: int | None, routine: bool
) -> logview.Choice:
    """The records that these options choose; UsageProblem for a time or an alarm that there is not."""
    return logview.Choice(
        since_ms=timetext.parse(since)[0] if since else None,
        until_ms=timetext.parse(until)[0] if until else None,
        kinds=[logview.KINDS[kind] for kind in kinds],
        alarm=operations.alarm_code(alarm) if alarm else 0,
        tail=tail,
        routine=routine,
    )


def told_hidden(hidden: int) -> str:
    """What is left out without --all."""
    return f"{plural(hidden, 'delivery record or snapshot', 'delivery records and snapshots')} hidden; --all shows them"


def judged(context: Context, file: Path | None, serial: str | None) -> tuple[str, Verdict]:
    """(name, verdict) of a raw file, held against the archive where `serial` is told, or of an archived log."""
    if file is None:
        with Archive() as archive:
            log = archive.select(serial)
            with _progress(context, log.next_seq) as progress:
                return f"the log of pump {log.serial}", logbook.verify_archive(archive, log, progress)
    raw = file.read_bytes()
    with _progress(context, len(raw) // _RECORD_BYTES) as progress:
        verdict = logbook.verify_raw(raw, progress)
    if serial is not None:
        with Archive() as archive:
            logbook.compare(verdict, archive, archive.select(serial))
    return str(file), verdict


@contextlib.contextmanager
def _progress(context: Context, count: int) -> Iterator[Progress | None]:
    if count < QUICK:
        yield None
        return
    with context.out.progress("Verifying the log", 1.0) as advance:
        yield advance
