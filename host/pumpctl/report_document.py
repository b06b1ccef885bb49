"""All that a report's page shows, as lists and tables for scripts: times local, ISO 8601; volumes nL, doses ng."""

from typing import Any

from infuser.wire import alarms, states
from pumpctl import (
    accuracy_view,
    comparison,
    program_view,
    report_boluses,
    report_changes,
    report_forecast,
    report_integrity,
    report_machine,
    report_missed,
    report_visits,
)
from pumpctl.bolus_course import Bolus
from pumpctl.report_data import THERAPY, Report
from pumpctl.report_sections import measured
from pumpctl.report_text import calendar

Values = dict[str, Any]


def local(ms: int | None) -> str | None:
    """A local time; None for none, and for what no calendar has."""
    try:
        return None if ms is None else calendar(ms).strftime("%Y-%m-%dT%H:%M:%S")
    except OverflowError:
        return None


def document(report: Report) -> Values:
    """The figures of the page's sections, in its order."""
    doubtful_ms, doubtful_nl = report_missed.doubtful(report)
    accuracy = measured(report)
    return {
        "therapy": program_view.document(report.program) if report.program else None,
        "days": [_day(report, one.start_ms, one.tally) for one in report.days],
        "forecast": _forecast(report),
        "reservoir": [{"at": local(point.local_ms), "volume_nl": point.reservoir_nl} for point in report.points[-1:]],
        "alarm_list": _alarms(report),
        "boluses": report_boluses.document(report),
        "bolus_list": [_bolus(one) for one in report.boluses],
        "interruptions": _interruptions(report),
        "missed_nl": report_missed.missed_nl(report),
        "missed_exact": report_missed.exact(report),
        "doubtful_ms": doubtful_ms,
        "doubtful_nl": doubtful_nl,
        "changes": [
            {
                "at": local(change.local_ms),
                "operator": change.operator or None,
                "confirmed": change.confirmed,
                "settings": comparison.documents(settings),
            }
            for change, settings in report_changes.changes(report)
        ],
        "accuracy": accuracy_view.document(accuracy, {"source": "log"}) if accuracy else None,
        "visits": [one.document(local) for one in report_visits.visits(report)],
        "guided_visits": report.visits,
        "refill_list": _refills(report),
        "device": report_machine.document(report),
        "log": report_integrity.document(report),
    }


def _day(report: Report, start_ms: int, tally: Any) -> Values:
    dosed = report.dosed
    return {
        "date": (local(start_ms) or "")[:10],
        "volume_nl": tally.volume_nl(*THERAPY),
        "dose_ng": tally.dose_ng(*THERAPY) if dosed else None,
        "dose_ng_by_bucket": {states.BUCKET_NAMES[at]: tally.dose_ng(at) for at in THERAPY} if dosed else None,
    }


def _forecast(report: Report) -> Values:
    told = report_forecast.forecast(report)
    if isinstance(told, str):
        return {"none_because": told}
    return {
        "low_reservoir_nl": told.low_nl,
        "due_with_every_bolus": local(told.earliest_ms),
        "due_without_boluses": local(told.latest_ms),
        "due_at_recent_flow": local(told.recent_ms),
        "course_with_every_bolus": [[local(ms), nl] for ms, nl in told.earliest],
        "course_without_boluses": [[local(ms), nl] for ms, nl in told.latest],
    }


def _alarms(report: Report) -> list[Values]:
    return [
        {
            "alarm": alarms.name(span.alarm),
            "priority": alarms.PRIORITY_NAMES.get(span.priority, str(span.priority)),
            "raised": local(span.start_ms),
            "ended": local(span.end_ms),
            "acknowledged": local(span.acknowledged_ms),
            "detail": span.entry["detail"],
        }
        for span in report.alarms
    ]


def _bolus(one: Bolus) -> Values:
    reasons = states.REASON_NAMES
    return {
        "bucket": states.BUCKET_NAMES[one.bucket] if one.bucket < states.BUCKETS else str(one.bucket),
        "begun": local(one.start_ms),
        "ended": local(one.end_ms),
        "asked_dose_ng": one.dose_ng,
        "asked_nl": one.asked_nl,
        "given_nl": one.volume_nl if one.end_ms is not None else None,
        "ended_by": reasons[one.reason] if one.end_ms is not None and one.reason < len(reasons) else None,
        "operator": one.operator or None,
    }


def _interruptions(report: Report) -> list[Values]:
    stopped = [(start_ms, end_ms, "stopped", True, False) for start_ms, end_ms in report.standstills]
    off = [(gap.start_ms, gap.end_ms, gap.cause, gap.exact, not report_missed.known(gap)) for gap in report.gaps]
    return [
        {
            "from": local(start_ms),
            "to": local(end_ms),
            "what": what,
            "exact": exact,
            "missed_nl": None if unknown else report_missed.programmed_nl(report.doses, start_ms, end_ms),
        }
        for start_ms, end_ms, what, exact, unknown in sorted(stopped + off)
    ]


def _refills(report: Report) -> list[Values]:
    return [
        {
            "at": local(one.local_ms),
            **{name: one.fields[name] for name in ("expected_residual_nl", "measured_residual_nl", "volume_nl")},
            "discrepancy_nl": one.fields["measured_residual_nl"] - one.fields["expected_residual_nl"],
            "delivered_since_fill_nl": report.since_fill_nl.get(one.record["seq"]),
            "concentration_ug_per_ml": one.fields["concentration_ug_per_ml"],
            "operator": one.fields["operator"] or None,
        }
        for one in report.refills
    ]
