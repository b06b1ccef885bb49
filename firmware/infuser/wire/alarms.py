"""Alarm conditions, declared once: priority, latching, what the pump does, what a person does.

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

# fmt: off
# id -> (name, priority, latching, answer, delay s, escalate min (0: never), text, remedy)
ALARMS = {
    RESERVOIR_LOW: (
        "reservoir-low", LOW, False, BASAL_ONLY, 0, 1440,
        "the reservoir is at or below its alarm volume", "arrange a refill",
    ),
    RESERVOIR_EMPTY: (
        "reservoir-empty", HIGH, True, MOTOR_OFF, 0, 0,
        "the reservoir is empty; nothing is delivered", "refill now; watch for withdrawal",
    ),
    STALL: (
        "stall", HIGH, True, KEEP, 0, 0,
        "the motor does not turn: no flow; the pump keeps trying",
        "watch for withdrawal; stop, free the drive, resume",
    ),
    OVER_DELIVERY: (
        "over-delivery", HIGH, True, MOTOR_OFF, 0, 0,
        "the piston moved further than commanded", "disconnect the patient line and service the pump",
    ),
    OCCLUSION_DOWNSTREAM: (
        "occlusion-downstream", MEDIUM, True, MOTOR_OFF, 0, 30,
        "the outlet is blocked: its pressure is above 69 kPa, or climbs with every step",
        "open the catheter path, acknowledge, then resume",
    ),
    OCCLUSION_UPSTREAM: (
        "occlusion-upstream", MEDIUM, True, MOTOR_OFF, 0, 30,
        "the inlet is blocked: its suction is above 7 kPa, or climbs with every step",
        "vent or refill the reservoir, acknowledge, then resume",
    ),
    AIR_IN_LINE: (
        "air-in-line", MEDIUM, True, MOTOR_OFF, 0, 30,
        "air passes the outlet", "prime off the patient, acknowledge, then resume",
    ),
    OVERHEAT: (
        "overheat", MEDIUM, True, MOTOR_OFF, 0, 30,
        "the pump is hotter than 55 C", "let it cool, acknowledge, then resume",
    ),
    BATTERY_LOW: (
        "battery-low", MEDIUM, False, KEEP, 0, 60,
        "the battery is low", "connect the supply or change the battery",
    ),
    COVER_OPEN: ("cover-open", LOW, False, KEEP, 0, 0, "the service cover is open", "close the cover"),
    CLOCK_LOST: (
        "clock-lost", MEDIUM, False, KEEP, 0, 0,
        "the wall clock is lost; a daily pattern runs at its daily mean", "set the clock",
    ),
    SELF_TEST: (
        "self-test", HIGH, True, MOTOR_OFF, 0, 0,
        "the self-test failed", "read the fault in the log, repair the part, run the self-test",
    ),
    INTERNAL_FAULT: (
        "internal-fault", HIGH, True, MOTOR_OFF, 0, 0,
        "the pump found a fault in itself", "read the fault in the log; service the pump",
    ),
    JOURNAL_FAULT: (
        "journal-fault", HIGH, True, MOTOR_OFF, 0, 0,
        "the journal cannot be written or read", "pull the log, then service the pump",
    ),
    SOUNDER_FAILED: (
        "sounder-failed", MEDIUM, False, KEEP, 0, 0,
        "the alarm sounder does not work", "repair the sounder",
    ),
    PRIMING_FAILED: (
        "priming-failed", MEDIUM, True, MOTOR_OFF, 0, 0,
        "priming did not finish", "check reservoir and line, acknowledge, prime again",
    ),
    DOSE_LIMIT: (
        "dose-limit", MEDIUM, False, MINIMUM_RATE, 0, 0,
        "a dose window is full; the minimum rate is delivered", "check the program against the patient",
    ),
    LONG_STOP: (
        "long-stop", MEDIUM, False, KEEP, 0, 60,
        "therapy has been stopped for a long time", "resume, or clear the program",
    ),
    POWER_RESTORED: (
        "power-restored", LOW, True, KEEP, 0, 0,
        "power was lost while therapy ran; therapy goes on", "check the log for the gap, then acknowledge",
    ),
    BATTERY_EMPTY: (
        "battery-empty", HIGH, True, MOTOR_OFF, 0, 0,
        "the battery cannot drive the motor any more", "connect the supply, acknowledge, then resume",
    ),
    RESUME_FAILED: (
        "resume-failed", MEDIUM, True, KEEP, 0, 30,
        "therapy was to start by itself and could not", "read the alarms, remove their cause, then resume",
    ),
    THERAPY_ENDED: (
        "therapy-ended", LOW, True, KEEP, 0, 0,
        "the taper has come to its end; nothing is delivered", "acknowledge; clear the program",
    ),
    LIBRARY_FAULT: (
        "library-fault", HIGH, True, MOTOR_OFF, 0, 0,
        "the drug library is missing or damaged; nothing is delivered",
        "send the drug library again, acknowledge, resume",
    ),
    STOP_START: (
        "stop-start", MEDIUM, True, MINIMUM_RATE, 0, 30,
        "the same alarm stopped the pump three times within ten minutes; the minimum rate is delivered",
        "find the cause, then let a clinician acknowledge",
    ),
    BUTTON_STUCK: (
        "button-stuck", LOW, False, KEEP, 30, 0,
        "a button has been down for half a minute", "free the button, or repair it",
    ),
    SUPPLY_LOST: (
        "supply-lost", LOW, False, KEEP, 2, 0,
        "the outside supply is gone; the battery feeds the pump", "connect the supply",
    ),
    LAMP_FAILED: ("lamp-failed", MEDIUM, False, KEEP, 0, 0, "an alarm lamp does not light", "repair the lamp"),
    UNDER_DELIVERY: (
        "under-delivery", MEDIUM, True, KEEP, 0, 30,
        "the motor loses microsteps: less is delivered than commanded; the pump keeps trying",
        "watch for withdrawal; stop, free the drive, resume",
    ),
    NEWER_STATE: (
        "newer-state", HIGH, False, MOTOR_OFF, 0, 0,
        "the flash holds the state of a newer firmware; nothing is delivered and nothing is written",
        "install the newer firmware again; watch for withdrawal",
    ),
    STORAGE_FAULT: (
        "storage-fault", MEDIUM, True, KEEP, 0, 60,
        "something stored was damaged, missing or had no room; the pump goes on with what is left",
        "read the faults in the log, acknowledge; service the pump",
    ),
    STOP_FLOOD: (
        "stop-flood", MEDIUM, True, KEEP, 0, 30,
        "the stop command came six times within ten minutes: somebody, or a program, keeps therapy from running",
        "see who is at the cable, acknowledge, then resume",
    ),
}
# fmt: on


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


def text(alarm: int) -> str:
    """What has happened, for a person."""
    return ALARMS[alarm][6]


def remedy(alarm: int) -> str:
    """What a person should do about it."""
    return ALARMS[alarm][7]
