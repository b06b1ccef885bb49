"""The report's tables: changes of program, refills with their discrepancies, interruptions, alarms, events."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from infuser.wire import alarms, records, states
from infuser.wire import program as programs
from pumpctl.report_data import Report
from pumpctl.report_history import ProgramChange
from pumpctl.report_html import table
from pumpctl.report_plots import gap_length
from pumpctl.report_text import dose, duration, millilitres, moment, percent, scaled
from pumpctl.report_time import Placed

_UNLISTED = (records.SNAPSHOT, records.DELIVERY)

Describe = Callable[[dict[str, Any]], str]


def changes(report: Report) -> str:
    """Every program of the period, the one in force at its start first."""
    rows = []
    for change in report.programs:
        known = change.local_ms >= report.start_ms and not change.carried
        since = moment(change.local_ms) if known else f"before {moment(report.start_ms)}"
        rows.append((since, *_change(change), change.operator or "not told", "yes" if change.confirmed else "no"))
    columns = ("from", "mode", "mean dose a day", "concentration", "alarm volume", "operator", "override confirmed")
    return table(columns, rows, (2, 3, 4))


def _change(change: ProgramChange) -> tuple[str, str, str, str]:
    if change.program is None:
        return ("cleared" if change.readable else "cannot be read", "", "", "")
    mode = programs.MODE_NAMES.get(change.program["mode"], "?")
    strength = f"{change.program['concentration_ug_per_ml']} µg/mL"
    return mode, dose(change.dose_ng_per_day), strength, millilitres(change.low_reservoir_nl)


def refills(report: Report) -> str:
    """Residual volume expected and measured at each refill, and their difference."""
    rows = []
    for refill in report.refills:
        told = refill.fields
        expected, measured = told["expected_residual_nl"], told["measured_residual_nl"]
        rows.append(
            (
                moment(refill.local_ms),
                millilitres(expected),
                millilitres(measured),
                millilitres(measured - expected),
                percent(measured - expected, expected) or "-",
                millilitres(told["volume_nl"]),
                f"{told['concentration_ug_per_ml']} µg/mL",
                told["operator"] or "not told",
            )
        )
    columns = (
        "refill",
        "expected residual",
        "measured residual",
        "discrepancy",
        "of expected",
        "filled",
        "concentration",
        "operator",
    )
    return table(columns, rows, (1, 2, 3, 4, 5, 6), "refills")


def interruptions(report: Report) -> str:
    """When therapy stood still, the pump was off or records are missing."""
    rows = []
    for start_ms, end_ms in report.standstills:
        rows.append((start_ms, duration(end_ms - start_ms), "stopped", _states(report, start_ms, end_ms), ""))
    for gap in report.gaps:
        uncertain = f"{gap.steps_uncertain} microsteps" if gap.steps_uncertain else ""
        rows.append((gap.start_ms, gap_length(gap), "no record", gap.cause, uncertain))
    told = [(moment(start_ms), *rest) for start_ms, *rest in sorted(rows)]
    return table(("from", "for", "what", "state or cause", "delivery uncertain"), told, (4,))


def _states(report: Report, start_ms: int, end_ms: int) -> str:
    within = [span.state for span in report.states if span.start_ms < end_ms and span.end_ms > start_ms]
    names = within[:1] + [after for before, after in pairwise(within) if after != before]
    return ", ".join(states.STATE_NAMES[state] for state in names)


def occurrences(report: Report) -> str:
    """Every alarm of the period with its times."""
    rows = []
    for span in report.alarms:
        acknowledged = moment(span.acknowledged_ms) if span.acknowledged_ms is not None else "no"
        lasted = duration(span.end_ms - span.start_ms) if span.end_ms is not None else "still present"
        detail = scaled(span.entry["detail"], 1, 0) if span.entry["detail"] else ""
        text = alarms.text(span.alarm)
        priority = alarms.PRIORITY_NAMES.get(span.priority, "?")
        rows.append((moment(span.start_ms), alarms.name(span.alarm), priority, text, lasted, acknowledged, detail))
    return table(("raised", "alarm", "priority", "meaning", "for", "acknowledged", "detail"), rows, (4, 6), "alarms")


def listed(report: Report) -> list[Placed]:
    """The records that the table of events lists: all but the hourly ones and the snapshots."""
    return [one for one in report.placed if one.kind not in _UNLISTED]


def events(report: Report, describe: Describe) -> str:
    """The table of events; a time marked ~ was counted from the pump's age because the clock was lost."""
    rows = []
    for one in listed(report):
        when = ("~" if one.estimated else "") + moment(one.local_ms, seconds=True)
        rows.append((str(one.record["seq"]), when, records.RECORDS[one.kind][0], describe(one.record)))
    return table(("record", "time", "kind", "what happened"), rows, (0,), "events")
