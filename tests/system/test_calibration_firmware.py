"""A calibrated microstep: what was delivered before keeps its volume, what comes after has the new one."""

import pytest
from modes import prepared, running, steady
from ward import DAY_MS, HOUR_MS, ML, STEP_PL

from pumpctl.errors import Refused

RATE = 200_000
MEASURED_PL = 101_000


def calibrate(ward, step_pl: int = MEASURED_PL, uncertainty_ppm: int = 4_000, runs: int = 5) -> dict:
    with ward.client() as pump:
        return pump.calibrate(step_pl, uncertainty_ppm, runs)


@pytest.mark.parametrize("cut", [False, True])
def test_volumes_before_a_calibration_stay_and_those_after_it_count_by_the_new_step(cli, bench, cut):
    ward = running(cli, bench, steady())
    ward.advance(6 * HOUR_MS)
    ward.do("stop")
    before = ward.status()
    assert calibrate(ward)["reservoir_nl"] == before["reservoir_nl"]
    if cut:
        ward.plant.power_cut()
    now = ward.status()
    assert (now["step_pl"], now["calibration_ppm"]) == (MEASURED_PL, 4_000)
    assert now["calibrated"].startswith("2026-01-01T14:0")
    for name in ("delivered_total_nl", "delivered_today_nl", "reservoir_nl", "steps_total"):
        assert now[name] == before[name], name
    ward.do("resume")
    steps = ward.steps_in(12 * HOUR_MS)
    # The same volume in steps that are each worth more.
    assert abs(steps - RATE // 2 * 1000 // MEASURED_PL) <= 1
    assert abs(steps - RATE // 2 * 1000 // STEP_PL) > 20
    later = ward.status()
    made_nl = (later["steps_total"] - before["steps_total"]) * MEASURED_PL // 1000
    assert abs(later["delivered_total_nl"] - before["delivered_total_nl"] - made_nl) <= 1
    assert abs(before["reservoir_nl"] - later["reservoir_nl"] - made_nl) <= 1


def test_a_bolus_after_a_calibration_has_its_volume_in_new_steps(cli, bench):
    ward = prepared(cli, bench, steady())
    calibrate(ward)
    ward.do("resume")
    with ward.client() as pump:
        pump.bolus(50_000, 600_000, "BENCH-001")
    ward.advance(660_000)
    assert ward.status()["delivered_steps"]["clinician-bolus"] == 100_000_000 // MEASURED_PL


def test_a_second_calibration_adds_up_with_the_first(cli, bench):
    ward = running(cli, bench, steady())
    total_nl = steps = 0
    for step_pl in (STEP_PL, MEASURED_PL, 96_000):
        if step_pl != STEP_PL:
            ward.do("stop")
            calibrate(ward, step_pl)
            ward.do("resume")
        ward.advance(DAY_MS // 8)
        now = ward.status()
        total_nl += (now["steps_total"] - steps) * step_pl // 1000
        steps = now["steps_total"]
    # A step that a stop took with it may count on either side.
    assert abs(ward.status()["delivered_total_nl"] - total_nl) <= 2 * STEP_PL // 1000


@pytest.mark.case("EC3")
@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"step_pl": STEP_PL * 9 // 10 - 10}, "step_pl"),
        ({"step_pl": STEP_PL * 11 // 10 + 10}, "step_pl"),
        ({"uncertainty_ppm": 100_001}, "uncertainty_ppm"),
        ({"runs": 0}, "runs"),
    ],
)
def test_a_calibration_that_no_motor_can_have_is_refused(cli, bench, values, field):
    ward = prepared(cli, bench, steady())
    with pytest.raises(Refused) as caught:
        calibrate(ward, **values)
    assert caught.value.field == field
    assert ward.status()["step_pl"] == STEP_PL


def test_a_running_pump_is_not_calibrated(cli, bench):
    ward = running(cli, bench, steady(), fill_nl=5 * ML)
    with pytest.raises(Refused) as caught:
        calibrate(ward)
    assert caught.value.name == "wrong-state"
