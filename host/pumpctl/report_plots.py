"""The report's figures on volume: programmed and delivered, their difference, dose a day, reservoir."""

from infuser.wire import alarms, states, units
from pumpctl import charts
from pumpctl.charts import INK, Plot, sample_box, sample_line
from pumpctl.report_data import Report
from pumpctl.report_history import Gap
from pumpctl.report_tally import Tally
from pumpctl.report_text import day, dose, duration, escape, millilitres, moment, volume

DELIVERED = f'stroke="{INK}" stroke-width="1.8"'
DIFFERENCE = f'stroke="{INK}" stroke-width="0.9"'
PROGRAMMED = 'stroke="#8fb4d9" stroke-width="6"'
LIMIT = 'stroke="#8a1c2b" stroke-width="1.5" stroke-dasharray="7 4"'
REFILL = 'stroke-width="1.2" stroke-dasharray="2 3"'
GAP = 'fill="url(#hatch-gap)" stroke="#76818c" stroke-width="0.6"'
STOPPED = 'fill="#d6dade"'
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


def base(report: Report, name: str, title: str, description: str, y: tuple[int, int], height: int = 300) -> Plot:
    """A plot over the report's period, with standstills, gaps and refills drawn in."""
    plot = Plot(name, title, description, (report.start_ms, report.end_ms), y, height)
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
    if gap.end_ms == gap.start_ms:
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
    most = max([1, report.delivered_nl, report.programmed_nl])
    description = f"Delivered {volume(report.delivered_nl)} of {volume(report.programmed_nl)} programmed."
    plot = base(report, "plot-volume", "Programmed and delivered volume", description, (0, charts.ceiling(most)))
    name, per_unit = _volume_unit(most)
    plot.value_axis(f"volume, {name}", per_unit)
    _line(plot, report, [(point.local_ms, point.programmed_nl) for point in report.points], PROGRAMMED)
    _line(plot, report, [(point.local_ms, point.delivered_nl) for point in report.points], DELIVERED)
    _refills(plot, report)
    own = ((sample_line(PROGRAMMED), "programmed"), (sample_line(DELIVERED), "delivered"))
    if not report.points:
        plot.empty("No delivery is recorded in this period.")
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
    _line(plot, report, off, DIFFERENCE)
    _refills(plot, report)
    return finish(plot, report, ())


