"""`pumpctl report`: one HTML page from the archive of pulled logs."""

import webbrowser
from pathlib import Path

import click

from pumpctl import logbook, report_file
from pumpctl.cli.context import Context, pass_context
from pumpctl.errors import UNVERIFIED
from pumpctl.report_text import plain
from pumpctl.store import Archive


@click.command()
@click.option("--pump", metavar="SERIAL", help="Archived pump.  [default: the only one]")
@click.option("--since", default="", metavar="TIME", help="First time of the period, in the pump's zone.")
@click.option("--until", default="", metavar="TIME", help="Last time of the period; a date means its end.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write.")
@click.option("--open", "show", is_flag=True, help="Show the report in the browser.")
@pass_context
def report(context: Context, pump: str | None, since: str, until: str, output: Path | None, show: bool) -> None:
    """Write an HTML report from a pulled log; exit code 5 if the log is broken."""
    with Archive() as archive:
        log = archive.select(pump)
        verdict = logbook.verify_archive(archive, log)
    findings, notes = [str(one) for one in verdict.findings], [str(one) for one in verdict.gaps]
    figures = report_file.write(verdict.records, log.serial, output, since, until, findings, notes)
    context.out.result(figures)
    for sentence in figures["sentences"]:
        context.out.line(plain(sentence))
    context.out.line(figures["path"])
    if show and not webbrowser.open(Path(figures["path"]).as_uri()):
        context.out.note("no browser could be started")
    if not figures["verified"]:
        context.out.note(f"this log fails verification ({findings[0]}); see `pumpctl log verify`")
        click.get_current_context().exit(UNVERIFIED)
