"""A preview's figures as one JSON document for scripts."""

from typing import Any

from infuser.wire import alarms, errors, records, states
from pumpctl import timetext
from pumpctl.bolus_course import Bolus
from pumpctl.logchain import Record
from pumpctl.preview_order import Order
from pumpctl.preview_outcome import Outcome
from pumpctl.preview_window import THERAPY
from pumpctl.report_data import Day
from pumpctl.report_history import AlarmSpan
from pumpctl.report_text import calendar

Values = dict[str, Any]


def document(order: Order, outcomes: dict[str, Outcome]) -> Values:
    """Order, refill dates and each run's figures; times are ISO 8601, counts microsteps, doses ng, volumes nL."""
    return {
        "start": _time(order, order.start_ms),
        "end": _time(order, order.end_ms),
        "days": order.days,
        "reservoir_nl": order.reservoir_nl,
        "warnings": next(iter(outcomes.values())).run.warnings,
        "refill": {kind: _refill(one) for kind, one in outcomes.items()},
        "runs": {kind: _run(one) for kind, one in outcomes.items()},
    }


def _time(order: Order, time_ms: int | None) -> str | None:
    return timetext.iso(time_ms or 0, order.utc_offset_min)


def _refill(of: Outcome) -> Values | None:
    if of.refill is None:
        return None
    return {"due": _time(of.order, of.refill.due_ms), "reached": of.refill.seen}


def _run(of: Outcome) -> Values:
    order, total = of.order, of.report.total
    return {
        "ended": of.run.ended,
        "ended_at": _time(order, of.run.end_ms),
        "total": {
            "steps": _by_bucket(total.steps),
            "volume_nl": total.volume_nl(*THERAPY),
            "dose_ng": of.total_dose_ng,
        },
        "mean_dose_ng_per_day": of.mean_dose_ng_per_day,
        "largest": [{"span_h": one.span_h, "dose_ng": one.dose_ng, "limit_ng": one.limit_ng} for one in of.largest],
        "reservoir_nl": of.run.left_nl,
        "days": [_day(one) for one in of.days],
        "presses": [_time(order, ms) for ms in of.run.presses_ms],
        "presses_ms": of.run.presses_ms,
        "boluses": [_bolus(order, one) for one in of.boluses],
        "refused": [_refused(order, one) for one in of.refused],
        "plan": [_plan(order, one) for one in of.plan],
        "alarms": [_alarm(of, one) for one in of.alarms],
        "deliveries": [_delivery(order, one) for one in of.deliveries],
    }


def _by_bucket(count: Any) -> dict[str, int]:
    return {states.BUCKET_NAMES[bucket]: count(bucket) for bucket in THERAPY}


def _day(day: Day) -> Values:
    return {
        "date": calendar(day.start_ms).strftime("%Y-%m-%d"),
        "steps": _by_bucket(day.tally.steps),
        "dose_ng_by_bucket": _by_bucket(day.tally.dose_ng),
        "dose_ng": day.tally.dose_ng(*THERAPY),
        "volume_nl": day.tally.volume_nl(*THERAPY),
    }


def _bolus(order: Order, bolus: Bolus) -> Values:
    return {
        "bucket": states.BUCKET_NAMES[bolus.bucket],
        "start": _time(order, bolus.start_ms),
        "start_ms": bolus.start_ms,
        "end": _time(order, bolus.end_ms),
        "dose_ng": bolus.dose_ng,
        "steps": bolus.steps,
        "volume_nl": bolus.volume_nl,
        "reason": states.REASON_NAMES[bolus.reason] if bolus.end_ms else None,
    }


def _refused(order: Order, record: Record) -> Values:
    told = record["fields"]
    return {
        "at": _time(order, record["time_ms"]),
        "bucket": states.BUCKET_NAMES[told["bucket"]],
        "error": errors.name(told["error"]),
    }


def _plan(order: Order, record: Record) -> Values:
    told = record["fields"]
    return {
        "at": _time(order, record["time_ms"]),
        "position": told["position"],
        "dose_ng_per_day": told["dose_ng_per_day"],
        "held": told["held"],
        "reason": states.REASON_NAMES[told["reason"]],
    }


def _alarm(of: Outcome, span: AlarmSpan) -> Values:
    ended = span.end_ms is not None and span.end_ms <= of.run.end_ms + of.offset_ms
    return {
        "alarm": alarms.name(span.alarm),
        "priority": alarms.PRIORITY_NAMES[span.priority],
        "at": _time(of.order, span.start_ms - of.offset_ms),
        "until": _time(of.order, span.end_ms - of.offset_ms) if ended and span.end_ms else None,
    }


def _delivery(order: Order, record: Record) -> Values:
    told = record["fields"]
    return {
        "at": _time(order, record["time_ms"]),
        "time_ms": record["time_ms"],
        "since_start_ms": record["time_ms"] - order.start_ms,
        "steps": {states.BUCKET_NAMES[bucket]: told[records.COUNTER_NAMES[bucket]] for bucket in THERAPY},
        "reservoir_nl": told["reservoir_nl"],
        "closes_hour": told["closes_hour"],
    }
