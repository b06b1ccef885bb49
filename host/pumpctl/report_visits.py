"""Visits in a report's period: what people did to the pump by its log, and the guided visits that were kept here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from infuser.wire import records, units
from pumpctl.report_data import Report
from pumpctl.report_events import describe
from pumpctl.report_html import table
from pumpctl.report_text import in_print, moment, signs

_KINDS = {
    records.REFILL: "refill",
    records.PROGRAM: "program",
    records.PLAN: "plan",
    records.CALIBRATION: "calibration",
    records.LIBRARY: "drug library",
    records.CLOCK: "clock",
}
_NOT_TOLD = "not told"


@dataclass(frozen=True)
class Visit:
    """One row: local time (None: not known), what kind, what was done, by whom."""

    local_ms: int | None
    kind: str
    told: str
    operator: str

    def document(self, iso: Any) -> dict[str, Any]:
        """The row for scripts; `iso` writes local times."""
        at = iso(self.local_ms) if self.local_ms is not None else None
        return {"at": at, "kind": self.kind, "told": self.told, "operator": self.operator or None}


def visits(report: Report) -> list[Visit]:
    """What the log and the guided visits tell, in order of time."""
    rows = [
        Visit(one.local_ms, _KINDS[one.kind], describe(one.record), one.fields["operator"])
        for one in report.placed
        if one.kind in _KINDS and (one.kind != records.PLAN or one.fields["operator"])
    ]
    rows += [row for one in report.visits if _within(report, row := _guided(report, one))]
    return sorted(rows, key=lambda row: (row.local_ms is None, row.local_ms or 0))


def _within(report: Report, row: Visit) -> bool:
    return row.local_ms is None or report.start_ms <= row.local_ms <= report.end_ms


def _guided(report: Report, told: dict[str, Any]) -> Visit:
    begun_ms, ended_ms = (_local_ms(report, told.get(name)) for name in ("begun", "ended"))
    state = str(told.get("state") or "")
    until = f" until {moment(ended_ms)}" if ended_ms is not None and ended_ms != begun_ms else ""
    figures = "; ".join(f"{name}: {signs(in_print(str(value)))}" for name, value in told.get("figures") or ())
    said = f"{state or _NOT_TOLD}{until}. {figures}".strip()
    return Visit(begun_ms, f"guided visit, {told.get('kind') or _NOT_TOLD}", said, str(told.get("operator") or ""))


def _local_ms(report: Report, text: Any) -> int | None:
    """ISO 8601 as local ms by the pump's zone; without a zone it is taken to be local. None for no time."""
    try:
        when = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    if when.tzinfo is None:
        since = when - datetime(1970, 1, 1)
        return (since.days * 86400 + since.seconds) * units.MS_PER_S
    return int(when.timestamp()) * units.MS_PER_S + report.offset_min * units.MS_PER_MIN


def rows(report: Report) -> str:
    """The table of visits."""
    told = [
        (
            moment(one.local_ms) if one.local_ms is not None else "not known",
            one.kind,
            one.told,
            one.operator or _NOT_TOLD,
        )
        for one in visits(report)
    ]
    return table(("when", "what", "in words", "by"), told, name="visits")
