"""Therapy that starts by itself, put off by a date or a command or resumed after a stop; what a stop reminds of."""

import pytest
from modes import NOW_MIN, prepared, running, steady
from ward import DAY_MS, HOUR_MS, MINUTE_MS, delivers

from infuser.wire import states, units
from pumpctl.errors import Refused

RATE = 200_000
# What the pump notes on its flash before it answers takes its time.
FLASH_MS = 500


def resume(ward, delay_ms: int = 0) -> dict:
    with ward.client() as pump:
        return pump.resume(delay_ms)


def runs_after(ward, wait_ms: int) -> bool:
    """Whether the pump stands until then and delivers its rate from then on."""
    assert ward.steps_in(wait_ms - 10_000) == 0
    assert not ward.truth()["driver_enabled"]
    ward.advance(20_000)
    assert ward.state == "infusing"
    return delivers(ward.steps_in(3 * HOUR_MS), RATE, 3 * HOUR_MS)


def test_a_program_with_a_date_starts_at_that_local_time(cli, bench):
    ward = prepared(cli, bench, steady(start_min=NOW_MIN + 180))
    reply = resume(ward)
    assert (reply["state"], reply["rate_nl_per_day"]) == (states.SUSPENDED, 0)
    wait_ms = reply["start_in_ms"]
    assert 180 * MINUTE_MS - 20_000 < wait_ms < 180 * MINUTE_MS
    assert runs_after(ward, wait_ms)
    assert ward.alarms() == {}, "who told the pump when to start is not reminded"


@pytest.mark.parametrize("off_ms", [0, HOUR_MS])
def test_a_start_that_was_put_off_comes_over_a_power_cut_too(cli, bench, off_ms):
    ward = prepared(cli, bench, steady())
    reply = resume(ward, 4 * HOUR_MS)
    assert 0 <= 4 * HOUR_MS - reply["start_in_ms"] < FLASH_MS
    ward.advance(HOUR_MS)
    ward.plant.power_cut(off_ms)
    left_ms = ward.status()["start_in_ms"]
    assert abs(left_ms - (3 * HOUR_MS - off_ms)) < 5_000
    assert runs_after(ward, left_ms)


def test_a_start_that_fell_due_without_power_comes_with_the_power(cli, bench):
    ward = prepared(cli, bench, steady())
    resume(ward, HOUR_MS)
    ward.plant.power_cut(2 * HOUR_MS)
    ward.advance(10_000)
    assert ward.state == "infusing"
    assert ward.status()["start_in_ms"] == 0


def test_a_date_that_has_passed_starts_at_once(cli, bench):
    ward = prepared(cli, bench, steady(start_min=NOW_MIN))
    assert resume(ward)["state"] == states.INFUSING


def test_setting_the_clock_does_not_move_a_start_that_was_put_off(cli, bench):
    ward = prepared(cli, bench, steady())
    resume(ward, 2 * HOUR_MS)
    ward.advance(HOUR_MS)
    ward.do("clock", "set", "--time", "2026-03-01T00:00:00+00:00")
    assert runs_after(ward, ward.status()["start_in_ms"])


def test_a_stop_calls_a_start_off(cli, bench):
    ward = prepared(cli, bench, steady())
    resume(ward, HOUR_MS)
    assert ward.do("stop")["start_in_ms"] == 0
    assert ward.steps_in(2 * HOUR_MS) == 0


def test_the_stop_button_calls_a_start_off(cli, bench):
    ward = prepared(cli, bench, steady())
    resume(ward, HOUR_MS)
    ward.plant.press("stop")
    assert ward.steps_in(2 * HOUR_MS) == 0


def test_a_resume_at_once_takes_the_place_of_one_that_was_put_off(cli, bench):
    ward = prepared(cli, bench, steady())
    resume(ward, HOUR_MS)
    assert resume(ward)["state"] == states.INFUSING
    ward.do("stop")
    assert ward.steps_in(2 * HOUR_MS) == 0


