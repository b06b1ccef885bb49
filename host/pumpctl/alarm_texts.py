"""What each alarm says and what a person does about it, in words for people."""

from infuser.wire import alarms

# id -> (what has happened, what to do)
_TEXTS = {
    alarms.RESERVOIR_LOW: ("the reservoir is at or below its alarm volume", "arrange a refill"),
    alarms.RESERVOIR_EMPTY: ("the reservoir is empty; nothing is delivered", "refill now; watch for withdrawal"),
    alarms.STALL: (
        "the motor does not turn: no flow; the pump keeps trying",
        "watch for withdrawal; stop, free the drive, resume",
    ),
    alarms.OVER_DELIVERY: (
        "the piston moved further than commanded",
        "disconnect the patient line and service the pump",
    ),
    alarms.OCCLUSION_DOWNSTREAM: (
        "the outlet is blocked: its pressure is above 69 kPa, or climbs with every step",
        "open the catheter path, acknowledge, then resume",
    ),
    alarms.OCCLUSION_UPSTREAM: (
        "the inlet is blocked: its suction is above 7 kPa, or climbs with every step",
        "vent or refill the reservoir, acknowledge, then resume",
    ),
    alarms.AIR_IN_LINE: ("air passes the outlet", "prime off the patient, acknowledge, then resume"),
    alarms.OVERHEAT: ("the pump is hotter than 55 C", "let it cool, acknowledge, then resume"),
    alarms.BATTERY_LOW: ("the battery is low", "connect the supply or change the battery"),
    alarms.COVER_OPEN: ("the service cover is open", "close the cover"),
    alarms.CLOCK_LOST: ("the wall clock is lost; a daily pattern runs at its daily mean", "set the clock"),
    alarms.SELF_TEST: ("the self-test failed", "read the fault in the log, repair the part, run the self-test"),
    alarms.INTERNAL_FAULT: ("the pump found a fault in itself", "read the fault in the log; service the pump"),
    alarms.JOURNAL_FAULT: ("the journal cannot be written or read", "pull the log, then service the pump"),
    alarms.SOUNDER_FAILED: ("the alarm sounder does not work", "repair the sounder"),
    alarms.PRIMING_FAILED: ("priming did not finish", "check reservoir and line, acknowledge, prime again"),
    alarms.DOSE_LIMIT: (
        "a dose window is full; the minimum rate is delivered",
        "check the program against the patient",
    ),
    alarms.LONG_STOP: ("therapy has been stopped for a long time", "resume, or clear the program"),
    alarms.POWER_RESTORED: (
        "power was lost while therapy ran; therapy goes on",
        "check the log for the gap, then acknowledge",
    ),
    alarms.BATTERY_EMPTY: (
        "the battery cannot drive the motor any more",
        "connect the supply, acknowledge, then resume",
    ),
    alarms.RESUME_FAILED: (
        "therapy was to start by itself and could not",
        "read the alarms, remove their cause, then resume",
    ),
    alarms.THERAPY_ENDED: ("the taper has come to its end; nothing is delivered", "acknowledge; clear the program"),
    alarms.LIBRARY_FAULT: (
        "the drug library is missing or damaged; nothing is delivered",
        "send the drug library again, acknowledge, resume",
    ),
    alarms.STOP_START: (
        "the same alarm stopped the pump three times within ten minutes; the minimum rate is delivered",
        "find the cause, then let a clinician acknowledge",
    ),
    alarms.BUTTON_STUCK: ("a button has been down for half a minute", "free the button, or repair it"),
    alarms.SUPPLY_LOST: ("the outside supply is gone; the battery feeds the pump", "connect the supply"),
    alarms.LAMP_FAILED: ("an alarm lamp does not light", "repair the lamp"),
    alarms.UNDER_DELIVERY: (
        "the motor loses microsteps: less is delivered than commanded; the pump keeps trying",
        "watch for withdrawal; stop, free the drive, resume",
    ),
    alarms.NEWER_STATE: (
        "the flash holds the state of a newer firmware; nothing is delivered and nothing is written",
        "install the newer firmware again; watch for withdrawal",
    ),
    alarms.STORAGE_FAULT: (
        "something stored was damaged, missing or had no room; the pump goes on with what is left",
        "read the faults in the log, acknowledge; service the pump",
    ),
    alarms.STOP_FLOOD: (
        "the stop command came six times within ten minutes: somebody, or a program, keeps therapy from running",
        "see who is at the cable, acknowledge, then resume",
    ),
}


def text(alarm: int) -> str:
    """What has happened; KeyError if there is no such alarm."""
    return _TEXTS[alarm][0]


def remedy(alarm: int) -> str:
    """What a person should do about it."""
    return _TEXTS[alarm][1]
