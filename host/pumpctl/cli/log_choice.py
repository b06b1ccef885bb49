"""What the commands on a log share: which log, and which of its records."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from pumpctl import logbook, logview, operations, timetext
from pumpctl.logchain import Verdict
from pumpctl.report_text import plural
from pumpctl.store import Archive

pump = click.option("--pump", "serial", metavar="SERIAL", help="Archived pump.  [default: the only one]")
_OPTIONS = (
    click.option("--since", metavar="ISO", help="From this time on, such as 2026-03-01T08:00."),
    click.option("--until", metavar="ISO", help="Before this time."),
    click.option("--kind", "kinds", multiple=True, type=click.Choice(list(logview.KINDS)), help="Only this kind."),
    click.option("--alarm", metavar="NAME", help="Only what is about this alarm."),
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


def judged(file: Path | None, serial: str | None) -> tuple[str, Verdict]:
    """(name, verdict) of a raw file, held against the archive where `serial` is told, or of an archived log."""
    if file is None:
        with Archive() as archive:
            log = archive.select(serial)
            return f"the log of pump {log.serial}", logbook.verify_archive(archive, log)
    verdict = logbook.verify_raw(file.read_bytes())
    if serial is not None:
        with Archive() as archive:
            logbook.compare(verdict, archive, archive.select(serial))
    return str(file), verdict
