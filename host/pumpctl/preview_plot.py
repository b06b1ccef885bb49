"""A preview as figures: dose of each day of each run, and the level in the reservoir; as a page or as one SVG file."""

from collections.abc import Sequence

from infuser.wire import alarms, states, units
from pumpctl import charts, preview_order
from pumpctl.charts import INK, Plot, sample_box, sample_line
from pumpctl.preview_outcome import Outcome
from pumpctl.preview_text import head, sentences
from pumpctl.preview_window import THERAPY
from pumpctl.report_plots import BARS, LIMIT
from pumpctl.report_reservoir import levels
from pumpctl.report_style import STYLE
from pumpctl.report_text import day, dose, escape, millilitres, moment, plural

_HEIGHT = 300
_LEVEL = {
    preview_order.NONE: f'stroke="{INK}" stroke-width="1.8"',
    preview_order.ALL: f'stroke="{INK}" stroke-width="1.8" stroke-dasharray="6 3"',
}
_SVG_STYLE = (
    'text{font:13px system-ui,"Segoe UI","Noto Sans","DejaVu Sans",sans-serif;fill:' + INK + "}.small{font-size:12px}"
)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_WARNING = "Run ahead on a virtual pump with the firmware of an open bench prototype, never connected to a person."

Told = dict[str, Outcome]


def plots(told: Told) -> list[Plot]:
    """The figures in the order of the page."""
    most = max([1, *(one.tally.dose_ng(*THERAPY) for of in told.values() for one in of.days)])
    return [*(_doses(kind, of, most) for kind, of in told.items()), _reservoir(told)]


def svg(told: Told) -> str:
    """All figures below each other, as one file that stands alone."""
    parts = [
        one.svg().replace("<svg ", f'<svg y="{at * _HEIGHT}" width="{charts.WIDTH}" height="{_HEIGHT}" ', 1)
        for at, one in enumerate(plots(told))
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {charts.WIDTH} {len(parts) * _HEIGHT}">'
        f'<style>{_SVG_STYLE}</style><rect width="100%" height="100%" fill="#fff"/>'
        f"{charts.patterns()}{''.join(parts)}</svg>\n"
    )


def page(told: Told, title: str) -> str:
    """A self-contained HTML page: what has to be known, and the figures."""
    return sheet(title, _WARNING, sentences(told), plots(told))


def sheet(title: str, warning: str, lines: Sequence[str], figures: Sequence[Plot], more: str = "") -> str:
    """A self-contained page of sentences and figures; `more` is HTML that stands between them."""
    facts = "".join(f"<p>{escape(line)}</p>" for line in lines) + more
    drawn = "".join(f"<section><h2>{escape(one.title)}</h2><figure>{one.svg()}</figure></section>" for one in figures)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light">'
        f'<link rel="icon" href="data:,"><title>{escape(title)}</title><style>{STYLE}</style></head>'
        f"<body><main>{charts.patterns()}<header><h1>{escape(title)}</h1>"
        f'<p class="warning">{escape(warning)}</p></header>'
        f"{facts}{drawn}</main></body></html>\n"
    )


def _bounds(of: Outcome) -> tuple[int, int]:
    return of.order.start_ms + of.offset_ms, of.order.end_ms + of.offset_ms


def _doses(kind: str, of: Outcome, most_ng: int) -> Plot:
    """Dose of each day, stacked by kind of delivery; all runs to the same scale."""
    name = head(kind, of).lower()
    title = "Dose of each day" + (f", {name}" if of.order.program["patient_bolus_ng"] else "")
    told = f"{plural(len(of.days), 'day')}, {dose(of.total_dose_ng)} in all."
    plot = Plot(f"plot-dose-{kind}", title, told, _bounds(of), (0, charts.ceiling(most_ng)), _HEIGHT)
    plot.time_axis("local time")
    plot.value_axis("dose a day, µg", units.NG_PER_UG)
    used = [bucket for bucket in THERAPY if of.report.total.steps(bucket)]
    edge_ms = min(units.MS_PER_DAY // 12, (plot.x1 - plot.x0) // 200)
    for one in of.days:
        low = 0
        for bucket in used:
            part = one.tally.dose_ng(bucket)
            if part:
                words = f"{day(one.start_ms)}: {states.BUCKET_NAMES[bucket]} {dose(part)}"
                ends_ms = one.start_ms + units.MS_PER_DAY - edge_ms
                plot.bar(one.start_ms + edge_ms, ends_ms, low, low + part, BARS[bucket], words)
            low += part
    plot.legend([(sample_box(BARS[bucket]), states.BUCKET_NAMES[bucket].replace("-", " ")) for bucket in used])
    return plot


def _reservoir(told: Told) -> Plot:
    """Level in the reservoir of every run, the alarm volume, and where it is reached."""
    of = next(iter(told.values()))
    ends = " ".join(
        f"{head(kind, one).capitalize()}: {millilitres(one.run.left_nl)} at the end." for kind, one in told.items()
    )
    top_nl = of.order.reservoir_nl + of.order.reservoir_nl // 6
    plot = Plot("plot-reservoir", "Volume in the reservoir", ends, _bounds(of), (0, top_nl), _HEIGHT)
    plot.time_axis("local time")
    plot.value_axis("volume, mL", units.NL_PER_ML)
    low_nl = of.order.program["low_reservoir_nl"]
    plot.line([(plot.x0, low_nl), (plot.x1, low_nl)], LIMIT)
    for kind, one in told.items():
        filled = (plot.x0, one.order.reservoir_nl)
        plot.line([filled, *(point for point in levels(one.report) if point[0] > plot.x0)], _LEVEL[kind])
        for span in one.alarms:
            if span.alarm == alarms.RESERVOIR_LOW:
                words = f"{alarms.name(span.alarm)} {moment(span.start_ms)}"
                plot.box(plot.x(span.start_ms) - 4, plot.y(low_nl) - 4, 8, 8, f'fill="#f2b632" stroke="{INK}"', words)
    with_boluses = of.order.program["patient_bolus_ng"]
    keys = [
        (sample_line(_LEVEL[kind]), head(kind, one).lower() if with_boluses else "volume") for kind, one in told.items()
    ]
    plot.legend([*keys, (sample_line(LIMIT), "alarm volume")])
    return plot
