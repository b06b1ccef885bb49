"""Pure decisions: schedule, guard, flow, alarms, clock, prescription, ledger."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infuser.core import prescription, reservoir
from infuser.core.alarmlist import AlarmList
from infuser.core.clock import Clock
from infuser.core.flow import FlowChecker
from infuser.core.guard import SLOT_MS, Guard
from infuser.core.ledger import Ledger
from infuser.core.schedule import Schedule
from infuser.wire import alarms, errors, program, records, states, units
from infuser.wire.messages import Refusal


def make_program(**changes) -> dict:
    values = {
        "version": 1,
        "patient": "P-1",
        "drug": "baclofen",
        "concentration_ug_per_ml": 500,
        "mode": program.FLEX,
        "step_list": [
            {"day_mask": 0x7F, "start_min": 6 * 60, "dose_ng_per_day": 240_000},
            {"day_mask": 0x7F, "start_min": 18 * 60, "dose_ng_per_day": 320_000},
        ],
        "minimum_ng_per_day": 30_000,
        "bolus_max_ng": 50_000,
        "bolus_lockout_min": 240,
        "dose_max_ng_per_day": 400_000,
        "low_reservoir_nl": 2_000_000,
    }
    values.update(changes)
    return values


def test_a_flex_step_holds_until_the_next_one_begins_across_midnight():
    schedule = Schedule(make_program())
    assert schedule.rate_at(0) == (640_000, 6 * units.MS_PER_H)
    assert schedule.rate_at(6 * units.MS_PER_H) == (480_000, 12 * units.MS_PER_H)
    assert schedule.rate_at(7 * units.MS_PER_DAY - 1) == (640_000, 6 * units.MS_PER_H + 1)


def test_the_daily_mean_weighs_each_step_by_its_length():
    assert Schedule(make_program()).mean_nl_per_day == 560_000
    assert Schedule(make_program()).dose_ng_per_day() == 280_000


def test_steps_may_differ_by_the_day_of_the_week():
    steps = [
        {"day_mask": 0x1F, "start_min": 0, "dose_ng_per_day": 100_000},
        {"day_mask": 0x60, "start_min": 0, "dose_ng_per_day": 200_000},
    ]
    schedule = Schedule(make_program(step_list=steps))
    assert schedule.rate_at(0) == (200_000, units.MS_PER_DAY)
    assert schedule.rate_at(4 * units.MS_PER_DAY) == (200_000, units.MS_PER_DAY)
    assert schedule.rate_at(5 * units.MS_PER_DAY + 5) == (400_000, units.MS_PER_DAY - 5)


@pytest.mark.case("EC3")
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"patient": ""}, "patient"),
        ({"drug": ""}, "drug"),
        ({"concentration_ug_per_ml": 0}, "concentration_ug_per_ml"),
        ({"mode": 9}, "mode"),
        ({"low_reservoir_nl": 0}, "low_reservoir_nl"),
        ({"minimum_ng_per_day": 1}, "minimum_ng_per_day"),
        ({"minimum_ng_per_day": 300_000}, "minimum_ng_per_day"),
        ({"bolus_max_ng": 2_000_000}, "bolus_max_ng"),
        ({"dose_max_ng_per_day": 200_000}, "dose_ng_per_day"),
        ({"dose_max_ng_per_day": 3_000_000}, "dose_max_ng_per_day"),
        ({"step_list": []}, "step_list"),
        ({"step_list": [{"day_mask": 0x7F, "start_min": 1440, "dose_ng_per_day": 100_000}]}, "step_list[0].start_min"),
        ({"step_list": [{"day_mask": 0, "start_min": 0, "dose_ng_per_day": 100_000}]}, "step_list[0].day_mask"),
        ({"step_list": [{"day_mask": 0x7F, "start_min": 0, "dose_ng_per_day": 9}]}, "step_list[0].dose_ng_per_day"),
    ],
)
def test_a_program_beyond_a_hard_limit_is_refused_and_the_field_named(changes, field):
    with pytest.raises(Refusal) as caught:
        prescription.check(make_program(**changes))
    assert caught.value.field == field


def test_two_steps_that_begin_at_once_are_refused():
    steps = make_program()["step_list"] * 2
    with pytest.raises(Refusal) as caught:
        prescription.check(make_program(step_list=steps))
    assert caught.value.code == errors.PROGRAM_INVALID


@pytest.mark.case("EC2")
def test_a_dose_outside_the_labelled_range_is_warned_about():
    steps = [{"day_mask": 0x7F, "start_min": 0, "dose_ng_per_day": 1_500_000}]
    schedule = prescription.check(make_program(step_list=steps, dose_max_ng_per_day=0))
    assert [warning["field"] for warning in prescription.warnings(schedule)] == ["dose_ng_per_day"]
    assert prescription.warnings(Schedule(make_program())) == []


@given(requests=st.lists(st.tuples(st.integers(0, 64), st.integers(1, 40)), max_size=200))
def test_the_guard_never_lets_more_steps_pass_than_its_rate_and_ceiling_admit(requests):
    guard = Guard(units.STEP_PL_NOMINAL)
    guard.set_rate_limit(24_000_000)
    guard.set_ceiling(150)
    quanta_passed = 0
    for wanted, quanta in requests:
        quanta_passed += quanta
        assert 0 <= guard.allow(wanted, quanta) <= wanted
        assert guard.steps <= min(150, 2 + quanta_passed * 284 // 1000)


def test_a_damaged_guard_counter_stops_everything():
    guard = Guard(units.STEP_PL_NOMINAL)
    guard.set_rate_limit(24_000_000)
    guard.set_ceiling(1000)
    guard.steps ^= 8
    assert guard.allow(1, 10) == 0
    assert guard.corrupt


@pytest.mark.case("EC13")
def test_the_24_h_window_counts_a_slot_longer_than_a_day_and_frees_it_after():
    guard = Guard(units.STEP_PL_NOMINAL)
    guard.set_rate_limit(24_000_000)
    guard.set_ceiling(10_000)
    guard.day_limit_steps = 100
    guard.allow(0, 256)
    assert guard.allow(60, 256) == 60
    guard.poll(24 * units.MS_PER_H)
    assert guard.room_steps() == 40
    guard.poll(24 * units.MS_PER_H + SLOT_MS)
    assert guard.room_steps() == 100


def test_the_guard_remembers_the_past_day_over_a_restart():
    guard = Guard(units.STEP_PL_NOMINAL)
    guard.day_limit_steps = 1000
    guard.restore(5000, [10] * 30, 0)
    assert guard.room_steps() == 1000 - 24 * 10


def test_encoder_noise_and_flight_are_no_deviation_but_missing_steps_are():
    flow = FlowChecker()
    flow.restart(100, 0)
    assert flow.deviation_steps((100 + 1280) % 4096, 1000, 1010) == 0
    assert flow.deviation_steps((100 + 1280) % 4096, 1010, 1010) == -10
    assert flow.deviation_steps((100 + 1306) % 4096, 1000, 1010) == 10


def test_movement_is_followed_over_many_turns_of_the_encoder():
    flow = FlowChecker()
    flow.restart(0, 0)
    for step in range(0, 50_000, 1000):
        assert flow.deviation_steps(step * 4096 // 3200 % 4096, step, step + 1) in (0, -1)


def test_an_alarm_that_clears_and_returns_is_a_new_occurrence_at_the_end_of_the_list():
    present = AlarmList()
    present.raise_(alarms.RESERVOIR_LOW, 1, 0)
    present.raise_(alarms.BATTERY_LOW, 2, 0)
    present.clear(alarms.RESERVOIR_LOW)
    present.raise_(alarms.RESERVOIR_LOW, 3, 0)
    assert [entry["alarm"] for entry in present.entries] == [alarms.BATTERY_LOW, alarms.RESERVOIR_LOW]


def test_a_latching_alarm_stays_until_it_is_acknowledged_and_its_cause_gone():
    present = AlarmList()
    present.raise_(alarms.STALL, 1, 0)
    present.acknowledge(alarms.STALL)
    assert present.find(alarms.STALL)
    present.clear(alarms.STALL)
    assert not present.find(alarms.STALL)
    present.raise_(alarms.STALL, 2, 0)
    present.clear(alarms.STALL)
    assert present.answer() == alarms.MOTOR_OFF
    present.acknowledge(0)
    assert present.answer() == alarms.KEEP


def test_local_days_follow_the_utc_offset_and_go_on_without_a_clock():
    clock = Clock()
    assert clock.now_ms(5) == 0
    assert clock.day(units.MS_PER_DAY + 1) == 1
    clock.utc_offset_min = 120
    clock.set(1_780_000_000_000, 1000)
    assert clock.valid
    assert clock.local_ms(2000) == 1_780_000_001_000 + 7_200_000
    clock.set(12345, 3000)
    assert not clock.valid


def test_monday_begins_the_week():
    clock = Clock()
    clock.set(1_767_571_200_000, 0)  # Monday 5 January 2026, 00:00 UTC
    assert clock.week_ms(0) == 0


@given(st.integers(0, 20_000_000), st.integers(0, 300_000))
def test_the_reservoir_never_reads_below_nothing(filled_nl, steps):
    left = reservoir.volume_nl(filled_nl, steps, units.STEP_PL_NOMINAL)
    assert 0 <= left <= filled_nl


def apply_all(ledger: Ledger) -> None:
    ledger.apply(records.PROGRAM, {"program": b"xyz", "confirmed": False, "operator": "o"}, 5)
    ledger.apply(records.STATE, {"old": states.IDLE, "new": states.INFUSING, "reason": 1, "rate_nl_per_day": 1}, 6)
    ledger.apply(records.ALARM_RAISED, {"alarm": alarms.STALL, "priority": 3, "detail": -9}, 7)
    ledger.apply(records.COMMAND, {"request_id": 77, "command": 1, "error": 3, "operator": ""}, 8)
    counters = {
        "basal_steps": 10,
        "patient_bolus_steps": 0,
        "clinician_bolus_steps": 2,
        "priming_steps": 5,
        "closes_hour": True,
    }
    ledger.apply(records.DELIVERY, counters, 1_780_000_000_000)


def test_a_snapshot_restores_the_ledger_it_was_taken_of():
    ledger, restored = Ledger(), Ledger()
    apply_all(ledger)
    restored.restore(ledger.snapshot())
    assert restored.snapshot() == ledger.snapshot()
    assert restored.state == states.INFUSING
    assert restored.outcome(77) == 3
    assert restored.hour_list == [{"steps": 12}]
    assert restored.alarms.active(alarms.STALL)


def test_a_bolus_interrupted_by_power_is_known_after_replay():
    ledger = Ledger()
    fields = {"bucket": 2, "dose_ng": 1, "volume_nl": 9, "duration_ms": 1, "start_steps": 0, "operator": ""}
    ledger.apply(records.BOLUS_STARTED, fields, 4)
    assert ledger.bolus_bucket == states.CLINICIAN_BOLUS
    ledger.apply(records.BOLUS_ENDED, {"bucket": 2, "steps": 0, "volume_nl": 0, "reason": 4}, 5)
    assert ledger.bolus_bucket == 255
