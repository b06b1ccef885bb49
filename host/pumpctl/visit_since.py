"""What became of a therapy since the last visit, by the archived log: delivered, boluses, alarms."""

from collections import Counter
from typing import Any

from infuser.wire import alarms, records, states
from pumpctl import quantity, report_data, timetext
from pumpctl.logchain import Record
from pumpctl.report_data import THERAPY, Report
from pumpctl.report_time import place
from pumpctl.store import Archive
from pumpctl.store_visits import COMPLETED, Visit

Row = tuple[str, str]


def last(archive: Archive, serial: str, but: int) -> Visit | None:
    """The last completed visit of a pump before visit `but`."""
    found = [one["id"] for one in archive.visits(serial) if one["state"] == COMPLETED and one["id"] < but]
    return archive.visit(found[-1]) if found else None


def rows(log: list[Record], serial: str, before: Visit | None) -> list[Row]:
    """(name, value) of what happened since a visit, since the log's beginning without one."""
    since_ms = _since_ms(log, before)
    report = report_data.build(log, serial, since_ms)
    told = [("last visit", _last(before)), ("since", timetext.people(report.start_ms))]
    first = report.programs[0] if report.programs else None
    dose = quantity.format_dose_rate(first.dose_ng_per_day) if first and first.program else "none"
    off = report.delivered_nl - report.programmed_nl
    told += [
        ("programmed then", dose),
        ("delivered since", f"{quantity.format_volume(report.delivered_nl)}, {quantity.format_volume(off)} off"),
    ]
    if report.dosed and report.points:
        total = quantity.format_dose(report.total.dose_ng(*THERAPY))
        mean = quantity.format_dose_rate(report.mean_dose_ng_per_day)
        told.append(("dose since", f"{total}, on average {mean}"))
    changes = [quantity.format_dose_rate(one.dose_ng_per_day) for one in report.programs[1:] if one.program]
    if changes:
        told.append(("programs since", ", then ".join(changes)))
    told += [(name, _boluses(report, bucket)) for bucket, name in _BOLUSES]
    told.append(("alarms since", _alarms(report)))
    return told


_BOLUSES = ((states.PATIENT_BOLUS, "patient's boluses"), (states.CLINICIAN_BOLUS, "clinician's boluses"))


def _since_ms(log: list[Record], before: Visit | None) -> int | None:
    """Local time of the last record of a visit: by its number, since clocks are set at visits."""
    if before is None:
        return None
    later = [one.local_ms for one in place(log) if one.record["seq"] >= before.facts.get("end_seq", 0) - 1]
    return later[0] if later else None


def _last(before: Visit | None) -> str:
    if before is None:
        return "none in the archive"
    who = f" by {before.operator}" if before.operator else ""
    return f"{before.kind}, {timetext.short(before.ended)}{who}"


def _boluses(report: Report, bucket: int) -> str:
    taken = _count(report, records.BOLUS_STARTED, bucket)
    refused = _count(report, records.BOLUS_REFUSED, bucket)
    return f"{taken} given, {refused} refused"


def _count(report: Report, kind: int, bucket: int) -> int:
    return sum(1 for one in report.placed if one.kind == kind and one.fields["bucket"] == bucket)


def _alarms(report: Report) -> str:
    counts: Counter[str] = Counter(_name(span.alarm) for span in report.alarms)
    return ", ".join(f"{name} ({count})" if count > 1 else name for name, count in counts.items()) or "none"


def _name(alarm: Any) -> str:
    return str(alarms.name(alarm)) if alarm in alarms.ALARMS else f"alarm-{alarm}"
