"""The report's figure of what the pump did and which alarms were present, over time."""

from infuser.wire import alarms, states
from pumpctl import charts
from pumpctl.charts import INK, Plot, sample_box
from pumpctl.report_data import STANDSTILL, Report
from pumpctl.report_history import AlarmSpan
from pumpctl.report_phases import KINDS
from pumpctl.report_plots import ALARM_FILL, GAP, gap_length
from pumpctl.report_text import duration, moment

_ROW = 26
_LEFT = 214
_DELIVERING = 'fill="#8fb4d9" stroke="#4d7298" stroke-width="0.6"'
_BOLUS = f'fill="{INK}"'
_STOPPED = f'fill="#fff" stroke="{INK}"'
_OTHER = 'fill="#e1e6eb" stroke="#9aa4ae" stroke-width="0.6"'


def timeline(report: Report) -> str:
    """A row for the pump's state, one for each kind of phase, one for each alarm that occurred, most urgent first."""
    names = _rows(report)
    kinds = [kind for kind in KINDS if any(phase.kind == kind for phase in report.phases)]
    rows = len(names) + len(kinds) + 1
    height = charts.TOP + _ROW * rows + charts.BOTTOM
    told = ", ".join(alarms.name(alarm) for alarm in names) or "none"
    description = f"{len(report.alarms)} occurrences of alarms: {told}."
    bounds = (report.start_ms, report.end_ms)
    plot = Plot("plot-alarms", "States and alarms", description, bounds, (0, rows), height, _LEFT)
    plot.time_axis("local time")
    _states(plot, report, rows - 1)
    for at, kind in enumerate(kinds):
        _phases(plot, report, kind, rows - 2 - at)
    for at, alarm in enumerate(names):
        row = len(names) - 1 - at
        priority = alarms.PRIORITY_NAMES[alarms.priority(alarm)]
        _label(plot, row, f"{alarms.name(alarm)} ({priority})")
        for span in report.alarms:
            if span.alarm == alarm:
                _occurrence(plot, report, span, row)
    plot.legend(_keys(report))
    return plot.svg()


def _rows(report: Report) -> list[int]:
    """Alarm ids that occurred, by priority and then by first occurrence."""
    seen = dict.fromkeys(span.alarm for span in report.alarms)
    return sorted(seen, key=lambda alarm: -alarms.priority(alarm))


def _states(plot: Plot, report: Report, row: int) -> None:
    _label(plot, row, "the pump")
    for span in report.states:
        name = states.STATE_NAMES[span.state]
        told = f"{name} from {moment(span.start_ms)} for {duration(span.end_ms - span.start_ms)}"
        _bar(plot, span.start_ms, span.end_ms, row, _look(span.state), told)
    for gap in report.gaps:
        told = f"{gap.cause} at {moment(gap.start_ms)} for {gap_length(gap)}"
        _bar(plot, gap.start_ms, gap.end_ms, row, GAP, told)


def _phases(plot: Plot, report: Report, kind: str, row: int) -> None:
    _label(plot, row, kind)
    for phase in report.phases:
        if phase.kind == kind:
            lasted = duration(phase.end_ms - phase.start_ms)
            told = f"{phase.kind} from {moment(phase.start_ms)} for {lasted}: {phase.what}"
            _bar(plot, phase.start_ms, phase.end_ms, row, _DELIVERING, told)


def _look(state: int) -> str:
    if state in STANDSTILL:
        return _STOPPED
    if state == states.BOLUS:
        return _BOLUS
    return _DELIVERING if state in states.DELIVERING else _OTHER


def _occurrence(plot: Plot, report: Report, span: AlarmSpan, row: int) -> None:
    end_ms = report.end_ms if span.end_ms is None else span.end_ms
    ended = "still present" if span.end_ms is None else f"for {duration(end_ms - span.start_ms)}"
    told = f"{alarms.name(span.alarm)} from {moment(span.start_ms)}, {ended}"
    _bar(plot, span.start_ms, end_ms, row, ALARM_FILL[span.priority], told)
    if span.acknowledged_ms is not None and span.acknowledged_ms <= report.end_ms:
        x, y = plot.x(span.acknowledged_ms), _top(plot, row)
        plot.add(f'<path d="M{x:.1f} {y - 4:.1f}v{_ROW - 4}" stroke="{INK}" stroke-width="2"/>')


def _bar(plot: Plot, start_ms: int, end_ms: int, row: int, style: str, told: str) -> None:
    """A bar in a row, at least 4 pixels wide so that short events are seen."""
    x = plot.x(start_ms)
    plot.box(x, _top(plot, row), max(plot.x(end_ms) - x, 4), _ROW - 12, style, told)


def _label(plot: Plot, row: int, words: str) -> None:
    plot.text(_LEFT - 8, _top(plot, row) + 11, words, "end", "small")


def _top(plot: Plot, row: int) -> float:
    return plot.y(row + 1) + 6


def _keys(report: Report) -> list[tuple[str, str]]:
    keys = [(sample_box(_DELIVERING), "delivering")]
    if any(span.state == states.BOLUS for span in report.states):
        keys.append((sample_box(_BOLUS), "bolus"))
    if report.standstills:
        keys.append((sample_box(_STOPPED), "stopped"))
    if any(_look(span.state) == _OTHER for span in report.states):
        keys.append((sample_box(_OTHER), "idle or self-test"))
    if report.gaps:
        keys.append((sample_box(GAP), "restart or gap"))
    return keys
