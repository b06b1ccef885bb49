"""Power that fails and returns: therapy goes on, a bolus never, and what a start finds is told."""

import pytest
from ward import DAY_MS, HOUR_MS, MINUTE_MS, ML, PATIENT, SECOND_MS, STEP_PL, delivers, due_steps, filled, infusing

BOLUS = ("bolus", "50ug", "--over", "10min", "--patient", PATIENT, "--yes")
RATE = 200_000


@pytest.mark.on_chip
def test_therapy_goes_on_after_a_power_cut_and_says_so(cli, bench):
    ward = infusing(cli, bench)
    ward.advance(ward.lasting_ms(3 * HOUR_MS))
    before = ward.status()
    ward.do("virtual", "power-cut", "--off", "10min")
    now = ward.status()
    assert now["state"] == "infusing"
    assert now["boot_count"] == before["boot_count"] + 1
    (alarm,) = now["alarms"]
    assert (alarm["id"], alarm["priority"], alarm["latched"]) == ("power-restored", "low", True)
    assert now["program_digest"] == before["program_digest"]
    after_ms = ward.lasting_ms(2 * HOUR_MS)
    assert delivers(ward.steps_in(after_ms), RATE, after_ms)
    ward.do("alarms", "ack")
    assert ward.alarms() == {}


def test_what_a_power_cut_leaves_uncertain_is_ten_microsteps_at_most(cli, bench):
    ward = infusing(cli, bench)
    for _ in range(6):
        ward.advance(17 * MINUTE_MS + 1234)
        ward.plant.power_cut()
        now, made = ward.status(), ward.truth()["steps_made"]
        assert now["steps_uncertain"] <= 10
        # Steps made and not counted are all among the uncertain ones of the power cuts so far.
        assert 0 <= made - now["steps_total"] <= 60


def test_a_power_cut_during_a_bolus_ends_it_and_keeps_its_lock_out(cli, bench):
    ward = infusing(cli, bench)
    ward.do(*BOLUS)
    ward.advance(4 * MINUTE_MS)
    ward.plant.power_cut(2 * HOUR_MS)
    now = ward.status()
    assert (now["state"], now["boluses"]) == ("infusing", [])
    given = now["delivered_steps"]["clinician-bolus"]
    assert given < 100_000_000 // STEP_PL
    ward.advance(20 * MINUTE_MS)
    assert ward.status()["delivered_steps"]["clinician-bolus"] == given
    assert ward.refused(*BOLUS)["name"] == "lock-out"
    ward.advance(100 * MINUTE_MS)
    assert ward.do(*BOLUS)["volume_nl"] == 100_000


def test_a_stopped_pump_stays_stopped_after_a_power_cut(cli, bench):
    ward = infusing(cli, bench)
    ward.do("stop")
    ward.plant.power_cut()
    assert ward.state == "suspended"
    assert ward.steps_in(10 * MINUTE_MS) == 0
    assert ward.alarms() == {}


def test_an_alarm_outlives_a_power_cut(cli, bench):
    ward = infusing(cli, bench)
    ward.plant.fault("occlude")
    ward.plant.advance_ms(HOUR_MS, until="alarm")
    ward.plant.power_cut()
    ward.advance(SECOND_MS)
    assert ward.state == "alarm-stopped"
    assert ward.alarms()["occlusion-downstream"]["since"] < ward.status()["time"]
    assert ward.refused("resume")["name"] == "alarm-present"


def test_the_minimum_rate_outlives_a_power_cut(cli, bench):
    ward = infusing(cli, bench)
    ward.do("minimum-rate", "on")
    ward.plant.power_cut()
    assert ward.state == "minimum-rate"
    assert ward.steps_in(HOUR_MS) == pytest.approx(due_steps(50_000, HOUR_MS), abs=1)


def test_power_that_fails_again_during_the_start_does_not_end_therapy(cli, bench):
    ward = infusing(cli, bench)
    ward.advance(HOUR_MS)
    for operation in (1, 2, 3, 5, 8):
        ward.plant.fault("power-cut-at-flash-op", value=operation)
        ward.plant.power_cut()
        ward.advance(MINUTE_MS)
        assert ward.state == "infusing", operation


@pytest.mark.case("EC4")
@pytest.mark.on_chip
def test_a_self_test_that_fails_at_power_on_names_the_part_and_forbids_infusion(cli, bench):
    ward = filled(cli, bench)
    ward.plant.fault("encoder-dead")
    ward.plant.power_cut()
    assert "self-test" in ward.alarms()
    assert ward.alarms()["self-test"]["priority"] == "high"
    assert ward.refused("resume")["name"] == "alarm-present"
    failed = ward.refused("selftest")
    assert failed["value"] == ["encoder"] and "encoder" in failed["message"]
    ward.do("log", "pull")
    told = ward.do("log", "show", "--kind", "self-test")["records"]
    assert "encoder" in str(told[-1])
    ward.plant.fault("encoder-dead", on=False)
    ward.advance(20 * SECOND_MS)
    assert ward.do("selftest")["passed"]
    ward.do("alarms", "ack")
    assert ward.do("resume")["state"] == "infusing"


@pytest.mark.case("EC4")
def test_a_stuck_button_at_power_on_is_named(cli, bench):
    ward = infusing(cli, bench)
    ward.plant.fault("button-stuck", value="stop")
    ward.plant.power_cut()
    assert ward.state == "alarm-stopped"
    assert ward.refused("selftest")["value"] == ["stop button"]


def test_reservoir_and_totals_are_the_same_after_a_power_cut(cli, bench):
    ward = infusing(cli, bench)
    ward.advance(DAY_MS // 4)
    ward.do("stop")
    before = ward.status()
    ward.plant.power_cut(HOUR_MS)
    now = ward.status()
    for name in ("steps_total", "delivered_total_nl", "reservoir_nl", "delivered_today_nl", "delivered_steps"):
        assert now[name] == before[name], name
    assert now["reservoir_nl"] < 20 * ML


def test_a_pump_with_a_lost_clock_resumes_therapy_too(cli, bench):
    ward = infusing(cli, bench)
    ward.plant.fault("clock-lost")
    ward.plant.power_cut()
    ward.advance(MINUTE_MS)
    assert ward.state == "infusing"
    assert set(ward.alarms()) == {"power-restored", "clock-lost"}
