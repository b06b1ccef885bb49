"""Alarms of the whole pump: what raises them, what the motor does, what is seen and heard, how they end."""

import pytest
from ward import (
    FLEX,
    HOUR_MS,
    MINUTE_MS,
    ML,
    PATIENT,
    SECOND_MS,
    STEP_PL,
    Ward,
    delivers,
    filled,
    infusing,
    programmed,
    stands,
    therapy,
    until_alarm,
)

BOLUS = ("bolus", "50ug", "--over", "10min", "--patient", PATIENT, "--yes")
RATE = 200_000


@pytest.mark.on_chip
def test_a_high_alarm_flashes_red_and_sounds_until_acknowledged(cli, bench):
    ward = infusing(cli, bench)
    ward.plant.fault("runaway", value="200")
    until_alarm(ward, "over-delivery")
    lamps, tones = ward.lamps_and_tones_in(8 * SECOND_MS, 50)
    lit = [lamp["red"] for lamp in lamps]
    flashes = sum(1 for earlier, later in zip(lit, lit[1:], strict=False) if later and not earlier)
    assert 1.4 * 8 <= flashes <= 2.8 * 8
    assert 0.2 <= sum(lit) / len(lit) <= 0.6
    assert not any(lamp["yellow"] or lamp["cyan"] for lamp in lamps)
    pulses = sum(1 for earlier, later in zip([0, *tones], tones, strict=False) if later and not earlier)
    assert 9 <= pulses <= 11
    ward.plant.fault("runaway", on=False)
    ward.do("alarms", "ack")
    ward.advance(10 * SECOND_MS)
    assert not ward.sounds(9 * SECOND_MS)
    assert not any(ward.truth()["lamps"].values())


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        pytest.param("air", "air-in-line", marks=[pytest.mark.case("EC12"), pytest.mark.on_chip]),
        pytest.param("overheat", "overheat", marks=pytest.mark.case("EC9")),
    ],
)
def test_air_and_heat_stop_the_motor_until_they_are_gone_and_acknowledged(cli, bench, fault, name):
    ward = infusing(cli, bench)
    ward.plant.fault(fault)
    assert until_alarm(ward, name)["priority"] == "medium"
    assert stands(ward)
    ward.do("alarms", "ack")
    assert ward.refused("resume")["name"] == "alarm-present"
    ward.plant.fault(fault, on=False)
    ward.advance(2 * MINUTE_MS)
    assert ward.alarms() == {}
    assert ward.do("resume")["state"] == "infusing"


@pytest.mark.case("EC22")
@pytest.mark.on_chip
def test_a_low_battery_is_told_and_an_empty_one_stops_the_motor(cli, bench):
    ward = infusing(cli, bench)
    ward.plant.fault("battery", value="low")
    ward.plant.advance_ms(HOUR_MS, until="alarm")
    ward.advance(2 * MINUTE_MS)
    assert list(ward.alarms()) == ["battery-low", "supply-lost"]
    alarm = ward.alarms()["battery-low"]
    assert (alarm["priority"], alarm["latched"], ward.state) == ("medium", False, "infusing")
    ward.plant.fault("battery", value="empty")
    ward.advance(2 * MINUTE_MS)
    assert list(ward.alarms()) == ["battery-low", "supply-lost", "battery-empty"]
    assert stands(ward)
    ward.plant.fault("battery", on=False)
    ward.advance(2 * MINUTE_MS)
    assert list(ward.alarms()) == ["battery-empty"]
    ward.do("alarms", "ack")
    assert ward.do("resume")["state"] == "infusing"


@pytest.mark.case("EC22")
@pytest.mark.on_chip
def test_an_open_cover_lights_the_cyan_lamp_and_therapy_goes_on(cli, bench):
    ward = infusing(cli, bench)
    ward.plant.fault("cover-open")
    assert until_alarm(ward, "cover-open")["priority"] == "low"
    lamps, _ = ward.lamps_and_tones_in(5 * SECOND_MS, 500)
    assert all(lamp == {"cyan": True, "yellow": False, "red": False} for lamp in lamps)
    assert ward.state == "infusing"
    ward.plant.fault("cover-open", on=False)
    ward.advance(2 * MINUTE_MS)
    assert ward.alarms() == {}


