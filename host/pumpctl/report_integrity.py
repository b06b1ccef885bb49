"""What is known of the log that a report is made of: its chain, what it lacks, how its times are known."""

from typing import Any

from infuser.wire import records
from pumpctl.report_data import Report
from pumpctl.report_html import pairs
from pumpctl.report_text import escape, plural

_NOTE = (
    "The chain has no key: it shows accident and single changes, not a log that was made anew as a whole. "
    "<code>pumpctl log verify</code> holds a file against the archive, <code>pumpctl log replay</code> runs this log "
    "again on a virtual pump and compares every counter."
)


def banner(report: Report) -> str:
    """The verdict for the first page."""
    log = report.integrity
    if not log.count:
        return '<p class="integrity broken"><strong>The log is empty.</strong></p>'
    span = f"{plural(log.count, 'record')}, {log.first_seq} to {log.last_seq}"
    start = "from the pump's first record on" if log.complete else "from the oldest record that was pulled"
    notes = "".join(f" {escape(told)}." for told in log.notes)
    if log.verified:
        chain = f"{span}, {'' if log.notes else 'one '}unbroken chain {start}."
        return f'<p class="integrity sound"><strong>Log verified:</strong> {chain}{notes}</p>'
    breaks = "".join(f"<li>{escape(told)}</li>" for told in log.breaks)
    return (
        f'<div class="integrity broken"><strong>The log is broken</strong> ({span}). Figures that span a break '
        f"cannot be relied on.{notes}<ul>{breaks}</ul></div>"
    )


def document(report: Report) -> dict[str, Any]:
    """The same for scripts."""
    log = report.integrity
    return {
        "first_seq": log.first_seq,
        "last_seq": log.last_seq,
        "complete": log.complete,
        "records_in_period": len(report.placed),
        "times_reckoned": sum(1 for one in report.placed if one.estimated),
        "clock_settings": sum(1 for one in report.placed if one.kind == records.CLOCK),
        "records_missing": sum(1 for gap in report.gaps if gap.missing),
        "restarts": sum(1 for gap in report.gaps if not gap.missing),
    }


def section(report: Report) -> str:
    """The table and what the chain cannot show."""
    log, told = report.integrity, document(report)
    reckoned = told["times_reckoned"]
    rows = [
        ("verdict", "every checksum and every link of the chain holds" if log.verified else "; ".join(log.breaks)),
        ("records", f"{plural(log.count, 'record')}, {log.first_seq} to {log.last_seq}"),
        ("begins", "with the pump's first record" if log.complete else "with the oldest record that was pulled"),
        ("gaps noted while pulling", "; ".join(log.notes) or "none"),
        ("records in this period", str(told["records_in_period"])),
        ("restarts in this period", str(told["restarts"])),
        ("times", f"{reckoned or 'none'} counted from the pump's age, for its clock was lost; marked ~ below"),
        ("clock settings", str(told["clock_settings"])),
    ]
    return pairs(rows) + f"<p>{_NOTE}</p>"
