"""Accuracy by a pump's own log: what its counters delivered of what was programmed, hour by hour.

This shows that no error adds up; what the mechanics make of a microstep only a scale can tell.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from infuser.wire import records, units
from pumpctl import report_data
from pumpctl.accuracy_samples import Sample, Stretch, even
from pumpctl.errors import UsageProblem
from pumpctl.logsense import impossible
from pumpctl.report_data import Point, Report

EVERY_MS = units.MS_PER_H


def stretches(log: Sequence[dict[str, Any]], serial: str) -> list[Stretch]:
    """Hourly samples of each time in which therapy ran undisturbed: without stop, restart or missing record.

    Volumes are the pump's own, to the nL. UsageProblem where the log holds no such hours.
    """
    told = of_report(report_data.build([record for record in log if not impossible(record)], serial))
    if not told:
        raise UsageProblem(
            f"the log of pump {serial} holds no whole hour of undisturbed delivery",
            remedy="let the pump run, then `pumpctl log pull`",
        )
    return told


def of_report(report: Report) -> list[Stretch]:
    """The same of a report's period; empty where it holds no such hours."""
    return [stretch for run in _undisturbed(report) for stretch in even(run, EVERY_MS) if len(stretch) > 1]


def step_pl(log: Sequence[dict[str, Any]]) -> int:
    """The microstep in force at the log's end."""
    sizes = (one["fields"]["step_pl"] for one in reversed(log) if one["kind"] == records.DELIVERY)
    return int(next(sizes, units.STEP_PL_NOMINAL))


def _undisturbed(report: Report) -> list[list[Sample]]:
    cuts = [*report.standstills, *((gap.start_ms, gap.end_ms) for gap in report.gaps)]
    runs: list[list[Sample]] = []
    joined = False
    for before, after in pairwise(report.points):
        grows = after.programmed_nl > before.programmed_nl
        cut = any(start_ms < after.local_ms and end_ms >= before.local_ms for start_ms, end_ms in cuts)
        if grows and not cut:
            if not joined:
                runs.append([_sample(before)])
            if after.local_ms > runs[-1][-1].at_ms:
                runs[-1].append(_sample(after))
        joined = grows and not cut
    return runs


def _sample(point: Point) -> Sample:
    return Sample(point.local_ms, point.delivered_nl * units.PL_PER_NL, point.programmed_nl * units.PL_PER_NL)
