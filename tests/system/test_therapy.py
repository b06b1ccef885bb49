"""Therapy through the command line on the virtual pump: exact delivery, boluses, priming, stop and go."""

import pytest
from ward import (
    CONTINUOUS,
    DAY_MS,
    FLEX,
    HOUR_MS,
    MINUTE_MS,
    ML,
    PATIENT,
    SECOND_MS,
    STEP_PL,
    Ward,
    delivers,
    due_steps,
    filled,
    infusing,
    therapy,
)

from pumpctl.errors import Refused

BOLUS = ("bolus", "50ug", "--over", "10min", "--patient", PATIENT, "--yes")
# 50 ug of 500 ug/mL.
BOLUS_NL = 100_000
RATE = 200_000


@pytest.mark.case("UC1")
@pytest.mark.on_chip
def test_a_therapy_from_a_file_is_delivered_to_the_step(cli, bench):
    ward = Ward(cli, bench())
    sent = ward.do("program", "send", CONTINUOUS, "--yes")
    assert (sent["verified"], sent["started"]) == (True, False)
    ward.do("refill", "--begin")
    ward.do("virtual", "fill", "20ml")
    ward.do("refill", "--residual", "0ml", "--volume", "20ml", "--yes")
    told = ward.do("resume")
    assert (told["state"], told["rate_nl_per_day"], told["start_in_ms"]) == ("infusing", RATE, 0)
    start_ms = ward.do("status")["uptime_ms"]
    ward.do("virtual", "advance", f"{ward.lasting_ms(DAY_MS)}ms")
    now = ward.do("status")
    assert now["state"] == "infusing"
    assert delivers(now["steps_total"], RATE, now["uptime_ms"] - start_ms)
    assert now["delivered_total_nl"] == now["steps_total"] * STEP_PL // 1000
    assert now["dose_ng_per_day"] == 100_000
    assert now["program_digest"] == sent["digest"]
    assert ward.do("stop")["state"] == "suspended"
    assert ward.status()["steps_total"] == ward.truth()["steps_made"]


