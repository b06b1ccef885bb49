"""What the report makes of alarms, gaps, refills and its smallest parts."""

from datetime import UTC, datetime

import pumplog
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pumplog import PumpLog

from infuser.core.ledger import Ledger
from infuser.wire import alarms, records, states, units
from pumpctl import charts, quantity, report
from pumpctl.report_data import Report, build
from pumpctl.report_figures import figures
from pumpctl.report_reservoir import levels
from pumpctl.report_sentences import sentences
from pumpctl.report_text import dose, millilitres, percent, plain, scaled, volume

WRITTEN = datetime(2026, 4, 1, 9, 30, tzinfo=UTC)
HOUR = units.MS_PER_H


@pytest.fixture(scope="module")
def month() -> Report:
    return build(pumplog.month().decoded, "E66164")


def page_of(told: Report) -> str:
    return report.page(told, WRITTEN)


# Alarms, gaps, refills


def test_a_latching_alarm_lasts_until_its_cause_is_gone_and_it_is_acknowledged(month: Report) -> None:
    stall, restored, low = month.alarms
    assert (stall.alarm, restored.alarm, low.alarm) == (
        alarms.STALL, alarms.POWER_RESTORED, alarms.RESERVOIR_LOW,
    )  # fmt: skip
    assert stall.end_ms is not None and stall.end_ms - stall.start_ms == 3 * HOUR + 20 * units.MS_PER_MIN
    assert restored.end_ms is not None and restored.end_ms - restored.start_ms == 40 * units.MS_PER_MIN
    assert low.end_ms is not None and low.acknowledged_ms is None


def test_an_alarm_that_never_ended_is_still_present_at_the_end() -> None:
    log = pumplog.begun()
    log.run(3, 480_000)
    log.raised(alarms.OCCLUSION_DOWNSTREAM)
    told = build(log.decoded, "S")
    assert figures(told)["alarms_present"] == ["occlusion-downstream"]
    assert "still present at the end: occlusion-downstream" in " ".join(sentences(told))


def test_a_pump_that_ends_stopped_is_said_to_be_so() -> None:
    log = pumplog.begun()
    log.run(3, 480_000)
    log.state(states.INFUSING, states.ALARM_STOPPED, states.BY_ALARM)
    told = build(log.decoded, "S")
    assert figures(told)["state"] == "alarm-stopped"
    assert "Therapy was still stopped at the end (alarm-stopped)." in sentences(told)


def test_a_log_whose_beginning_was_dropped_starts_from_its_snapshot() -> None:
    ledger = Ledger()
    ledger.program = pumplog.therapy()
    ledger.utc_offset_min = 120
    ledger.state = states.INFUSING
    ledger.alarms.raise_(alarms.BATTERY_LOW, pumplog.START_MS, 0, 0)
    log = PumpLog()
    log.note(records.BOOT)
    log.note(records.SNAPSHOT, ledger=ledger.snapshot())
    log.run(3, 560_000)
    told = build(log.decoded[1:], "S")
    assert told.offset_min == 120 and not told.integrity.complete and told.integrity.verified
    assert told.program is not None and told.dosed
    assert [span.alarm for span in told.present] == [alarms.BATTERY_LOW]
    assert [span.state for span in told.states] == [states.INFUSING]


def test_a_restart_shows_as_a_gap_of_at_most_the_time_since_the_record_before(month: Report) -> None:
    (gap,) = month.gaps
    assert gap.end_ms - gap.start_ms == 5 * HOUR + 17 * units.MS_PER_MIN and not gap.exact
    assert "at most 5 h 17 min" in page_of(month)


def test_a_gap_that_the_pump_measured_is_told_as_it_is() -> None:
    log = pumplog.begun()
    log.run(1, 480_000)
    log.power_cut(2 * HOUR, gap_ms=HOUR)
    (gap,) = build(log.decoded, "S").gaps
    assert gap.exact and gap.end_ms - gap.start_ms == HOUR


def test_the_reservoir_falls_to_the_expected_residual_and_rises_to_the_fill(month: Report) -> None:
    refill = month.refills[-1]
    at = [nl for ms, nl in levels(month) if ms == refill.local_ms]
    assert at[0] == refill.fields["expected_residual_nl"] and at[-1] == 18 * units.NL_PER_ML


def test_the_residual_discrepancy_of_each_refill_is_in_the_table(month: Report) -> None:
    assert "\u22120.070\u00a0mL" in page_of(month)


# Small parts


@pytest.mark.parametrize("value", [0, -11, 9_999, 10_000, 999_999, 2_345_678, -2_345_500, 19_999_999, 1_234_567_890])
def test_volumes_and_doses_are_rounded_as_on_the_terminal_and_set_for_the_page(value: int) -> None:
    assert (plain(volume(value)), plain(dose(value))) == (quantity.format_volume(value), quantity.format_dose(value))
    assert volume(value)[-2:] in ("µL", "mL") and dose(value).endswith("µg")


def test_columns_of_millilitres_have_three_decimals_rounded_like_all_volumes() -> None:
    assert [plain(millilitres(nl)) for nl in (2_345_499, 2_345_500, -70_000)] == ["2.345 mL", "2.346 mL", "-0.070 mL"]


def test_only_the_micro_of_a_unit_is_rewritten_for_the_terminal() -> None:
    assert plain("Jaµ gave 5\u00a0µg in 10\u00a0µL") == "Jaµ gave 5 ug in 10 uL"


def test_shares_are_cut_and_never_rounded_up() -> None:
    assert plain(percent(-1, 1000)) == "-0.10 %"
    assert plain(percent(1, 10**6)) == "under 0.01 %"
    assert percent(1, 0) == ""
    assert plain(scaled(-1_234_567, 1000, 1)) == "-1234.5"


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**10))
def test_an_axis_has_a_handful_of_round_values(low: int, span: int) -> None:
    values = charts.ticks(low, low + span)
    assert 1 <= len(values) <= 8
    steps = {b - a for a, b in zip(values, values[1:], strict=False)}
    assert len(steps) <= 1 and all(str(step).rstrip("0") in ("1", "2", "5") for step in steps)


def test_a_line_of_many_points_is_drawn_with_no_more_than_can_be_seen() -> None:
    plot = charts.Plot("p", "t", "d", (0, 10**6), (0, 10**6))
    plot.line([(at, at) for at in range(0, 10**6, 10)], "")
    assert plot.svg().count(",") < 3_000
