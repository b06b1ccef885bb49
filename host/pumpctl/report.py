"""The report: one self-contained HTML page from a pump's log, without scripts and without anything fetched."""

from datetime import datetime

from infuser.wire import records
from pumpctl import __version__, charts, report_plots, report_program, report_tables
from pumpctl.report_data import Report
from pumpctl.report_events import describe
from pumpctl.report_plots import dose_caption
from pumpctl.report_sentences import sentences
from pumpctl.report_style import STYLE
from pumpctl.report_text import dose, escape, millilitres, moment, plural, volume, zone
from pumpctl.report_timeline import timeline

WARNING = "From an open bench pump, a prototype that is never connected to a person."
# The policy forbids the page to load anything, whatever a name from the pump might contain.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_EVENTS_OPEN_MOST = 25
_VOLUME_CAPTION = "Therapy only; priming is not counted. The wide line is the program, the thin one the pump."
_DIFFERENCE_CAPTION = "Up to one microstep of each kind of delivery is always under way."
_RESERVOIR_CAPTION = "As the pump reckons it from its own microsteps. Triangles mark alarms at the time they came."
_TIMELINE_CAPTION = (
    "Each bar of an alarm is one occurrence, from its cause to its end; the stroke in it is the acknowledgement."
)


def page(report: Report, written: datetime) -> str:
    """The report as an HTML document; `written` is the host's time of writing, with its zone."""
    title = f"Infusion report, pump {report.serial}"
    body = "".join(
        (
            _header(report),
            _summary(report),
            _figures(report),
            _program(report),
            _refills(report),
            _interruptions(report),
            _alarms(report),
            _events(report),
            _footer(report, written),
        )
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light">'
        f'<link rel="icon" href="data:,"><title>{escape(title)}</title><style>{STYLE}</style></head>'
        f"<body><main>{charts.patterns()}{body}</main></body></html>\n"
    )


def _header(report: Report) -> str:
    program = report.program
    rows = [
        ("Patient", program["patient"] if program else "no program in this log"),
        ("Drug", f"{program['drug']}, {_strength(report)}" if program else "not known"),
        ("Pump", f"{report.serial}" + (f", firmware {report.firmware}" if report.firmware else "")),
        (
            "Period",
            f"{moment(report.start_ms)} to {moment(report.end_ms)}, the pump's local time ({zone(report.offset_min)})",
        ),
    ]
    told = "".join(f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in rows)
    return (
        f'<header><h1>Infusion report</h1><p class="warning">{WARNING}</p><dl>{told}</dl>{_integrity(report)}</header>'
    )


def _strength(report: Report) -> str:
    """The concentrations delivered, in order; the program's where nothing was."""
    used = dict.fromkeys(one.concentration_ug_per_ml for one in report.deliveries if one.concentration_ug_per_ml)
    program = report.program
    strengths = list(used) or ([program["concentration_ug_per_ml"]] if program else [])
    return ", then ".join(f"{strength} µg/mL" for strength in strengths)


def _integrity(report: Report) -> str:
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


def _summary(report: Report) -> str:
    told = " ".join(sentences(report))
    off = report.delivered_nl - report.programmed_nl
    tiles = [
        ("delivered", volume(report.delivered_nl)),
        ("programmed", volume(report.programmed_nl)),
        ("difference", volume(off)),
    ]
    if report.dosed and report.points:
        tiles.append(("mean dose a day", dose(report.mean_dose_ng_per_day)))
    if report.reservoir_nl is not None:
        tiles.append(("in the reservoir", millilitres(report.reservoir_nl)))
    tiles.append(("alarms", str(len(report.alarms))))
    shown = "".join(f"<li><b>{escape(value)}</b><span>{name}</span></li>" for name, value in tiles)
    return f'<section><h2>Summary</h2><ul class="tiles">{shown}</ul><p class="told">{escape(told)}</p></section>'


def _figures(report: Report) -> str:
    told = (
        ("Programmed and delivered volume", report_plots.volumes(report), _VOLUME_CAPTION),
        ("Delivered less programmed", report_plots.difference(report), _DIFFERENCE_CAPTION),
        (
            "Dose of each day" if report.dosed else "Volume of each day",
            report_plots.doses(report),
            dose_caption(report),
        ),
        ("Reservoir", report_plots.reservoir(report), _RESERVOIR_CAPTION),
        ("States and alarms", timeline(report), _TIMELINE_CAPTION),
    )
    return "".join(
        f"<section><h2>{title}</h2><figure>{svg}<figcaption>{caption}</figcaption></figure></section>"
        for title, svg, caption in told
    )


def _program(report: Report) -> str:
    program = report.program
    if program is None:
        return _section("Program", "<p>No program stands in this log.</p>")
    last = report.programs[-1]
    since = "" if last.program else ", until it was cleared" if last.readable else "; the one after it cannot be read"
    told = f"<p>In force at the end of the period{since}:</p>"
    earlier = f"<h3>Changes</h3>{report_tables.changes(report)}" if len(report.programs) > 1 else ""
    return _section("Program", f'{told}<div class="side">{report_program.program(program)}</div>{earlier}')


def _refills(report: Report) -> str:
    told = "<p>The discrepancy is the measured residual volume less the expected one.</p>"
    body = told + report_tables.refills(report) if report.refills else "<p>The reservoir was not refilled.</p>"
    return _section("Refills and residual discrepancies", body)


def _interruptions(report: Report) -> str:
    if not report.standstills and not report.gaps:
        return _section("Interruptions", "<p>Therapy was never interrupted.</p>")
    return _section("Interruptions", report_tables.interruptions(report))


def _alarms(report: Report) -> str:
    return _section("Alarms", report_tables.occurrences(report) if report.alarms else "<p>There was no alarm.</p>")


def _events(report: Report) -> str:
    number = len(report_tables.listed(report))
    opened = " open" if number <= _EVENTS_OPEN_MOST else ""
    hourly = plural(sum(one.kind == records.DELIVERY for one in report.placed), "delivery record")
    return _section(
        "Events",
        f"<details{opened}><summary>{plural(number, 'event')}; {hourly} are in the plots and not listed</summary>"
        f"{report_tables.events(report, describe)}</details>",
    )


def _section(title: str, body: str) -> str:
    return f"<section><h2>{title}</h2>{body}</section>"


def _footer(report: Report, written: datetime) -> str:
    when = f"{written.day} {written:%B %Y %H:%M %z}"
    return f"<footer>Written {escape(when)} by pumpctl {escape(__version__)}. {WARNING}</footer>"
