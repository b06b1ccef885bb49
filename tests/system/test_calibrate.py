"""Calibration of a virtual pump under a virtual scale."""

import pytest
from ward import DAY_MS, HOUR_MS, STEP_PL, filled, infusing

from infuser.wire import states, units
from pumpctl.errors import Refused

USUAL = ("--yes", "calibrate", "--runs", "3", "--volume", "1ml", "--over", "1min", "--virtual-scale")


def calibration(ward):
    """(pL a microstep, ppm, microsteps primed) by the pump's status."""
    with ward.client() as pump:
        now = pump.status()
    return now["step_pl"], now["calibration_ppm"], now["bucket_list"][states.PRIME]["steps"]


def test_a_sound_pump_is_found_to_be_nominal(cli, bench):
    ward = filled(cli, bench)
    told = ward.do(*USUAL, ward.plant.name)
    assert abs(told["step_pl"] - STEP_PL) <= 2 and told["uncertainty_ppm"] <= 20
    assert all(abs(run["volume_nl"] - units.NL_PER_ML) <= 200 for run in told["runs"])
    step_pl, ppm, primed = calibration(ward)
    assert (step_pl, ppm, primed) == (told["step_pl"], told["uncertainty_ppm"], sum(r["steps"] for r in told["runs"]))
    ward.do("log", "pull")
    (record,) = ward.do("log", "show", "--kind", "calibration")["records"]
    assert record["fields"]["step_pl"] == step_pl and record["fields"]["runs"] == 3


def test_a_pump_that_gives_less_a_microstep_delivers_the_right_volume_once_calibrated(cli, bench):
    ward = filled(cli, bench)
    ward.plant.fault("leak", value=5)
    told = ward.do(*USUAL, ward.plant.name)
    assert abs(told["step_pl"] - STEP_PL * 95 // 100) <= 3
    assert abs(told["from_nominal_ppm"] + 50_000) <= 30
    with ward.client() as pump:
        rate = pump.resume()["rate_nl_per_day"]
    ward.advance(HOUR_MS)
    before = ward.truth()["delivered_nl"]
    ward.advance(DAY_MS // 2)
    # A microstep, and what is due within a tick.
    assert abs(ward.truth()["delivered_nl"] - before - rate // 2) <= 150


def test_more_than_ten_percent_is_not_taken(cli, bench):
    ward = filled(cli, bench)
    ward.plant.fault("leak", value=15)
    ran = cli("--port", ward.plant.name, "--json", *USUAL, ward.plant.name)
    assert ran.exit_code == 5 and "at most 10 %" in ran.json["error"]["message"]
    step_pl, ppm, primed = calibration(ward)
    assert (step_pl, ppm) == (STEP_PL, 0) and primed > 0
    with ward.client() as pump, pytest.raises(Refused, match="allowed"):
        pump.calibrate(STEP_PL * 111 // 100, 10, 3)
    assert calibration(ward)[0] == STEP_PL


def test_a_run_that_an_alarm_ends_leaves_the_calibration_as_it_was(cli, bench):
    ward = filled(cli, bench)
    ward.plant.fault("stall")
    ran = cli("--port", ward.plant.name, "--json", *USUAL, ward.plant.name)
    assert ran.exit_code == 5 and "cut short" in ran.json["error"]["message"]
    assert calibration(ward)[0] == STEP_PL
    assert ward.steps_in(HOUR_MS) == 0


def test_a_pump_that_infuses_is_not_calibrated(cli, bench):
    ward = infusing(cli, bench)
    ran = cli("--port", ward.plant.name, "--json", *USUAL, ward.plant.name)
    assert ran.exit_code == 2 and "pumpctl stop" in ran.json["error"]["remedy"]
    with ward.client() as pump, pytest.raises(Refused):
        pump.calibrate(STEP_PL, 10, 3)
    assert ward.state == "infusing"
