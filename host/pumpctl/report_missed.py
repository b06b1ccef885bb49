"""What a time without delivery has cost: the volume that the program in force would have given in it."""

from collections.abc import Iterator, Sequence

from infuser.core.schedule import Schedule
from infuser.wire import alarms, units
from pumpctl.report_data import Report
from pumpctl.report_history import Dose, Gap
from pumpctl.report_text import clock_known, dose, volume

# What is missed while a person's two commands follow one another is not worth a word.
TOLD_LEAST_NL = units.NL_PER_UL
_WEEK_MS = 7 * units.MS_PER_DAY
# 1 January 1970 was a Thursday; the week of a program begins on Monday.
_MONDAY_MS = 4 * units.MS_PER_DAY


def programmed_nl(doses: Sequence[Dose], start_ms: int, end_ms: int) -> int:
    """Volume that the programs in force call for between two local times, without patient's boluses; rounded down."""
    total = 0
    for at, one in enumerate(doses):
        following_ms = doses[at + 1].local_ms if at + 1 < len(doses) else end_ms
        begin_ms, stop_ms = max(start_ms, one.local_ms), min(end_ms, following_ms)
        schedule = one.schedule
        if schedule is not None and stop_ms > begin_ms:
            total += _due(schedule, begin_ms, stop_ms)
    return total // units.MS_PER_DAY


def _due(schedule: Schedule, start_ms: int, end_ms: int) -> int:
    """nL a day times ms; whole weeks and a pattern without a clock at their mean."""
    lasted_ms = end_ms - start_ms
    periodic = (schedule.total_nl_per_day - schedule.mean_nl_per_day) * lasted_ms
    if not schedule.daily() or not clock_known(start_ms):
        return schedule.mean_nl_per_day * lasted_ms + periodic
    weeks, left_ms = divmod(lasted_ms, _WEEK_MS)
    due = weeks * _WEEK_MS * schedule.mean_nl_per_day
    at_ms = (start_ms - _MONDAY_MS) % _WEEK_MS
    while left_ms > 0:
        rate, until_ms = schedule.rate_at(at_ms)
        step_ms = min(until_ms, left_ms)
        due += rate * step_ms
        at_ms, left_ms = (at_ms + step_ms) % _WEEK_MS, left_ms - step_ms
    return due + periodic


def missed_nl(report: Report) -> int:
    """What all standstills and times switched off together have cost, as far as it is known how long they were."""
    spans = [*report.standstills, *((gap.start_ms, gap.end_ms) for gap in report.gaps if known(gap))]
    return sum(programmed_nl(report.doses, *span) for span in spans)


def known(gap: Gap) -> bool:
    """Whether it is known what a gap has cost: records missing tell nothing, nor does a pump without a clock."""
    return not gap.missing and not gap.unbounded


def exact(report: Report) -> bool:
    """Whether that much was missed, not that much at most."""
    return all(gap.exact or gap.end_ms == gap.start_ms for gap in report.gaps if known(gap))


def doubtful(report: Report) -> tuple[int, int]:
    """(ms, nL) in which the motor did not turn as commanded: the pump counts what it commanded, not what came of it."""
    spans: list[list[int]] = []
    for span in report.alarms:  # in order of their start
        if span.alarm not in (alarms.STALL, alarms.UNDER_DELIVERY):
            continue
        start_ms = max(span.start_ms, report.start_ms)
        end_ms = report.end_ms if span.end_ms is None else min(span.end_ms, report.end_ms)
        if spans and start_ms <= spans[-1][1]:
            spans[-1][1] = max(spans[-1][1], end_ms)
        else:
            spans.append([start_ms, end_ms])
    still = sorted([*report.standstills, *((gap.start_ms, gap.end_ms) for gap in report.gaps)])
    lasted_ms = volume_nl = 0
    for start_ms, end_ms in spans:
        for begin_ms, stop_ms in _running(still, start_ms, end_ms):
            lasted_ms += stop_ms - begin_ms
            volume_nl += programmed_nl(report.doses, begin_ms, stop_ms)
    return lasted_ms, volume_nl


def _running(still: list[tuple[int, int]], start_ms: int, end_ms: int) -> Iterator[tuple[int, int]]:
    """The parts of a time in which therapy did not stand `still`."""
    for begin_ms, stop_ms in [*still, (end_ms, end_ms)]:
        if min(begin_ms, end_ms) > start_ms:
            yield start_ms, min(begin_ms, end_ms)
        start_ms = max(start_ms, stop_ms)


def told(report: Report, missed: int) -> str:
    """A missed volume for people, with its dose where the program's concentration is the one delivered."""
    program = report.program
    if not missed or program is None:
        return "nothing"
    return f"{volume(missed)} ({dose(units.dose_ng(missed, program['concentration_ug_per_ml']))})"
