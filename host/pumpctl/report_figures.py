"""The report's figures as data, for scripts."""

from typing import Any

from infuser.wire import alarms, states
from infuser.wire import program as programs
from pumpctl import report_document
from pumpctl.report_data import THERAPY, Report
from pumpctl.report_text import calendar


def figures(report: Report) -> dict[str, Any]:
    """The report's figures as one JSON document; times are local, ISO 8601 without a zone."""
    by_bucket = {
        name: {
            "steps": report.total.steps(bucket),
            "volume_nl": report.total.volume_nl(bucket),
            "dose_ng": report.total.dose_ng(bucket) if report.dosed else None,
        }
        for bucket, name in enumerate(states.BUCKET_NAMES)
    }
    return {
        "serial": report.serial,
        "from": calendar(report.start_ms).strftime("%Y-%m-%dT%H:%M:%S"),
        "to": calendar(report.end_ms).strftime("%Y-%m-%dT%H:%M:%S"),
        "utc_offset_min": report.offset_min,
        "records": report.integrity.count,
        "verified": report.integrity.verified,
        "findings": report.integrity.breaks,
        "notes": report.integrity.notes,
        "program_digest": _digest(report),
        "delivered_nl": report.delivered_nl,
        "programmed_nl": report.programmed_nl,
        "difference_nl": report.delivered_nl - report.programmed_nl,
        "dose_ng": report.total.dose_ng(*THERAPY) if report.dosed else None,
        "mean_dose_ng_per_day": report.mean_dose_ng_per_day if report.dosed else None,
        "buckets": by_bucket,
        "reservoir_nl": report.reservoir_nl,
        "refills": len(report.refills),
        "alarms": {name: report.alarms_of(priority) for priority, name in alarms.PRIORITY_NAMES.items()},
        "alarms_present": [alarms.name(span.alarm) for span in report.present],
        "state": states.STATE_NAMES[report.state_at_end] if report.state_at_end < len(states.STATE_NAMES) else "",
        "standstills": len(report.standstills),
        "standstill_ms": sum(end - start for start, end in report.standstills),
        "gaps": len(report.gaps),
        "gap_ms": sum(gap.end_ms - gap.start_ms for gap in report.gaps),
        **report_document.document(report),
    }


def _digest(report: Report) -> str:
    program = report.program
    return programs.digest_text(programs.digest(programs.encode(program))) if program else ""
