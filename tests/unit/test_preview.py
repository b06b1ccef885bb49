"""A preview's figures from a pump's records, and what the command refuses before any pump is started."""

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest
from pumplog import START_MS, STEP_PL, PumpLog

from infuser.wire import alarms, errors, records, states, units
from infuser.wire import program as programs
from pumpctl import preview_figures, preview_plot, preview_text, program
from pumpctl.cli import main
from pumpctl.preview_order import ALL, BOTH, DAYS_OVER, EMPTY, NONE, Order, Run
from pumpctl.preview_outcome import Outcome

OFFSET_MIN = 60
HOUR_MS = units.MS_PER_H
ML = units.NL_PER_ML
RATE_NL = 960_000
BOLUS_NL = 20_000
BOLUS_STEPS = BOLUS_NL * 1000 // STEP_PL
THERAPY = programs.new(
    patient="BENCH-001",
    drug="baclofen",
    concentration_ug_per_ml=500,
    mode=programs.CONTINUOUS,
    step_list=[{"day_mask": programs.EVERY_DAY, "start_min": 0, "dose_ng_per_day": 480_000}],
    minimum_ng_per_day=100_000,
    patient_bolus_ng=10_000,
    patient_bolus_min=5,
    patient_lockout_min=240,
    patient_boluses_per_day=4,
    dose_max_1h_ng=60_000,
    dose_max_ng_per_day=600_000,
    low_reservoir_nl=2 * ML,
)


def order(days: int = 3, reservoir_nl: int = 20 * ML, **changed: Any) -> Order:
    return Order({**THERAPY, **changed}, START_MS, OFFSET_MIN, reservoir_nl, days)


def begun(reservoir_nl: int = 20 * ML) -> PumpLog:
    """A pump filled and programmed a minute before the start, its therapy started."""
    log = PumpLog()
    log.time_ms -= units.MS_PER_MIN
    log.note(records.BOOT)
    log.note(records.CLOCK, old_ms=0, new_ms=log.time_ms, utc_offset_min=OFFSET_MIN, operator="preview")
    log.filled_nl = reservoir_nl
    log.note(
        records.REFILL,
        expected_residual_nl=0,
        measured_residual_nl=0,
        volume_nl=reservoir_nl,
        concentration_ug_per_ml=500,
        steps_total=0,
        operator="preview",
    )
    log.delivery()
    log.note(records.PROGRAM, program=program.encode(THERAPY), confirmed=False, operator="preview")
    log.wait(units.MS_PER_MIN)
    log.state(states.SUSPENDED, states.INFUSING, rate_nl_per_day=RATE_NL)
    return log


def bolus(log: PumpLog) -> None:
    """A patient's bolus over five minutes."""
    started = {
        "bucket": states.PATIENT_BOLUS, "dose_ng": 10_000, "volume_nl": BOLUS_NL, "duration_ms": 5 * units.MS_PER_MIN,
        "start_steps": log.counters["patient_bolus_steps"], "purpose": 0, "next_due_ms": 0, "operator": "",
    }  # fmt: skip
    log.note(records.BOLUS_STARTED, **started)
    log.wait(5 * units.MS_PER_MIN)
    log.counters["patient_bolus_steps"] += BOLUS_STEPS
    volume_nl = units.steps_volume_nl(BOLUS_STEPS, STEP_PL)
    log.note(
        records.BOLUS_ENDED, bucket=states.PATIENT_BOLUS, steps=BOLUS_STEPS, volume_nl=volume_nl, reason=states.DONE
    )


def outcome(log: PumpLog, of: Order, ended: str = DAYS_OVER, **told: Any) -> Outcome:
    """The outcome of a run that ended at the log's present time."""
    run = Run("BENCH", [], log.decoded, ended=ended, end_ms=log.time_ms, left_nl=log.reservoir_nl(), **told)
    return Outcome(of, run)


def two_runs() -> dict[str, Outcome]:
    """A day without boluses, and one with a bolus given and a press refused."""
    none, every = begun(), begun()
    none.run(24, RATE_NL)
    bolus(every)
    every.note(records.BOLUS_REFUSED, bucket=states.PATIENT_BOLUS, error=errors.LOCK_OUT, dose_ng=10_000, next_due_ms=0)
    every.wait(-5 * units.MS_PER_MIN)
    every.run(24, RATE_NL)
    of = order(days=1)
    return {NONE: outcome(none, of), ALL: outcome(every, of, presses_ms=[START_MS])}


def test_a_program_without_patient_boluses_is_run_once() -> None:
    assert order().kinds(BOTH) == [NONE, ALL]
    assert order().kinds(ALL) == [ALL]
    assert order(patient_bolus_ng=0).kinds(ALL) == [NONE]


def test_days_cut_by_start_and_end_add_up_to_the_total_to_the_step() -> None:
    log = begun()
    log.run(48, RATE_NL)
    told = outcome(log, order(days=2))
    assert [one.start_ms % units.MS_PER_DAY for one in told.days] == [0, 0, 0]
    assert sum(one.tally.steps(states.BASAL) for one in told.days) == log.counters["basal_steps"]
    assert told.total_dose_ng == units.dose_ng(units.steps_volume_nl(log.counters["basal_steps"], STEP_PL), 500)
    assert told.mean_dose_ng_per_day == told.total_dose_ng // 2


def test_the_largest_doses_stand_against_the_programs_limits() -> None:
    by_span = {one.span_h: one for one in two_runs()[ALL].largest}
    assert set(by_span) == {1, 24}
    assert by_span[24].limit_ng == 600_000
    assert 489_800 < by_span[24].dose_ng <= 490_000
    assert 29_900 < by_span[1].dose_ng <= 30_000


