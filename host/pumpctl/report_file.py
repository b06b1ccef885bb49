"""Writes a report of a pump's log as HTML page and as PDF: the period asked for, the pages, the figures."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from infuser.wire import units
from pumpctl import report, report_data
from pumpctl.errors import UsageProblem
from pumpctl.logsense import impossible
from pumpctl.paths import data_dir, stem
from pumpctl.report_figures import figures
from pumpctl.report_sentences import sentences
from pumpctl.report_style import PAPERS
from pumpctl.report_text import calendar
from pumpctl.report_time import Placed, Record, offset_min, place
from pumpctl.wholefile import writing

_DATE = re.compile(r"\d{4}-?\d{2}-?\d{2}")
_PDF = ".pdf"

Progress = Callable[[float], None]


@dataclass(frozen=True)
class Asked:
    """What is asked for beside the log. `since` and `until` are ISO 8601, without a zone in the pump's.

    `until` a date means its end; `last_ms` bounds the period to so much before its end. `pdf`: beside the page, a
    path that ends in `.pdf` stands for the PDF alone. `visits`: guided visits, as `Archive.visits` tells them.
    """

    since: str = ""
    until: str = ""
    last_ms: int | None = None
    pdf: bool = False
    paper: str = PAPERS[0]
    events_most: int = report.EVENTS_MOST
    visits: Sequence[dict[str, Any]] = ()


def write(
    log: Sequence[Record],
    serial: str,
    path: Path | None = None,
    since: str = "",
    until: str = "",
    findings: Sequence[str] | None = None,
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """Write the page and return its figures, with `path`; UsageProblem for an empty log or period.

    `since` and `until` as in `Asked`; `findings` and `notes` as in `report_data.build`.
    """
    return write_asked(log, serial, path, Asked(since, until), findings, notes)


def write_asked(
    log: Sequence[Record],
    serial: str,
    path: Path | None,
    asked: Asked,
    findings: Sequence[str] | None = None,
    notes: Sequence[str] = (),
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Write what is asked for and return the figures, with `path` and, where there is one, `pdf`.

    UsageProblem for an empty log or period, and where no browser makes a PDF: nothing is written then.
    """
    tell = progress or (lambda _done: None)
    told = _built(log, serial, asked, findings, notes)
    tell(0.3)
    path = _path(path, told)
    page_path = None if path.suffix.lower() == _PDF else path
    pdf_path = path.with_suffix(_PDF) if asked.pdf or page_path is None else None
    if pdf_path:
        from pumpctl import pdf

        pdf.find()
    written = datetime.now().astimezone()
    files = []
    if page_path:
        files.append((page_path, report.page(told, written, "", asked.events_most).encode()))
    tell(0.5)
    if pdf_path:
        files.append((pdf_path, pdf.printed(report.page(told, written, asked.paper, asked.events_most))))
    for file_path, data in files:
        file_path.parent.mkdir(parents=True, exist_ok=True)
        with writing(file_path) as file:
            file.write(data)
    tell(1.0)
    made = {"path": str(path.resolve()), **({"pdf": str(pdf_path.resolve())} if pdf_path else {})}
    return {**made, **figures(told), "sentences": sentences(told)}


def _built(
    log: Sequence[Record], serial: str, asked: Asked, findings: Sequence[str] | None, notes: Sequence[str]
) -> report_data.Report:
    """The report of the period asked for."""
    whole = sorted({record["seq"]: record for record in log}.items())
    log = [record for _, record in whole if not impossible(record)]
    if not log:
        remedy = "pull the log first: `pumpctl log pull`"
        raise UsageProblem(f"the log of pump {serial} holds no record", remedy=remedy)
    since_ms, until_ms = _bound("since", asked.since, log), _bound("until", asked.until, log)
    if asked.last_ms is not None:
        if asked.since:
            remedy = "leave one of them out"
            raise UsageProblem("--last and --since exclude each other", field="--last", remedy=remedy)
        if asked.last_ms <= 0:
            raise UsageProblem("--last is 0, allowed 1 ms and more", field="--last", value=asked.last_ms, low=1)
        last_ms = _ends(log)[1].local_ms
        since_ms = max(0, (last_ms if until_ms is None else min(until_ms, last_ms)) - asked.last_ms)
    told = report_data.build(log, serial, since_ms, until_ms, findings, notes, asked.visits)
    if not told.placed:
        first, last = (calendar(one.local_ms).isoformat(" ", "minutes")[:16] for one in _ends(log))
        raise UsageProblem(
            f"the log of pump {serial} has no record in this period",
            field="since" if asked.since else "until" if asked.until else "last",
            value=asked.since or asked.until,
            low=first,
            high=last,
            remedy=f"it covers {first} to {last}",
        )
    return told


def _ends(log: Sequence[Record]) -> tuple[Placed, Placed]:
    placed = place(log)
    return placed[0], placed[-1]


def _bound(field: str, text: str, log: Sequence[Record]) -> int | None:
    """Local ms of a bound of the period, None if there is none."""
    if not text:
        return None
    zone = timezone(timedelta(minutes=offset_min(log)))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        remedy = 'for example "2026-03-01" or "2026-03-01T08:30"'
        raise UsageProblem(f'"{text}" is not an ISO 8601 time', field=field, value=text, remedy=remedy) from None
    if field == "until" and _DATE.fullmatch(text):
        moment += timedelta(days=1)
    moment = (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(zone)
    return int(moment.timestamp() * units.MS_PER_S) + offset_min(log) * units.MS_PER_MIN


def _path(path: Path | None, told: report_data.Report) -> Path:
    """The file named, or one in the folder named; a serial number is not trusted to be a file name."""
    folder = path or data_dir() / "reports"
    if path is not None and not path.is_dir():
        return path
    period = "-".join(f"{calendar(ms):%Y%m%d}" for ms in (told.start_ms, told.end_ms))
    return folder / f"{stem(told.serial)}-{period}.html"
