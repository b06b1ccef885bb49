"""What the log and the report say of boluses, temporary rates, plans, bridges, delayed starts and calibrations."""

import re
from datetime import UTC, datetime
from typing import Any

import pumplog
import pytest
from blanks import blank
from pumplog import PumpLog

from infuser.wire import errors, records, states, units
from pumpctl import logbook, logview, report, report_program
from pumpctl.report_data import THERAPY, build
from pumpctl.report_figures import figures
from pumpctl.report_phases import BRIDGE, TEMPORARY_RATE
from pumpctl.report_sentences import sentences

WRITTEN = datetime(2026, 4, 1, 9, 30, tzinfo=UTC)
HOUR, MINUTE = units.MS_PER_H, units.MS_PER_MIN
BY = {"operator": "Ada"}


@pytest.mark.parametrize(
    ("kind", "fields", "told"),
    [
        (
            records.BOLUS_STARTED,
            {"bucket": states.PATIENT_BOLUS, "dose_ng": 5000, "volume_nl": 10_000, "duration_ms": 5 * MINUTE},
            "A patient bolus of 5 ug (10 uL) over 5 min began.",
        ),
        (
            records.BOLUS_STARTED,
            {"bucket": states.PRIME, "purpose": states.FLUSHING, "volume_nl": 10**6, "duration_ms": 5 * MINUTE, **BY},
            "A flush of 1 mL over 5 min began by Ada.",
        ),
        (
            records.BOLUS_ENDED,
            {"bucket": states.PERIODIC_BOLUS, "steps": 20, "volume_nl": 1963, "reason": states.BY_ALARM},
            "The periodic bolus ended (alarm) after 1.963 uL, 20 microsteps.",
        ),
        (
            records.BOLUS_REFUSED,
            {"bucket": states.PATIENT_BOLUS, "error": errors.LOCK_OUT, "dose_ng": 5000},
            "A patient bolus of 5 ug was refused: the lock-out since the last bolus has not passed.",
        ),
        (records.BOLUS_REFUSED, {"bucket": 9, "error": 999}, "A no. 9 was refused: 999."),
        (
            records.BOLUS_HELD,
            {"bucket": states.CLINICIAN_BOLUS, "held": True},
            "The clinician bolus is held while another runs.",
        ),
        (records.BOLUS_HELD, {"bucket": states.CLINICIAN_BOLUS}, "The clinician bolus goes on."),
        (
            records.TEMPORARY_RATE,
            {"dose_ng_per_day": 80_000, "duration_ms": 4 * HOUR, **BY},
            "A temporary rate of 80 ug a day for 4 h 00 min began by Ada.",
        ),
        (records.TEMPORARY_RATE, {"reason": states.BY_TIMER}, "The temporary rate ended (timer)."),
        (
            records.START_AT,
            {"start_age_ms": 10_000 + 2 * HOUR, "remind_min": 15, **BY},
            "A start by itself in 2 h 00 min was set by Ada; the reminder comes after 15 min.",
        ),
        (records.START_AT, {"remind_min": 5}, "No start by itself is awaited; the reminder comes after 5 min."),
        (
            records.PLAN,
            {"position": 2, "dose_ng_per_day": 110_000, "held": True, "shift_min": 1440, "reason": 1, **BY},
            "The plan of doses stands at step 2, 110 ug a day, held, 1 day 0 h later than planned by Ada (command).",
        ),
        (
            records.BRIDGE,
            {"volume_nl": 300_000, "rate_nl_per_day": 50_000},
            "A bridge began: 300 uL of the drug before, at 50 uL a day.",
        ),
        (records.BRIDGE, {}, "The bridge ended (done); the program's own drug follows."),
        (
            records.CALIBRATION,
            {"step_pl": 98_912, "uncertainty_ppm": 1234, "runs": 5, **BY},
            "The pump was calibrated by Ada to 98.912 nL a microstep (5 runs, uncertainty 0.12 %).",
        ),
    ],
)
def test_every_record_about_doses_is_one_sentence(kind: int, fields: dict[str, Any], told: str) -> None:
    values = {**blank(records.RECORDS[kind][1]), **fields}
    assert logbook.sentence({"kind": kind, "age_ms": 10_000, "fields": values}) == told


