"""A session left idle, a cable that comes out, a pump that restarts: what was open is closed, and therapy goes on."""

import pytest
from access import provision, records, stranger
from ward import HOUR_MS, MINUTE_MS, SECOND_MS, Ward, delivers, filled, infusing

from infuser.core.session import SESSION_IDLE_MS
from infuser.wire import messages, states
from pumpctl.errors import LinkError

RATE = 200_000


def hello() -> dict:
    return {"protocol": messages.protocol_hash(), "host": "test"}


@pytest.mark.case("EC24")
def test_a_signed_in_session_left_idle_is_closed_and_stopping_needs_none(cli, bench):
    ward = infusing(cli, bench)
    ward.do("stop")
    keys = provision(ward)
    with stranger(ward) as who:
        who.signs_in(keys)
        assert who.resumes()["state"] == states.INFUSING
        ward.advance(SESSION_IDLE_MS - 5 * SECOND_MS)
        told = who.asks(messages.STATUS)
        assert told["role"] == messages.ROLE_CLINICIAN and 0 < told["session_left_ms"] <= 5 * SECOND_MS
        ward.advance(6 * SECOND_MS)
        told = who.asks(messages.STATUS)
        assert (told["role"], told["session_left_ms"], told["state"]) == (messages.NOBODY, 0, states.INFUSING)
        assert who.asks(messages.MINIMUM_RATE, on=True) == "session-closed"
        assert who.stops()["state"] == states.SUSPENDED
        assert who.resumes() == "session-closed"
        who.asks(messages.HELLO, **hello())
        assert who.resumes() == "not-signed-in"


@pytest.mark.case("EC24")
def test_looking_at_the_status_keeps_no_session_open(cli, bench):
    ward = Ward(cli, bench())
    keys = provision(ward)
    with stranger(ward) as who:
        who.signs_in(keys)
        for _ in range(11):
            ward.advance(MINUTE_MS)
            who.asks(messages.STATUS)
        assert who.asks(messages.SELF_TEST) == "session-closed"


@pytest.mark.case("EC24")
def test_an_infusion_left_unstarted_is_told_of_after_its_session_was_closed(cli, bench):
    ward = filled(cli, bench)
    keys = provision(ward)
    with stranger(ward) as who:
        who.signs_in(keys)
        ward.advance(SESSION_IDLE_MS + SECOND_MS)
        assert who.asks(messages.STATUS)["role"] == messages.NOBODY
    assert "long-stop" not in ward.alarms()
    ward.advance(21 * MINUTE_MS)
    alarm = ward.alarms()["long-stop"]
    assert alarm["priority"] == "medium" and alarm["active"]
    assert ward.sounds(20 * SECOND_MS)
    ward.do("resume")
    ward.advance(MINUTE_MS)
    assert "long-stop" not in ward.alarms()


def test_without_keys_too_a_session_left_idle_is_closed(cli, bench):
    ward = infusing(cli, bench)
    with stranger(ward) as who:
        ward.advance(SESSION_IDLE_MS + SECOND_MS)
        assert who.asks(messages.MINIMUM_RATE, on=True) == "session-closed"
        assert who.asks(messages.STATUS)["state"] == states.INFUSING
        who.asks(messages.HELLO, **hello())
        assert who.asks(messages.MINIMUM_RATE, on=True)["state"] == states.MINIMUM_RATE


@pytest.mark.parametrize("with_keys", [False, True], ids=["without keys", "with keys"])
def test_a_client_that_stays_open_greets_and_signs_in_again_by_itself(cli, bench, with_keys):
    ward = infusing(cli, bench)
    ward.do("stop")
    if with_keys:
        provision(ward)
    with ward.client() as pump:
        assert pump.resume()["state"] == states.INFUSING
        ward.advance(HOUR_MS)
        assert pump.minimum_rate(True)["state"] == states.MINIMUM_RATE
        ward.plant.power_cut()
        ward.advance(SECOND_MS)
        assert pump.minimum_rate(False)["state"] == states.INFUSING
    assert [one["accepted"] for one in records(ward, "sign-in")] == [True] * 3 * with_keys


def test_a_restart_closes_the_session(cli, bench):
    ward = Ward(cli, bench())
    with stranger(ward) as who:
        ward.plant.power_cut()
        ward.advance(SECOND_MS)
        assert who.asks(messages.SELF_TEST) == "session-closed"


@pytest.mark.case("EC18")
def test_when_the_cable_comes_out_paused_alarms_sound_again_and_therapy_goes_on(cli, bench):
    ward = infusing(cli, bench)
    ward.plant.fault("battery")
    ward.advance(MINUTE_MS + SECOND_MS)
    assert ward.sounds(20 * SECOND_MS)
    ward.do("alarms", "pause", "10min")
    assert not ward.sounds(20 * SECOND_MS)
    before = ward.truth()["steps_made"]
    ward.plant.fault("cable-out")
    ward.advance(5 * SECOND_MS)
    assert ward.sounds(20 * SECOND_MS)
    ward.advance(HOUR_MS - ward.truth()["now_ms"] % SECOND_MS)
    assert delivers(ward.steps_in(HOUR_MS), RATE, HOUR_MS)
    assert ward.truth()["steps_made"] > before
    ward.plant.fault("cable-out", on=False)
    ward.advance(5 * SECOND_MS)
    now = ward.status()
    assert now["state"] == "infusing" and now["steps_total"] == ward.truth()["steps_made"]
    assert [one["part"] for one in records(ward, "fault") if one["masked"]] == ["link"]


@pytest.mark.case("EC18")
def test_a_cable_that_is_out_lets_nothing_through_either_way_and_closes_the_session(cli, bench):
    ward = infusing(cli, bench)
    with stranger(ward) as who:
        assert who.asks(messages.MINIMUM_RATE, on=True)["state"] == states.MINIMUM_RATE
        ward.plant.fault("cable-out")
        with pytest.raises(LinkError):
            who.asks(messages.MINIMUM_RATE, on=False)
        ward.advance(10 * SECOND_MS)
        ward.plant.fault("cable-out", on=False)
        ward.advance(10 * SECOND_MS)
        assert who.asks(messages.STATUS)["state"] == states.MINIMUM_RATE
        assert who.stops() == "session-closed"
        who.asks(messages.HELLO, **hello())
        assert who.stops()["state"] == states.SUSPENDED


@pytest.mark.case("EC18")
def test_a_role_is_lost_with_the_cable(cli, bench):
    ward = Ward(cli, bench())
    keys = provision(ward)
    with stranger(ward) as who:
        who.signs_in(keys)
        ward.plant.fault("cable-out")
        ward.advance(10 * SECOND_MS)
        ward.plant.fault("cable-out", on=False)
        ward.advance(10 * SECOND_MS)
        assert who.asks(messages.STATUS)["role"] == messages.NOBODY
        who.asks(messages.HELLO, **hello())
        assert who.asks(messages.SELF_TEST) == "not-signed-in"


@pytest.mark.case("EC18")
def test_a_cable_plugged_again_and_again_fills_no_log(cli, bench):
    ward = infusing(cli, bench)
    ward.do("alarms", "pause", "10min")
    for _ in range(20):
        ward.plant.fault("cable-out")
        ward.advance(10 * SECOND_MS)
        ward.plant.fault("cable-out", on=False)
        ward.advance(10 * SECOND_MS)
    assert [one["part"] for one in records(ward, "fault")] == ["link"]
