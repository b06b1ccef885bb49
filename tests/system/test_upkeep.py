"""The self-tests of a whole pump: at power-on, and those that go on while it runs and cost no dose."""

import pytest
from ward import DAY_MS, EXAMPLES, HOUR_MS, MINUTE_MS, SECOND_MS, Ward, delivers, filled, infusing

RATE = 200_000


def faults(ward: Ward) -> list[tuple[str, bool]]:
    """(part, masked) of every fault in the log."""
    ward.do("log", "pull")
    told = [record["fields"] for record in ward.do("log", "show", "--kind", "fault")["records"]]
    return [(fields["part"], fields["masked"]) for fields in told]


@pytest.mark.case("EC4")
def test_a_sound_pump_passes_all_of_it_and_logs_no_fault(cli, bench):
    ward = infusing(cli, bench)
    ward.advance(2 * DAY_MS)
    ward.do("stop")
    assert ward.do("selftest")["passed"]
    assert (faults(ward), ward.alarms()) == ([], {})


@pytest.mark.case("EC4")
def test_a_flipped_bit_in_the_firmware_is_found_at_power_on_and_nothing_is_delivered(cli, bench):
    ward = infusing(cli, bench)
    ward.plant.fault("image-bit")
    ward.plant.power_cut()
    assert ward.state == "alarm-stopped"
    assert ward.alarms()["self-test"]["priority"] == "high"
    assert ward.refused("selftest")["value"] == ["firmware image"]
    ward.plant.fault("image-bit", on=False)
    assert ward.do("selftest")["passed"]
    ward.do("alarms", "ack")
    assert ward.do("resume")["state"] == "infusing"


@pytest.mark.case("EC5")
@pytest.mark.case("EC22")
def test_a_flipped_bit_in_the_firmware_is_found_within_a_day_of_therapy(cli, bench):
    ward = infusing(cli, bench)
    ward.plant.fault("image-bit")
    ward.plant.advance_ms(2 * DAY_MS, until="alarm")
    assert list(ward.alarms()) == ["self-test"]
    assert ward.state == "alarm-stopped"
    assert not ward.truth()["driver_enabled"]
    assert faults(ward) == [("firmware image", False)]


@pytest.mark.case("EC17")
def test_a_sounder_that_dies_is_found_with_the_next_alarm_that_sounds_and_therapy_goes_on(cli, bench):
    ward = infusing(cli, bench)
    ward.plant.fault("sounder-dead")
    ward.advance(HOUR_MS)
    assert ward.alarms() == {}
    ward.plant.fault("cover-open")
    ward.advance(2 * MINUTE_MS)
    assert list(ward.alarms()) == ["cover-open", "sounder-failed"]
    assert (ward.state, faults(ward)) == ("infusing", [("sounder", False)])
    ward.plant.fault("sounder-dead", on=False)
    ward.advance(30 * SECOND_MS)
    assert list(ward.alarms()) == ["cover-open"]


@pytest.mark.case("EC22")
@pytest.mark.parametrize("colour", ["red", "yellow", "cyan"])
def test_a_dark_lamp_is_found_within_an_hour_named_and_changes_nothing_about_the_dose(cli, bench, colour):
    ward = infusing(cli, bench)
    ward.plant.fault("lamp-dead", value=colour)
    ward.advance(HOUR_MS + MINUTE_MS)
    alarm = ward.alarms()["lamp-failed"]
    assert (alarm["priority"], alarm["latched"], ward.state) == ("medium", False, "infusing")
    assert faults(ward) == [(f"lamp {colour}", False)]
    assert delivers(ward.steps_in(HOUR_MS), RATE, HOUR_MS)
    ward.plant.fault("lamp-dead", on=False)
    ward.advance(HOUR_MS)
    assert ward.alarms() == {}


@pytest.mark.case("EC4")
@pytest.mark.case("EC22")
def test_a_dark_lamp_is_named_at_power_on_and_therapy_goes_on(cli, bench):
    ward = infusing(cli, bench)
    ward.plant.fault("lamp-dead", value="red")
    ward.plant.power_cut()
    assert (ward.state, "lamp-failed" in ward.alarms()) == ("infusing", True)
    ward.do("stop")
    assert ward.refused("selftest")["value"] == ["lamp red"]


@pytest.mark.case("EC22")
def test_a_clock_that_shows_the_same_second_for_ever_counts_as_lost_until_it_is_set(cli, bench):
    ward = infusing(cli, bench)
    ward.plant.fault("clock-stuck")
    ward.plant.power_cut()
    ward.advance(MINUTE_MS)
    assert "clock-lost" in ward.alarms()
    assert ("clock", False) in faults(ward)
    ward.advance(3 * HOUR_MS)
    assert "clock-lost" in ward.alarms()
    ward.plant.fault("clock-stuck", on=False)
    ward.do("clock", "set", "--time", "2026-01-01T18:00:00+00:00")
    ward.advance(3 * HOUR_MS)
    assert list(ward.alarms()) == ["power-restored"]


@pytest.mark.case("EC22")
@pytest.mark.parametrize("fault", ["encoder-dead", "sounder-dead"])
def test_what_the_power_on_test_finds_is_named(cli, bench, fault):
    ward = filled(cli, bench)
    ward.plant.fault(fault)
    ward.plant.power_cut()
    assert ward.refused("selftest")["value"] == [{"encoder-dead": "encoder", "sounder-dead": "sounder"}[fault]]


@pytest.mark.case("EC22")
def test_a_patient_button_that_is_stuck_asks_for_one_bolus_at_most(cli, bench):
    ward = infusing(cli, bench, EXAMPLES / "patient-bolus-10ug.toml")
    ward.advance(HOUR_MS)
    ward.plant.fault("button-stuck", value="patient")
    ward.advance(30 * HOUR_MS)
    ward.do("log", "pull")
    asked = ward.do("log", "show", "--kind", "bolus-started")["records"]
    asked += ward.do("log", "show", "--kind", "bolus-refused")["records"]
    assert len(asked) == 1
    assert "button-stuck" in ward.alarms()
