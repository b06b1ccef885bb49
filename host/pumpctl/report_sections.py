"""The report's sections after its first page, each as HTML."""

from infuser.wire import records
from pumpctl import (
    accuracy_log,
    accuracy_plot,
    accuracy_view,
    report_boluses,
    report_changes,
    report_integrity,
    report_machine,
    report_missed,
    report_plots,
    report_program,
    report_tables,
    report_visits,
)
from pumpctl.accuracy import Accuracy, analyse
from pumpctl.errors import UsageProblem
from pumpctl.report_data import Report
from pumpctl.report_events import describe
from pumpctl.report_html import figure, section, table
from pumpctl.report_text import escape, in_print, plural, signs
from pumpctl.report_timeline import timeline

_EVENTS_OPEN_MOST = 25
_ALARMS_OPEN_MOST = 40
_VOLUME_CAPTION = "Therapy only; priming is not counted. The wide line is the program, the thin one the pump."
_DIFFERENCE_CAPTION = "Up to one microstep of each kind of delivery is always under way."
_TIMELINE_CAPTION = (
    "Each bar of an alarm is one occurrence, from its cause to its end; the stroke in it is the acknowledgement."
)


def alarms(report: Report) -> str:
    """States and alarms over time, the alarms by kind and one by one."""
    body = figure(timeline(report), _TIMELINE_CAPTION)
    if not report.alarms:
        return section("Alarms", "<p>There was no alarm.</p>" + body)
    kinds = report_tables.alarm_kinds(report)
    number = len(report.alarms)
    opened = " open" if number <= _ALARMS_OPEN_MOST else ""
    told = plural(number, "occurrence")
    each = f"<details{opened}><summary>{told}, one by one</summary>{report_tables.occurrences(report)}</details>"
    return section("Alarms", body + kinds + each)


def boluses(report: Report) -> str:
    """Boluses given, cut short and refused."""
    return section("Boluses", report_boluses.section(report))


def interruptions(report: Report) -> str:
    """When therapy stood still and what that has cost."""
    if not report.standstills and not report.gaps:
        return section("Interruptions", "<p>Therapy was never interrupted.</p>")
    missed = report_missed.missed_nl(report)
    most = "" if report_missed.exact(report) else "at most "
    amount = f"{most}{report_missed.told(report, missed)} was missed altogether; it is never made up for"
    nothing = "As far as is known nothing was missed by them."
    told = f"By the program in force {amount}." if missed >= report_missed.TOLD_LEAST_NL else nothing
    return section("Interruptions", f"<p>{escape(told)}</p>{report_tables.interruptions(report)}")


def volumes(report: Report) -> str:
    """Programmed and delivered volume, and their difference."""
    shown = figure(report_plots.volumes(report), _VOLUME_CAPTION)
    off = figure(report_plots.difference(report), _DIFFERENCE_CAPTION)
    return section("Programmed and delivered volume", shown) + section("Delivered less programmed", off)


def measured(report: Report) -> Accuracy | None:
    """The accuracy curves of the period by the pump's own count, None where it holds too little."""
    stretches = accuracy_log.of_report(report)
    try:
        return analyse(stretches, accuracy_log.EVERY_MS, 0, report.step_pl, start_up=False)
    except UsageProblem:
        return None


def accuracy(report: Report) -> str:
    """The trumpet curve as far as the log allows one."""
    told = measured(report)
    if told is None or not told.windows:
        return section("Flow accuracy", "<p>The period holds no whole hour of undisturbed delivery to analyse.</p>")
    caption = (
        "Trumpet curve as in IEC 60601-2-24, of the hours without stop, restart or missing record. "
        + accuracy_view.LOG_NOTE
        + " The residual volumes measured at refills are the independent check."
    )
    rows = [tuple(signs(in_print(cell)) for cell in row) for row in accuracy_view.rows(told)]
    columns = ("window", "least error", "largest error", "one microstep", "placements")
    words = f"<p>{escape(signs(in_print(accuracy_view.sentences(told)[0])))}</p>"
    body = (
        words + figure(accuracy_plot.trumpet(told), escape(caption)) + table(columns, rows, (0, 1, 2, 3, 4), "windows")
    )
    return section("Flow accuracy", body)


def program(report: Report) -> str:
    """The program in force, the programs of the period, and what each changed."""
    if report.program is None:
        return section("Program", "<p>No program stands in this log.</p>")
    last = report.programs[-1]
    since = "" if last.program else ", until it was cleared" if last.readable else "; the one after it cannot be read"
    told = f"<p>In force at the end of the period{since}:</p>"
    side = f'<div class="side">{report_program.program(report.program)}</div>'
    if len(report.programs) < 2:
        return section("Program", told + side)
    changes = f"<h3>Programs of the period</h3>{report_tables.changes(report)}"
    apart = report_changes.section(report)
    return section("Program", told + side) + section("Changes of therapy", changes + apart)


def visits(report: Report) -> str:
    """What people did, and the refills with their discrepancies."""
    told = report_visits.rows(report) if report_visits.visits(report) else "<p>Nobody changed anything by this log.</p>"
    note = (
        "<p>The discrepancy is the measured residual volume less the expected one; beside it its share of what was "
        "delivered since the fill before.</p>"
    )
    body = note + report_tables.refills(report) if report.refills else "<p>The reservoir was not refilled.</p>"
    return section("Visits", told) + section("Refills and residual discrepancies", body)


def machine(report: Report) -> str:
    """The pump itself."""
    return section("The pump", report_machine.section(report))


def log(report: Report) -> str:
    """What the chain says, and what it does not."""
    return section("The log", report_integrity.section(report))


def events(report: Report, most: int) -> str:
    """The last events, folded away on the screen where they are many."""
    number = len(report_tables.listed(report))
    if not most:
        return ""
    opened = " open" if number <= _EVENTS_OPEN_MOST else ""
    hourly = plural(sum(one.kind == records.DELIVERY for one in report.placed), "delivery record")
    left_out = f", the last {most} are listed: <code>pumpctl log show</code> has all" if number > most else ""
    told = f"{plural(number, 'event')}{left_out}; {hourly} are in the plots and not listed"
    listed = report_tables.events(report, describe, most)
    return section("Events", f"<details{opened}><summary>{told}</summary>{listed}</details>")
