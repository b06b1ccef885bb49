"""Commands about who acts: keys, challenge, sign-in, sign-out."""

import struct

from infuser.app.checks import within, wrong_state
from infuser.core import session as sessions
from infuser.wire import errors, messages, records
from infuser.wire.messages import Refusal

_RANDOM_BYTES = 32


def keys(pump, request: dict) -> dict:
    """Replace both keys, while nothing is delivered; whoever can set the service jumper may."""
    if not pump.hardware.sensors.service_jumper():
        raise Refusal(errors.JUMPER_NEEDED)
    if pump.controller.delivering():
        raise wrong_state(pump.controller.state)
    given = (request["clinician_key"], request["service_key"])
    for name, key in zip(("clinician_key", "service_key"), given):
        within(name, len(key), sessions.KEY_BYTES, sessions.KEY_BYTES)
    if given[0] == given[1]:
        raise Refusal(errors.OUT_OF_RANGE, "service_key", text="both keys are the same")
    pump.recorder.begin()
    try:
        pump.hardware.files.write(sessions.KEYS_FILE, sessions.pack_keys(*given))
    except OSError:
        raise Refusal(errors.STORAGE)
    pump.recorder.note(records.KEYS, digest=sessions.keys_digest(given), operator=request["operator"])
    pump.link.session.take_keys(given, True)
    return {"keyed": True}


def challenge(pump, request: dict) -> dict:
    """Begin to sign in: the nonce that the proof must be made for."""
    session = pump.link.session
    host_nonce = request["host_nonce"]
    within("role", request["role"], messages.ROLE_CLINICIAN, messages.ROLE_SERVICE)
    within("host_nonce", len(host_nonce), sessions.NONCE_BYTES, sessions.NONCE_BYTES)
    if not session.has_keys():
        raise Refusal(errors.NO_KEYS)
    if session.reflects(host_nonce):
        raise Refusal(errors.OUT_OF_RANGE, "host_nonce", text="this is the pump's own nonce")
    # Boot and age alone never repeat, should the chip's random bits ever be poor.
    lived = struct.pack("<IQ", pump.recorder.journal.boot, pump.timebase.age_ms())
    pump_nonce = sessions.nonce(pump.hardware.chip.random_bytes(_RANDOM_BYTES), lived, host_nonce)
    session.challenge(request["role"], host_nonce, pump_nonce)
    return {"pump_nonce": pump_nonce}


def sign_in(pump, request: dict) -> dict:
    """Sign in with the proof for the challenge before; each attempt is journalled, and failures make wait (EC14)."""
    session = pump.link.session
    ledger = pump.controller.ledger
    age_ms = pump.timebase.age_ms()
    if not session.has_keys():
        raise Refusal(errors.NO_KEYS)
    wait_ms = sessions.wait_ms(ledger.sign_in_failures, ledger.sign_in_age_ms, age_ms)
    if wait_ms:
        raise Refusal(errors.SIGN_IN_LOCKED, "wait_ms", wait_ms)
    role, accepted = session.prove(request["proof"], age_ms)
    failures = 0 if accepted else min(ledger.sign_in_failures + 1, sessions.FAILURES_MAX)
    pump.recorder.note(records.SIGN_IN, role=role, accepted=accepted, failures=failures, operator=request["operator"])
    if not accepted:
        raise Refusal(errors.SIGN_IN_FAILED, "wait_ms", sessions.wait_ms(failures, age_ms, age_ms))
    return {"role": role, "idle_ms": sessions.SESSION_IDLE_MS}


def sign_out(pump, request: dict) -> dict:
    """End what the role allowed; reading and stopping stay possible."""
    pump.link.session.sign_out()
    return {"role": pump.link.session.role}
