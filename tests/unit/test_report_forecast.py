"""When the next refill is due, what was missed and what is in doubt, against sums made by hand."""

import pumplog
from pumplog import PumpLog

from infuser.wire import alarms, program, records, states, units
from pumpctl import report_missed
from pumpctl.report_data import Report, build
from pumpctl.report_figures import figures
from pumpctl.report_forecast import Forecast, forecast
from pumpctl.report_sentences import sentences
from pumpctl.report_text import plain

DAY, HOUR, MIN = units.MS_PER_DAY, units.MS_PER_H, units.MS_PER_MIN
LOW_NL = 2 * units.NL_PER_ML


def programmed(log: PumpLog, **told: object) -> None:
    """Put another program into force: 100 ug a day at 500 ug/mL, which is 200 uL a day, and what is told beside."""
    held = program.decode(pumplog.therapy(100_000, mode=program.CONTINUOUS)) | told
    log.note(records.PROGRAM, program=program.encode(held), confirmed=False, operator="R. Vogel")


def known(report: Report) -> Forecast:
    told = forecast(report)
    assert isinstance(told, Forecast)
    return told


# Refill


def test_without_boluses_the_refill_is_due_when_the_programs_flow_has_used_up_what_is_above_the_alarm_volume() -> None:
    log = pumplog.begun()
    log.run(24, 200_000)
    report = build(log.decoded, "S")
    told = known(report)
    due_ms = report.end_ms + (log.reservoir_nl() - LOW_NL) * DAY // 200_000
    assert told.latest_ms == told.earliest_ms == told.latest[-1][0] == due_ms and not told.ranges
    assert told.latest[0] == (report.end_ms, log.reservoir_nl()) and told.latest[-1][1] == LOW_NL
    assert told.recent_ms is not None and abs(told.recent_ms - due_ms) < DAY


def test_boluses_allotted_to_the_patient_make_a_range() -> None:
    log = pumplog.begun()
    allotted = {"patient_bolus_ng": 10_000, "patient_bolus_min": 10, "patient_lockout_min": 60}
    programmed(log, **allotted, patient_boluses_per_day=5)  # 5 times 20 uL a day
    log.run(24, 200_000)
    report = build(log.decoded, "S")
    told = known(report)
    left_nl = log.reservoir_nl() - LOW_NL
    assert told.latest_ms == report.end_ms + left_nl * DAY // 200_000
    assert told.earliest_ms == report.end_ms + left_nl * DAY // 300_000
    assert "if the patient takes every bolus allotted" in sentences(report)[-1]


def test_no_more_is_foreseen_than_the_limit_of_a_day_lets_through() -> None:
    log = pumplog.begun()
    allotted = {"patient_bolus_ng": 50_000, "patient_bolus_min": 10, "patient_lockout_min": 60}
    programmed(log, **allotted, patient_boluses_per_day=24, dose_max_ng_per_day=150_000)
    report = build(log.decoded, "S")
    assert known(report).earliest_ms == report.end_ms + (log.reservoir_nl() - LOW_NL) * DAY // 300_000


def test_a_plan_bends_the_course_where_its_steps_are_due_and_a_plan_held_does_not() -> None:
    log = pumplog.begun()
    at_min = (log.time_ms + HOUR) // MIN + 10 * 1440
    steps = [{"at_min": at_min, "dose_ng_per_day": 130_000}]
    programmed(log, plan_list=steps, plan_increase_permille=300)
    report = build(log.decoded, "S")
    told = known(report)
    after_ten = log.reservoir_nl() - 10 * 200_000
    assert told.latest[1] == (report.start_ms + 10 * DAY, after_ten)
    assert told.latest_ms == report.start_ms + 10 * DAY + (after_ten - LOW_NL) * DAY // 260_000
    log.note(records.PLAN, held=True)
    assert known(build(log.decoded, "S")).latest_ms == report.end_ms + (log.reservoir_nl() - LOW_NL) * DAY // 200_000


def test_a_taper_to_nothing_is_never_due_and_a_reservoir_at_its_alarm_volume_is_due_at_once() -> None:
    log = pumplog.begun()
    at_min = (log.time_ms + HOUR) // MIN + 1440
    programmed(log, plan_list=[{"at_min": at_min, "dose_ng_per_day": 0}])
    report = build(log.decoded, "S")
    assert known(report).latest_ms is None and "not reached" in sentences(report)[-1]
    low = pumplog.begun()
    low.run(24, 9_900_000)
    report = build(low.decoded, "S")
    assert known(report).earliest_ms == report.end_ms
    assert sentences(report)[-1] == "The reservoir is at its alarm volume: a refill is due."


