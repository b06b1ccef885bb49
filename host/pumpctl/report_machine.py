"""The pump itself as its log tells it: firmware, library, calibration, starts, self-tests, faults, supply and heat."""

from collections import Counter
from typing import Any

from infuser.wire import alarms, records, units
from pumpctl.report_data import Report
from pumpctl.report_html import pairs, table
from pumpctl.report_text import moment, scaled
from pumpctl.report_words import SUPPLY, alarm_detail


def document(report: Report) -> dict[str, Any]:
    """These figures for scripts: mV, thousandths of a degree C, pL; null where the log tells nothing."""
    starts = _of(report, records.BOOT)
    tests = _of(report, records.SELF_TEST)
    faults = _of(report, records.FAULT)
    sign_ins = _of(report, records.SIGN_IN)
    library = report.library
    return {
        "firmware": report.firmware or None,
        "firmwares": list(dict.fromkeys(one["firmware"] for one in starts)),
        "library": {"name": library[0], "version": library[1]} if library else None,
        "step_pl": report.step_pl,
        "calibrations": [
            {name: one[name] for name in ("step_pl", "uncertainty_ppm", "runs", "operator")}
            for one in _of(report, records.CALIBRATION)
        ],
        "starts": dict(Counter(one["cause"] for one in starts)),
        "steps_uncertain": sum(one["steps_uncertain"] for one in starts),
        "torn_bytes": sum(one["torn_bytes"] for one in starts),
        "self_tests_passed": sum(1 for one in tests if one["passed"]),
        "self_tests_failed": sum(1 for one in tests if not one["passed"]),
        "faults": len(faults),
        "faults_masked": sum(1 for one in faults if one["masked"]),
        "sign_ins_failed": sum(1 for one in sign_ins if not one["accepted"]),
        "battery_low_mv": _reading(report, SUPPLY, min),
        "temperature_high_mc": _reading(report, (alarms.OVERHEAT,), max),
        "segments": sum(1 for one in report.placed if one.kind == records.SNAPSHOT),
    }


def _of(report: Report, kind: int) -> list[dict[str, Any]]:
    return [one.fields for one in report.placed if one.kind == kind]


def _reading(report: Report, among: tuple[int, ...], worst: Any) -> int | None:
    values = [span.entry["detail"] for span in report.alarms if span.alarm in among]
    return worst(values) if values else None


def section(report: Report) -> str:
    """Table of what the log says of the pump, and the history of its calibration."""
    told = document(report)
    starts = ", ".join(f"{count} by {cause}" for cause, count in told["starts"].items())
    dog = sum(count for cause, count in told["starts"].items() if cause in ("watchdog", "fault"))
    battery, heat = told["battery_low_mv"], told["temperature_high_mc"]
    library = told["library"]
    firmwares = told["firmwares"] or ([told["firmware"]] if told["firmware"] else [])
    masked = f", {told['faults_masked']} of them without effect" if told["faults_masked"] else ""
    rows = [
        ("serial number", report.serial),
        ("firmware", ", then ".join(firmwares) or "not told in this log"),
        ("drug library", f"{library['name']}, version {library['version']}" if library else "none told in this log"),
        ("microstep", f"{scaled(report.step_pl, units.PL_PER_NL, 3)} nL" if report.step_pl else "not told in this log"),
        ("starts in the period", f"{starts}; {dog or 'none'} after a failure of the program" if starts else "none"),
        ("microsteps uncertain after a restart", scaled(told["steps_uncertain"], 1, 0)),
        ("self-tests", f"{told['self_tests_passed']} passed, {told['self_tests_failed']} failed"),
        ("faults found", f"{told['faults'] or 'none'}{masked}"),
        ("failed sign-ins", str(told["sign_ins_failed"])),
        (
            "lowest supply told by an alarm",
            alarm_detail(alarms.BATTERY_LOW, battery) if battery is not None else "no such alarm",
        ),
        (
            "highest temperature told by an alarm",
            alarm_detail(alarms.OVERHEAT, heat) if heat is not None else "no such alarm",
        ),
        ("flash memory", f"{told['segments'] or 'none'} of the log's segments begun; wear itself is not in the log"),
    ]
    return pairs(rows) + "<h3>Calibration</h3>" + _calibrations(report)


def _calibrations(report: Report) -> str:
    done = [one for one in report.placed if one.kind == records.CALIBRATION]
    if not done:
        return "<p>The pump was not calibrated in this period.</p>"
    rows = [
        (
            moment(one.local_ms),
            f"{scaled(one.fields['step_pl'], units.PL_PER_NL, 3)} nL",
            f"±{scaled(one.fields['uncertainty_ppm'], 10_000, 2)}\u00a0%",
            str(one.fields["runs"]),
            one.fields["operator"] or "not told",
        )
        for one in done
    ]
    return table(("calibrated", "microstep", "uncertainty", "runs", "operator"), rows, (1, 2, 3), "calibrations")
