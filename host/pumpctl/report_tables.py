"""The report's tables: changes of program, refills with their discrepancies, interruptions, alarms, events."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from infuser.wire import alarms, records, states
from infuser.wire import program as programs
from pumpctl import alarm_texts, report_missed
from pumpctl.report_data import Report
from pumpctl.report_history import AlarmSpan, ProgramChange
from pumpctl.report_html import table
from pumpctl.report_plots import gap_length
from pumpctl.report_text import dose, duration, millilitres, moment, percent, volume
from pumpctl.report_time import Placed
from pumpctl.report_words import alarm_detail

# Longer tables are cut; the figures and `--json` have all of them.
_ROWS_MOST = 200
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
                percent(measured - expected, report.since_fill_nl.get(refill.record["seq"], 0)) or "-",
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
        "of delivered",
        "filled",
        "concentration",
        "operator",
    )
    return table(columns, rows, (1, 2, 3, 4, 5, 6), "refills")


def interruptions(report: Report) -> str:
    """When therapy stood still, the pump was off or records are missing, and what was missed by that."""
    rows = []
    for start_ms, end_ms in report.standstills:
        missed = _missed(report, start_ms, end_ms)
        rows.append((start_ms, duration(end_ms - start_ms), "stopped", _states(report, start_ms, end_ms), missed, ""))
    for gap in report.gaps:
        uncertain = f"{gap.steps_uncertain} microsteps" if gap.steps_uncertain else ""
        missed = "not known" if not report_missed.known(gap) else _missed(report, gap.start_ms, gap.end_ms, gap.exact)
        rows.append((gap.start_ms, gap_length(gap), "no record", gap.cause, missed, uncertain))
    told = [(moment(start_ms), *rest) for start_ms, *rest in sorted(rows)]
    left_out = f"<p>The last {_ROWS_MOST} of {len(told)}.</p>" if len(told) > _ROWS_MOST else ""
    columns = ("from", "for", "what", "state or cause", "missed by the program", "delivery uncertain")
    return left_out + table(columns, told[-_ROWS_MOST:], (4, 5), "interruptions")


def _missed(report: Report, start_ms: int, end_ms: int, exact: bool = True) -> str:
    volume_nl = report_missed.programmed_nl(report.doses, start_ms, end_ms)
    return ("" if exact or not volume_nl else "at most ") + (volume(volume_nl) if volume_nl else "nothing")


def _states(report: Report, start_ms: int, end_ms: int) -> str:
    within = [span.state for span in report.states if span.start_ms < end_ms and span.end_ms > start_ms]
    names = within[:1] + [after for before, after in pairwise(within) if after != before]
    return ", ".join(states.STATE_NAMES[state] for state in names)


def alarm_kinds(report: Report) -> str:
    """Each alarm that occurred: how often, for how long, whether it was acknowledged; the most urgent first."""
    by_alarm: dict[int, list[AlarmSpan]] = {}
    for span in report.alarms:
        by_alarm.setdefault(span.alarm, []).append(span)
    rows = []
    for alarm, spans in sorted(by_alarm.items(), key=lambda item: (-alarms.priority(item[0]), -len(item[1]))):
        lasted = [(report.end_ms if span.end_ms is None else span.end_ms) - span.start_ms for span in spans]
        rows.append(
            (
                alarms.name(alarm),
                _priority(alarm, max(span.priority for span in spans)),
                alarm_texts.text(alarm),
                str(len(spans)),
                duration(max(lasted)),
                duration(sum(lasted)),
                str(sum(1 for span in spans if span.acknowledged_ms is None) or "none"),
            )
        )
    columns = ("alarm", "priority", "meaning", "how often", "longest", "altogether", "not acknowledged")
    return table(columns, rows, (3, 4, 5, 6), "alarm-kinds")


def _priority(alarm: int, highest: int) -> str:
    """An alarm's own priority, and the one that it came to where nobody answered."""
    own = alarms.priority(alarm)
    names = alarms.PRIORITY_NAMES
    return f"{names[own]}, then {names.get(highest, highest)}" if highest > own else names[own]


def occurrences(report: Report) -> str:
    """Every alarm of the period with its times."""
    rows = []
    for span in report.alarms[-_ROWS_MOST:]:
        acknowledged = moment(span.acknowledged_ms) if span.acknowledged_ms is not None else "no"
        lasted = duration(span.end_ms - span.start_ms) if span.end_ms is not None else "still present"
        detail = alarm_detail(span.alarm, span.entry["detail"])
        priority = alarms.PRIORITY_NAMES.get(span.priority, "?")
        rows.append((moment(span.start_ms), alarms.name(span.alarm), priority, lasted, acknowledged, detail))
    number = len(report.alarms)
    left_out = f"<p>The last {_ROWS_MOST} of {number}.</p>" if number > _ROWS_MOST else ""
    return left_out + table(("raised", "alarm", "priority", "for", "acknowledged", "detail"), rows, (3, 5), "alarms")


def listed(report: Report) -> list[Placed]:
    """The records that the table of events lists: all but the hourly ones and the snapshots."""
    return [one for one in report.placed if one.kind not in _UNLISTED]


def events(report: Report, describe: Describe, most: int) -> str:
    """The table of the last `most` events; ~ marks a time counted from the pump's age, for the clock was lost."""
    rows = []
    for one in listed(report)[-most:]:
        when = ("~" if one.estimated else "") + moment(one.local_ms, seconds=True)
        rows.append((str(one.record["seq"]), when, records.RECORDS[one.kind][0], describe(one.record)))
    return table(("record", "time", "kind", "what happened"), rows, (0,), "events")
