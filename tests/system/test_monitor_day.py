"""The plan of the day that the monitor shows is what the firmware delivers, in every mode of infusion."""

import functools
from typing import Any

import pytest
from modes import NOW_MIN, patient_bolus, periodic_bolus, press, running, send, steady
from ward import HOUR_MS, MINUTE_MS, PATIENT, STEP_PL, Ward

from infuser.wire import program as programs
from infuser.wire import units
from pumpctl import monitor_day, monitor_look, operations
from pumpctl.monitor_day import Day
from pumpctl.monitor_look import Look, Reader

# The pump is started at 22:30, so that a midnight comes soon.
EVENING_MS = NOW_MIN * MINUTE_MS + 14 * HOUR_MS + 30 * MINUTE_MS
FLEX = {
    "mode": programs.FLEX,
    "step_list": [
        {"day_mask": programs.EVERY_DAY, "start_min": start_min, "dose_ng_per_day": dose}
        for start_min, dose in ((30, 60_000), (8 * 60, 80_000), (23 * 60, 140_000))
    ],
}
TAPER = {"plan_list": [{"at_min": EVENING_MS // MINUTE_MS + 110, "dose_ng_per_day": 80_000}]}


def look(ward: Ward) -> Look:
    with ward.client() as pump:
        return Reader().look(pump)


def day(ward: Ward) -> Day:
    return monitor_day.of(look(ward))


def agrees(seen: Day, rate_nl_per_day: int = 400_000) -> bool:
    """Whether what was delivered is the plan, but for a microstep in each of two buckets and the last tick."""
    slack_nl = 2 * STEP_PL // units.PL_PER_NL + 1 + rate_nl_per_day * 5 // (24 * 3600)
    return seen.planned_nl is not None and abs(seen.behind_nl) <= slack_nl


@pytest.mark.parametrize(
    "changes", [FLEX, TAPER, periodic_bolus(5_000, 10, 40)], ids=["flex", "taper", "periodic boluses"]
)
def test_the_plan_until_now_is_what_an_undisturbed_pump_has_delivered(cli, bench, changes: dict[str, Any]):
    ward = running(cli, functools.partial(bench, wall_ms=EVENING_MS), steady(**changes))
    ward.advance(HOUR_MS + 23 * MINUTE_MS)
    first = day(ward)
    assert agrees(first) and first.start_ms > first.midnight_ms
    whole_nl = first.whole_nl or 0
    ward.advance(units.MS_PER_DAY - first.now_ms % units.MS_PER_DAY - 5000)
    last = day(ward)
    assert abs(whole_nl - (last.whole_nl or 0)) <= 2 and 0 <= whole_nl - last.delivered_nl <= 300
    ward.advance(43 * MINUTE_MS)
    second = day(ward)
    assert agrees(second) and second.start_ms == second.midnight_ms
    assert (second.stopped_ms, second.reduced_ms, second.by_hand_nl) == (0, 0, 0)


def test_orders_and_interruptions_of_a_day_are_told_apart(cli, bench):
    ward = running(cli, bench, steady(**patient_bolus(10_000, 10, 60)))
    with ward.client() as pump:
        pump.temporary_rate(60_000, 4 * HOUR_MS, PATIENT)
        ward.advance(HOUR_MS)
        assert agrees(day_of(pump))
        pump.temporary_rate(0, 0, PATIENT)
        ward.advance(HOUR_MS)
        assert agrees(day_of(pump))
    press(ward)
    ward.advance(20 * MINUTE_MS)
    bolus = day(ward)
    assert agrees(bolus) and abs(bolus.by_hand_nl - 20_000) <= 100
    with ward.client() as pump:
        pump.stop()
        ward.advance(30 * MINUTE_MS)
        pump.resume()
        pump.minimum_rate(True)
        ward.advance(10 * MINUTE_MS)
        pump.minimum_rate(False)
    ward.plant.power_cut(15 * MINUTE_MS)
    ward.advance(5 * MINUTE_MS)
    after = day(ward)
    assert abs(after.stopped_ms - 45 * MINUTE_MS) < 10_000
    assert abs(after.reduced_ms - 10 * MINUTE_MS) < 5_000
    # 45 min without 200 uL a day, 10 min with a quarter of it.
    missing_nl = 200_000 * (45 * 4 + 10 * 3) // 4 // 1440
    assert abs(after.behind_nl - missing_nl) <= 400
    send(ward, steady(200_000))
    ward.advance(HOUR_MS)
    changed = day(ward)
    assert agrees(changed) and changed.now_ms - changed.start_ms < HOUR_MS + 10_000
    assert (changed.stopped_ms, changed.by_hand_nl) == (0, 0)


def day_of(pump: operations.Pump) -> Day:
    return monitor_day.of(Reader().look(pump))


def test_a_bridge_is_planned_at_its_own_rate_until_it_is_over(cli, bench):
    ward = running(cli, bench, steady())
    ward.advance(HOUR_MS)
    with ward.client() as pump:
        pump.begin_refill()
        ward.plant.fill(10_000_000)
        pump.complete_refill(0, 10_000_000, 1000)
    send(ward, steady(concentration_ug_per_ml=1000, minimum_ng_per_day=50_000), bridge_nl=20_000)
    with ward.client() as pump:
        pump.resume()
        ward.advance(HOUR_MS)
        assert agrees(day_of(pump))
        ward.advance(4 * HOUR_MS)
        assert agrees(day_of(pump))


def test_looking_for_an_hour_writes_nothing_and_disturbs_nothing(cli, bench):
    ward = running(cli, bench, steady())
    ward.advance(MINUTE_MS)
    reader = Reader()
    with ward.client() as pump:
        reader.look(pump)
        before, steps = ward.truth()["flash"], ward.truth()["steps_made"]
        for _ in range(60):
            reader.look(pump)
        after = ward.truth()
    assert (after["flash"]["programs"], after["flash"]["erases"]) == (before["programs"], before["erases"])
    assert after["steps_made"] - steps <= 1
    assert reader.log[-1]["seq"] == ward.status()["log_next"] - 1


def test_a_log_longer_than_a_page_is_read_back_to_the_beginning_of_the_day(cli, bench):
    ward = running(cli, bench, steady())
    with ward.client() as pump:
        for _ in range(30):
            pump.stop()
            pump.resume()
        told = Reader()
        seen = told.look(pump)
    assert len(told.log) == seen.status["log_next"] - told.log[0]["seq"] > monitor_look.FIRST_TAIL
    assert told.log[0]["seq"] == 1
    assert monitor_day.of(seen).start_ms > 0
