"""Alarms that nobody answers grow louder, and one that comes back again and again ends in the minimum rate."""

import pytest
from modes import records
from ward import MINUTE_MS, SECOND_MS, Ward, infusing, stands, until_alarm

FALLS_BACK = "minimum-rate"


def stopped_by(ward: Ward, fault: str, name: str, *answered: str) -> None:
    """The alarm stops the pump; its cause is removed, it or all is acknowledged, and therapy is resumed."""
    ward.plant.fault(fault)
    ward.advance(61 * SECOND_MS)
    assert stands(ward) and name in ward.alarms()
    ward.plant.fault(fault, on=False)
    ward.advance(61 * SECOND_MS)
    ward.do("alarms", "ack", *answered)
    ward.do("resume")


def test_an_alarm_that_nobody_answers_rises_by_one_priority_after_its_time(cli, bench):
    ward = infusing(cli, bench)
    ward.plant.fault("air")
    until_alarm(ward, "air-in-line")
    ward.advance(28 * MINUTE_MS)
    assert ward.alarms()["air-in-line"]["priority"] == "medium"
    ward.advance(3 * MINUTE_MS)
    assert ward.alarms()["air-in-line"]["priority"] == "high"
    lamps, _ = ward.lamps_and_tones_in(2 * SECOND_MS, 50)
    assert any(lamp["red"] for lamp in lamps) and not any(lamp["yellow"] for lamp in lamps)
    assert [one["priority"] for one in records(ward, "alarm-escalated") if one["alarm"] == 7] == [3]
    ward.plant.power_cut()
    assert ward.alarms()["air-in-line"]["priority"] == "high"


def test_an_alarm_that_was_answered_keeps_its_priority(cli, bench):
    ward = infusing(cli, bench)
    ward.plant.fault("air")
    until_alarm(ward, "air-in-line")
    ward.do("alarms", "ack")
    ward.advance(45 * MINUTE_MS)
    assert ward.alarms()["air-in-line"]["priority"] == "medium"


@pytest.mark.case("EC23")
def test_the_third_stop_by_the_same_alarm_within_ten_minutes_ends_in_the_minimum_rate(cli, bench):
    ward = infusing(cli, bench)
    stopped_by(ward, "air", "air-in-line")
    stopped_by(ward, "air", "air-in-line")
    assert ward.state == "infusing"
    stopped_by(ward, "air", "air-in-line", "air-in-line")
    assert ward.state == FALLS_BACK
    assert ward.alarms()["stop-start"]["priority"] == "medium"
    ward.do("resume")
    ward.advance(5 * SECOND_MS)
    assert ward.state == FALLS_BACK
    ward.plant.power_cut()
    ward.advance(10 * SECOND_MS)
    assert ward.state == FALLS_BACK
    ward.do("alarms", "ack", "stop-start")
    ward.advance(5 * SECOND_MS)
    assert ward.state == "infusing"


@pytest.mark.case("EC23")
def test_stops_that_are_further_apart_or_by_other_alarms_leave_the_therapy_as_it_is(cli, bench):
    ward = infusing(cli, bench)
    stopped_by(ward, "air", "air-in-line")
    stopped_by(ward, "air", "air-in-line")
    ward.advance(10 * MINUTE_MS)
    stopped_by(ward, "air", "air-in-line")
    stopped_by(ward, "overheat", "overheat")
    stopped_by(ward, "air", "air-in-line")
    assert ward.state == "infusing"
    assert "stop-start" not in ward.alarms()
