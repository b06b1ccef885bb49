"""The report's figures, times and integrity against counts made by hand."""

import re
from datetime import UTC, datetime

import pumplog
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pumplog import STEP_PL, PumpLog

from infuser.wire import alarms, records, states, units
from pumpctl import report, report_tables, report_time
from pumpctl.report_data import THERAPY, Report, build
from pumpctl.report_figures import figures
from pumpctl.report_sentences import sentences
from pumpctl.report_text import moment, plain

WRITTEN = datetime(2026, 4, 1, 9, 30, tzinfo=UTC)
HOUR = units.MS_PER_H
OFFSET_MS = HOUR


@pytest.fixture(scope="module")
def month() -> Report:
    return build(pumplog.month().decoded, "E66164")


def page_of(told: Report) -> str:
    return report.page(told, WRITTEN)


# Figures


def test_delivered_volume_is_the_exact_count_of_microsteps(month: Report) -> None:
    last = pumplog.month().counters
    steps = last["basal_steps"] + last["clinician_bolus_steps"]
    assert month.delivered_nl == units.steps_volume_nl(steps, STEP_PL)
    assert month.total.steps(*THERAPY) == steps


def test_dose_is_converted_once_and_rounded_down(month: Report) -> None:
    assert month.total.dose_ng(*THERAPY) == units.dose_ng(month.delivered_nl, 500)


def test_priming_is_counted_apart_from_therapy(month: Report) -> None:
    assert month.total.steps(states.PRIME) == 2_000
    assert "went into priming, which is not therapy" in " ".join(sentences(month))


def test_days_add_up_to_the_total(month: Report) -> None:
    for bucket in range(states.BUCKETS):
        assert sum(day.tally.steps(bucket) for day in month.days) == month.total.steps(bucket)