def test_a_flex_schedule_changes_its_rate_at_its_times(cli, bench):
    ward = infusing(cli, bench, FLEX)
    before_ms = MINUTE_MS
    for hours, rate, following in ((9, 480_000, 960_000), (5, 960_000, 420_000), (8, 420_000, 480_000)):
        assert ward.status()["rate_nl_per_day"] == rate
        ward.advance(hours * HOUR_MS - before_ms)
        assert ward.status()["rate_nl_per_day"] == rate
        ward.advance(2 * MINUTE_MS)
        assert ward.status()["rate_nl_per_day"] == following
        before_ms = 2 * MINUTE_MS
    ward.advance(2 * HOUR_MS)
    now = ward.status()
    # From 08:00 to 08:01 a day later, in which the three steps give 280 ug.
    assert abs(now["steps_total"] - (560_000_000 + 480_000_000 // 1440) // STEP_PL) <= 1
    assert now["program_dose_ng_per_day"] == 280_000
    assert now["steps_total"] == ward.truth()["steps_made"]


def test_a_program_change_leaves_no_gap_and_gives_nothing_twice(cli, bench, tmp_path):
    ward = infusing(cli, bench)
    start_ms = ward.status()["uptime_ms"]
    ward.advance(5 * HOUR_MS + 1234)
    changed_ms = ward.status()["uptime_ms"]
    more = therapy(tmp_path, dose="130ug/d")
    # An increase within the first day is confirmed apart from the rest.
    assert ward.do("program", "send", more, "--yes", "--confirm-warnings")["started"]
    assert ward.status()["rate_nl_per_day"] == 260_000
    ward.advance(7 * HOUR_MS)
    now = ward.status()
    volume_pl = (RATE * (changed_ms - start_ms) + 260_000 * (now["uptime_ms"] - changed_ms)) * 1000 // DAY_MS
    assert 0 <= volume_pl // STEP_PL - now["steps_total"] <= 1
    assert ward.truth()["steps_made"] == now["steps_total"]


@pytest.mark.case("UC3")
@pytest.mark.on_chip
def test_a_clinician_bolus_comes_on_top_of_the_basal_rate_and_ends_by_itself(cli, bench):
    ward = infusing(cli, bench)
    given = ward.do(*BOLUS)
    assert given["volume_nl"] == BOLUS_NL
    ward.advance(5 * MINUTE_MS)
    half = ward.status()
    assert half["state"] == "bolus"
    (under_way,) = half["boluses"]
    assert (under_way["bucket"], under_way["held"]) == ("clinician-bolus", False)
    assert abs(under_way["delivered_nl"] - BOLUS_NL // 2) < 1000
    ward.advance(6 * MINUTE_MS)
    done = ward.status()
    assert (done["state"], done["boluses"]) == ("infusing", [])
    assert done["delivered_steps"]["clinician-bolus"] == BOLUS_NL * 1000 // STEP_PL
    assert abs(done["delivered_steps"]["basal"] - due_steps(RATE, 11 * MINUTE_MS)) <= 1
    assert done["steps_total"] == ward.truth()["steps_made"]


@pytest.mark.case("EC1")
def test_a_bolus_within_the_lock_out_is_refused_and_one_after_it_is_given(cli, bench):
    ward = infusing(cli, bench)
    ward.do(*BOLUS)
    ward.advance(3 * HOUR_MS)
    before = ward.status()["delivered_steps"]["clinician-bolus"]
    error = ward.refused(*BOLUS)
    assert (error["name"], error["low"]) == ("lock-out", 4 * HOUR_MS)
    assert "lock-out" in error["message"] and "3 h" in error["message"]
    ward.advance(30 * MINUTE_MS)
    assert ward.status()["delivered_steps"]["clinician-bolus"] == before
    ward.advance(31 * MINUTE_MS)
    assert ward.do(*BOLUS)["volume_nl"] == BOLUS_NL
    ward.do("log", "pull")
    commands = ward.do("log", "show", "--kind", "command")["records"]
    assert any("lock-out" in str(record) for record in commands)


@pytest.mark.case("EC3")
def test_a_bolus_above_its_maximum_is_refused_by_the_pump(cli, bench):
    ward = infusing(cli, bench)
    error = ward.refused("bolus", "51ug", "--over", "10min", "--patient", PATIENT, "--yes")
    assert (error["name"], error["value"], error["high"]) == ("out-of-range", 51_000, 50_000)
    assert ward.state == "infusing"


@pytest.mark.case("EC15")
def test_a_bolus_for_another_patient_is_refused(cli, bench):
    ward = infusing(cli, bench)
    error = ward.refused("bolus", "50ug", "--over", "10min", "--patient", "BENCH-002", "--yes")
    assert error["name"] == "patient-mismatch"
    assert ward.state == "infusing"


@pytest.mark.case("EC15")
def test_a_program_for_another_patient_is_refused_until_the_first_is_cleared(cli, bench, tmp_path):
    ward = filled(cli, bench)
    other = therapy(tmp_path, patient="BENCH-002")
    assert ward.refused("program", "send", other, "--yes")["name"] == "patient-mismatch"
    assert ward.status()["patient"] == PATIENT
    ward.do("program", "clear", "--yes")
    ward.do("program", "send", other, "--yes")
    assert ward.status()["patient"] == "BENCH-002"


@pytest.mark.case("EC16")
def test_a_program_for_another_concentration_than_the_reservoir_holds_is_refused(cli, bench, tmp_path):
    ward = infusing(cli, bench)
    stronger = therapy(tmp_path, concentration="1000ug/ml", minimum="50ug/d")
    error = ward.refused("program", "send", stronger, "--yes")
    assert (error["field"], error["value"], error["high"]) == ("concentration_ug_per_ml", 1000, 500)
    assert ward.status()["rate_nl_per_day"] == RATE


@pytest.mark.on_chip
def test_a_bolus_may_be_cancelled_and_says_what_was_given_of_it(cli, bench):
    ward = infusing(cli, bench)
    ward.do(*BOLUS)
    ward.advance(4 * MINUTE_MS)
    told = ward.do("bolus", "--cancel")
    now = ward.status()
    assert now["state"] == "infusing"
    assert told["delivered_nl"] == now["delivered_steps"]["clinician-bolus"] * STEP_PL // 1000
    assert abs(told["delivered_nl"] - BOLUS_NL * 4 // 10) < 1000
    after_ms = ward.lasting_ms(HOUR_MS)
    assert ward.steps_in(after_ms) in range(due_steps(RATE, after_ms) - 1, due_steps(RATE, after_ms) + 2)
    assert ward.refused("bolus", "--cancel")["name"] == "no-bolus"


@pytest.mark.case("UC9")
def test_priming_is_counted_apart_from_therapy(cli, bench):
    ward = filled(cli, bench)
    primed = ward.do("prime", "0.2ml", "--over", "5min", "--yes")
    assert primed["volume_nl"] == 200_000
    ward.advance(6 * MINUTE_MS)
    now = ward.status()
    assert now["state"] == "suspended"
    assert now["delivered_steps"]["priming"] == 200_000_000 // STEP_PL == ward.truth()["steps_made"]
    assert (now["delivered_total_nl"], now["delivered_today_nl"]) == (0, 0)
    assert now["reservoir_nl"] == 20 * ML - now["steps_total"] * STEP_PL // 1000
    ward.do("resume")
    assert ward.refused("prime", "0.2ml", "--yes")["name"] == "wrong-state"


@pytest.mark.case("UC7")
@pytest.mark.on_chip
def test_therapy_stops_and_resumes_without_making_up_for_the_pause(cli, bench):
    ward = infusing(cli, bench)
    each_ms = ward.lasting_ms(2 * HOUR_MS)
    ward.advance(each_ms)
    assert ward.do("stop")["state"] == "suspended"
    assert not ward.truth()["driver_enabled"]
    assert ward.steps_in(20 * MINUTE_MS) == 0
    assert ward.do("resume")["state"] == "infusing"
    assert delivers(ward.steps_in(each_ms), RATE, each_ms)
    assert ward.status()["steps_total"] == ward.truth()["steps_made"]


@pytest.mark.on_chip
def test_a_short_press_on_the_stop_button_stops_the_motor_whenever_it_comes(cli, bench):
    ward = infusing(cli, bench)
    for _ in range(6):
        ward.advance(MINUTE_MS + 300)
        ward.plant.press("stop")
        ward.advance(3 * SECOND_MS)
        now = ward.status()
        assert (now["state"], now["stop_reason"]) == ("suspended", "stop-button")
        assert not ward.truth()["driver_enabled"]
        ward.do("resume")


@pytest.mark.case("UC4")
@pytest.mark.case("UC5")
def test_the_minimum_rate_is_ordered_and_taken_back(cli, bench):
    ward = infusing(cli, bench)
    told = ward.do("minimum-rate", "on")
    assert (told["state"], told["rate_nl_per_day"]) == ("minimum-rate", 50_000)
    assert delivers(ward.steps_in(6 * HOUR_MS), 50_000, 6 * HOUR_MS)
    assert ward.refused(*BOLUS)["name"] == "wrong-state"
    told = ward.do("minimum-rate", "off")
    assert (told["state"], told["rate_nl_per_day"]) == ("infusing", RATE)
    assert delivers(ward.steps_in(6 * HOUR_MS), RATE, 6 * HOUR_MS)


@pytest.mark.case("EC13")
def test_a_full_dose_window_falls_to_the_minimum_rate_and_back(cli, bench, tmp_path):
    ward = infusing(cli, bench, therapy(tmp_path, dose="100ug/d", dose_max="110ug/d", lockout="1h"))
    ward.do(*BOLUS)
    ward.advance(11 * HOUR_MS)
    assert ward.state == "infusing"
    error = ward.refused(*BOLUS)
    assert (error["name"], error["value"]) == ("dose-limit", 50_000)
    assert error["high"] < 20_000
    ward.advance(5 * HOUR_MS)
    now = ward.status()
    assert (now["state"], now["rate_nl_per_day"]) == ("minimum-rate", 50_000)
    assert list(ward.alarms()) == ["dose-limit"]
    assert delivers(ward.steps_in(7 * HOUR_MS), 50_000, 7 * HOUR_MS)
    ward.advance(3 * HOUR_MS)
    assert ward.state == "infusing"
    assert ward.alarms() == {}


@pytest.mark.case("EC13")
def test_the_minimum_rate_of_a_full_dose_window_is_left_after_a_power_cut_too(cli, bench, tmp_path):
    ward = infusing(cli, bench, therapy(tmp_path, dose="100ug/d", dose_max="110ug/d"))
    ward.do(*BOLUS)
    ward.advance(16 * HOUR_MS)
    assert ward.state == "minimum-rate"
    ward.plant.power_cut()
    ward.advance(HOUR_MS)
    assert ward.state == "minimum-rate"
    ward.advance(10 * HOUR_MS)
    assert ward.state == "infusing"


@pytest.mark.on_chip
def test_setting_the_clock_does_not_change_what_was_delivered(cli, bench):
    ward = infusing(cli, bench)
    each_ms = ward.lasting_ms(3 * HOUR_MS)
    ward.advance(each_ms)
    before = ward.status()
    moved = ward.do("clock", "set", "--time", "2026-03-01T23:00:00+01:00")
    assert moved["moved_ms"] > 50 * DAY_MS
    now = ward.status()
    assert (now["steps_total"], now["delivered_total_nl"]) == (before["steps_total"], before["delivered_total_nl"])
    assert now["time"].startswith("2026-03-01T23:00")
    assert delivers(ward.steps_in(each_ms), RATE, each_ms)
    ward.do("clock", "set", "--time", "2026-01-01T00:00:00+00:00")
    assert delivers(ward.steps_in(each_ms), RATE, each_ms)
    assert ward.status()["steps_total"] == ward.truth()["steps_made"]


def test_a_flex_schedule_follows_a_clock_that_was_set(cli, bench):
    ward = infusing(cli, bench, FLEX)
    ward.advance(HOUR_MS)
    assert ward.status()["rate_nl_per_day"] == 480_000
    ward.do("clock", "set", "--time", "2026-01-01T18:00:00+00:00")
    assert ward.status()["rate_nl_per_day"] == 960_000


@pytest.mark.on_chip
def test_the_service_prompt_is_refused_during_therapy(cli, bench):
    ward = infusing(cli, bench)
    with ward.client() as pump, pytest.raises(Refused) as caught:
        pump.service_repl()
    assert caught.value.name == "wrong-state"
    after_ms = ward.lasting_ms(HOUR_MS)
    assert delivers(ward.steps_in(after_ms), RATE, after_ms)
    assert ward.state == "infusing"