@pytest.mark.case("EC17")
@pytest.mark.on_chip
def test_without_a_sounder_therapy_is_not_started_but_goes_on_where_it_runs(cli, bench):
    ward = filled(cli, bench)
    ward.plant.fault("sounder-dead")
    assert ward.refused("resume")["name"] == "sounder-failed"
    assert list(ward.alarms()) == ["sounder-failed"]
    assert ward.cli("selftest").exit_code == 3
    assert "sounder" in ward.cli("selftest").stderr
    ward.plant.fault("sounder-dead", on=False)
    assert ward.do("resume")["state"] == "infusing"
    assert ward.alarms() == {}
    ward.plant.fault("sounder-dead")
    ward.plant.power_cut()
    assert ward.state == "infusing"
    assert "sounder-failed" in ward.alarms()


def test_a_lost_clock_is_told_and_flex_falls_back_to_its_daily_mean(cli, bench):
    ward = infusing(cli, bench, FLEX)
    assert ward.status()["rate_nl_per_day"] == 480_000
    ward.plant.fault("clock-lost")
    assert until_alarm(ward, "clock-lost", 2 * HOUR_MS)["priority"] == "medium"
    now = ward.status()
    assert (now["state"], now["rate_nl_per_day"], now["time"]) == ("infusing", 560_000, None)
    assert delivers(ward.steps_in(2 * HOUR_MS), 560_000, 2 * HOUR_MS)
    ward.plant.fault("clock-lost", on=False)
    ward.do("clock", "set", "--time", "2026-01-01T18:00:00+00:00")
    assert ward.alarms() == {}
    assert ward.status()["rate_nl_per_day"] == 960_000


@pytest.mark.case("EC20")
def test_the_low_reservoir_alarm_comes_at_the_programs_volume_and_leaves_the_basal_rate_only(cli, bench, tmp_path):
    ward = infusing(cli, bench, therapy(tmp_path, alarm_volume="3ml"), fill_nl=3 * ML + 200_000)
    ward.do(*BOLUS)
    ward.advance(8 * MINUTE_MS)
    assert ward.alarms() == {}
    ward.plant.advance_ms(13 * HOUR_MS, until="alarm")
    alarm = ward.alarms()["reservoir-low"]
    assert alarm["priority"] == "low"
    assert 2_990_000 < ward.status()["reservoir_nl"] <= 3_000_000
    assert ward.state == "infusing"
    assert ward.refused(*BOLUS)["name"] == "reservoir-low"
    assert delivers(ward.steps_in(HOUR_MS), RATE, HOUR_MS)


@pytest.mark.case("EC20")
def test_a_bolus_under_way_ends_when_the_reservoir_gets_low(cli, bench):
    ward = infusing(cli, bench, fill_nl=2 * ML + 50_000)
    ward.do(*BOLUS)
    until_alarm(ward, "reservoir-low", 11 * MINUTE_MS)
    assert ward.state == "infusing"
    assert ward.status()["delivered_steps"]["clinician-bolus"] < 100_000_000 // STEP_PL


@pytest.mark.case("EC20")
def test_without_a_program_the_reservoir_counts_as_low_at_2_ml(cli, bench):
    ward = Ward(cli, bench())
    assert ward.status()["low_reservoir_nl"] == 2 * ML
    ward.do("refill", "--begin")
    ward.do("refill", "--residual", "0ml", "--volume", "2ml", "--concentration", "500ug/ml", "--yes")
    ward.advance(10 * SECOND_MS)
    assert list(ward.alarms()) == ["reservoir-low"]


@pytest.mark.case("EC21")
def test_an_empty_reservoir_stops_the_motor_until_it_is_refilled(cli, bench):
    ward = infusing(cli, bench, fill_nl=ML)
    # The reservoir holds less than was stated: the piston comes to its end first.
    ward.plant.fill(12_000)
    ward.advance(2 * HOUR_MS)
    alarms = ward.alarms()
    assert "reservoir-empty" in alarms and alarms["reservoir-empty"]["priority"] == "high"
    assert stands(ward)
    assert ward.refused("resume")["name"] == "alarm-present"
    ward.do("refill", "--begin")
    ward.plant.fill(20 * ML)
    ward.do("refill", "--residual", "0ml", "--volume", "20ml", "--yes")
    ward.advance(10 * SECOND_MS)
    ward.do("alarms", "ack")
    assert ward.do("resume")["state"] == "infusing"
    assert ward.alarms() == {}


@pytest.mark.case("EC21")
def test_the_reservoir_is_empty_by_count_even_where_the_end_switch_says_nothing(cli, bench):
    ward = infusing(cli, bench, fill_nl=ML)
    ward.plant.fill(10 * ML)
    ward.do("stop")
    ward.do("prime", "0.99ml", "--over", "5min", "--yes")
    ward.advance(6 * MINUTE_MS)
    ward.do("resume")
    ward.advance(2 * HOUR_MS)
    assert "reservoir-empty" in ward.alarms()
    assert stands(ward)
    assert ward.truth()["steps_made"] <= ML * 1000 // STEP_PL
    assert ward.status()["reservoir_nl"] < STEP_PL // 1000 + 1


