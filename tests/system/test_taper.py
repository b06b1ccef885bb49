"""The end of a taper, and power that fails in the middle of what a plan notes."""

import pytest
from modes import DAY_MIN, NOW_MIN, TURN_MS, running, send, steady
from ward import DAY_MS, HOUR_MS, MINUTE_MS, ML, PATIENT, STEP_PL, Ward

from infuser.wire import states
from pumpctl.errors import PumpctlError, Refused


def falling(*doses: int, first_min: int = NOW_MIN + DAY_MIN) -> dict:
    """A program whose dose falls once a day."""
    return steady(
        plan_list=[
            {"at_min": first_min + number * DAY_MIN, "dose_ng_per_day": dose} for number, dose in enumerate(doses)
        ]
    )


def local_min(ward: Ward) -> int:
    with ward.client() as pump:
        return int(pump.status()["time_ms"]) // MINUTE_MS


def test_a_taper_ends_the_therapy_says_so_and_does_not_begin_again(cli, bench):
    ward = running(cli, bench, falling(70_000, 40_000, 0), fill_nl=5 * ML)
    ward.advance(2 * DAY_MS + HOUR_MS)
    now = ward.status()
    assert (now["plan_dose_ng_per_day"], now["rate_nl_per_day"], now["state"]) == (40_000, 80_000, "infusing")
    ward.advance(DAY_MS - 2 * HOUR_MS)
    assert ward.state == "infusing"
    ward.advance(HOUR_MS + MINUTE_MS)
    now = ward.status()
    assert (now["state"], now["stop_reason"], list(ward.alarms())) == ("suspended", "plan", ["therapy-ended"])
    assert ward.alarms()["therapy-ended"]["priority"] == "low"
    assert not ward.truth()["driver_enabled"]
    assert 0 <= now["steps_total"] - ward.truth()["steps_made"] <= 1, "a step stopped in the making counts as made"
    # 100, 70 and 40 ug of 500 ug/mL: 420 uL within the minute to which the plan is followed.
    assert abs(now["steps_total"] - 420_000_000 // STEP_PL) <= 3
    assert ward.refused("resume")["name"] == "no-program"
    ward.plant.power_cut()
    assert ward.steps_in(2 * HOUR_MS) == 0
    ward.do("alarms", "ack")
    ward.advance(HOUR_MS)
    assert ward.alarms() == {}, "a therapy that has ended is not one that was forgotten"
    with ward.client() as pump, pytest.raises(Refused) as caught:
        pump.order_plan(states.PLAN_GO_ON, PATIENT)
    assert caught.value.name == "no-plan"


def test_power_that_fails_while_the_taper_ends_does_not_begin_the_therapy_anew(cli, bench):
    ward = running(cli, bench, steady())
    for operation in range(1, 9):
        send(ward, falling(0, first_min=local_min(ward) + 2))
        if ward.state != "infusing":
            ward.do("resume")
        ward.advance(TURN_MS)
        ward.plant.fault("power-cut-at-flash-op", value=operation)
        ward.advance(4 * MINUTE_MS)
        ward.plant.fault("power-cut-at-flash-op", on=False)
        ward.advance(2 * MINUTE_MS)
        assert (ward.state, ward.steps_in(10 * MINUTE_MS)) == ("suspended", 0), operation
        assert "therapy-ended" in ward.alarms()
        ward.do("alarms", "ack")


@pytest.mark.parametrize("operation", [4, 6, 8, 10])
def test_power_that_fails_while_a_plan_is_programmed_leaves_none_or_one_that_is_followed(cli, bench, operation):
    ward = running(cli, bench, steady())
    program = falling(70_000)
    ward.plant.fault("power-cut-at-flash-op", value=operation)
    try:
        send(ward, program)
    except PumpctlError:
        ward.advance(TURN_MS)
    ward.plant.fault("power-cut-at-flash-op", on=False)
    ward.advance(DAY_MS + 2 * MINUTE_MS)
    now = ward.status()
    assert now["state"] == "infusing"
    assert (now["plan_length"], now["rate_nl_per_day"]) in [(0, 200_000), (1, 140_000)]
