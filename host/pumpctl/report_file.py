"""Writes a report of a pump's log to a file: the period asked for, the page, the figures."""

import re
from collections.abc import Sequence
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
from pumpctl.report_text import calendar
from pumpctl.report_time import Placed, Record, offset_min, place
from pumpctl.wholefile import writing

_DATE = re.compile(r"\d{4}-?\d{2}-?\d{2}")


def write(
    log: Sequence[Record],
    serial: str,
    path: Path | None = None,
    since: str = "",
    until: str = "",
    findings: Sequence[str] | None = None,
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """Write the report and return its figures, with `path`; UsageProblem for an empty log or period.

    `since` and `until` are ISO 8601; without a zone they are in the pump's. `until` a date means its end.
    `findings` and `notes` as in `report_data.build`.
    """
    whole = sorted({record["seq"]: record for record in log}.items())
    log = [record for _, record in whole if not impossible(record)]
    if not log:
        remedy = "pull the log first: `pumpctl log pull`"
        raise UsageProblem(f"the log of pump {serial} holds no record", remedy=remedy)
    told = report_data.build(log, serial, _bound("since", since, log), _bound("until", until, log), findings, notes)
    if not told.placed:
        first, last = (calendar(one.local_ms).isoformat(" ", "minutes")[:16] for one in _ends(log))
        raise UsageProblem(
            f"the log of pump {serial} has no record in this period",
            field="since" if since else "until",
            value=since or until,
            low=first,
            high=last,
            remedy=f"it covers {first} to {last}",
        )
    path = path or _named(told)
    path.parent.mkdir(parents=True, exist_ok=True)
    page = report.page(told, datetime.now().astimezone())
    with writing(path) as file:
        file.write(page.encode())
    return {"path": str(path.resolve()), **figures(told), "sentences": sentences(told)}


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


def _named(told: report_data.Report) -> Path:
    """Where a report goes that was given no name; a serial number is not trusted to be a file name."""
    period = "-".join(f"{calendar(ms):%Y%m%d}" for ms in (told.start_ms, told.end_ms))
    return data_dir() / "reports" / f"{stem(told.serial)}-{period}.html"
