"""Every refusal that the pump can answer with: code, name, what happened, what to do about it.

A refusal carries the code, the field at fault, its value and the allowed range; the texts stand
here so that pump and host never spell them twice.
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

# code -> (name, what happened, what to do)
ERRORS = {
    OK: ("ok", "done", ""),
    MALFORMED: ("malformed", "the request does not decode", "use a host of the same protocol"),
    UNKNOWN_COMMAND: ("unknown-command", "the pump has no such command", "update the firmware or the host"),
    BUSY: ("busy", "the pump is still working on an earlier command", "wait a moment and ask again"),
    INTERNAL: ("internal", "the pump met an internal fault", "read the log, then run a self-test"),
    PROTOCOL_MISMATCH: (
        "protocol-mismatch",
        "host and pump were built from different declarations",
        "install host and firmware of the same version",
    ),
    OUT_OF_RANGE: ("out-of-range", "the value is outside the pump's limits", "choose a value in the allowed range"),
    NO_PROGRAM: ("no-program", "no therapy is programmed", "send a program first"),
    PROGRAM_INCOMPLETE: ("program-incomplete", "the program was not transferred completely", "send it again"),
    PROGRAM_INVALID: ("program-invalid", "the program contradicts itself or a limit", "correct the therapy file"),
    DIGEST_MISMATCH: (
        "digest-mismatch",
        "the digest confirmed is not that of the program held by the pump",
        "send the program again and confirm what the pump echoes",
    ),
    CONFIRMATION_NEEDED: (
        "confirmation-needed",
        "a value is outside a soft limit",
        "check it and confirm the override",
    ),
    PATIENT_MISMATCH: (
        "patient-mismatch",
        "the pump is programmed for another patient",
        "check the patient's identity; a pump is given to another patient only after its program is cleared",
    ),
    WRONG_STATE: ("wrong-state", "not possible in the pump's present state", "see the state, then stop or resume"),
    ALARM_PRESENT: ("alarm-present", "an alarm forbids delivery", "remove the cause and acknowledge the alarm"),
    RESERVOIR_EMPTY: ("reservoir-empty", "the reservoir holds nothing to deliver", "refill the pump"),
    RESERVOIR_LOW: ("reservoir-low", "only the basal rate is delivered from a low reservoir", "refill the pump"),
    BOLUS_ACTIVE: ("bolus-active", "a bolus is already being delivered", "wait for its end or cancel it"),
    NO_BOLUS: ("no-bolus", "no bolus is being delivered", "nothing to cancel"),
    CLOCK_LOST: ("clock-lost", "the wall clock is not set", "set the clock"),
    DOSE_LIMIT: ("dose-limit", "a dose limit would be exceeded", "wait until the window has room, or lower the dose"),
    NO_REFILL: ("no-refill", "no refill is in progress", "begin the refill first"),
    SELF_TEST_FAILED: ("self-test-failed", "the self-test found a fault", "repair the part named, then test again"),
    SOUNDER_FAILED: ("sounder-failed", "the alarm sounder does not work", "repair the sounder before therapy"),
    ALARM_NOT_PRESENT: ("alarm-not-present", "no such alarm is present", "list the alarms"),
    STORAGE: ("storage", "the journal cannot be written", "read the log and run a self-test"),
    LOCK_OUT: ("lock-out", "the lock-out since the last bolus has not passed", "wait until it has passed"),
    ALREADY_DONE: (
        "already-done",
        "the command was executed before the pump restarted; its answer is no longer kept",
        "read the status to see the result",
    ),
    BEGUN: (
        "begun",
        "the command was begun, and the pump restarted before its end was recorded",
        "read the status and the log to see what became of it; it is not carried out again",
    ),
    PATIENT_BOLUS_LIMIT: (
        "patient-bolus-limit",
        "the patient's boluses of 24 h are used up",
        "wait until the oldest is 24 h old; a clinician may change the program",
    ),
    NO_PATIENT_BOLUS: (
        "no-patient-bolus",
        "the program gives the patient no bolus",
        "a clinician may program one",
    ),
    BRIDGE_ACTIVE: (
        "bridge-active",
        "the drug before the present one is still in the catheter",
        "wait until the bridge is delivered",
    ),
    NO_PLAN: ("no-plan", "the program has no plan of doses", "send a program with a plan"),
    CONCENTRATION_MISMATCH: (
        "concentration-mismatch",
        "the reservoir holds another concentration than the program is for",
        "send a program for what the reservoir holds, with its bridge volume",
    ),
    NOT_IN_LIBRARY: (
        "not-in-library",
        "the drug library has no entry for this drug and concentration",
        "correct the therapy file, or send a library that has it",
    ),
    LIBRARY_MISSING: ("library-missing", "the drug library is missing or damaged", "send the drug library again"),
    LIBRARY_INVALID: ("library-invalid", "the drug library contradicts itself or a limit", "correct the library file"),
    SIGNATURE_INVALID: (
        "signature-invalid",
        "the signature was not made with the key that the pump trusts",
        "sign with that key, or let the service install the key",
    ),
    NO_TRUST: (
        "no-trust",
        "the pump has no key to check signatures with",
        "set the service jumper and install the key of who signs",
    ),
    JUMPER_NEEDED: ("jumper-needed", "the service jumper is not set", "open the pump and set the service jumper"),
    NOT_ELIGIBLE: (
        "not-eligible",
        "the therapy must not be given to this patient",
        "read the reason; the therapy file tells age, screening and contraindications",
    ),
    SESSION_CLOSED: ("session-closed", "the session was closed after idle time", "greet or sign in again"),
    NOT_SIGNED_IN: ("not-signed-in", "the command needs a signed-in session of this role", "sign in, then repeat it"),
    SIGN_IN_FAILED: ("sign-in-failed", "the proof was not made with the pump's key", "use the key of this pump"),
    SIGN_IN_LOCKED: (
        "sign-in-locked",
        "too many failed attempts to sign in",
        "wait for the time told; status and stop stay available",
    ),
    NO_KEYS: ("no-keys", "the pump holds no keys", "set the service jumper and provision its keys"),
    NEWER_STATE: (
        "newer-state",
        "the flash holds the state of a newer firmware, and nothing of it may be changed",
        "install the newer firmware again",
    ),
    FRAME_FORGED: (
        "frame-forged",
        "the frame's MAC is not right: it was altered on its way, or made by somebody else",
        "look at what else is on the cable, then sign in again",
    ),
    FRAME_REPLAYED: (
        "frame-replayed",
        "the frame's counter was used before: it came a second time, or out of order",
        "look at what else is on the cable, then sign in again",
    ),
    SIGNATURE_NEEDED: (
        "signature-needed",
        "the pump takes only programs that the prescriber has signed",
        "have the prescriber sign the therapy file: `pumpctl program sign`",
    ),
}