def changed_drug() -> PumpLog:
    """Ten hours at 500 ug/mL, then 2000 ug/mL behind a bridge that ends between two hourly records."""
    log = pumplog.begun()
    log.run(10, 480_000)
    log.state(states.INFUSING, states.REFILL, states.BY_REFILL)
    log.refill(log.reservoir_nl(), 12_000_000, concentration=2000)
    log.wait(20 * MINUTE)
    log.note(records.PROGRAM, program=pumplog.therapy(concentration_ug_per_ml=2000), confirmed=False, operator="Ada")
    log.note(records.BRIDGE, volume_nl=80_000, rate_nl_per_day=480_000)
    log.state(states.REFILL, states.INFUSING, states.BY_COMMAND, 480_000)
    log.run(4, 480_000)
    log.wait(HOUR // 2)
    log.counters["basal_steps"] += 100
    log.note(records.BRIDGE, reason=states.DONE, start_steps=log.counters["basal_steps"])
    log.counters["basal_steps"] += 20
    log.run(6, 120_000)
    return log


def test_the_bridge_is_dosed_at_the_drug_before_to_its_last_microstep() -> None:
    log = changed_drug()
    (end,) = [one["fields"] for one in log.decoded if one["kind"] == records.BRIDGE and not one["fields"]["volume_nl"]]
    counts = end["start_steps"], log.counters["basal_steps"] - end["start_steps"]
    doses = [units.dose_ng(units.steps_volume_nl(count, units.STEP_PL_NOMINAL), strength)
             for count, strength in zip(counts, (500, 2000), strict=True)]  # fmt: skip
    told = build(log.decoded, "S")
    assert told.total.dose_ng(*THERAPY) == sum(doses)
    assert told.total.steps(*THERAPY) == sum(counts)


def test_temporary_rates_and_bridges_are_seen_in_the_timeline() -> None:
    log = changed_drug()
    log.note(records.TEMPORARY_RATE, dose_ng_per_day=80_000, duration_ms=4 * HOUR, operator="Ada")
    log.run(2, 160_000)
    log.note(records.TEMPORARY_RATE, reason=states.BY_COMMAND)
    log.run(2, 120_000)
    log.note(records.TEMPORARY_RATE, dose_ng_per_day=60_000, duration_ms=4 * HOUR, operator="Ada")
    log.run(1, 120_000)
    told = build(log.decoded, "S")
    assert [(phase.kind, phase.end_ms - phase.start_ms) for phase in told.phases] == [
        (BRIDGE, 4 * HOUR + HOUR // 2), (TEMPORARY_RATE, 2 * HOUR), (TEMPORARY_RATE, HOUR),
    ]  # fmt: skip
    page = report.page(told, WRITTEN)
    assert "temporary rate from " in page and "bridge from " in page


def test_a_program_ends_a_temporary_rate_and_a_period_cuts_it() -> None:
    log = pumplog.begun()
    log.note(records.TEMPORARY_RATE, dose_ng_per_day=80_000, duration_ms=9 * HOUR)
    start_ms = log.time_ms + HOUR
    log.run(4, 160_000)
    log.note(records.PROGRAM, program=pumplog.therapy(), confirmed=False, operator="")
    log.run(4, 560_000)
    (phase,) = build(log.decoded, "S", start_ms + HOUR).phases
    assert (phase.start_ms, phase.end_ms) == (start_ms + HOUR, start_ms + 4 * HOUR)


def test_periodic_boluses_are_therapy_of_their_own_kind() -> None:
    log = pumplog.begun()
    log.run(3, 240_000)
    log.counters["periodic_bolus_steps"] += 1000
    log.delivery()
    told = build(log.decoded, "S")
    assert figures(told)["buckets"]["periodic-bolus"]["steps"] == 1000
    assert told.total.steps(*THERAPY) == log.counters["basal_steps"] + 1000
    assert "as periodic bolus" in " ".join(sentences(told))
    assert "periodic-bolus " in report.page(told, WRITTEN)


def test_the_report_shows_every_part_of_a_program() -> None:
    program = pumplog.therapy(
        patient_bolus_ng=5000, patient_bolus_min=5, patient_lockout_min=60, patient_boluses_per_day=4,
        plan_list=[{"at_min": 29_936_640, "dose_ng_per_day": 300_000}], plan_increase_permille=100,
        dose_max_1h_ng=60_000,
    )  # fmt: skip
    told = report_program.read(program)
    assert told is not None
    shown = report_program.program(told)
    assert "2026-12-02 08:00" in shown and "lock-out 1 h" in shown and not re.search(r"\bu[Lg]\b", shown)


@pytest.mark.parametrize(
    "changed", [{"mode": 9}, {"concentration_ug_per_ml": 0}, {"step_list": []}, {"start_min": 0xFFFFFFFF}]
)
def test_a_program_that_no_pump_could_follow_is_called_unreadable(changed: dict[str, Any]) -> None:
    assert report_program.read(pumplog.therapy(**changed)) is None


def test_a_time_never_known_is_told_by_the_pumps_age() -> None:
    log = PumpLog()
    log.clock = False
    log.note(records.BOOT)
    log.wait(26 * HOUR)
    log.power_cut(HOUR, gap_ms=HOUR)
    chosen, _ = logview.Choice().take(log.decoded)
    assert [row[1] for row in logview.rows(chosen)] == ["age 0 s", "age 1 d 3 h"]
    assert logview.document(chosen[-1])["age_ms"] == 27 * HOUR