def test_steps_of_an_hour_across_midnight_are_divided_in_proportion() -> None:
    log = pumplog.begun()
    log.wait(15 * HOUR + HOUR // 4)
    log.delivery()
    log.run(1, 240_000_000)
    first, second = build(log.decoded, "S").days
    steps = log.counters["basal_steps"]
    assert first.tally.steps(states.BASAL) == steps * 3 // 4
    assert second.tally.steps(states.BASAL) == steps - steps * 3 // 4


def test_nothing_is_given_to_the_days_of_a_power_cut() -> None:
    log = pumplog.begun()
    log.run(2, 240_000)
    log.counters["basal_steps"] += 100
    log.power_cut(5 * units.MS_PER_DAY)
    log.delivery()
    days = {day.start_ms: day.tally.steps(states.BASAL) for day in build(log.decoded, "S").days}
    assert [steps for start_ms, steps in sorted(days.items())][1:] == [0] * 5


def test_a_change_of_step_volume_does_not_rewrite_what_was_delivered_before() -> None:
    log = pumplog.begun()
    log.run(5, 480_000)
    before = log.counters["basal_steps"]
    decoded = log.decoded
    log.counters["basal_steps"] += 1_000
    log.delivery()
    changed = records.decode(log.stored[-1])
    changed["fields"]["step_pl"] = 100_000
    told = build([*decoded, changed], "S")
    assert told.delivered_nl == units.steps_volume_nl(before, STEP_PL) + 100_000


def test_what_was_under_way_at_a_restart_is_not_programmed_twice() -> None:
    log = pumplog.begun()
    log.run(10, 480_000)
    log.programmed_pl -= 97 * units.PL_PER_NL
    log.power_cut(HOUR, gap_ms=HOUR)
    log.delivery()
    log.run(2, 480_000)
    told = build(log.decoded, "S")
    assert told.programmed_nl == log.programmed_pl // units.PL_PER_NL
    assert abs(told.delivered_nl - told.programmed_nl) <= 2 * 98


def test_the_period_counts_between_the_delivery_records_within_it() -> None:
    log = pumplog.begun()
    start_ms = log.time_ms + OFFSET_MS
    log.run(10, 480_000)
    told = build(log.decoded, "S", start_ms + 3 * HOUR - 60_000, start_ms + 7 * HOUR)
    assert (told.points[0].local_ms, told.points[-1].local_ms) == (start_ms + 3 * HOUR, start_ms + 7 * HOUR)
    assert abs(told.programmed_nl - 80_000) <= 1
    assert told.program is not None and told.program["patient"] == "BENCH-0042"


def test_a_program_of_before_the_period_is_named_as_such() -> None:
    log = pumplog.begun()
    log.run(10, 480_000)
    since_ms = log.time_ms + OFFSET_MS - 2 * HOUR
    assert f"before {moment(since_ms)}" in report_tables.changes(build(log.decoded, "S", since_ms))


def test_the_summary_says_what_was_delivered_of_what_was_programmed(month: Report) -> None:
    off = month.delivered_nl - month.programmed_nl
    assert plain(sentences(month)[0]) == (
        "From 2 March 2026 08:00 to its last delivery record at 30 March 2026 23:47 the pump delivered "
        f"14.765 mL of 14.765 mL programmed (difference {off / 1000:g} uL, under 0.01 %)."
    )


def test_what_came_after_the_last_delivery_record_is_not_claimed_to_be_counted() -> None:
    log = pumplog.begun()
    log.run(10, 480_000)
    log.wait(HOUR // 2)
    log.note(records.COMMAND, command=13)
    assert "to its last delivery record at 2 March 2026 18:00 the pump" in plain(sentences(build(log.decoded, "S"))[0])


def test_a_pump_that_gave_nothing_has_no_sentence_about_its_dose() -> None:
    told = plain(" ".join(sentences(build(pumplog.begun().decoded[:5], "S"))))
    assert "That is" not in told and "nothing" not in told and "delivered 0 uL of 0 uL" in told


def test_the_first_filling_is_not_called_a_refill(month: Report) -> None:
    assert "The reservoir was filled once and refilled once." in sentences(month)
    assert "The reservoir was filled once." in sentences(build(pumplog.begun().decoded, "S"))
    later = build(pumplog.month().decoded, "S", month.refills[-1].local_ms - HOUR)
    assert "The reservoir was refilled once." in sentences(later)


def test_the_page_writes_micro_as_such(month: Report) -> None:
    page = page_of(month)
    assert "µL" in page and "µg" in page and not re.search(r"\bu[Lg]\b", page)


def test_figures_are_one_document_of_integers(month: Report) -> None:
    told = figures(month)
    assert told["difference_nl"] == told["delivered_nl"] - told["programmed_nl"]
    assert told["alarms"] == {"high": 1, "medium": 0, "low": 2}
    assert told["from"] == "2026-03-02T08:00:00"
    assert (told["refills"], told["standstills"], told["gaps"], told["verified"]) == (2, 2, 1, True)
    assert told["reservoir_nl"] == pumplog.month().reservoir_nl()


def test_without_a_known_concentration_volumes_are_told_and_no_dose() -> None:
    log = PumpLog()
    log.note(records.BOOT)
    log.run(30, 480_000)
    told = build(log.decoded, "S")
    assert figures(told)["dose_ng"] is None
    assert "Volume of each day" in page_of(told)


# Time


def test_times_are_in_the_pumps_zone_also_before_its_clock_was_first_set(month: Report) -> None:
    assert moment(month.start_ms) == "2 March 2026 08:00"
    assert month.offset_min == 60


def test_a_corrected_clock_moves_what_was_stamped_before_it() -> None:
    log = pumplog.begun()
    log.run(2, 480_000)
    old_ms = log.time_ms
    log.time_ms += 3 * units.MS_PER_DAY
    log.note(records.CLOCK, old_ms=old_ms, new_ms=log.time_ms, utc_offset_min=60, operator="")
    log.run(2, 480_000)
    hours = [row.local_ms for row in build(log.decoded, "S").deliveries[-4:]]
    assert [after - before for before, after in zip(hours, hours[1:], strict=False)] == [HOUR] * 3


def test_records_without_a_clock_are_placed_by_the_uptime_and_marked() -> None:
    log = pumplog.begun()
    log.run(1, 480_000)
    log.clock = False
    log.wait(HOUR)
    log.raised(alarms.CLOCK_LOST)
    placed = build(log.decoded, "S").placed[-1]
    assert placed.estimated and placed.utc_ms == log.time_ms


def test_a_log_that_never_knew_the_time_counts_days() -> None:
    log = PumpLog()
    log.clock = False
    log.note(records.BOOT)
    log.run(30, 480_000)
    told = build(log.decoded, "S")
    assert moment(told.end_ms) == "day 2 06:00"
    assert "day 2" in page_of(told)


@given(st.lists(st.tuples(st.integers(-(10**10), 10**10), st.booleans(), st.integers(0, 10**8)), max_size=12))
def test_time_never_runs_backwards_whatever_the_clock_does(moves: list[tuple[int, bool, int]]) -> None:
    log = pumplog.begun()
    for moved_ms, restart, wait_ms in moves:
        log.wait(wait_ms)
        if restart:
            log.power_cut(moved_ms)
        else:
            old_ms, log.time_ms = log.time_ms, log.time_ms + moved_ms
            log.note(records.CLOCK, old_ms=old_ms, new_ms=log.time_ms, utc_offset_min=60, operator="")
        log.delivery()
    placed = report_time.place(log.decoded)
    assert all(a.utc_ms <= b.utc_ms and a.local_ms <= b.local_ms for a, b in zip(placed, placed[1:], strict=False))
    page_of(build(log.decoded, "S"))


# Integrity


def test_a_whole_log_is_verified_from_its_first_record_on(month: Report) -> None:
    assert month.integrity.verified and month.integrity.complete
    assert "Log verified:" in page_of(month)


def test_a_changed_record_is_named_and_the_page_says_that_the_log_is_broken() -> None:
    decoded = pumplog.month().decoded
    decoded[300]["fields"]["basal_steps"] += 1
    told = build(decoded, "S")
    assert told.integrity.breaks == ["record 301 does not follow the one before it"]
    assert "The log is broken" in page_of(told)
    assert figures(told)["verified"] is False


def test_missing_records_are_named_and_seen_in_the_plots() -> None:
    decoded = pumplog.month().decoded
    del decoded[100:140]
    told = build(decoded, "S")
    assert told.integrity.breaks == ["records 101 to 140 are missing"]
    assert any(gap.cause == "records missing" for gap in told.gaps)
    assert "records missing: from" in page_of(told)


def test_what_was_delivered_where_records_are_missing_is_spread_over_those_days() -> None:
    log = pumplog.begun()
    log.run(24 * 9, 560_000)
    decoded = log.decoded
    del decoded[50:150]
    told = build(decoded, "S")
    assert max(day.tally.volume_nl(*THERAPY) for day in told.days) <= 560_000 + 100


def test_what_was_found_before_stands_in_the_report() -> None:
    told = build(pumplog.begun().decoded, "S", findings=["record 7: checksum"])
    assert not told.integrity.verified and "record 7: checksum" in page_of(told)
