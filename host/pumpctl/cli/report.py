"""`pumpctl report`: a page, and a PDF if wanted, for each pump from the archive of pulled logs."""

import contextlib
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from pumpctl.cli import log_choice
from pumpctl.cli.context import Context, pass_context
from pumpctl.cli.params import DURATION
from pumpctl.errors import UNVERIFIED, PumpctlError, UsageProblem
from pumpctl.report_file import Asked, Progress, write_asked
from pumpctl.report_style import PAPERS
from pumpctl.report_text import plain
from pumpctl.store import Archive

_EVENTS_MOST = 10_000


@click.command()
@click.option(
    "--pump", "serials", multiple=True, metavar="SERIAL", help="Archived pump; repeatable.  [default: the only one]"
)
@click.option("--all", "everyone", is_flag=True, help="One report for each archived pump.")
@click.option("--since", default="", metavar="TIME", help="First time of the period, in the pump's zone.")
@click.option("--until", default="", metavar="TIME", help="Last time of the period; a date means its end.")
@click.option("--last", "last_ms", type=DURATION, help="Only so much before its end: 30d.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path),
    help="File to write, as PDF if it ends in .pdf; a folder with several pumps.",
)  # fmt: skip
@click.option("--pdf", is_flag=True, help="A PDF too, printed by a browser without a window.")
@click.option("--paper", type=click.Choice(PAPERS), default=PAPERS[0], show_default=True, help="Paper of the PDF.")
@click.option(
    "--events", "events_most", type=click.IntRange(0, _EVENTS_MOST), default=Asked.events_most, show_default=True,
    metavar="N", help="Events listed, the last ones.",
)  # fmt: skip
@click.option("--open", "show", is_flag=True, help="Show the report in the browser.")
@pass_context
def report(
    context: Context, serials: tuple[str, ...], everyone: bool, output: Path | None, show: bool, **told: Any
) -> None:
    """Write a report from a pulled log: therapy and doses, refill forecast, alarms, visits, the pump itself.

    One HTML page that fetches nothing, made to be printed; with --pdf, or an output that ends in .pdf, it is
    printed by Chromium, Chrome or Edge (PUMPCTL_BROWSER names another). Exit code 5 if a log is broken.
    """
    with Archive() as archive:
        wanted = list(dict.fromkeys(archive.serials() if everyone else serials)) or [archive.select(None).serial]
    if len(wanted) > 1 or everyone:
        _several(context, wanted, output, show, told)
        return
    figures = _one(context, wanted[0], output, show, told)
    context.out.result(figures)
    if not figures["verified"]:
        click.get_current_context().exit(UNVERIFIED)


def _several(context: Context, serials: list[str], folder: Path | None, show: bool, told: dict[str, Any]) -> None:
    """One report a pump; one that fails does not stop the others, and the last failure's code is the command's."""
    if folder is not None:
        if folder.is_file() or folder.suffix.lower() in (".html", ".pdf"):
            remedy = "name a folder, and --pdf for PDF"
            raise UsageProblem(f"{folder} is no folder", field="--output", value=str(folder), remedy=remedy)
        folder.mkdir(parents=True, exist_ok=True)
    made: list[dict[str, Any]] = []
    code = 0
    for serial in serials:
        context.out.line(f"Pump {serial}")
        try:
            made.append(_one(context, serial, folder, show, told))
            code = code if made[-1]["verified"] else UNVERIFIED
        except PumpctlError as error:
            for line in error.lines():
                context.out.note(f"  {line}")
            made.append({"serial": serial, "error": error.document()})
            code = error.exit_code
    context.out.result({"reports": made})
    click.get_current_context().exit(code)


def _one(context: Context, serial: str, path: Path | None, show: bool, told: dict[str, Any]) -> dict[str, Any]:
    """Write one pump's report and say what is in it."""
    _, verdict = log_choice.judged(context, None, serial)
    findings, notes = [str(one) for one in verdict.findings], [str(one) for one in verdict.gaps]
    asked = Asked(**told, visits=_visits(serial))
    slow = asked.pdf or (path is not None and path.suffix.lower() == ".pdf") or len(verdict.records) > log_choice.QUICK
    with _progress(context, slow) as progress:
        figures = write_asked(verdict.records, serial, path, asked, findings, notes, progress)
    for sentence in figures["sentences"]:
        context.out.sentence(plain(sentence))
    for file in dict.fromkeys((figures["path"], figures.get("pdf", figures["path"]))):
        context.out.line(file)
    if show and not webbrowser.open(Path(figures["path"]).as_uri()):
        context.out.note("no browser could be started")
    if findings:
        context.out.note(f"this log fails verification ({findings[0]}); see `pumpctl log verify`")
    return figures


@contextlib.contextmanager
def _progress(context: Context, slow: bool) -> Iterator[Progress | None]:
    if not slow:
        yield None
        return
    with context.out.progress("Writing the report", 1.0) as advance:
        yield advance


def _visits(serial: str) -> list[dict[str, Any]]:
    """Guided visits of a pump."""
    with Archive() as archive:
        return archive.visits(serial)
