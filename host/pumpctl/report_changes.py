"""Changes of therapy in a report: what each program changed, before and after side by side."""

from typing import Any

from pumpctl import program_changes
from pumpctl.report_data import Report
from pumpctl.report_history import Dose, ProgramChange
from pumpctl.report_html import table
from pumpctl.report_text import escape, in_print, moment, signs

Row = tuple[str, str, str, str]


def changes(report: Report) -> list[tuple[ProgramChange, list[Row]]]:
    """Each program of the period that follows another one, with (setting, before, after, change) of what differs."""
    told = []
    before: dict[str, Any] | None = None
    for change in report.programs:
        if change.program is None:
            continue
        if before is not None and change.local_ms >= report.start_ms and not change.carried:
            plan_ng = _plan_ng(report.doses, change.local_ms)
            settings = program_changes.changes(before, change.program, plan_ng)
            told.append((change, [setting.row() for setting in settings if setting.changed]))
        before = change.program
    return told


def _plan_ng(doses: list[Dose], ms: int) -> int:
    """The dose that a plan had come to when it was replaced at `ms`, 0 without one."""
    return next((one.plan_ng_per_day for one in reversed(doses) if one.local_ms < ms), 0)


def section(report: Report) -> str:
    """One table a change; empty where there was none."""
    parts = []
    for change, rows in changes(report):
        by = f" by {change.operator}" if change.operator else ""
        title = f"<h3>{escape(moment(change.local_ms) + by)}</h3>"
        shown = [tuple(signs(in_print(cell)).replace(" %", "\u00a0%") for cell in row) for row in rows]
        columns = ("setting", "before", "after", "change")
        body = table(columns, shown) if shown else "<p>The same settings once more.</p>"
        parts.append(f'<div class="change">{title}{body}</div>')
    return "".join(parts)