def test_a_start_that_is_refused_when_it_comes_is_told_by_an_alarm(cli, bench):
    ward = prepared(cli, bench, steady())
    resume(ward, HOUR_MS)
    ward.plant.fault("overheat")
    ward.advance(61 * MINUTE_MS)
    assert "resume-failed" in ward.alarms()
    assert ward.alarms()["resume-failed"]["priority"] == "medium"
    assert (ward.steps_in(HOUR_MS), ward.state) == (0, "suspended")
    ward.plant.fault("overheat", on=False)
    ward.advance(2 * MINUTE_MS)
    ward.do("alarms", "ack")
    assert ward.do("resume")["state"] == "infusing"
    assert "resume-failed" not in ward.alarms()


def test_what_cannot_start_now_is_not_put_off_either(cli, bench):
    ward = prepared(cli, bench, steady(start_min=NOW_MIN + 60))
    ward.plant.fault("overheat")
    ward.advance(2 * MINUTE_MS)
    with pytest.raises(Refused) as caught:
        resume(ward)
    assert caught.value.name == "alarm-present"
    with pytest.raises(Refused) as caught:
        resume(ward, units.START_DELAY_MAX_MS + 1)
    assert (caught.value.field, caught.value.high) == ("delay_ms", 31 * DAY_MS)


def test_a_date_is_of_no_use_to_a_pump_that_lost_its_clock(cli, bench):
    ward = prepared(cli, bench, steady(start_min=NOW_MIN + 60))
    ward.plant.fault("clock-lost")
    ward.advance(2 * HOUR_MS)
    with pytest.raises(Refused) as caught:
        resume(ward)
    assert caught.value.name == "clock-lost"


@pytest.mark.case("UC7")
def test_a_suspension_ends_by_itself_and_nothing_is_made_up_for(cli, bench):
    ward = running(cli, bench, steady())
    ward.advance(HOUR_MS)
    with ward.client() as pump:
        assert 0 <= 50 * MINUTE_MS - pump.stop(resume_after_ms=50 * MINUTE_MS)["start_in_ms"] < FLASH_MS
    assert runs_after(ward, 50 * MINUTE_MS)
    assert ward.alarms() == {}


@pytest.mark.case("EC24")
@pytest.mark.parametrize("remind_min", [10, 60])
def test_a_stop_reminds_after_the_time_asked_for(cli, bench, remind_min):
    ward = running(cli, bench, steady())
    with ward.client() as pump:
        pump.stop(remind_min=remind_min)
    ward.advance((remind_min - 1) * MINUTE_MS)
    assert ward.alarms() == {}
    ward.advance(2 * MINUTE_MS)
    assert list(ward.alarms()) == ["long-stop"]
    ward.do("resume")
    ward.do("stop")
    ward.advance(29 * MINUTE_MS)
    assert ward.alarms() == {}, "the next stop has the usual time again"
    ward.advance(2 * MINUTE_MS)
    assert list(ward.alarms()) == ["long-stop"]


def test_a_stop_stands_even_where_what_is_to_follow_is_out_of_range(cli, bench):
    ward = running(cli, bench, steady())
    for more in ({"resume_after_ms": DAY_MS + 1}, {"remind_min": units.STOP_REMINDER_MAX_MIN + 1}):
        with ward.client() as pump, pytest.raises(Refused) as caught:
            pump.stop(**more)
        assert caught.value.field in more
        assert (ward.state, ward.steps_in(40 * MINUTE_MS)) == ("suspended", 0)
        ward.do("resume")


def test_priming_while_a_start_is_put_off_makes_it_wait_and_does_not_cancel_it(cli, bench):
    ward = prepared(cli, bench, steady())
    resume(ward, 10 * MINUTE_MS)
    with ward.client() as pump:
        pump.prime(100_000, 20 * MINUTE_MS)
    ward.advance(15 * MINUTE_MS)
    assert ward.state == "priming"
    ward.advance(6 * MINUTE_MS)
    assert ward.state == "infusing"
