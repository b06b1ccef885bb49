"""What each refusal of the pump means and what to do about it, in words for people."""

from infuser.wire import errors

# code -> (what happened, what to do)
_TEXTS = {
    errors.OK: ("done", ""),
    errors.MALFORMED: ("the request does not decode", "use a host of the same protocol"),
    errors.UNKNOWN_COMMAND: ("the pump has no such command", "update the firmware or the host"),
    errors.BUSY: ("the pump is still working on an earlier command", "wait a moment and ask again"),
    errors.INTERNAL: ("the pump met an internal fault", "read the log, then run a self-test"),
    errors.PROTOCOL_MISMATCH: (
        "host and pump were built from different declarations",
        "install host and firmware of the same version",
    ),
    errors.OUT_OF_RANGE: ("the value is outside the pump's limits", "choose a value in the allowed range"),
    errors.NO_PROGRAM: ("no therapy is programmed", "send a program first"),
    errors.PROGRAM_INCOMPLETE: ("the program was not transferred completely", "send it again"),
    errors.PROGRAM_INVALID: ("the program contradicts itself or a limit", "correct the therapy file"),
    errors.DIGEST_MISMATCH: (
        "the digest confirmed is not that of the program held by the pump",
        "send the program again and confirm what the pump echoes",
    ),
    errors.CONFIRMATION_NEEDED: (
        "a value is outside a soft limit",
        "check it and confirm the override",
    ),
    errors.PATIENT_MISMATCH: (
        "the pump is programmed for another patient",
        "check the patient's identity; a pump is given to another patient only after its program is cleared",
    ),
    errors.WRONG_STATE: ("not possible in the pump's present state", "see the state, then stop or resume"),
    errors.ALARM_PRESENT: ("an alarm forbids delivery", "remove the cause and acknowledge the alarm"),
    errors.RESERVOIR_EMPTY: ("the reservoir holds nothing to deliver", "refill the pump"),
    errors.RESERVOIR_LOW: ("only the basal rate is delivered from a low reservoir", "refill the pump"),
    errors.BOLUS_ACTIVE: ("a bolus is already being delivered", "wait for its end or cancel it"),
    errors.NO_BOLUS: ("no bolus is being delivered", "nothing to cancel"),
    errors.CLOCK_LOST: ("the wall clock is not set", "set the clock"),
    errors.DOSE_LIMIT: ("a dose limit would be exceeded", "wait until the window has room, or lower the dose"),
    errors.NO_REFILL: ("no refill is in progress", "begin the refill first"),
    errors.SELF_TEST_FAILED: ("the self-test found a fault", "repair the part named, then test again"),
    errors.SOUNDER_FAILED: ("the alarm sounder does not work", "repair the sounder before therapy"),
    errors.ALARM_NOT_PRESENT: ("no such alarm is present", "list the alarms"),
    errors.STORAGE: ("the journal cannot be written", "read the log and run a self-test"),
    errors.LOCK_OUT: ("the lock-out since the last bolus has not passed", "wait until it has passed"),
    errors.ALREADY_DONE: (
        "the command was executed before the pump restarted; its answer is no longer kept",
        "read the status to see the result",
    ),
    errors.BEGUN: (
        "the command was begun, and the pump restarted before its end was recorded",
        "read the status and the log to see what became of it; it is not carried out again",
    ),
    errors.PATIENT_BOLUS_LIMIT: (
        "the patient's boluses of 24 h are used up",
        "wait until the oldest is 24 h old; a clinician may change the program",
    ),
    errors.NO_PATIENT_BOLUS: (
        "the program gives the patient no bolus",
        "a clinician may program one",
    ),
    errors.BRIDGE_ACTIVE: (
        "the drug before the present one is still in the catheter",
        "wait until the bridge is delivered",
    ),
    errors.NO_PLAN: ("the program has no plan of doses", "send a program with a plan"),
    errors.CONCENTRATION_MISMATCH: (
        "the reservoir holds another concentration than the program is for",
        "send a program for what the reservoir holds, with its bridge volume",
    ),
    errors.NOT_IN_LIBRARY: (
        "the drug library has no entry for this drug and concentration",
        "correct the therapy file, or send a library that has it",
    ),
    errors.LIBRARY_MISSING: ("the drug library is missing or damaged", "send the drug library again"),
    errors.LIBRARY_INVALID: ("the drug library contradicts itself or a limit", "correct the library file"),
    errors.SIGNATURE_INVALID: (
        "the signature was not made with the key that the pump trusts",
        "sign with that key, or let the service install the key",
    ),
    errors.NO_TRUST: (
        "the pump has no key to check signatures with",
        "set the service jumper and install the key of who signs",
    ),
    errors.JUMPER_NEEDED: ("the service jumper is not set", "open the pump and set the service jumper"),
    errors.NOT_ELIGIBLE: (
        "the therapy must not be given to this patient",
        "read the reason; the therapy file tells age, screening and contraindications",
    ),
    errors.SESSION_CLOSED: ("the session was closed after idle time", "greet or sign in again"),
    errors.NOT_SIGNED_IN: ("the command needs a signed-in session of this role", "sign in, then repeat it"),
    errors.SIGN_IN_FAILED: ("the proof was not made with the pump's key", "use the key of this pump"),
    errors.SIGN_IN_LOCKED: (
        "too many failed attempts to sign in",
        "wait for the time told; status and stop stay available",
    ),
    errors.NO_KEYS: ("the pump holds no keys", "set the service jumper and provision its keys"),
    errors.NEWER_STATE: (
        "the flash holds the state of a newer firmware, and nothing of it may be changed",
        "install the newer firmware again",
    ),
    errors.FRAME_FORGED: (
        "the frame's MAC is not right: it was altered on its way, or made by somebody else",
        "look at what else is on the cable, then sign in again",
    ),
    errors.FRAME_REPLAYED: (
        "the frame's counter was used before: it came a second time, or out of order",
        "look at what else is on the cable, then sign in again",
    ),
    errors.SIGNATURE_NEEDED: (
        "the pump takes only programs that the prescriber has signed",
        "have the prescriber sign the therapy file: `pumpctl program sign`",
    ),
}

# code -> (name, what happened, what to do)
ERRORS: dict[int, tuple[str, str, str]] = {code: (errors.name(code), *texts) for code, texts in _TEXTS.items()}
