"""Draws the trumpet curve and the start-up curve."""

import math

from infuser.wire import units
from pumpctl import accuracy_view, charts
from pumpctl.accuracy import Accuracy, Window
from pumpctl.charts import FAINT, INK, Plot, sample_line
from pumpctl.quantity import format_duration
from pumpctl.report_text import volume

LARGEST = f'stroke="{INK}" stroke-width="1.8"'
LEAST = f'stroke="{INK}" stroke-width="1.8" stroke-dasharray="6 3"'
MICROSTEP = 'stroke="#8fb4d9" stroke-width="5"'
MEAN = 'stroke="#8a1c2b" stroke-width="1.5" stroke-dasharray="2 3"'
DUE = 'stroke="#8fb4d9" stroke-width="6"'
# Errors are drawn in thousandths of a percent, windows by the logarithm of their length.
_PER_PERCENT = 1000
_PER_LOG = 1_000_000
_TICK_WIDTH = 44
_HOUR_STEPS_MS = tuple(units.MS_PER_MIN * minutes for minutes in (10, 30, 60, 120, 240, 720, 1440))


def trumpet(told: Accuracy) -> str:
    """Largest and least mean error over the length of the window, and what one microstep makes of it."""
    description = "; ".join(
        f"{format_duration(one.span_ms)}: {accuracy_view.percent(one.min_percent)} to"
        f" {accuracy_view.percent(one.max_percent)}"
        for one in told.windows
    )
    mean = _milli(told.mean_percent)
    shown = [0, mean]
    for one in told.windows:
        shown += map(_milli, (one.max_percent, one.min_percent, one.step_percent, -one.step_percent))
    low, high = min(shown), max(shown)
    room = max(10, (high - low) // 12)
    places = [_place(one.span_ms) for one in told.windows] or [0]
    x_range = (places[0] - _PER_LOG // 6, places[-1] + _PER_LOG // 6)
    plot = Plot("plot-trumpet", "Trumpet curve", description or "No window fits.", x_range, (low - room, high + room))
    plot.value_axis("error, %", _PER_PERCENT)
    _window_axis(plot, told.windows)
    for sign in (1, -1):
        plot.line([(_place(one.span_ms), _milli(sign * one.step_percent)) for one in told.windows], MICROSTEP)
    plot.line([(_place(one.span_ms), _milli(one.max_percent)) for one in told.windows], LARGEST)
    plot.line([(_place(one.span_ms), _milli(one.min_percent)) for one in told.windows], LEAST)
    plot.line([(x_range[0], mean), (x_range[1], mean)], MEAN)
    keys = ((LARGEST, "largest"), (LEAST, "least"), (MICROSTEP, "one microstep"), (MEAN, "mean"))
    plot.legend([(sample_line(style), words) for style, words in keys])
    if not told.windows:
        plot.empty("No observation window fits what was measured.")
    return plot.svg()


def _milli(error_percent: float) -> int:
    return round(error_percent * _PER_PERCENT)


def _place(span_ms: int) -> int:
    return round(_PER_LOG * math.log2(span_ms / units.MS_PER_S))


def _window_axis(plot: Plot, windows: list[Window]) -> None:
    last = -1.0 * _TICK_WIDTH
    for one in windows:
        x = plot.x(_place(one.span_ms))
        _tick(plot, x, format_duration(one.span_ms) if x - last >= _TICK_WIDTH else "")
        last = x if x - last >= _TICK_WIDTH else last
    plot.text((plot.left + charts.WIDTH) / 2, plot.height - 5, "observation window", "middle", "small")


def _tick(plot: Plot, x: float, words: str) -> None:
    plot.under(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{charts.TOP}" y2="{plot.bottom + 4}" stroke="{FAINT}"/>')
    if words:
        plot.text(x, plot.bottom + 17, words, "middle", "small")


def start_up(told: Accuracy) -> str:
    """Flow from the start of the infusion, beside the flow that was set."""
    flows = [one.rate_nl_per_day for one in told.start_up] or [0]
    most = charts.ceiling(max([*flows, told.rate_nl_per_day]))
    length_ms = told.start_up[-1].at_ms if told.start_up else 0
    description = (
        f"Between {volume(min(flows))} and {volume(max(flows))} a day in the first {format_duration(length_ms)},"
        f" each point a mean over {format_duration(told.flow_ms)}."
    )
    plot = Plot("plot-start-up", "Start-up curve", description, (0, length_ms), (0, most))
    name, per_unit = ("mL", units.NL_PER_ML) if most >= units.NL_PER_ML else ("µL", units.NL_PER_UL)
    plot.value_axis(f"flow, {name} a day", per_unit)
    _elapsed_axis(plot)
    plot.line([(0, told.rate_nl_per_day), (length_ms, told.rate_nl_per_day)], DUE)
    # A mean holds for the time that it was taken over: stairs, not a slope.
    stairs = [(at, one.rate_nl_per_day) for one in told.start_up for at in (one.at_ms - told.flow_ms, one.at_ms)]
    plot.line(stairs, LARGEST)
    plot.legend([(sample_line(DUE), "set"), (sample_line(LARGEST), "delivered")])
    if not told.start_up:
        plot.empty("The start of the infusion is not in these data.")
    return plot.svg()


def _elapsed_axis(plot: Plot) -> None:
    span_ms = plot.x1 - plot.x0
    step_ms = next((step for step in _HOUR_STEPS_MS if span_ms <= 12 * step), _HOUR_STEPS_MS[-1])
    for at_ms in range(0, span_ms + 1, step_ms):
        _tick(plot, plot.x(at_ms), format_duration(at_ms) if at_ms else "0")
    plot.text((plot.left + charts.WIDTH) / 2, plot.height - 5, "time since the start", "middle", "small")
