"""What an accuracy measurement says: as rows for people, as sentences, as one document for scripts."""

from typing import Any

from pumpctl.accuracy import Accuracy
from pumpctl.quantity import format_duration, format_rate, format_volume

COLUMNS = ("WINDOW", "Ep(min)", "Ep(max)", "ONE MICROSTEP", "PLACEMENTS")
NOTE = (
    "One microstep is what stepping itself makes of a window: at a low rate it governs the short ones,"
    " and it does not add up."
)
LOG_NOTE = "By the pump's own count of microsteps; what the mechanics make of them only a scale can tell."
_PLACES = 5


def percent(value: float) -> str:
    """A signed percentage with as many digits as matter."""
    digits = 1 if abs(value) >= 100 else 2 if abs(value) >= 10 else 3 if abs(value) >= 0.1 else 4
    return f"{value:+.{digits}f} %"


def rows(told: Accuracy) -> list[tuple[str, ...]]:
    """A row for each window, as COLUMNS."""
    return [
        (
            format_duration(window.span_ms),
            percent(window.min_percent),
            percent(window.max_percent),
            percent(window.step_percent).replace("+", "+/- "),
            str(window.placements),
        )
        for window in told.windows
    ]


def sentences(told: Accuracy) -> list[str]:
    """Mean error, start-up and what was left out."""
    said = [
        f"Mean error A {percent(told.mean_percent)} over {format_duration(told.analysed_ms)}:"
        f" {format_volume(told.delivered_pl // 1000)} delivered, {format_volume(told.due_pl // 1000)} due."
    ]
    if told.start_up:
        flows = [one.rate_nl_per_day for one in told.start_up]
        said.append(
            f"Start-up, first {format_duration(told.start_up[-1].at_ms)}: {format_rate(min(flows))} to"
            f" {format_rate(max(flows))}, each point a mean over {format_duration(told.flow_ms)};"
            f" {format_rate(told.rate_nl_per_day)} set."
        )
    by_reason: dict[str, list[str]] = {}
    for one in told.left_out:
        by_reason.setdefault(one.why, []).append(format_duration(one.span_ms))
    said += [f"Left out: {', '.join(spans)}: {why}." for why, spans in by_reason.items()]
    return said


def document(told: Accuracy, source: dict[str, Any]) -> dict[str, Any]:
    """The measurement for scripts; percentages are floats, all else integers."""
    return {
        **source,
        "rate_nl_per_day": told.rate_nl_per_day,
        "every_ms": told.every_ms,
        "analysed_ms": told.analysed_ms,
        "delivered_nl": told.delivered_pl // 1000,
        "due_nl": told.due_pl // 1000,
        "mean_percent": round(told.mean_percent, _PLACES),
        "windows": [
            {
                "window_ms": window.span_ms,
                "placements": window.placements,
                "min_percent": round(window.min_percent, _PLACES),
                "max_percent": round(window.max_percent, _PLACES),
                "microstep_percent": round(window.step_percent, _PLACES),
            }
            for window in told.windows
        ],
        "left_out": [{"window_ms": one.span_ms, "why": one.why} for one in told.left_out],
        "start_up": {
            "mean_over_ms": told.flow_ms,
            "points": [{"at_ms": one.at_ms, "rate_nl_per_day": one.rate_nl_per_day} for one in told.start_up],
        },
    }
