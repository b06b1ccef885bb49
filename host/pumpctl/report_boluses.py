"""Boluses in the report: how many were asked for, given, cut short and refused, and at what hour of the day."""

from collections import Counter
from typing import Any

from infuser.wire import states, units
from pumpctl import charts, error_texts
from pumpctl.bolus_course import Bolus
from pumpctl.charts import FAINT, Plot, sample_box
from pumpctl.report_data import Report
from pumpctl.report_html import table
from pumpctl.report_plots import BARS
from pumpctl.report_text import calendar, clock_known, dose, duration, moment, plural, volume
from pumpctl.report_words import name

KINDS = (states.PATIENT_BOLUS, states.CLINICIAN_BOLUS, states.PERIODIC_BOLUS)
REFUSED = 'fill="url(#hatch-gap)" stroke="#8a1c2b" stroke-width="1"'
_HOURS = 24
_HEIGHT = 200
_LISTED_MOST = 40


def document(report: Report) -> dict[str, Any]:
    """For each kind: how many began, were given in full, cut short, still run, were refused and why; and by hour."""
    told: dict[str, Any] = {}
    for bucket in KINDS:
        began = [one for one in report.boluses if one.bucket == bucket]
        refused = [one for one in report.refused if one.fields["bucket"] == bucket]
        told[states.BUCKET_NAMES[bucket]] = {
            "began": len(began),
            "in_full": sum(1 for one in began if one.end_ms is not None and one.reason == states.DONE),
            "cut_short": sum(1 for one in began if one.end_ms is not None and one.reason != states.DONE),
            "refused": len(refused),
            "refused_by": dict(Counter(_why(one.fields["error"])[0] for one in refused)),
            "dose_ng": report.total.dose_ng(bucket) if report.dosed else None,
            "volume_nl": report.total.volume_nl(bucket),
        }
    given, turned_down = _by_hour(report)
    names = {bucket: states.BUCKET_NAMES[bucket] for bucket in KINDS}
    hours = [{names[bucket]: given[bucket, hour] for bucket in KINDS} for hour in range(_HOURS)]
    told["by_hour"] = [{**one, "refused": turned_down[hour]} for hour, one in enumerate(hours)]
    return told


def _why(error: int) -> tuple[str, str]:
    known = error_texts.ERRORS.get(error)
    return (known[0], known[1]) if known else (str(error), f"error {error}")


def _by_hour(report: Report) -> tuple[Counter[tuple[int, int]], Counter[int]]:
    given = Counter((one.bucket, _hour(one.start_ms)) for one in report.boluses)
    return given, Counter(_hour(one.local_ms) for one in report.refused)


def _hour(local_ms: int) -> int:
    return local_ms % units.MS_PER_DAY // units.MS_PER_H


def section(report: Report) -> str:
    """Table, reasons of refusal, hours of the day, and the clinician's boluses one by one."""
    if not report.boluses and not report.refused:
        return "<p>There was no bolus and none was refused.</p>"
    body = _table(report)
    if report.refused:
        body += "<h3>Refused</h3>" + _refused(report)
    if clock_known(report.start_ms):
        caption = "Boluses by the hour in which they began, and those refused, over all days of the period."
        body += f"<figure>{plot(report)}<figcaption>{caption}</figcaption></figure>"
    own = [one for one in report.boluses if one.bucket == states.CLINICIAN_BOLUS]
    return body + ("<h3>Clinician's boluses</h3>" + _list(own) if own else "")


def _table(report: Report) -> str:
    told = document(report)
    rows = []
    for bucket in KINDS:
        one = told[states.BUCKET_NAMES[bucket]]
        if one["began"] or one["refused"]:
            given = volume(one["volume_nl"]) if one["dose_ng"] is None else dose(one["dose_ng"])
            counts = [str(one[name]) for name in ("began", "in_full", "cut_short", "refused")]
            rows.append((states.BUCKET_NAMES[bucket].replace("-", " "), *counts, given))
    return table(("kind", "begun", "in full", "cut short", "refused", "given"), rows, (1, 2, 3, 4, 5), "boluses")


def _refused(report: Report) -> str:
    counts = Counter((one.fields["bucket"], one.fields["error"]) for one in report.refused)
    rows = [
        (states.BUCKET_NAMES[bucket].replace("-", " "), _why(error)[1], str(count))
        for (bucket, error), count in counts.most_common()
    ]
    return table(("kind", "reason", "how often"), rows, (2,), "refused")


def _list(own: list[Bolus]) -> str:
    rows = [
        (
            moment(one.start_ms),
            dose(one.dose_ng) if one.dose_ng else volume(one.asked_nl),
            volume(one.asked_nl),
            duration(one.duration_ms),
            "runs on" if one.end_ms is None else volume(one.volume_nl),
            "" if one.end_ms is None else name(states.REASON_NAMES, one.reason).replace("-", " "),
            one.operator or "not told",
        )
        for one in own[-_LISTED_MOST:]
    ]
    left_out = f"<p>The last {_LISTED_MOST} of {len(own)}.</p>" if len(own) > _LISTED_MOST else ""
    columns = ("begun", "asked for", "volume", "over", "given", "ended by", "operator")
    return left_out + table(columns, rows, (1, 2, 3, 4), "clinician")


def plot(report: Report) -> str:
    """A bar for each hour of the day: boluses by kind, and those refused on top."""
    given, refused = _by_hour(report)
    used = [bucket for bucket in KINDS if any(given[bucket, hour] for hour in range(_HOURS))]
    most = max(sum(given[bucket, hour] for bucket in used) + refused[hour] for hour in range(_HOURS))
    told = f"{plural(len(report.boluses), 'bolus', 'boluses')}, {len(report.refused) or 'none'} refused."
    figure = Plot("plot-hours", "Boluses by hour of the day", told, (0, units.MS_PER_DAY), (0, max(most, 2)), _HEIGHT)
    figure.value_axis("boluses", 1)
    edge_ms = units.MS_PER_H // 10
    for hour in range(_HOURS):
        low = 0
        parts = [(given[bucket, hour], BARS[bucket], states.BUCKET_NAMES[bucket].replace("-", " ")) for bucket in used]
        for count, style, what in [*parts, (refused[hour], REFUSED, "refused")]:
            if count:
                begin_ms, end_ms = hour * units.MS_PER_H + edge_ms, (hour + 1) * units.MS_PER_H - edge_ms
                figure.bar(begin_ms, end_ms, low, low + count, style, f"{hour:02d}:00 {what}: {count}")
                low += count
    _hours(figure)
    keys = [(sample_box(BARS[bucket]), states.BUCKET_NAMES[bucket].replace("-", " ")) for bucket in used]
    figure.legend([*keys, *([(sample_box(REFUSED), "refused")] if report.refused else [])])
    return figure.svg()


def _hours(figure: Plot) -> None:
    for hour in range(0, _HOURS + 1, 3):
        x = figure.x(hour * units.MS_PER_H)
        figure.under(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{charts.TOP}" y2="{figure.bottom + 4}" stroke="{FAINT}"/>')
        at = calendar(hour * units.MS_PER_H).strftime("%H:%M") if hour < _HOURS else "24:00"
        figure.text(min(x, charts.WIDTH - charts.RIGHT - 14), figure.bottom + 17, at, "middle", "small")
    figure.text((figure.left + charts.WIDTH) / 2, figure.height - 5, "hour of the day, local time", "middle", "small")
