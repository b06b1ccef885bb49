"""When the reservoir comes to its alarm volume: by the program in force, with and without the patient's boluses.

The course is straight between the steps of a plan that is still to come. What a temporary rate, the
minimum rate or a clinician's bolus change is not in it; the flow of the last days tells what was so far.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from infuser.core import reservoir
from infuser.core.schedule import Schedule
from infuser.wire import states, units
from pumpctl.report_data import Point, Report
from pumpctl.report_history import Dose
from pumpctl.report_text import clock_known, day, moment
from pumpctl.report_words import name

# The flow of these last days tells what was so far.
LAST_DAYS_MS = 7 * units.MS_PER_DAY
_FLOWING = (states.INFUSING, states.BOLUS)
_HORIZON_MS = 2 * 366 * units.MS_PER_DAY

Course = list[tuple[int, int]]


@dataclass(frozen=True)
class Forecast:
    """Local times, nL. `latest` without any patient's bolus, `earliest` with every one allotted, up to the dose limit.

    Each course ends at the alarm volume, its time None where that is not reached; `recent_ms` by the last days' flow.
    """

    low_nl: int
    latest: Course
    earliest: Course
    latest_ms: int | None
    earliest_ms: int | None
    recent_ms: int | None

    @property
    def ranges(self) -> bool:
        """Whether boluses make a difference."""
        return self.latest != self.earliest


def forecast(report: Report) -> Forecast | str:
    """The forecast at the end of the period, or why there is none."""
    volume_nl = report.reservoir_nl
    dose = report.doses[-1] if report.doses else None
    schedule = dose.schedule if dose else None
    if volume_nl is None or dose is None or schedule is None:
        return "no program or no volume is told by the log"
    if report.state_at_end not in _FLOWING:
        return f"therapy does not run at the end of the period ({name(states.STATE_NAMES, report.state_at_end)})"
    low_nl = report.programs[-1].low_reservoir_nl
    latest, latest_ms = _course(report, dose, volume_nl, low_nl, boluses=False)
    earliest, earliest_ms = _course(report, dose, volume_nl, low_nl, boluses=True)
    flowed_nl, lasted_ms = flow(report.points)
    rate = flowed_nl * units.MS_PER_DAY // lasted_ms if lasted_ms else 0
    recent_ms = reservoir.due_in_ms(volume_nl, low_nl, rate)
    return Forecast(low_nl, latest, earliest, latest_ms, earliest_ms, report.end_ms + recent_ms if rate > 0 else None)


def flow(points: Sequence[Point]) -> tuple[int, int]:
    """(nL, ms) that flowed in the last days of a log, and how long they were."""
    if not points:
        return 0, 0
    last = points[-1]
    before = next(point for point in points if point.local_ms >= last.local_ms - LAST_DAYS_MS)
    return last.delivered_nl - before.delivered_nl, last.local_ms - before.local_ms


def _course(report: Report, dose: Dose, volume_nl: int, low_nl: int, boluses: bool) -> tuple[Course, int | None]:
    at_ms = report.end_ms
    course = [(at_ms, volume_nl)]
    if volume_nl <= low_nl:
        return course, at_ms
    for schedule, until_ms in _ahead(dose, at_ms):
        rate = _most(schedule) if boluses else schedule.total_nl_per_day
        due_ms = reservoir.due_in_ms(volume_nl, low_nl, rate)
        if 0 <= due_ms <= until_ms - at_ms:
            return [*course, (at_ms + due_ms, low_nl)], at_ms + due_ms
        volume_nl -= rate * (until_ms - at_ms) // units.MS_PER_DAY
        at_ms = until_ms
        course.append((at_ms, volume_nl))
    return course, None


def _most(schedule: Schedule) -> int:
    """The daily volume with every patient's bolus allotted, as far as the day's limit lets it."""
    program = schedule.program
    wanted = schedule.total_nl_per_day + schedule.patient_nl * program["patient_boluses_per_day"]
    return max(schedule.total_nl_per_day, min(wanted, schedule.limits_nl(schedule.concentration)[2]))


def _ahead(dose: Dose, now_ms: int) -> Iterator[tuple[Schedule, int]]:
    """(rates, local ms until which they hold) from a time on, by the steps of the plan that are to come."""
    program, schedule = dose.program or {}, dose.schedule
    end_ms = now_ms + _HORIZON_MS
    entries = [] if dose.plan_held else program["plan_list"][dose.plan_position :]
    for at, entry in enumerate(entries, dose.plan_position + 1):
        at_ms = min((entry["at_min"] + dose.plan_shift_min) * units.MS_PER_MIN, end_ms)
        if schedule is None:
            return
        if at_ms > now_ms:
            yield schedule, at_ms
            now_ms = at_ms
        schedule = Dose(at_ms, program, entry["dose_ng_per_day"], 0, at).schedule
    if schedule is not None:
        yield schedule, end_ms


def sentence(report: Report) -> str:
    """The forecast in words."""
    told = forecast(report)
    if isinstance(told, str):
        return f"A date for the next refill cannot be told: {told}."
    if told.earliest_ms is None and told.latest_ms is None:
        return "By the program the alarm volume is not reached within two years."
    if told.earliest_ms is not None and told.earliest_ms <= report.end_ms:
        return "The reservoir is at its alarm volume: a refill is due."
    early = _when(told.earliest_ms)
    recent = f" At the flow of the last days it is {_when(told.recent_ms)}." if told.recent_ms is not None else ""
    if not told.ranges:
        return f"Refill before {early}: then the alarm volume is reached, by the program.{recent}"
    late = f"on {_when(told.latest_ms)}" if told.latest_ms is not None else "not within two years"
    return (
        f"Refill before {early}: then the alarm volume is reached if the patient takes every bolus allotted; "
        f"without any it is reached {late}.{recent}"
    )


def _when(ms: int | None) -> str:
    """The date, or the time where the pump's clock is not known."""
    if ms is None:
        return "a day that is not foreseen"
    return moment(ms)[:-6] if clock_known(ms) else day(ms)