def test_a_pump_that_stands_still_has_no_forecast_and_says_why() -> None:
    log = pumplog.begun()
    log.state(states.INFUSING, states.SUSPENDED)
    report = build(log.decoded, "S")
    assert forecast(report) == "therapy does not run at the end of the period (suspended)"
    assert figures(report)["forecast"] == {"none_because": forecast(report)}


# What was missed


def test_a_stop_costs_what_the_pattern_of_the_day_would_have_given_in_it() -> None:
    log = pumplog.begun()
    log.note(records.PROGRAM, program=pumplog.therapy(), confirmed=True, operator="")  # 08:00; 400 ug/d from 16 to 22 h
    log.wait(7 * HOUR)
    log.state(states.INFUSING, states.SUSPENDED)
    log.wait(2 * HOUR)  # one hour at 480 uL a day, one at 800
    log.state(states.SUSPENDED, states.INFUSING)
    log.delivery()
    report = build(log.decoded, "S")
    assert report_missed.missed_nl(report) == (480_000 + 800_000) // 24
    assert "By the program 53.333 uL (26.666 ug) was missed while it stood still or was off." in map(
        plain, sentences(report)
    )


def test_a_stop_of_weeks_costs_whole_weeks_at_the_mean_and_what_comes_before_a_program_costs_nothing() -> None:
    doses = build(pumplog.month().decoded, "S").doses
    start_ms = doses[-1].local_ms
    assert report_missed.programmed_nl(doses, start_ms, start_ms + 14 * DAY) == 14 * 560_000
    assert report_missed.programmed_nl(doses, start_ms - DAY, start_ms + DAY) == 200_000 + 560_000
    first_ms = doses[0].local_ms
    assert report_missed.programmed_nl(doses, first_ms - DAY, first_ms + DAY) == 200_000
    assert report_missed.programmed_nl([], 0, DAY) == 0


def test_what_a_motor_that_does_not_turn_is_counted_to_have_given_is_told_as_doubtful_once() -> None:
    log = pumplog.begun()
    log.run(1, 200_000)
    log.raised(alarms.UNDER_DELIVERY)
    log.wait(30 * MIN)
    log.raised(alarms.STALL)
    log.wait(30 * MIN)
    log.state(states.INFUSING, states.SUSPENDED)
    log.wait(5 * HOUR)
    for alarm in (alarms.UNDER_DELIVERY, alarms.STALL):
        log.note(records.ALARM_CLEARED, alarm=alarm)
        log.note(records.ALARM_ACK, alarm=alarm)
    log.state(states.SUSPENDED, states.INFUSING)
    log.run(1, 200_000)
    report = build(log.decoded, "S")
    assert report_missed.doubtful(report) == (HOUR, 200_000 // 24)
    assert report_missed.missed_nl(report) == 5 * 200_000 // 24
    assert "may not have been given" in " ".join(sentences(report))


def test_how_long_a_pump_whose_clock_was_lost_was_off_is_not_told_nor_what_it_missed() -> None:
    log = pumplog.begun()
    log.run(2, 200_000)
    log.clock = False
    log.power_cut(5 * HOUR)
    log.delivery()
    log.run(2, 200_000)
    report = build(log.decoded, "S")
    assert "The log has 1 restart or gap, for an unknown time." in sentences(report)
    assert [one["missed_nl"] for one in figures(report)["interruptions"]] == [None]
    assert report_missed.missed_nl(report) == 0 and "no clock at the end" in sentences(report)[-1]
    log.note(records.CLOCK, old_ms=0, new_ms=log.time_ms, utc_offset_min=60)
    told = build(log.decoded, "S")  # the clock that was set tells when the pump had started
    assert "The log has 1 restart or gap, at most 5 h 00 min altogether." in sentences(told)
    assert report_missed.missed_nl(told) == 5 * 200_000 // 24 and not report_missed.exact(told)
    assert "no clock at the end" not in " ".join(sentences(told))
    assert "at most 41.666 uL" in plain(" ".join(sentences(told)))
