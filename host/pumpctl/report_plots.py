"""The report's figures on volume: programmed and delivered, their difference, dose a day, reservoir."""

from infuser.wire import alarms, states, units
from pumpctl import charts
from pumpctl.charts import INK, Plot, sample_box, sample_line
from pumpctl.report_data import THERAPY, Day, Report
from pumpctl.report_history import Dose, Gap
from pumpctl.report_tally import Tally
from pumpctl.report_text import day, dose, duration, moment, plural, volume

DELIVERED = f'stroke="{INK}" stroke-width="1.8"'
DIFFERENCE = f'stroke="{INK}" stroke-width="0.9"'
PROGRAMMED = 'stroke="#8fb4d9" stroke-width="6"'
LIMIT = 'stroke="#8a1c2b" stroke-width="1.5" stroke-dasharray="7 4"'
REFILL = 'stroke-width="1.2" stroke-dasharray="2 3"'
CALLED = 'stroke="#8a5a00" stroke-width="1.6" stroke-dasharray="2 2"'
GAP = 'fill="url(#hatch-gap)" stroke="#76818c" stroke-width="0.6"'
STOPPED = 'fill="#d6dade"'
DOSE_HEIGHT = 195
# A limit above so many times the largest dose is told in words, not drawn.
LIMIT_SHOWN = 3
BARS = {
    states.BASAL: 'fill="#8fb4d9" stroke="#4d7298" stroke-width="0.6"',
    states.CLINICIAN_BOLUS: f'fill="{INK}"',
    states.PATIENT_BOLUS: f'fill="url(#hatch-dark)" stroke="{INK}" stroke-width="0.8"',
    states.PERIODIC_BOLUS: f'fill="#fff" stroke="{INK}" stroke-width="1"',
}
ALARM_FILL = {
    alarms.HIGH: 'fill="#a3162b" stroke="#5d0a17"',
    alarms.MEDIUM: 'fill="#f2b632" stroke="#8a6100"',
    alarms.LOW: 'fill="#e3f6fa" stroke="#1d7f93"',
}


def dose_caption(report: Report) -> str:
    """What to know when reading the bars."""
    told = "What a record counts across midnight is divided in proportion to time; the first and last day are partial."
    return told if report.dosed else told + " The concentration is not known from this log, so volumes are shown."


def base(
    report: Report, name: str, title: str, description: str, y: tuple[int, int], height: int = 300, end_ms: int = 0
) -> Plot:
    """A plot over the report's period, or on to `end_ms`, with standstills, gaps and refills drawn in."""
    plot = Plot(name, title, description, (report.start_ms, end_ms or report.end_ms), y, height)
    _interruptions(plot, report)
    plot.time_axis("local time")
    return plot


def _interruptions(plot: Plot, report: Report) -> None:
    for start_ms, end_ms in report.standstills:
        told = f"stopped from {moment(start_ms)} for {duration(end_ms - start_ms)}"
        plot.band(start_ms, end_ms, STOPPED, told)
    for gap in report.gaps:
        plot.band(gap.start_ms, gap.end_ms, GAP, f"{gap.cause}: from {moment(gap.start_ms)} for {gap_length(gap)}")


def gap_length(gap: Gap) -> str:
    """How long a gap lasted, as far as the log can tell."""
    if gap.unbounded or gap.end_ms == gap.start_ms:
        return "an unknown time"
    return ("" if gap.exact else "at most ") + duration(gap.end_ms - gap.start_ms)


def finish(plot: Plot, report: Report, own: tuple[tuple[str, str], ...]) -> str:
    """The figure with its legend: its own keys and those of what is drawn into every figure."""
    keys = list(own)
    if report.standstills:
        keys.append((sample_box(STOPPED + ' stroke="#b5bcc4"'), "stopped"))
    if report.gaps:
        keys.append((sample_box(GAP), "restart or gap"))
    plot.legend(keys)
    return plot.svg()


def _volume_unit(largest_nl: int) -> tuple[str, int]:
    return ("mL", units.NL_PER_ML) if largest_nl >= units.NL_PER_ML else ("µL", units.NL_PER_UL)


def volumes(report: Report) -> str:
    """Programmed and delivered volume since the period's start."""
    most = max([units.NL_PER_UL, report.delivered_nl, report.programmed_nl])
    description = f"Delivered {volume(report.delivered_nl)} of {volume(report.programmed_nl)} programmed."
    plot = base(report, "plot-volume", "Programmed and delivered volume", description, (0, charts.ceiling(most)), 260)
    name, per_unit = _volume_unit(most)
    plot.value_axis(f"volume, {name}", per_unit)
    line(plot, report, [(point.local_ms, point.programmed_nl) for point in report.points], PROGRAMMED)
    line(plot, report, [(point.local_ms, point.delivered_nl) for point in report.points], DELIVERED)
    refills(plot, report)
    own = ((sample_line(PROGRAMMED), "programmed"), (sample_line(DELIVERED), "delivered"))
    if not report.points:
        plot.empty("No delivery is recorded in this period.")
    elif not report.delivered_nl:
        plot.empty("Nothing was delivered in this period.")
    return finish(plot, report, own)


