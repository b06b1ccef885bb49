"""What happened in a report's period, in plain sentences with figures."""

from typing import Any

from infuser.wire import alarms, states, units
from pumpctl import report_forecast, report_missed
from pumpctl.report_data import STANDSTILL, THERAPY, Report
from pumpctl.report_text import dose, duration, moment, percent, plural, volume


def sentences(report: Report) -> list[str]:
    """The sentences in the order of the page: delivery, dose, boluses, interruptions, alarms, reservoir, refill."""
    parts = (_delivered, _dosed, _pressed, _stood, _missed, _doubtful, _alarmed, _held, _ahead)
    return [told for part in parts for told in part(report)]


def _delivered(report: Report) -> list[str]:
    if not report.points:
        return [f"No delivery is recorded between {moment(report.start_ms)} and {moment(report.end_ms)}."]
    off = report.delivered_nl - report.programmed_nl
    share = percent(off, report.programmed_nl)
    told = f"difference {volume(off)}{', ' + share if share else ''}"
    return [
        f"From {moment(report.points[0].local_ms)} to its last delivery record at {moment(report.points[-1].local_ms)} "
        "the pump delivered "
        f"{volume(report.delivered_nl)} of {volume(report.programmed_nl)} programmed ({told})."
    ]


def _dosed(report: Report) -> list[str]:
    if not report.points:
        return []
    parts = [
        f"{_amount(report, bucket)} {name}"
        for bucket, name in (
            (states.BASAL, "basal"),
            (states.CLINICIAN_BOLUS, "as clinician bolus"),
            (states.PATIENT_BOLUS, "as patient bolus"),
            (states.PERIODIC_BOLUS, "as periodic bolus"),
        )
        if report.total.steps(bucket)
    ]
    told = []
    if parts and report.dosed:
        program = report.program
        drug = f" of {program['drug']}" if program else ""
        mean = f", on average {dose(report.mean_dose_ng_per_day)} a day" if report.mean_dose_ng_per_day else ""
        told.append(f"That is {dose(report.total.dose_ng(*THERAPY))}{drug}{mean}: {_joined(parts)}.")
    primed = report.total.volume_nl(states.PRIME)
    if primed:
        told.append(f"Another {volume(primed)} went into priming, which is not therapy.")
    return told


def _amount(report: Report, bucket: int) -> str:
    return dose(report.total.dose_ng(bucket)) if report.dosed else volume(report.total.volume_nl(bucket))


def _stood(report: Report) -> list[str]:
    told = []
    if report.standstills:
        lasted = duration(sum(end - start for start, end in report.standstills))
        told.append(f"Therapy was stopped {_times(len(report.standstills))}, for {lasted} altogether.")
    if report.gaps:
        bounded = [gap for gap in report.gaps if not gap.unbounded]
        off_ms = sum(gap.end_ms - gap.start_ms for gap in bounded)
        most = "" if all(gap.exact for gap in bounded) else "at most "
        number = plural(len(report.gaps), "restart or gap", "restarts or gaps")
        lasted = f", {most}{duration(off_ms)} altogether" if off_ms else ""
        some = f"{len(report.gaps) - len(bounded)} of them " if bounded else ""
        unknown = f", {some}for an unknown time" if len(bounded) < len(report.gaps) else ""
        told.append(f"The log has {number}{lasted}{unknown}.")
    if report.state_at_end in STANDSTILL:
        told.append(f"Therapy was still stopped at the end ({states.STATE_NAMES[report.state_at_end]}).")
    ran = report.program is not None or report.delivered_nl
    return told or ["Therapy was never interrupted." if ran else "No therapy was programmed."]


def _pressed(report: Report) -> list[str]:
    """The patient's own boluses, and what was refused."""
    own = sum(1 for one in report.boluses if one.bucket == states.PATIENT_BOLUS)
    if not own and not report.refused:
        return []
    refused = f"{len(report.refused)} {'was' if len(report.refused) == 1 else 'were'} refused"
    given = f"The patient took {plural(own, 'bolus', 'boluses')}"
    return [f"{given}; {refused}." if report.refused else f"{given}; none was refused."]


def _missed(report: Report) -> list[str]:
    missed = report_missed.missed_nl(report)
    if missed < report_missed.TOLD_LEAST_NL:
        return []
    most = "" if report_missed.exact(report) else "at most "
    return [f"By the program {most}{report_missed.told(report, missed)} was missed while it stood still or was off."]


def _doubtful(report: Report) -> list[str]:
    lasted_ms, volume_nl = report_missed.doubtful(report)
    if not lasted_ms:
        return []
    return [
        f"For {duration(lasted_ms)} the motor did not turn as commanded (stall, under-delivery): of what is counted "
        f"as delivered up to {report_missed.told(report, volume_nl)} may not have been given."
    ]


def _ahead(report: Report) -> list[str]:
    told = [report_forecast.sentence(report)] if report.programs else []
    if report.placed and not report.clock_known:
        told.append("The pump has no clock at the end: times are counted on by its age and may be too early.")
    return told


def _joined(parts: list[str]) -> str:
    """ "a, b and c"."""
    return " and ".join(part for part in (", ".join(parts[:-1]), parts[-1]) if part)


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


def _alarmed(report: Report) -> list[str]:
    counts = [
        f"{report.alarms_of(priority)} of {name} priority"
        for priority, name in sorted(alarms.PRIORITY_NAMES.items(), reverse=True)
        if report.alarms_of(priority)
    ]
    if not counts:
        return ["There was no alarm."]
    present = ", ".join(alarms.name(span.alarm) for span in report.present)
    end = f"still present at the end: {present}" if present else "none is left at the end"
    return [
        f"There {'was' if len(report.alarms) == 1 else 'were'} {plural(len(report.alarms), 'alarm')} "
        f"({', '.join(counts)}); {end}."
    ]


def _held(report: Report) -> list[str]:
    told = []
    first = sum(1 for refill in report.refills if _is_first(refill.fields))
    visits = (("filled", first), ("refilled", len(report.refills) - first))
    if report.refills:
        told.append(f"The reservoir was {' and '.join(f'{did} {_times(count)}' for did, count in visits if count)}.")
    if report.reservoir_nl is not None:
        limit = report.programs[-1].low_reservoir_nl if report.programs else units.LOW_RESERVOIR_DEFAULT_NL
        told.append(f"At the end it held {volume(report.reservoir_nl)}; the alarm volume is {volume(limit)}.")
    return told


def _is_first(refill: dict[str, Any]) -> bool:
    """Whether a refill was the filling of a new pump, which had nothing and had given nothing."""
    return not refill["expected_residual_nl"] and not refill["steps_total"]
