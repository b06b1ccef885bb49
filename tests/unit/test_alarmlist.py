"""The alarms present: order of occurrence, latching, what they make the pump do."""

from infuser.core.alarmlist import AlarmList
from infuser.wire import alarms


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
