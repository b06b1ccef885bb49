"""The alarms present: order of occurrence, latching, what they make the pump do."""

import re

from hypothesis import given
from hypothesis import strategies as st
from tree import FIRMWARE

from infuser.app.alarming import TOLD
from infuser.core.alarmlist import AlarmList
from infuser.wire import alarms


def test_an_alarm_that_clears_and_returns_is_a_new_occurrence_at_the_end_of_the_list():
    present = AlarmList()
    present.raise_(alarms.RESERVOIR_LOW, 1, 1, 0)
    present.raise_(alarms.BATTERY_LOW, 2, 2, 0)
    present.clear(alarms.RESERVOIR_LOW)
    present.raise_(alarms.RESERVOIR_LOW, 3, 3, 0)
    assert [entry["alarm"] for entry in present.entries] == [alarms.BATTERY_LOW, alarms.RESERVOIR_LOW]


def test_a_latching_alarm_stays_until_it_is_acknowledged_and_its_cause_gone():
    present = AlarmList()
    present.raise_(alarms.OVER_DELIVERY, 1, 1, 0)
    present.acknowledge(alarms.OVER_DELIVERY)
    assert present.find(alarms.OVER_DELIVERY)
    present.clear(alarms.OVER_DELIVERY)
    assert not present.find(alarms.OVER_DELIVERY)
    present.raise_(alarms.OVER_DELIVERY, 2, 2, 0)
    present.clear(alarms.OVER_DELIVERY)
    assert present.answer() == alarms.MOTOR_OFF
    present.acknowledge(0)
    assert present.answer() == alarms.KEEP


@given(st.lists(st.tuples(st.sampled_from(["raise", "clear", "acknowledge"]), st.sampled_from(sorted(alarms.ALARMS)))))
def test_whatever_comes_and_goes_every_cause_present_is_listed_once_in_order_and_answered(steps):
    present = AlarmList()
    causes: list[int] = []
    for age_ms, (what, alarm) in enumerate(steps):
        if what == "raise" and alarm not in causes:
            present.raise_(alarm, 0, age_ms, 0)
            causes.append(alarm)
        elif what == "clear" and alarm in causes:
            present.clear(alarm)
            causes.remove(alarm)
        elif what == "acknowledge":
            present.acknowledge(alarm)
        listed = [entry["alarm"] for entry in present.entries]
        assert len(listed) == len(set(listed))
        assert [alarm for alarm in listed if present.active(alarm)] == causes
        times = [entry["raised_ms"] for entry in present.entries]
        assert times == sorted(times)
        assert present.answer() == max([alarms.answer(alarm) for alarm in listed], default=alarms.KEEP)
        assert present.priority() >= max([alarms.priority(alarm) for alarm in causes], default=0)


def test_what_nobody_answers_rises_once_and_begins_low_again():
    present = AlarmList()
    present.raise_(alarms.AIR_IN_LINE, 0, 1000, 0)
    limit_ms = alarms.escalate_ms(alarms.AIR_IN_LINE)
    assert present.neglected(1000 + limit_ms - 1) is None
    assert present.neglected(1000 + limit_ms)["alarm"] == alarms.AIR_IN_LINE
    present.escalate(alarms.AIR_IN_LINE, alarms.HIGH)
    assert present.priority() == alarms.HIGH
    assert present.neglected(10 * limit_ms) is None
    present.clear(alarms.AIR_IN_LINE)
    present.raise_(alarms.AIR_IN_LINE, 0, 5000, 0)
    assert present.priority() == alarms.MEDIUM
    present.acknowledge(0)
    assert present.neglected(10 * limit_ms) is None


def test_each_alarm_that_is_told_as_over_is_ended_where_the_power_failed_between_its_two_records():
    sources = [path.read_text(encoding="utf-8") for path in (FIRMWARE / "infuser" / "app").glob("*.py")]
    told = {name for source in sources for name in re.findall(r"\.tell\(alarms\.(\w+)", source)}
    assert told and {getattr(alarms, name) for name in told} == set(TOLD)