def difference(report: Report) -> str:
    """Delivered less programmed volume."""
    values = [point.delivered_nl - point.programmed_nl for point in report.points] or [0]
    room = max(200, (max(values) - min(values)) // 8)
    description = f"Between {volume(min(values))} and {volume(max(values))}, at the end {volume(values[-1])}."
    bounds = (min(0, min(values)) - room, max(0, max(values)) + room)
    plot = base(report, "plot-difference", "Delivered less programmed volume", description, bounds, 200)
    name, per_unit = _volume_unit(max(abs(bounds[0]), abs(bounds[1])))
    plot.value_axis(f"difference, {name}", per_unit)
    off = [(point.local_ms, point.delivered_nl - point.programmed_nl) for point in report.points]
    line(plot, report, off, DIFFERENCE)
    refills(plot, report)
    return finish(plot, report, ())


def doses(report: Report) -> str:
    """Dose of each day, stacked by kind of delivery, beside what the program calls for and the limit of 24 hours."""
    order = tuple(bucket for bucket in BARS if report.total.steps(bucket)) or (states.BASAL,)
    amounts = [[_amount(report, one.tally, bucket) for bucket in order] for one in report.days]
    most = max([units.NG_PER_UG, *(sum(amount) for amount in amounts)])
    called = steps(report, [(one.local_ms, _dose_due(one)) for one in report.doses]) if report.dosed else []
    most = max([most, *(ng for _, ng in called)])
    limits = _limits(report, most) if report.dosed else []
    described = f"{plural(len(amounts), 'day')}, at most {_told(report, max([0, *map(sum, amounts)]))} in one."
    title = "Dose delivered each day" if report.dosed else "Volume delivered each day"
    top = charts.ceiling(max([most, *(ng for _, ng in limits)]))
    plot = base(report, "plot-dose", title, described, (0, top), DOSE_HEIGHT)
    name, per_unit = ("µg", units.NG_PER_UG) if report.dosed else _volume_unit(most)
    plot.value_axis(f"{'dose' if report.dosed else 'volume'} a day, {name}", per_unit)
    for one, amount in zip(report.days, amounts, strict=True):
        _bars(plot, report, one, list(zip(order, amount, strict=True)))
    if not report.total.steps(*THERAPY):
        plot.empty("Nothing was delivered in this period.")
    plot.line(called, CALLED)
    plot.line(limits, LIMIT)
    own = [(sample_box(BARS[bucket]), states.BUCKET_NAMES[bucket].replace("-", " ")) for bucket in order]
    own += [(sample_line(CALLED), "programmed")] if called else []
    own += [(sample_line(LIMIT), "limit of 24 h")] if limits else []
    return finish(plot, report, tuple(own))


def _bars(plot: Plot, report: Report, one: Day, parts: list[tuple[int, int]]) -> None:
    """One day's bar, its kinds of delivery above each other."""
    low = 0
    edge_ms = min(units.MS_PER_DAY // 12, (plot.x1 - plot.x0) // 200)
    start_ms, end_ms = one.start_ms + edge_ms, one.start_ms + units.MS_PER_DAY - edge_ms
    for bucket, part in parts:
        if part and end_ms > plot.x0 and start_ms < plot.x1:
            told = f"{day(one.start_ms)}: {states.BUCKET_NAMES[bucket]} {_told(report, part)}"
            plot.bar(start_ms, end_ms, low, low + part, BARS[bucket], told)
        low += part


def _dose_due(one: Dose) -> int:
    """Mean daily dose that is called for, ng."""
    schedule = one.schedule
    return schedule.dose_ng_per_day() if schedule else 0


def _limits(report: Report, most_ng: int) -> list[tuple[int, int]]:
    """The program's limit of any 24 hours as steps; empty where none is set or it would dwarf the doses."""
    told = [
        (change.local_ms, int(change.program["dose_max_ng_per_day"]) if change.program else 0)
        for change in report.programs
    ]
    shown = told and all(0 < ng <= LIMIT_SHOWN * most_ng for _, ng in told)
    return steps(report, told) if shown else []


def steps(report: Report, told: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Values that hold from a time on, as the points of a line over the period."""
    points: list[tuple[int, int]] = []
    for ms, value in told:
        at_ms = max(ms, report.start_ms)
        points += [(at_ms, points[-1][1])] if points else []
        points.append((at_ms, value))
    return [*points, (report.end_ms, points[-1][1])] if points else []


def _amount(report: Report, tally: Tally, bucket: int) -> int:
    return tally.dose_ng(bucket) if report.dosed else tally.volume_nl(bucket)


def _told(report: Report, amount: int) -> str:
    return dose(amount) if report.dosed else volume(amount)


def line(plot: Plot, report: Report, points: list[tuple[int, int]], style: str) -> None:
    """A line that stops where records are missing and goes on after them."""
    for gap in report.gaps:
        if gap.missing:
            plot.line([point for point in points if point[0] <= gap.start_ms], style)
            points = [point for point in points if point[0] >= gap.end_ms]
    plot.line(points, style)


def refills(plot: Plot, report: Report) -> None:
    labelled = 0.0
    for refill in report.refills:
        plot.mark(refill.local_ms, REFILL)
        x = plot.x(refill.local_ms)
        near_end = x > charts.WIDTH - 80
        if x - labelled < (84 if near_end else 44):
            continue
        labelled = x
        plot.text(x - 4 if near_end else x + 4, charts.TOP + 11, "refill", "end" if near_end else "start", "small")