@pytest.mark.case("UC6")
def test_the_sound_is_paused_for_ten_minutes_at_most_and_then_sounds_again(cli, bench):
    ward = infusing(cli, bench)
    ward.plant.fault("air")
    until_alarm(ward, "air-in-line")
    assert ward.sounds(13 * SECOND_MS)
    assert ward.cli("alarms", "pause", "11min").exit_code == 2
    assert ward.do("alarms", "pause", "10min")["paused"]
    ward.advance(MINUTE_MS)
    assert not ward.sounds(13 * SECOND_MS)
    assert ward.do("alarms", "list")["audio_pause_ms"] > 8 * MINUTE_MS
    lamps, _ = ward.lamps_and_tones_in(4 * SECOND_MS, 100)
    assert any(lamp["yellow"] for lamp in lamps)
    ward.advance(8 * MINUTE_MS)
    assert not ward.sounds(13 * SECOND_MS)
    ward.advance(MINUTE_MS)
    assert ward.sounds(13 * SECOND_MS)
    ward.do("alarms", "pause", "5min")
    ward.do("alarms", "pause", "--cancel")
    assert ward.sounds(13 * SECOND_MS)


def test_several_alarms_are_listed_in_order_of_occurrence_and_the_lamp_shows_the_highest(cli, bench):
    ward = infusing(cli, bench)
    order = [("cover-open", "cover-open"), ("supply-off", "supply-lost"), ("stall", "stall"), ("overheat", "overheat")]
    for fault, name in order:
        ward.plant.fault(fault)
        ward.advance((8 if name == "stall" else 2) * MINUTE_MS)
        assert list(ward.alarms())[-1] == name
    listed = ward.do("alarms", "list")["alarms"]
    assert [alarm["id"] for alarm in listed] == [name for _, name in order]
    assert [alarm["since"] for alarm in listed] == sorted(alarm["since"] for alarm in listed)
    lamps, _ = ward.lamps_and_tones_in(2 * SECOND_MS, 50)
    assert any(lamp["red"] for lamp in lamps)
    assert not any(lamp["yellow"] or lamp["cyan"] for lamp in lamps)
    assert ward.do("alarms", "ack", "overheat") == {"acknowledged": 1}
    assert ward.alarms()["overheat"]["acknowledged"]
    assert not ward.alarms()["stall"]["acknowledged"]
    assert ward.refused("alarms", "ack", "air-in-line")["name"] == "alarm-not-present"
    assert ward.do("alarms", "ack") == {"acknowledged": 3}
    assert list(ward.alarms()) == ["cover-open", "supply-lost", "overheat"]


@pytest.mark.case("EC24")
def test_a_stopped_therapy_says_so_after_half_an_hour(cli, bench):
    ward = infusing(cli, bench)
    ward.do("stop")
    ward.advance(29 * MINUTE_MS)
    assert ward.alarms() == {}
    ward.advance(2 * MINUTE_MS)
    assert ward.alarms()["long-stop"]["priority"] == "medium"
    ward.do("resume")
    ward.advance(2 * MINUTE_MS)
    assert ward.alarms() == {}


@pytest.mark.case("EC24")
def test_a_therapy_programmed_and_never_started_says_so_after_half_an_hour(cli, bench):
    ward = programmed(cli, bench)
    ward.advance(29 * MINUTE_MS)
    assert ward.alarms() == {}
    ward.advance(2 * MINUTE_MS)
    assert list(ward.alarms()) == ["long-stop"]


def test_a_pump_stopped_by_an_alarm_is_programmed_again_once_its_cause_is_gone(cli, bench, tmp_path):
    ward = infusing(cli, bench)
    ward.plant.fault("overheat")
    until_alarm(ward, "overheat")
    less = therapy(tmp_path, dose="80ug/d")
    assert ward.refused("program", "send", less, "--yes")["name"] == "wrong-state"
    assert ward.do("stop")["state"] == "suspended"
    assert ward.refused("resume")["name"] == "alarm-present"
    ward.plant.fault("overheat", on=False)
    ward.advance(2 * MINUTE_MS)
    ward.do("alarms", "ack")
    assert ward.do("program", "send", less, "--yes")["started"]
    assert ward.status()["rate_nl_per_day"] == 160_000