def doses(report: Report) -> str:
    """Dose of each day, stacked by kind of delivery."""
    order = tuple(BARS)
    amounts = [[_amount(report, one.tally, bucket) for bucket in order] for one in report.days]
    most = max([1, *(sum(amount) for amount in amounts)])
    description = f"{len(amounts)} days, at most {_told(report, most)} in one."
    title = "Dose delivered each day" if report.dosed else "Volume delivered each day"
    plot = base(report, "plot-dose", title, description, (0, charts.ceiling(most)))
    name, per_unit = ("µg", units.NG_PER_UG) if report.dosed else _volume_unit(most)
    plot.value_axis(f"{'dose' if report.dosed else 'volume'} a day, {name}", per_unit)
    for one, amount in zip(report.days, amounts, strict=True):
        low = 0
        edge_ms = min(units.MS_PER_DAY // 12, (plot.x1 - plot.x0) // 200)
        start_ms, end_ms = one.start_ms + edge_ms, one.start_ms + units.MS_PER_DAY - edge_ms
        for bucket, part in zip(order, amount, strict=True):
            if part and end_ms > plot.x0 and start_ms < plot.x1:
                told = f"{day(one.start_ms)}: {states.BUCKET_NAMES[bucket]} {_told(report, part)}"
                plot.bar(start_ms, end_ms, low, low + part, BARS[bucket], told)
            low += part
    own = tuple((sample_box(BARS[bucket]), states.BUCKET_NAMES[bucket].replace("-", " ")) for bucket in order)
    return finish(plot, report, own)


def _amount(report: Report, tally: Tally, bucket: int) -> int:
    return tally.dose_ng(bucket) if report.dosed else tally.volume_nl(bucket)


def _told(report: Report, amount: int) -> str:
    return dose(amount) if report.dosed else volume(amount)


def reservoir(report: Report) -> str:
    """Reservoir volume with refills, the alarm volume and the alarms."""
    level = levels(report)
    limits = _limits(report)
    most = max([units.NL_PER_ML, *(nl for _, nl in level), *(nl for _, nl in limits)])
    ends = f" It ends at {millilitres(level[-1][1])}." if level else ""
    refills = f"{len(report.refills)} refills are marked." if report.refills else "There was no refill."
    plot = base(report, "plot-reservoir", "Volume in the reservoir", refills + ends, (0, most + most // 6))
    plot.value_axis("volume, mL", units.NL_PER_ML)
    plot.line(limits, LIMIT)
    _line(plot, report, level, DELIVERED)
    _refills(plot, report)
    for span in report.alarms:
        _triangle(plot, span.start_ms, _at(level, span.start_ms), span.priority, alarms.name(span.alarm))
    if not level:
        plot.empty("No delivery is recorded in this period.")
    shown = sorted({span.priority for span in report.alarms}, reverse=True)
    own = [(sample_line(DELIVERED), "in the reservoir"), (sample_line(LIMIT), "alarm volume")]
    own += [(_shape(11, 11, priority), f"{alarms.PRIORITY_NAMES[priority]} alarm") for priority in shown]
    return finish(plot, report, tuple(own))


def levels(report: Report) -> list[tuple[int, int]]:
    """(local ms, nL) of the reservoir: at delivery records, and before and after each refill."""
    level = [(point.local_ms, point.reservoir_nl) for point in report.points if point.reservoir_nl is not None]
    told = [(ms, 1, nl) for ms, nl in level]
    for refill in report.refills:
        told.append((refill.local_ms, 0, refill.fields["expected_residual_nl"]))
        told.append((refill.local_ms, 2, refill.fields["volume_nl"]))
    return [(ms, nl) for ms, _, nl in sorted(told)]


def _limits(report: Report) -> list[tuple[int, int]]:
    """The alarm volume as steps over the period."""
    points: list[tuple[int, int]] = []
    for change in report.programs:
        at_ms = max(change.local_ms, report.start_ms)
        if points:
            points.append((at_ms, points[-1][1]))
        points.append((at_ms, change.low_reservoir_nl))
    if points:
        points.append((report.end_ms, points[-1][1]))
    return points


def _at(level: list[tuple[int, int]], ms: int) -> int:
    return next((nl for at_ms, nl in reversed(level) if at_ms <= ms), level[0][1] if level else 0)


def _line(plot: Plot, report: Report, points: list[tuple[int, int]], style: str) -> None:
    """A line that stops where records are missing and goes on after them."""
    for gap in report.gaps:
        if gap.missing:
            plot.line([point for point in points if point[0] <= gap.start_ms], style)
            points = [point for point in points if point[0] >= gap.end_ms]
    plot.line(points, style)


def _refills(plot: Plot, report: Report) -> None:
    labelled = 0.0
    for refill in report.refills:
        plot.mark(refill.local_ms, REFILL)
        x = plot.x(refill.local_ms)
        near_end = x > charts.WIDTH - 80
        if x - labelled < (84 if near_end else 44):
            continue
        labelled = x
        plot.text(x - 4 if near_end else x + 4, charts.TOP + 11, "refill", "end" if near_end else "start", "small")


def _triangle(plot: Plot, ms: int, nl: int, priority: int, name: str) -> None:
    x = plot.x(ms)
    shape = _shape(x, plot.y(nl) - 4, priority)
    plot.add(f"<g>{shape}<title>{escape(name)} {escape(moment(ms))}</title></g>")


def _shape(x: float, y: float, priority: int) -> str:
    """A triangle whose tip points down to (x, y); the higher the priority the darker."""
    return f'<path d="M{x:.1f} {y:.1f}l-6 -10h12z" {ALARM_FILL[priority]} stroke-width="1.2"/>'
