"""A titration for people and scripts: every step with its volume, its refills, and a plot of plain characters."""

from dataclasses import dataclass
from typing import Any

from infuser.core.schedule import Schedule
from infuser.wire import units
from pumpctl import comparison, program_view, quantity, therapy_times
from pumpctl.titration import Plan, percent

COLUMNS = ("STEP", "FROM", "UG/D", "CHANGE", "UL/D", "UL/H", "DAYS", "ML SO FAR", "REFILL")
_PLOT_ROWS, _PLOT_COLUMNS = 10, 60


@dataclass(frozen=True)
class Step:
    """One dose of the plan: local minutes, ng and nL a day, the volume used by its end, the refills within it.

    `minutes` is 0 for the last one, which goes on.
    """

    at_min: int
    minutes: int
    dose_ng_per_day: int
    rate_nl_per_day: int
    used_nl: int
    refill_min: tuple[int, ...]


def steps(plan: Plan, reservoir_nl: int) -> list[Step]:
    """Every dose with what it takes; a refill is due where the alarm volume is reached, without the patient's boluses.

    After each the reservoir is taken to be full.
    """
    doses, times, made = plan.doses, plan.times_min, []
    low_nl = plan.program["low_reservoir_nl"]
    full_nl = units.RESERVOIR_CAPACITY_NL - low_nl
    used_nl, left_nl = 0, reservoir_nl - low_nl
    for at, (dose, begin_min) in enumerate(zip(doses, times, strict=True)):
        last = at == len(doses) - 1
        rate = Schedule(plan.program, dose if at else 0).mean_nl_per_day if dose else 0
        minutes = 0 if last else times[at + 1] - begin_min
        taken_nl = rate * minutes // units.MIN_PER_DAY
        refills = _refills(begin_min, minutes, rate, left_nl, full_nl)
        used_nl += taken_nl
        left_nl += len(refills) * full_nl - taken_nl
        made.append(Step(begin_min, minutes, dose, rate, used_nl, refills))
    return made


def _refills(begin_min: int, minutes: int, rate: int, left_nl: int, full_nl: int) -> tuple[int, ...]:
    """When within a step what is left is used up, each time by a full reservoir; the first one of the last step."""
    if not rate:
        return ()
    found, due_nl = [], max(0, left_nl)
    while not minutes or due_nl * units.MIN_PER_DAY // rate < minutes:
        found.append(begin_min + due_nl * units.MIN_PER_DAY // rate)
        due_nl += full_nl
        if not minutes:
            break
    return tuple(found)


def rows(plan: Plan, reservoir_nl: int) -> list[tuple[str, ...]]:
    """A row for each dose under COLUMNS; the first is what therapy begins with."""
    told = steps(plan, reservoir_nl)
    whole = len({step.at_min % units.MIN_PER_DAY for step in told}) == 1
    made: list[tuple[str, ...]] = []
    before = 0
    for number, step in enumerate(told):
        at = therapy_times.people(step.at_min)
        going = quantity.decimal(step.minutes, units.MIN_PER_DAY, 2) if step.minutes else "on"
        dose, rate = step.dose_ng_per_day, step.rate_nl_per_day
        made.append((
            str(number),
            at[:10] if whole else at,
            quantity.decimal(dose, units.NG_PER_UG, 3) if dose else "end",
            comparison.percent(before, dose),
            quantity.decimal(rate, units.NL_PER_UL, 1),
            quantity.decimal(rate, 24 * units.NL_PER_UL, 2),
            going if dose else "",
            quantity.decimal(step.used_nl, units.NL_PER_ML, 3) if step.minutes else "",
            "\n".join(therapy_times.people(due)[:10] for due in step.refill_min),
        ))  # fmt: skip
        before = dose
    return made


def title(plan: Plan) -> str:
    """Whose plan it is, from which dose to which, by how much a step, and the time of day of its steps."""
    first, last = plan.doses[0], plan.doses[-1]
    way = "at most +" if last > first else "at most -"
    daily = plan.order.every_min * units.MS_PER_MIN == units.MS_PER_DAY
    every = "24 h" if daily else quantity.format_duration(plan.order.every_min * units.MS_PER_MIN)
    at = therapy_times.people(plan.times_min[-1])[11:]
    ends = quantity.format_dose_rate(last) if last else "the end of therapy"
    return (
        f"{plan.program['patient']}: {quantity.format_dose_rate(first)} to {ends},"
        f" {way}{percent(plan.share_permille)} a step, one every {every} at {at}"
    )


def sentences(plan: Plan) -> list[str]:
    """How far the plan gets, and when to go on where it does not reach the target."""
    target = quantity.format_dose_rate(plan.order.target_ng_per_day)
    end = therapy_times.people(plan.times_min[-1])
    count = len(plan.doses) - 1
    if not count:
        return [f"Therapy begins with {quantity.format_dose_rate(plan.doses[0])}; no step is needed."]
    if not plan.short:
        reached = f"{target} is reached" if plan.doses[-1] else "Therapy ends"
        return [f"{reached} on {end}, in {count} step{'s' if count > 1 else ''}."]
    reached = quantity.format_dose_rate(plan.doses[-1])
    onward = therapy_times.people(plan.times_min[-1] + plan.order.every_min)
    return [
        f"The target of {target} is not reached: {plan.short}. The plan ends at {reached} on {end}.",
        f"Go on from {onward}: `pumpctl titrate --from-pump --target {target.replace(' ', '')}`",
    ]


def document(plan: Plan, reservoir_nl: int) -> dict[str, Any]:
    """The titration for scripts; times are local, volumes nL, doses ng."""
    told, before = [], 0
    for step in steps(plan, reservoir_nl):
        change = comparison.Number(before, step.dose_ng_per_day).permille if before else None
        told.append({
            "at": therapy_times.iso(step.at_min), "dose_ng_per_day": step.dose_ng_per_day, "percent_permille": change,
            "volume_nl_per_day": step.rate_nl_per_day, "minutes": step.minutes or None,
            "used_nl": step.used_nl if step.minutes else None,
            "refill_due": [therapy_times.iso(due) for due in step.refill_min],
        })  # fmt: skip
        before = step.dose_ng_per_day
    return {
        "target_ng_per_day": plan.order.target_ng_per_day,
        "share_permille": plan.share_permille,
        "reached": not plan.short,
        "short_of_target": plan.short or None,
        "warnings": plan.warnings,
        "steps": told,
        "program": program_view.document(plan.program),
    }


def plot(plan: Plan) -> list[str]:
    """The daily dose over time in plain characters, at most 80 wide."""
    doses, times = plan.doses, plan.times_min
    top = max(doses)
    span = times[-1] - times[0] + plan.order.every_min
    columns = []
    for at in range(_PLOT_COLUMNS):
        moment = times[0] + span * at // _PLOT_COLUMNS
        columns.append(doses[max(place for place, begin in enumerate(times) if begin <= moment)])
    lines = []
    for row in range(_PLOT_ROWS, 0, -1):
        level = top * row // _PLOT_ROWS
        label = quantity.format_dose_rate(level) if row in (_PLOT_ROWS, _PLOT_ROWS // 2) else ""
        lines.append(f"{label:>14} |{''.join('#' if dose >= level else ' ' for dose in columns)}".rstrip())
    begin, end = (therapy_times.people(moment)[:10] for moment in (times[0], times[0] + span))
    lines.append(f"{'0':>14} +{'-' * _PLOT_COLUMNS}")
    lines.append(f"{'':>16}{begin}{end:>{_PLOT_COLUMNS - 10}}")
    return lines
