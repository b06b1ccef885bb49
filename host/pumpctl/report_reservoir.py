"""The reservoir's figure: its level, refills, alarm volume and alarms, and what the program makes of it ahead."""

from infuser.wire import alarms, units
from pumpctl.charts import INK, Plot, sample_box, sample_line
from pumpctl.report_data import Report
from pumpctl.report_forecast import Course, Forecast, forecast, sentence
from pumpctl.report_plots import ALARM_FILL, DELIVERED, LIMIT, base, finish, line, refills, steps
from pumpctl.report_text import escape, millilitres, moment, plural

HEIGHT = 205
AHEAD = f'stroke="{INK}" stroke-width="1.4" stroke-dasharray="6 3"'
FAN = 'fill="url(#hatch-gap)"'
_AHEAD_LEAST_MS = 70 * units.MS_PER_DAY


def reservoir(report: Report) -> str:
    """Reservoir volume with refills, the alarm volume, the alarms, and the forecast beyond the period's end."""
    level = levels(report)
    limits = _limits(report)
    most = max([units.NL_PER_ML, *(nl for _, nl in level), *(nl for _, nl in limits)])
    ahead = forecast(report)
    known = None if isinstance(ahead, str) else ahead
    end_ms = _end_ms(report, known)
    plot = base(report, "plot-reservoir", "Volume in the reservoir", _described(report, level), (0, most + most // 4),
                HEIGHT, end_ms)  # fmt: skip
    plot.value_axis("volume, mL", units.NL_PER_ML)
    if limits:
        limits.append((end_ms, limits[-1][1]))
    plot.line(limits, LIMIT)
    if known:
        _ahead(plot, report, known)
    line(plot, report, level, DELIVERED)
    for span in report.alarms:
        _triangle(plot, span.start_ms, _at(level, span.start_ms), span.priority, alarms.name(span.alarm))
    refills(plot, report)
    if not level:
        plot.empty("No delivery is recorded in this period.")
    return finish(plot, report, tuple(_keys(report, known)))


def _described(report: Report, level: list[tuple[int, int]]) -> str:
    ends = f" It ends at {millilitres(level[-1][1])}." if level else ""
    refilled = f"{plural(len(report.refills), 'refill')} marked." if report.refills else "There was no refill."
    return f"{refilled}{ends} {sentence(report)}"


def _keys(report: Report, known: Forecast | None) -> list[tuple[str, str]]:
    shown = sorted({span.priority for span in report.alarms}, reverse=True)
    keys = [(sample_line(DELIVERED), "in the reservoir"), (sample_line(LIMIT), "alarm volume")]
    if known:
        keys.append((sample_line(AHEAD), "forecast"))
        keys += [(sample_box(FAN + ' stroke="none"'), "with boluses")] if known.ranges else []
    return keys + [(_shape(11, 11, priority), f"{alarms.PRIORITY_NAMES[priority]} alarm") for priority in shown]


def _end_ms(report: Report, known: Forecast | None) -> int:
    """The end of the figure: that of the forecast, but no more ahead than the period is long or ten weeks."""
    if known is None:
        return report.end_ms
    room_ms = max(report.end_ms - report.start_ms, _AHEAD_LEAST_MS)
    last_ms = known.latest[-1][0] if known.latest_ms is None else known.latest_ms
    return min(last_ms + (last_ms - report.start_ms) // 30, report.end_ms + room_ms)


def _ahead(plot: Plot, report: Report, known: Forecast) -> None:
    """The two courses, what lies between them, and the period's end."""
    latest, earliest = (_cut(course, plot.x1) for course in (known.latest, known.earliest))
    if known.ranges:
        plot.area([*latest, *reversed(earliest)], FAN)
        plot.line(earliest, AHEAD)
    plot.line(latest, AHEAD)
    plot.mark(report.end_ms, 'stroke-width="1"')


def _cut(course: Course, end_ms: int) -> Course:
    """A course up to a time, the point there by interpolation."""
    kept: Course = []
    for ms, nl in course:
        if ms > end_ms and kept:
            before_ms, before_nl = kept[-1]
            kept.append((end_ms, before_nl + (nl - before_nl) * (end_ms - before_ms) // (ms - before_ms)))
            break
        kept.append((ms, nl))
    return kept


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
    return steps(report, [(change.local_ms, change.low_reservoir_nl) for change in report.programs])


def _at(level: list[tuple[int, int]], ms: int) -> int:
    return next((nl for at_ms, nl in reversed(level) if at_ms <= ms), level[0][1] if level else 0)


def _triangle(plot: Plot, ms: int, nl: int, priority: int, name: str) -> None:
    x = plot.x(ms)
    shape = _shape(x, plot.y(nl) - 4, priority)
    plot.add(f"<g>{shape}<title>{escape(name)} {escape(moment(ms))}</title></g>")


def _shape(x: float, y: float, priority: int) -> str:
    """A triangle whose tip points down to (x, y); the higher the priority the darker."""
    return f'<path d="M{x:.1f} {y:.1f}l-6 -10h12z" {ALARM_FILL[priority]} stroke-width="1.2"/>'
