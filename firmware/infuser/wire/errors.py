"""Every refusal that the pump can answer with: its code, by its name.

A refusal carries the code, the field at fault, its value and the allowed range. What happened and what to do about it
the host tells: pumpctl.error_texts has a sentence for every code that stands here, and a board no memory for them.
"""

OK = 0
MALFORMED = 1
UNKNOWN_COMMAND = 2
BUSY = 3
INTERNAL = 4
PROTOCOL_MISMATCH = 5
OUT_OF_RANGE = 10
NO_PROGRAM = 11
PROGRAM_INCOMPLETE = 12
PROGRAM_INVALID = 13
DIGEST_MISMATCH = 14
CONFIRMATION_NEEDED = 15
PATIENT_MISMATCH = 16
WRONG_STATE = 20
ALARM_PRESENT = 21
RESERVOIR_EMPTY = 22
RESERVOIR_LOW = 23
BOLUS_ACTIVE = 24
NO_BOLUS = 25
CLOCK_LOST = 26
DOSE_LIMIT = 27
NO_REFILL = 28
SELF_TEST_FAILED = 29
SOUNDER_FAILED = 30
ALARM_NOT_PRESENT = 31
STORAGE = 32
LOCK_OUT = 34
ALREADY_DONE = 35
BEGUN = 36
PATIENT_BOLUS_LIMIT = 37
NO_PATIENT_BOLUS = 38
BRIDGE_ACTIVE = 39
NO_PLAN = 40
CONCENTRATION_MISMATCH = 41
NOT_IN_LIBRARY = 42
LIBRARY_MISSING = 43
LIBRARY_INVALID = 44
SIGNATURE_INVALID = 45
NO_TRUST = 46
JUMPER_NEEDED = 47
NOT_ELIGIBLE = 48
SESSION_CLOSED = 49
NOT_SIGNED_IN = 50
SIGN_IN_FAILED = 51
SIGN_IN_LOCKED = 52
NO_KEYS = 53
NEWER_STATE = 54
FRAME_FORGED = 55
FRAME_REPLAYED = 56
SIGNATURE_NEEDED = 57

# Refused before it was clear who asked: nothing may be made of the request id that such a command claims.
UNPROVEN = (SESSION_CLOSED, NOT_SIGNED_IN, FRAME_FORGED, FRAME_REPLAYED)


def codes() -> list[int]:
    """Every code, in order."""
    return sorted(value for value in globals().values() if isinstance(value, int))


def name(code: int) -> str:
    """Name of an error code, that of its constant: `out-of-range` for OUT_OF_RANGE; the number where there is none."""
    for constant, value in globals().items():
        if value == code and isinstance(value, int):
            return constant.lower().replace("_", "-")
    return str(code)
