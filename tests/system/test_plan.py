"""Plans of doses: titration and taper over days, by the local clock, held, cut back, and never by a leap."""

import pytest
from modes import DAY_MIN, NOW_MIN, exact, patient_bolus, press, records, running, send, steady
from ward import DAY_MS, FLEX, HOUR_MS, MINUTE_MS, PATIENT, STEP_PL, delivers

from infuser.wire import states
from pumpctl import program as files
from pumpctl.errors import Refused


def entries(*doses: int, first_min: int = NOW_MIN + DAY_MIN, every_min: int = DAY_MIN) -> list[dict[str, int]]:
    return [{"at_min": first_min + number * every_min, "dose_ng_per_day": dose} for number, dose in enumerate(doses)]


def titration(*doses: int, **changes) -> dict:
    return steady(plan_list=entries(*doses, every_min=2 * DAY_MIN), plan_increase_permille=200, **changes)


def dose(ward) -> int:
    return int(ward.status()["plan_dose_ng_per_day"])


def order(ward, action: int, dose_ng_per_day: int = 0, patient: str = PATIENT) -> dict:
    with ward.client() as pump:
        return pump.order_plan(action, patient, dose_ng_per_day)


def set_clock(ward, local_min: int) -> None:
    with ward.client() as pump:
        pump.set_clock(local_min * MINUTE_MS, 0)


def rises(ward) -> list[tuple[int, int]]:
    """(age, dose) of each note in which the dose of the plan changed."""
    told = [(record["age_ms"], int(record["dose_ng_per_day"])) for record in records(ward, "plan")]
    return [after for before, after in zip(told, told[1:], strict=False) if after[1] != before[1]]


