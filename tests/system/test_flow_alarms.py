"""Measured flow at the serial port: what is missing is told and tried on, what is too much stops the motor."""

import pytest
from ward import HOUR_MS, MINUTE_MS, PATIENT, STEP_PL, Ward, delivers, infusing, stands, until_alarm

BOLUS = ("bolus", "50ug", "--over", "10min", "--patient", PATIENT, "--yes")
RATE = 200_000
UL_STEPS = 1_000_000 // STEP_PL


def missing(ward: Ward, since: dict) -> int:
    """Microsteps made by the driver and not by the motor."""
    now = ward.truth()
    return now["steps_made"] - since["steps_made"] - (now["motor_steps"] - since["motor_steps"])


@pytest.mark.case("EC8")
@pytest.mark.parametrize(
    "bolus", [pytest.param(False, id="basal"), pytest.param(True, id="bolus", marks=pytest.mark.on_chip)]
)
def test_a_stall_is_told_before_a_microlitre_is_missing_and_the_pump_keeps_trying(cli, bench, bolus):
    ward = infusing(cli, bench)
    if bolus:
        ward.do(*BOLUS)
    ward.advance(MINUTE_MS)
    ward.plant.fault("stall")
    before = ward.truth()
    alarm = until_alarm(ward, "stall")
    assert 0 < missing(ward, before) <= UL_STEPS
    assert alarm["priority"] == "high" and alarm["latched"]
    assert ward.state == ("bolus" if bolus else "infusing")
    after_ms = ward.lasting_ms(HOUR_MS)
    ward.advance(after_ms)
    assert delivers(ward.steps_in(after_ms), RATE, after_ms)


@pytest.mark.case("EC8")
def test_after_a_stall_nothing_is_made_up_for_and_the_alarm_stays_until_it_is_acknowledged(cli, bench):
    ward = infusing(cli, bench)
    ward.plant.fault("stall")
    until_alarm(ward, "stall")
    ward.advance(HOUR_MS)
    ward.plant.fault("stall", on=False)
    before = ward.truth()["motor_steps"]
    ward.advance(HOUR_MS)
    assert delivers(ward.truth()["motor_steps"] - before, RATE, HOUR_MS)
    told = ward.alarms()["stall"]
    assert not told["active"] and told["latched"]
    assert ward.do("alarms", "ack", "stall") == {"acknowledged": 1}
    assert ward.alarms() == {}


@pytest.mark.case("EC8")
@pytest.mark.parametrize("stuck_ms", [HOUR_MS + n * 7 * MINUTE_MS for n in range(4)])
def test_whenever_the_drive_comes_free_the_alarm_ends_though_something_stays_missing(cli, bench, stuck_ms):
    ward = infusing(cli, bench)
    ward.plant.fault("stall")
    ward.advance(stuck_ms)
    ward.do("alarms", "ack")
    ward.plant.fault("stall", on=False)
    ward.advance(HOUR_MS)
    assert ward.alarms() == {}


@pytest.mark.case("EC8")
def test_microsteps_skipped_now_and_then_are_under_delivery_and_no_stall(cli, bench):
    ward = infusing(cli, bench)
    ward.plant.fault("skip-steps", value="20")
    before = ward.truth()
    alarm = until_alarm(ward, "under-delivery", 4 * HOUR_MS)
    assert 0 < missing(ward, before) <= UL_STEPS
    assert alarm["priority"] == "medium"
    assert ward.state == "infusing"


@pytest.mark.case("EC7")
@pytest.mark.on_chip
def test_a_runaway_motor_is_switched_off(cli, bench):
    ward = infusing(cli, bench)
    ward.advance(ward.lasting_ms(HOUR_MS))
    ward.plant.fault("runaway", value="20")
    before = ward.truth()
    alarm = until_alarm(ward, "over-delivery", 4 * HOUR_MS)
    assert alarm["priority"] == "high"
    assert stands(ward)
    assert -UL_STEPS <= missing(ward, before) < 0
    over = ward.truth()["motor_steps"]
    ward.advance(ward.lasting_ms(HOUR_MS))
    assert ward.truth()["motor_steps"] == over
    assert ward.refused("resume")["name"] == "alarm-present"
