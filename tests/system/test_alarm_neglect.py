"""Alarms that nobody answers grow louder, and one that comes back again and again ends in the minimum rate."""

import pytest
from access import provision, stranger
from modes import records
from ward import MINUTE_MS, SECOND_MS, Ward, infusing, stands, until_alarm

from infuser.core.repeats import STOPS_KEPT
from infuser.wire import alarms, messages, states

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


@pytest.mark.case("EC23")
def test_a_flood_of_stop_commands_is_an_alarm_that_only_a_clinician_ends_and_each_of_them_stops(cli, bench):
    ward = infusing(cli, bench)
    ward.do("stop")
    provision(ward)
    ward.do("resume")
    with stranger(ward) as eve:
        for _ in range(STOPS_KEPT):
            assert eve.stops()["state"] == states.SUSPENDED
    ward.advance(SECOND_MS)
    alarm = ward.alarms()["stop-flood"]
    assert alarm["priority"] == "medium" and alarm["latched"]
    assert ward.sounds(20 * SECOND_MS)
    with stranger(ward) as eve:
        assert eve.asks(messages.ALARM_ACK, alarm=0) == "not-signed-in"
        for _ in range(10 * STOPS_KEPT):
            assert eve.stops()["state"] == states.SUSPENDED
    raised = [one for one in records(ward, "alarm-raised") if one["alarm"] == alarms.STOP_FLOOD]
    assert len(raised) == 1, "a flood does not fill the log with alarms"
    ward.do("resume")
    assert ward.state == "infusing"
    ward.do("alarms", "ack")
    ward.advance(SECOND_MS)
    assert "stop-flood" not in ward.alarms()


@pytest.mark.case("EC23")
def test_stops_of_a_working_day_are_no_flood(cli, bench):
    ward = infusing(cli, bench)
    for _ in range(2 * STOPS_KEPT):
        ward.do("stop")
        ward.do("resume")
        ward.advance(2 * MINUTE_MS + SECOND_MS)
    assert "stop-flood" not in ward.alarms()