def test_a_titration_goes_over_to_each_dose_at_its_local_time_and_delivers_it_to_the_step(cli, bench):
    ward = running(cli, bench, titration(115_000, 130_000, 150_000))
    start = ward.status()
    assert (start["plan_length"], start["plan_position"], start["rate_nl_per_day"]) == (3, 0, 200_000)
    assert start["plan_next"].startswith("2026-01-02T08:00")
    ward.advance(6 * DAY_MS)
    now = ward.status()
    assert (now["plan_position"], dose(ward), now["rate_nl_per_day"], now["plan_next"]) == (3, 150_000, 300_000, None)
    changes = rises(ward)
    assert [given for _, given in changes] == [115_000, 130_000, 150_000]
    assert all(
        2 * DAY_MS - 2 * MINUTE_MS <= later - earlier <= 2 * DAY_MS + MINUTE_MS
        for (earlier, _), (later, _) in zip(changes, changes[1:], strict=False)
    )
    volume = 0
    points = [(start["age_ms"], 100_000), *changes, (now["age_ms"], 0)]
    for (since_ms, given), (until_ms, _) in zip(points, points[1:], strict=False):
        volume += given * 2 * (until_ms - since_ms)
    assert abs(now["steps_total"] - volume * 1000 // (DAY_MS * STEP_PL)) <= 3
    assert exact(ward)


def test_a_clock_set_a_month_ahead_makes_no_dose_leap(cli, bench):
    ward = running(cli, bench, titration(115_000, 130_000, 150_000))
    ward.advance(12 * HOUR_MS)
    set_clock(ward, NOW_MIN + 31 * DAY_MIN)
    ward.advance(HOUR_MS)
    assert dose(ward) == 100_000, "no increase in the first 24 h"
    ward.advance(11 * HOUR_MS + 2 * MINUTE_MS)
    assert dose(ward) == 115_000
    ward.advance(23 * HOUR_MS)
    assert dose(ward) == 115_000
    set_clock(ward, NOW_MIN)
    ward.advance(2 * DAY_MS)
    assert dose(ward) == 115_000, "by the clock set back nothing is due, and no dose goes back"
    set_clock(ward, NOW_MIN + 62 * DAY_MIN)
    ward.advance(2 * MINUTE_MS)
    assert dose(ward) == 130_000
    ward.advance(DAY_MS)
    assert dose(ward) == 150_000
    assert all(
        later - earlier >= DAY_MS for (earlier, _), (later, _) in zip(rises(ward), rises(ward)[1:], strict=False)
    )


def test_by_a_lost_clock_the_dose_stays_where_it_is(cli, bench):
    ward = running(cli, bench, titration(115_000, 130_000))
    ward.advance(DAY_MS + MINUTE_MS)
    ward.plant.fault("clock-lost")
    ward.advance(DAY_MS)
    assert (dose(ward), "clock-lost" in ward.alarms()) == (115_000, True)
    assert delivers(ward.steps_in(6 * HOUR_MS), 230_000, 6 * HOUR_MS)
    ward.plant.fault("clock-lost", on=False)
    set_clock(ward, NOW_MIN + 3 * DAY_MIN)
    ward.advance(2 * MINUTE_MS)
    assert dose(ward) == 130_000


def test_a_plan_that_was_held_goes_on_later_by_as_long_as_it_was_held(cli, bench):
    ward = running(cli, bench, titration(115_000, 130_000, 150_000))
    ward.advance(DAY_MS + HOUR_MS)
    assert order(ward, states.PLAN_HOLD)["held"]
    ward.advance(3 * DAY_MS)
    assert (dose(ward), ward.status()["plan_held"]) == (115_000, True)
    reply = order(ward, states.PLAN_GO_ON)
    assert not reply["held"]
    # The next dose was due on the third day and now comes on the sixth.
    assert abs(reply["next_ms"] - (NOW_MIN + 6 * DAY_MIN) * MINUTE_MS) <= 2 * MINUTE_MS
    ward.advance(2 * DAY_MS - 2 * HOUR_MS)
    assert dose(ward) == 115_000
    ward.advance(2 * HOUR_MS)
    assert dose(ward) == 130_000


def test_a_dose_cut_back_holds_at_once_and_the_plan_with_it_until_it_may_go_on(cli, bench):
    ward = running(cli, bench, titration(115_000, 130_000, 150_000))
    ward.advance(3 * DAY_MS + HOUR_MS)
    assert dose(ward) == 130_000
    order(ward, states.PLAN_HOLD)
    ward.advance(DAY_MS)
    reply = order(ward, states.PLAN_CUT_BACK, 105_000)
    assert (reply["dose_ng_per_day"], reply["held"], reply["position"]) == (105_000, True, 0)
    assert ward.status()["rate_nl_per_day"] == 210_000
    ward.plant.power_cut()
    assert delivers(ward.steps_in(DAY_MS), 210_000, DAY_MS)
    reply = order(ward, states.PLAN_GO_ON)
    # Held for two days in all, before and after the cut.
    assert abs(reply["next_ms"] - (NOW_MIN + 3 * DAY_MIN) * MINUTE_MS) <= 2 * MINUTE_MS
    ward.advance(23 * HOUR_MS)
    assert dose(ward) == 105_000
    ward.advance(2 * HOUR_MS)
    assert dose(ward) == 115_000, "from a dose cut back it rises as from any other"


@pytest.mark.case("EC15")
def test_orders_about_a_plan_are_refused_for_another_patient_above_the_dose_and_without_a_plan(cli, bench):
    ward = running(cli, bench, titration(115_000))
    for values, field in (
        ((states.PLAN_HOLD, 0, "BENCH-002"), "patient"),
        ((states.PLAN_CUT_BACK, 100_001), "dose_ng_per_day"),
        ((states.PLAN_CUT_BACK, 20_000), "dose_ng_per_day"),
        ((9, 0), "action"),
    ):
        with pytest.raises(Refused) as caught:
            order(ward, *values)
        assert caught.value.field == field
    send(ward, steady())
    with pytest.raises(Refused) as caught:
        order(ward, states.PLAN_HOLD)
    assert caught.value.name == "no-plan"


def test_a_stopped_pump_does_not_follow_its_plan_and_takes_it_up_when_it_runs(cli, bench):
    ward = running(cli, bench, titration(115_000, 130_000))
    ward.do("stop")
    ward.plant.power_cut(4 * DAY_MS)
    ward.advance(MINUTE_MS)
    assert (dose(ward), ward.state) == (100_000, "suspended")
    ward.do("resume")
    ward.advance(2 * MINUTE_MS)
    assert dose(ward) == 115_000
    ward.advance(23 * HOUR_MS)
    assert dose(ward) == 115_000, "one increase in 24 h, though two were due"
    ward.advance(HOUR_MS)
    assert dose(ward) == 130_000


def test_a_flex_day_is_scaled_to_the_dose_of_the_plan(cli, bench):
    program = {**files.load(FLEX), "plan_list": entries(308_000), "plan_increase_permille": 100}
    ward = running(cli, bench, {**program, "dose_max_ng_per_day": 0})
    ward.advance(DAY_MS + MINUTE_MS)
    assert ward.status()["program_dose_ng_per_day"] in range(307_900, 308_001)
    assert ward.status()["rate_nl_per_day"] == 528_000
    ward.advance(9 * HOUR_MS)
    assert ward.status()["rate_nl_per_day"] == 1_056_000


def test_a_patients_bolus_keeps_its_dose_while_the_plan_rises(cli, bench):
    ward = running(cli, bench, titration(120_000, **patient_bolus()))
    ward.advance(DAY_MS + MINUTE_MS)
    press(ward)
    ward.advance(11 * MINUTE_MS)
    assert ward.status()["delivered_steps"]["patient-bolus"] == 20_000_000 // STEP_PL
