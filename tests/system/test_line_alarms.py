"""The fluid path at the serial port: occlusions, air, and priming that gets nowhere."""

import pytest
from modes import records
from ward import HOUR_MS, MINUTE_MS, SECOND_MS, STEP_PL, delivers, infusing, stands, until_alarm

RATE = 200_000


@pytest.mark.case("EC10")
@pytest.mark.on_chip
def test_a_downstream_occlusion_stops_the_motor_by_its_rise_and_nothing_is_made_up_for(cli, bench):
    ward = infusing(cli, bench)
    ward.advance(ward.lasting_ms(HOUR_MS))
    ward.plant.fault("occlude")
    before = ward.truth()["steps_made"]
    alarm = until_alarm(ward, "occlusion-downstream")
    assert alarm["priority"] == "medium" and 15_000 < alarm["detail"] < 69_000
    assert stands(ward)
    assert ward.truth()["steps_made"] - before <= 5
    ward.advance(ward.lasting_ms(3 * HOUR_MS))
    ward.plant.fault("occlude", on=False)
    ward.advance(10 * SECOND_MS)
    assert ward.refused("resume")["name"] == "alarm-present"
    ward.do("alarms", "ack")
    ward.do("resume")
    after_ms = ward.lasting_ms(HOUR_MS)
    assert delivers(ward.steps_in(after_ms), RATE, after_ms)


@pytest.mark.case("EC10")
def test_an_occlusion_whose_pressure_stays_is_one_occurrence(cli, bench):
    ward = infusing(cli, bench)
    ward.plant.fault("occlude")
    until_alarm(ward, "occlusion-downstream")
    since = ward.alarms()["occlusion-downstream"]["since"]
    ward.advance(HOUR_MS)
    told = ward.alarms()["occlusion-downstream"]
    assert told["active"] and told["since"] == since


@pytest.mark.case("EC11")
def test_an_upstream_occlusion_stops_the_motor_by_its_rise_and_nothing_is_made_up_for(cli, bench):
    ward = infusing(cli, bench)
    ward.advance(HOUR_MS)
    ward.plant.fault("occlude-upstream")
    alarm = until_alarm(ward, "occlusion-upstream")
    assert alarm["priority"] == "medium" and -7000 < alarm["detail"] < -3000
    assert stands(ward)
    ward.advance(HOUR_MS)
    assert ward.refused("resume")["name"] == "alarm-present"
    ward.plant.fault("occlude-upstream", on=False)
    ward.advance(10 * SECOND_MS)
    ward.do("alarms", "ack")
    ward.do("resume")
    assert delivers(ward.steps_in(HOUR_MS), RATE, HOUR_MS)


@pytest.mark.parametrize("over", ["10min", "1min", "10s"])
def test_a_fast_bolus_into_an_open_line_is_no_occlusion(cli, bench, over):
    ward = infusing(cli, bench)
    ward.do("bolus", "50ug", "--over", over, "--patient", ward.status()["patient"], "--yes")
    ward.advance(12 * MINUTE_MS)
    assert ward.alarms() == {}


@pytest.mark.case("EC6")
def test_priming_that_meets_no_resistance_stops_and_says_so(cli, bench):
    ward = infusing(cli, bench)
    ward.do("stop")
    ward.plant.fault("leak", value="100")
    ward.do("prime", "1ml", "--over", "2min", "--yes")
    ward.advance(20 * SECOND_MS)
    assert ward.alarms()["priming-failed"]["priority"] == "medium"
    assert stands(ward)
    assert ward.refused("resume")["name"] == "alarm-present"
    faults = [one for one in records(ward, "fault") if one["part"] == "priming"]
    assert "no pressure rise" in faults[-1]["text"]


@pytest.mark.case("EC6")
def test_priming_with_a_stalled_motor_stops_and_infusion_stays_off(cli, bench):
    ward = infusing(cli, bench)
    ward.do("stop")
    ward.plant.fault("stall")
    ward.do("prime", "0.1ml", "--over", "2min", "--yes")
    ward.advance(MINUTE_MS)
    assert {"priming-failed", "stall"} <= set(ward.alarms())
    assert stands(ward)


@pytest.mark.case("EC12")
def test_air_is_primed_out_of_the_line_off_the_patient(cli, bench):
    ward = infusing(cli, bench)
    ward.plant.fault("air")
    until_alarm(ward, "air-in-line")
    ward.do("alarms", "ack")
    assert ward.do("stop")["state"] == "suspended"
    ward.do("prime", "0.1ml", "--over", "2min", "--yes")
    ward.advance(MINUTE_MS)
    ward.plant.fault("air", on=False)
    ward.advance(2 * MINUTE_MS)
    assert ward.status()["delivered_steps"]["priming"] == 100_000_000 // STEP_PL
    assert ward.alarms() == {}
    assert ward.do("resume")["state"] == "infusing"
