"""`pumpctl log replay`: a log run again on a virtual pump, and its step counts compared."""

from pathlib import Path

import click

from pumpctl.cli import log_choice
from pumpctl.cli.context import Context, pass_context
from pumpctl.errors import DONE, UNVERIFIED

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(short_help="Run a log again on a virtual pump, and compare the steps.")
@click.argument("file", required=False, type=_FILE)
@log_choice.pump
@click.option("--from", "since", metavar="ISO", help="Compare from this time on, such as 2026-03-01T08:00.")
@click.option("--to", "until", metavar="ISO", help="Play up to this time.")
@click.option("--library", "libraries", multiple=True, type=_FILE, help="A drug library that the pump was sent.")
@pass_context
def replay(
    context: Context, file: Path | None, serial: str | None, since: str | None, until: str | None,
    libraries: tuple[Path, ...],
) -> int:  # fmt: skip
    """Run an archived log, or FILE as written by `log pull --raw`, again on a scratch virtual pump.

    Commands, presses of the buttons, alarms and power cuts happen again at the very age of the pump at which the log
    has them. Each record of counters is then compared, bucket by bucket, with what the scratch pump counts and with the
    pulses that its motor was given. Exit code 5 says that one deviates. No pump of yours is touched.
    """
    from pumpctl import library, logbook, replay_document, replay_run, replay_view, timetext

    name, verdict = log_choice.judged(context, file, serial)
    logbook.require(verdict, name)
    held = [library.load_any(path) for path in libraries]
    from_ms, to_ms = (timetext.parse(told)[0] if told else None for told in (since, until))
    with context.out.progress("Replaying the log", 1) as advance:
        told = replay_run.replay(verdict.records, advance, from_ms=from_ms, to_ms=to_ms, libraries=held)
    at = replay_document.times(verdict.records)
    context.out.result({"what": name, **replay_document.document(told, at)})
    context.out.table(replay_view.COLUMNS, replay_view.rows(told, at), name, styles=replay_view.STYLES)
    for line in replay_view.notes(told, at):
        context.out.sentence(line)
    context.out.sentence(replay_view.verdict(told, at))
    return DONE if all(one.met for one in told) else UNVERIFIED
