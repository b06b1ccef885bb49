"""The report's boluses, changes of therapy, the pump itself and its log, in the document and on the page."""

from datetime import UTC, datetime

import pumplog
import pytest
import richlog

from infuser.wire import alarms, records
from pumpctl import report, report_words
from pumpctl.report_data import Report, build
from pumpctl.report_figures import figures

WRITTEN = datetime(2026, 4, 8, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def rich() -> Report:
    return build(richlog.rich().decoded, "E66164", visits=richlog.VISITS)


@pytest.fixture(scope="module")
def page(rich: Report) -> str:
    return report.page(rich, WRITTEN)


def test_boluses_are_counted_as_begun_in_full_cut_short_and_refused_with_the_reason(rich: Report) -> None:
    told = figures(rich)["boluses"]
    patient = told["patient-bolus"]
    assert (patient["began"], patient["in_full"], patient["cut_short"], patient["refused"]) == (12, 11, 1, 8)
    assert patient["refused_by"] == {"lock-out": 8}
    assert told["clinician-bolus"]["began"] == 1 and told["periodic-bolus"]["began"] == 0
    assert sum(hour["patient-bolus"] for hour in told["by_hour"]) == 12
    assert sum(hour["refused"] for hour in told["by_hour"]) == 8
    assert [at for at, hour in enumerate(told["by_hour"]) if hour["clinician-bolus"]] == [13]
    assert len(figures(rich)["bolus_list"]) == 13


def test_a_bolus_that_runs_on_at_the_end_is_neither_in_full_nor_cut_short() -> None:
    log = pumplog.begun()
    log.note(records.BOLUS_STARTED, bucket=2, dose_ng=10_000, volume_nl=20_000, duration_ms=600_000)
    told = figures(build(log.decoded, "S"))
    one = told["boluses"]["clinician-bolus"]
    assert (one["began"], one["in_full"], one["cut_short"]) == (1, 0, 0)
    assert told["bolus_list"][0]["ended"] is None and told["bolus_list"][0]["given_nl"] is None


def test_each_change_of_therapy_stands_side_by_side_with_what_was_before(rich: Report, page: str) -> None:
    first, second = figures(rich)["changes"]
    told = {row["name"]: row for row in first["settings"]}
    assert (first["at"], first["operator"]) == ("2026-03-05T13:00:00", "R. Vogel")
    dose = told["dose per day"]
    assert (dose["now"], dose["new"], dose["percent_permille"]) == ("100 ug/d", "280 ug/d", 1800)
    assert dose["highlighted"] and "alarm volume" not in told
    assert "patient bolus" in {row["name"] for row in second["settings"]}
    assert "<td>100 µg/d</td><td>280 µg/d</td><td>!! +180\u00a0%</td>" in page
    assert "!! marks what changed by more than a fifth" in page


def test_the_pump_itself_is_told_as_far_as_its_log_tells_it(rich: Report, page: str) -> None:
    device = figures(rich)["device"]
    assert device["library"] == {"name": "Ward 3", "version": 7} and device["starts"] == {"power-on": 2}
    assert device["calibrations"] == [{"step_pl": 98_400, "uncertainty_ppm": 3_200, "runs": 5, "operator": "Ada"}]
    assert (device["self_tests_passed"], device["sign_ins_failed"], device["steps_uncertain"]) == (1, 1, 3)
    assert device["battery_low_mv"] is None and '98.400 nL</td><td class="n">±0.32\u00a0%' in page


def test_the_worst_readings_are_those_that_alarms_told() -> None:
    log = pumplog.begun()
    for millivolts in (3_390, 3_310, 3_420):
        log.raised(alarms.BATTERY_LOW, millivolts)
        log.note(records.ALARM_CLEARED, alarm=alarms.BATTERY_LOW)
        log.note(records.ALARM_ACK, alarm=alarms.BATTERY_LOW)
    log.raised(alarms.OVERHEAT, 60_283)
    told = build(log.decoded, "S")
    device = figures(told)["device"]
    assert (device["battery_low_mv"], device["temperature_high_mc"]) == (3_310, 60_283)
    assert "3.31\u00a0V" in report.page(told, WRITTEN) and "60.2\u00a0°C" in report.page(told, WRITTEN)


@pytest.mark.parametrize(
    ("alarm", "value", "said"),
    [
        (alarms.OCCLUSION_DOWNSTREAM, 29_400, "29.4\u00a0kPa"),
        (alarms.RESERVOIR_LOW, 1_999_909, "2.000\u00a0mL"),
        (alarms.STALL, -6, "\u22126\u00a0steps"),
        (alarms.COVER_OPEN, 0, ""),
    ],
)
def test_an_alarms_detail_has_the_unit_of_what_it_is(alarm: int, value: int, said: str) -> None:
    assert report_words.alarm_detail(alarm, value) == said


def test_what_was_drawn_at_a_refill_is_held_against_what_was_delivered_since_the_fill(rich: Report) -> None:
    first, second = figures(rich)["refill_list"]
    assert first["delivered_since_fill_nl"] is None
    assert second["delivered_since_fill_nl"] == 12_000_000 - second["expected_residual_nl"]
    assert second["discrepancy_nl"] == -70_000


def test_missing_records_are_told_in_the_sections_on_log_and_interruptions() -> None:
    log = pumplog.month().decoded
    del log[300:420]
    told = figures(build(log, "S"))
    assert told["log"]["records_missing"] == 1 and not told["verified"]
    (missing,) = [one for one in told["interruptions"] if one["what"] == "records missing"]
    assert missing["missed_nl"] is None


def test_the_running_head_cannot_end_the_style_sheet_that_it_stands_in() -> None:
    evil = "</style><script>alert(1)</script>\\\"'\n"
    log = pumplog.begun()
    log.note(records.PROGRAM, program=pumplog.therapy(patient=evil), confirmed=False, operator="")
    page = report.page(build(log.decoded, evil), WRITTEN)
    style = page.partition("<style>")[2].partition("</style>")[0]
    assert page.count("</style>") == 1 and "counter(pages)" in style and "<script" not in page
