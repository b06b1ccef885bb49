"""The report: one self-contained HTML page from a pump's log, without scripts and without anything fetched."""

from datetime import datetime

from infuser.wire import states, units
from pumpctl import (
    __version__,
    charts,
    report_forecast,
    report_integrity,
    report_plots,
    report_reservoir,
    report_sections,
    report_therapy,
)
from pumpctl.report_data import THERAPY, Report
from pumpctl.report_html import figure, section
from pumpctl.report_sentences import sentences
from pumpctl.report_style import STYLE, print_style
from pumpctl.report_text import day, dose, escape, millilitres, moment, percent, volume, zone

WARNING = "From an open bench pump, a prototype that is never connected to a person."
EVENTS_MOST = 200
# The policy forbids the page to load anything, whatever a name from the pump might contain.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_RESERVOIR_CAPTION = (
    "By the pump's count of microsteps; triangles are alarms. Forecast by the program; hatched: with patient's boluses."
)


def page(report: Report, written: datetime, paper: str = "", events_most: int = EVENTS_MOST) -> str:
    """The report as an HTML document; `written` is the host's time of writing, with its zone.

    `paper` is the size to print on, empty for what the reader's browser has.
    """
    title = f"Infusion report, pump {report.serial}"
    style = STYLE + print_style(paper, _running(report), WARNING)
    later = (
        report_sections.alarms,
        report_sections.boluses,
        report_sections.interruptions,
        report_sections.program,
        report_sections.volumes,
        report_sections.accuracy,
        report_sections.visits,
        report_sections.machine,
        report_sections.log,
    )
    body = _first(report) + "".join(part(report) for part in later)
    body += report_sections.events(report, events_most) + _footer(written)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light">'
        f'<link rel="icon" href="data:,"><title>{escape(title)}</title><style>{style}</style></head>'
        f"<body><main>{charts.patterns()}{body}</main></body></html>\n"
    )


def _running(report: Report) -> str:
    """What stands at the head of every printed page."""
    patient = f"patient {report.program['patient']}, " if report.program else ""
    return f"{patient}pump {report.serial}, {moment(report.start_ms)} to {moment(report.end_ms)}"


def _first(report: Report) -> str:
    """The first page: who, whether the log is sound, the therapy, what happened, the doses, the reservoir."""
    doses = "Dose of each day" if report.dosed else "Volume of each day"
    return (
        _header(report)
        + _summary(report)
        + section(doses, figure(report_plots.doses(report), report_plots.dose_caption(report)))
        + section("Reservoir and refill", figure(report_reservoir.reservoir(report), _RESERVOIR_CAPTION))
    )


def _header(report: Report) -> str:
    program = report.program
    rows = [
        ("Patient", program["patient"] if program else "no program in this log"),
        ("Drug", f"{program['drug']}, {_strength(report)}" if program else "not known"),
        ("Pump", f"{report.serial}" + (f", firmware {report.firmware}" if report.firmware else "")),
        (
            "Period",
            f"{moment(report.start_ms)} to {moment(report.end_ms)} ({zone(report.offset_min)})",
        ),
    ]
    told = "".join(f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in rows)
    verdict = report_integrity.banner(report)
    return f'<header><h1>Infusion report</h1><p class="warning">{WARNING}</p><dl>{told}</dl>{verdict}</header>'


def _strength(report: Report) -> str:
    """The concentrations delivered, in order; the program's where nothing was."""
    used = dict.fromkeys(one.concentration_ug_per_ml for one in report.deliveries if one.concentration_ug_per_ml)
    program = report.program
    strengths = list(used) or ([program["concentration_ug_per_ml"]] if program else [])
    return ", then ".join(f"{strength}\u00a0µg/mL" for strength in strengths)


def _summary(report: Report) -> str:
    therapy = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(words)}</dd></div>" for name, words in report_therapy.lines(report)
    )
    shown = "".join(f"<li><b>{escape(value)}</b><span>{name}</span></li>" for name, value in _tiles(report))
    told = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences(report))
    body = f'<ul class="tiles">{shown}</ul>' + (f'<dl class="therapy">{therapy}</dl>' if therapy else "")
    return section("Summary", f'{body}<ul class="told">{told}</ul>')


def _tiles(report: Report) -> list[tuple[str, str]]:
    tiles = [("delivered", volume(report.delivered_nl)), ("programmed", volume(report.programmed_nl))]
    if report.dosed and report.points:
        mean_ng = report.mean_dose_ng_per_day
        tenth_ng = units.NG_PER_UG // 10
        tiles.append(("mean a day", dose((mean_ng + tenth_ng // 2) // tenth_ng * tenth_ng)))
    whole = report.total.volume_nl(*THERAPY)
    boluses = whole - report.total.volume_nl(states.BASAL)
    if boluses:
        tiles.append(("by boluses", percent(boluses, whole)))
    if report.reservoir_nl is not None:
        tiles.append(("in reservoir", millilitres(report.reservoir_nl)))
    ahead = report_forecast.forecast(report)
    if not isinstance(ahead, str) and ahead.earliest_ms is not None:
        tiles.append(("refill before", day(ahead.earliest_ms) if ahead.earliest_ms > report.end_ms else "now"))
    count = len(report.alarms)
    return [*tiles, ("alarm" if count == 1 else "alarms", str(count))]


def _footer(written: datetime) -> str:
    when = f"{written.day} {written:%B %Y %H:%M %z}"
    return f"<footer>Written {escape(when)} by pumpctl {escape(__version__)}. {WARNING}</footer>"
