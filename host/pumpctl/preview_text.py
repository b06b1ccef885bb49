"""A preview for people: a table of days, one of totals with the runs side by side, and what to know in sentences."""

from collections import Counter
from collections.abc import Sequence

from infuser.wire import alarms, errors, states, units
from pumpctl import preview_order, quantity, timetext
from pumpctl.preview_outcome import Outcome
from pumpctl.preview_window import THERAPY
from pumpctl.report_text import calendar, day

_HEADS = {preview_order.NONE: "NO PATIENT BOLUS", preview_order.ALL: "EVERY PATIENT BOLUS"}
_ENDS = {
    preview_order.EMPTY: "The reservoir is empty after {}: the preview ends there, a refill is not played.",
    preview_order.ENDED: "The plan ends the therapy after {}.",
    preview_order.STOPPED: "The pump stands still after {}; see the alarms.",
}

Told = dict[str, Outcome]
Rows = list[tuple[str, ...]]


def head(kind: str, of: Outcome) -> str:
    """What a run is called; without patient's boluses there is only one."""
    return _HEADS[kind] if of.order.program["patient_bolus_ng"] else "DOSE"


def ug(dose_ng: int) -> str:
    """A dose in ug to a tenth: what a column of days can be read by."""
    return quantity.decimal(dose_ng, units.NG_PER_UG, 1)


def day_columns(told: Told) -> list[str]:
    """Heads of `day_rows`: the dose of each run in ug, split by bucket where there is more than the basal rate."""
    heads = ["DAY"]
    for kind, of in told.items():
        parts = "+".join(states.BUCKET_NAMES[bucket].removesuffix("-bolus") for bucket in _used(of))
        heads.append(f"{head(kind, of)}, ug" + (f" ({parts})" if len(_used(of)) > 1 else ""))
    return heads


def day_rows(told: Told) -> Rows:
    """One row a calendar day; the first and the last are cut by the start and the end."""
    by_day = {kind: {one.start_ms: one.tally for one in of.days} for kind, of in told.items()}
    rows: Rows = []
    for start_ms in sorted({ms for days in by_day.values() for ms in days}):
        row = [f"{calendar(start_ms):%a} {day(start_ms)}"]
        for kind, of in told.items():
            tally = by_day[kind].get(start_ms)
            parts = [ug(tally.dose_ng(bucket)) for bucket in _used(of)] if tally else []
            split = f" ({' + '.join(parts)})" if len(parts) > 1 else ""
            row.append(f"{ug(tally.dose_ng(*THERAPY))}{split}" if tally else "-")
        rows.append(tuple(row))
    return rows


def _used(of: Outcome) -> list[int]:
    return [bucket for bucket in THERAPY if of.report.total.steps(bucket)] or [states.BASAL]


def total_rows(told: Told) -> Rows:
    """Totals of the runs side by side: (what, run, ...)."""
    rows = {
        "delivered": [
            f"{quantity.format_dose(of.total_dose_ng)}, {quantity.format_volume(of.report.total.volume_nl(*THERAPY))}"
            for of in told.values()
        ],
        "mean dose": [quantity.format_dose_rate(of.mean_dose_ng_per_day) for of in told.values()],
    }
    for at, largest in enumerate(next(iter(told.values())).largest):
        limit = f", limit {quantity.format_dose(largest.limit_ng)}" if largest.limit_ng else ""
        cells = [f"{quantity.format_dose(of.largest[at].dose_ng)}{limit}" for of in told.values()]
        rows[f"most in {largest.span_h} h"] = cells
    rows["boluses"] = [_boluses(of) for of in told.values()]
    rows["refused"] = [_refused(of) for of in told.values()]
    rows["plan"] = [_plan(of) for of in told.values()]
    rows["alarms"] = [_alarms(of) for of in told.values()]
    rows["reservoir then"] = [quantity.format_volume(of.run.left_nl) for of in told.values()]
    rows["refill due"] = [_refill(of) for of in told.values()]
    optional = ("boluses", "refused", "plan")
    return [(name, *cells) for name, cells in rows.items() if name not in optional or any(cells)]


def _when(of: Outcome, time_ms: int) -> str:
    return timetext.people(time_ms, of.order.utc_offset_min)


def _counted(names: Sequence[str]) -> str:
    return "\n".join(f"{count} {name}" for name, count in Counter(names).items())


def _boluses(of: Outcome) -> str:
    counts = Counter((_kind(one.bucket), one.dose_ng) for one in of.boluses)
    return "\n".join(
        f"{count} {kind}{'es' if count > 1 else ''} of {quantity.format_dose(dose)}"
        for (kind, dose), count in counts.items()
    )


def _kind(bucket: int) -> str:
    return states.BUCKET_NAMES[bucket].replace("-", " ")


def _refused(of: Outcome) -> str:
    return _counted([errors.name(one["fields"]["error"]) for one in of.refused])


def _plan(of: Outcome) -> str:
    return "\n".join(
        f"{_when(of, one['time_ms'])}  {quantity.format_dose_rate(one['fields']['dose_ng_per_day'])}" for one in of.plan
    )


def _alarms(of: Outcome) -> str:
    first = {span.alarm: span for span in reversed(of.alarms)}
    counts = Counter(span.alarm for span in of.alarms)
    lines = []
    for span in sorted(first.values(), key=lambda span: span.start_ms):
        times = f", {counts[span.alarm]} times in all" if counts[span.alarm] > 1 else ""
        lines.append(f"{_when(of, span.start_ms - of.offset_ms)}  {alarms.name(span.alarm)}{times}")
    return "\n".join(lines) or "none"


def _refill(of: Outcome) -> str:
    if of.refill is None:
        return "-"
    told = _when(of, of.refill.due_ms)
    return told if of.refill.seen else f"about {told[:10]}, at the flow of the last days"


def sentences(told: Told) -> list[str]:
    """What a person has to know beside the tables: when to refill, why a run ended early."""
    lines = []
    due = [(of, of.refill) for of in told.values() if of.refill]
    if due:
        days = sorted({_when(of, refill.due_ms)[:10] for of, refill in due})
        span = f"between {days[0]} and {days[-1]}, by the boluses taken" if len(days) > 1 else f"on {days[0]}"
        reckoned = "" if all(refill.seen for _, refill in due) else "; what lies beyond the preview is an estimate"
        lines.append(f"The alarm volume is reached {span}: refill before that{reckoned}.")
    if any(one.limit_ng and one.dose_ng > one.limit_ng for of in told.values() for one in of.largest):
        lines.append("Where a dose limit is reached the pump falls to the minimum rate, which still adds to the dose.")
    for kind, of in told.items():
        if of.run.ended in _ENDS:
            lasted = quantity.format_duration(of.run.end_ms - of.order.start_ms)
            which = f"{head(kind, of).capitalize()}: " if len(told) > 1 else ""
            lines.append(which + _ENDS[of.run.ended].format(lasted))
    return lines
