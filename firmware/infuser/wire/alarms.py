"""Alarm conditions, declared once: priority, latching, what the pump does. What a person does: pumpctl.alarm_texts.

Priorities follow IEC 60601-1-8. `answer` is the pump's own action; a latching alarm stays until
it is acknowledged after its cause is gone. A cause must last for `delay_s` before it is an alarm; one
that nobody has acknowledged `escalate_min` after it was raised is signalled one priority higher.
"""

LOW = 1
MEDIUM = 2
HIGH = 3
PRIORITY_NAMES = {LOW: "low", MEDIUM: "medium", HIGH: "high"}

# The pump's answers, gentlest first.
KEEP = 0
BASAL_ONLY = 1
MINIMUM_RATE = 2
MOTOR_OFF = 3

RESERVOIR_LOW = 1
RESERVOIR_EMPTY = 2
STALL = 3
OVER_DELIVERY = 4
OCCLUSION_DOWNSTREAM = 5
OCCLUSION_UPSTREAM = 6
AIR_IN_LINE = 7
OVERHEAT = 8
BATTERY_LOW = 9
COVER_OPEN = 10
CLOCK_LOST = 11
SELF_TEST = 12
INTERNAL_FAULT = 13
JOURNAL_FAULT = 14
SOUNDER_FAILED = 15
PRIMING_FAILED = 16
DOSE_LIMIT = 17
LONG_STOP = 18
POWER_RESTORED = 19
BATTERY_EMPTY = 20
RESUME_FAILED = 21
THERAPY_ENDED = 22
LIBRARY_FAULT = 23
STOP_START = 24
BUTTON_STUCK = 25
SUPPLY_LOST = 26
LAMP_FAILED = 27
UNDER_DELIVERY = 28
NEWER_STATE = 29
STORAGE_FAULT = 30
STOP_FLOOD = 31

# id -> (name, priority, latching, answer, delay s, escalate min (0: never))
ALARMS = {
    RESERVOIR_LOW: ("reservoir-low", LOW, False, BASAL_ONLY, 0, 1440),
    RESERVOIR_EMPTY: ("reservoir-empty", HIGH, True, MOTOR_OFF, 0, 0),
    STALL: ("stall", HIGH, True, KEEP, 0, 0),
    OVER_DELIVERY: ("over-delivery", HIGH, True, MOTOR_OFF, 0, 0),
    OCCLUSION_DOWNSTREAM: ("occlusion-downstream", MEDIUM, True, MOTOR_OFF, 0, 30),
    OCCLUSION_UPSTREAM: ("occlusion-upstream", MEDIUM, True, MOTOR_OFF, 0, 30),
    AIR_IN_LINE: ("air-in-line", MEDIUM, True, MOTOR_OFF, 0, 30),
    OVERHEAT: ("overheat", MEDIUM, True, MOTOR_OFF, 0, 30),
    BATTERY_LOW: ("battery-low", MEDIUM, False, KEEP, 0, 60),
    COVER_OPEN: ("cover-open", LOW, False, KEEP, 0, 0),
    CLOCK_LOST: ("clock-lost", MEDIUM, False, KEEP, 0, 0),
    SELF_TEST: ("self-test", HIGH, True, MOTOR_OFF, 0, 0),
    INTERNAL_FAULT: ("internal-fault", HIGH, True, MOTOR_OFF, 0, 0),
    JOURNAL_FAULT: ("journal-fault", HIGH, True, MOTOR_OFF, 0, 0),
    SOUNDER_FAILED: ("sounder-failed", MEDIUM, False, KEEP, 0, 0),
    PRIMING_FAILED: ("priming-failed", MEDIUM, True, MOTOR_OFF, 0, 0),
    DOSE_LIMIT: ("dose-limit", MEDIUM, False, MINIMUM_RATE, 0, 0),
    LONG_STOP: ("long-stop", MEDIUM, False, KEEP, 0, 60),
    POWER_RESTORED: ("power-restored", LOW, True, KEEP, 0, 0),
    BATTERY_EMPTY: ("battery-empty", HIGH, True, MOTOR_OFF, 0, 0),
    RESUME_FAILED: ("resume-failed", MEDIUM, True, KEEP, 0, 30),
    THERAPY_ENDED: ("therapy-ended", LOW, True, KEEP, 0, 0),
    LIBRARY_FAULT: ("library-fault", HIGH, True, MOTOR_OFF, 0, 0),
    STOP_START: ("stop-start", MEDIUM, True, MINIMUM_RATE, 0, 30),
    BUTTON_STUCK: ("button-stuck", LOW, False, KEEP, 30, 0),
    SUPPLY_LOST: ("supply-lost", LOW, False, KEEP, 2, 0),
    LAMP_FAILED: ("lamp-failed", MEDIUM, False, KEEP, 0, 0),
    UNDER_DELIVERY: ("under-delivery", MEDIUM, True, KEEP, 0, 30),
    NEWER_STATE: ("newer-state", HIGH, False, MOTOR_OFF, 0, 0),
    STORAGE_FAULT: ("storage-fault", MEDIUM, True, KEEP, 0, 60),
    STOP_FLOOD: ("stop-flood", MEDIUM, True, KEEP, 0, 30),
}


def name(alarm: int) -> str:
    """Name of an alarm id; KeyError if there is none."""
    return ALARMS[alarm][0]


def priority(alarm: int) -> int:
    """LOW, MEDIUM or HIGH."""
    return ALARMS[alarm][1]


def latching(alarm: int) -> bool:
    """Whether the alarm stays after its cause has gone, until acknowledged."""
    return ALARMS[alarm][2]


def answer(alarm: int) -> int:
    """KEEP, BASAL_ONLY, MINIMUM_RATE or MOTOR_OFF."""
    return ALARMS[alarm][3]


def delay_ms(alarm: int) -> int:
    """For how long the cause must last before it is an alarm."""
    return ALARMS[alarm][4] * 1000


def escalate_ms(alarm: int) -> int:
    """Time without an answer after which the alarm is signalled one priority higher; 0 for never."""
    return ALARMS[alarm][5] * 60000