def test_a_bolus_is_told_with_what_was_given_and_a_refused_press_with_its_reason() -> None:
    of = order(days=1)
    document = preview_figures.document(of, two_runs())
    run = document["runs"][ALL]
    assert json.loads(json.dumps(document)) == document
    assert [(one["bucket"], one["steps"], one["reason"]) for one in run["boluses"]] == [
        ("patient-bolus", BOLUS_STEPS, "done")
    ]
    assert run["boluses"][0]["start"] == "2026-03-02T08:00:00+01:00"
    assert run["refused"][0]["error"] == "lock-out"
    assert run["presses_ms"] == [START_MS]
    assert run["deliveries"][-1]["steps"]["patient-bolus"] == BOLUS_STEPS
    assert document["runs"][NONE]["boluses"] == []


def test_a_refill_is_due_when_the_alarm_volume_is_reached() -> None:
    log = begun(reservoir_nl=3 * ML)
    log.run(26, RATE_NL)
    reached_ms = log.time_ms
    log.note(records.ALARM_RAISED, alarm=alarms.RESERVOIR_LOW, priority=alarms.LOW, detail=0)
    log.run(24, RATE_NL)
    told = outcome(log, order(reservoir_nl=3 * ML))
    assert told.refill is not None and told.refill.seen
    assert told.refill.due_ms == reached_ms
    assert [span.alarm for span in told.alarms] == [alarms.RESERVOIR_LOW]


def test_a_refill_beyond_the_days_is_reckoned_from_the_flow_of_the_last_ones() -> None:
    log = begun(reservoir_nl=10 * ML)
    log.run(48, RATE_NL)
    told = outcome(log, order(days=2, reservoir_nl=10 * ML))
    assert told.refill is not None and not told.refill.seen
    # 8 mL above the alarm volume at 0.96 mL a day.
    assert abs(told.refill.due_ms - START_MS - 8 * units.MS_PER_DAY * 100 // 96) < HOUR_MS


def test_an_alarm_that_stands_at_the_start_is_told_and_makes_the_refill_due_at_once() -> None:
    log = begun(reservoir_nl=2 * ML)
    log.note(records.ALARM_RAISED, alarm=alarms.RESERVOIR_LOW, priority=alarms.LOW, detail=0)
    log.run(20, RATE_NL)
    told = outcome(log, order(reservoir_nl=2 * ML))
    assert told.refill is not None and told.refill.due_ms == START_MS


def test_a_run_that_ends_with_the_reservoir_says_so() -> None:
    log = begun(reservoir_nl=ML)
    log.run(25, RATE_NL)
    log.note(records.ALARM_RAISED, alarm=alarms.RESERVOIR_EMPTY, priority=alarms.HIGH, detail=0)
    log.state(states.INFUSING, states.ALARM_STOPPED, states.BY_ALARM)
    lines = preview_text.sentences({NONE: outcome(log, order(), EMPTY)})
    assert any("The reservoir is empty after 1 d 1 h" in line and "a refill is not played" in line for line in lines)


def test_the_tables_show_each_run_in_a_column_and_split_the_dose_where_there_are_boluses() -> None:
    told = two_runs()
    assert preview_text.day_columns(told)[2] == "EVERY PATIENT BOLUS, ug (basal+patient)"
    days = preview_text.day_rows(told)
    assert days[0][0] == "Mon 2 Mar"
    assert "+" in days[0][2] and "+" not in days[0][1]
    rows = {name: cells for name, *cells in preview_text.total_rows(told)}
    assert rows["boluses"] == ["", "1 patient bolus of 10 ug"]
    assert rows["refused"] == ["", "1 lock-out"]
    assert "limit 600 ug" in rows["most in 24 h"][0]
    assert "plan" not in rows


def test_the_svg_stands_alone_and_the_page_loads_nothing() -> None:
    told = two_runs()
    root = ElementTree.fromstring(preview_plot.svg(told))
    figures = [one for one in root.iter("{http://www.w3.org/2000/svg}svg") if one.get("class") == "plot"]
    assert [one.get("id") for one in figures] == ["plot-dose-none", "plot-dose-all", "plot-reservoir"]
    page = preview_plot.page(told, "Preview of <x>.toml")
    assert "Preview of &lt;x&gt;.toml" in page and page.count('class="plot"') == 3
    assert "<script" not in page and "src=" not in page.replace("img-src", "")


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["--days", "0"], "0 is not in the range 1<=x<=366"),
        (["--reservoir", "0.5ml"], "reservoir = 500 uL is out of range, allowed 1 mL to 20 mL"),
        (["--fill", "21ml"], "allowed 1 mL to 20 mL"),
        (["--start", "tomorrow"], "not an ISO 8601 time"),
        (["--boluses", "some"], "'none', 'all', 'both'"),
        (["--as", "ward7"], "no virtual pump ward7 is running"),
    ],
)
def test_what_cannot_be_previewed_is_said_before_a_pump_is_started(
    args: list[str], expected: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUMPCTL_HOME", str(tmp_path))
    assert main.run(["program", "preview", str(program.example()), *args]) != 0
    told = capsys.readouterr()
    assert expected in told.err and told.out == ""


def test_a_program_that_is_refused_is_refused_as_a_check_refuses_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text(program.example().read_text(encoding="utf-8").replace('"100ug/d"', '"1ug/d"'), encoding="utf-8")
    told = []
    for command in ("check", "preview"):
        assert main.run(["program", command, str(bad)]) == 2
        told.append(capsys.readouterr().err)
    assert told[0] == told[1] and "infusion.dose" in told[0]
