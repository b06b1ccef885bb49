"""Changes of therapy in a report: what each program changed, before and after side by side."""

from typing import Any

from pumpctl import program_changes
from pumpctl.comparison import MARK, Change
from pumpctl.report_data import Report
from pumpctl.report_history import Dose, ProgramChange
from pumpctl.report_html import table
from pumpctl.report_text import escape, in_print, moment, signs

_NOTE = f"{MARK} marks what changed by more than a fifth, or is grave however small."


def changes(report: Report) -> list[tuple[ProgramChange, list[Change]]]:
    """Each program of the period that follows another one, with the settings that differ."""
    told = []
    before: dict[str, Any] | None = None
    for change in report.programs:
        if change.program is None:
            continue
        if before is not None and change.local_ms >= report.start_ms and not change.carried:
            plan_ng = _plan_ng(report.doses, change.local_ms)
            settings = program_changes.changes(before, change.program, plan_ng)
            told.append((change, [setting for setting in settings if setting.changed]))
        before = change.program
    return told


def _plan_ng(doses: list[Dose], ms: int) -> int:
    """The dose that a plan had come to when it was replaced at `ms`, 0 without one."""
    return next((one.plan_ng_per_day for one in reversed(doses) if one.local_ms < ms), 0)


def section(report: Report) -> str:
    """One table a change, and what its mark means; empty where there was none."""
    parts = []
    for change, settings in changes(report):
        by = f" by {change.operator}" if change.operator else ""
        title = f"<h3>{escape(moment(change.local_ms) + by)}</h3>"
        rows = [[signs(in_print(cell)).replace(" %", "\u00a0%") for cell in setting.row()] for setting in settings]
        body = table(("setting", "before", "after", "change"), rows) if rows else "<p>The same settings once more.</p>"
        note = f"<p>{_NOTE}</p>" if any(setting.highlighted() for setting in settings) else ""
        parts.append(f'<div class="change">{title}{body}{note}</div>')
    return "".join(parts)
