"""The commands of the serial protocol, declared once and imported by pump and host.

Request payload:  kind (1), command id (u8), request id (u64), fields.
Reply payload:    kind (2), command id, request id, error code (u16), fields
                  (REFUSAL_FIELDS instead when the code is not OK).
Either of them may stand in a signed payload, kind 3: see wire.signed.
`MUTATES`: changes something, is journalled, and a repeated request id gets the first answer again.
`WHEN_STOPPED`: works in the alarm-stopped and service states too.
On a pump with keys, `CLINICIAN` and `SERVICE` commands need a session signed in with that role or a higher one, and
a signed payload.
"""

import binascii
import hashlib
import struct

from infuser.wire import alarms, codec, errors, library, program, records, states
from infuser.wire.replies import INSPECT_FIELDS, STATUS_FIELDS, UNDERSTOOD_FIELDS

REQUEST = 1
REPLY = 2
_HEAD = "<BBQ"
_HEAD_SIZE = 10

MUTATES = 1
WHEN_STOPPED = 2
CLINICIAN = 4
SERVICE = 8

# Roles of a session, each of which may do what the one before may.
NOBODY = 0
ROLE_CLINICIAN = 1
ROLE_SERVICE = 2
ROLE_NAMES = ("nobody", "clinician", "service")

HELLO = 1
STATUS = 2
ALARM_ACK = 4
AUDIO_PAUSE = 5
PROGRAM_STAGE = 6
PROGRAM_CHECK = 7
PROGRAM_COMMIT = 8
PROGRAM_READ = 9
BOLUS = 10
BOLUS_CANCEL = 11
STOP = 12
RESUME = 13
MINIMUM_RATE = 14
REFILL_BEGIN = 15
REFILL_COMPLETE = 16
REFILL_CANCEL = 17
PRIME = 18
CLOCK_SET = 19
LOG_READ = 20
OUTCOME = 21
SELF_TEST = 22
SERVICE_REPL = 23
PROGRAM_CLEAR = 24
TEMPORARY_RATE = 25
PLAN_ORDER = 26
CALIBRATE = 27
LIBRARY_STAGE = 28
LIBRARY_COMMIT = 29
LIBRARY_READ = 30
LIBRARY_TRUST = 31
KEYS = 32
CHALLENGE = 33
SIGN_IN = 34
SIGN_OUT = 35
PRESCRIBER = 36
INSPECT = 37

CHUNK_MAX = 1536

REFUSAL_FIELDS = "field:text value:i64 low:i64 high:i64 text:text"

# fmt: off
# id -> (name, flags, request fields, reply fields). HELLO never changes: it is how versions meet.
# Nor do SERVICE_REPL, CHALLENGE and SIGN_IN, which need no greeting: so is a pump of another version updated.
MESSAGES = {
    HELLO: ("hello", WHEN_STOPPED, "protocol:blob host:text", "protocol:blob firmware:text serial:text boot_count:u32"),
    STATUS: ("status", WHEN_STOPPED, "", STATUS_FIELDS),
    ALARM_ACK: ("alarm-ack", MUTATES | WHEN_STOPPED | CLINICIAN, "alarm:u8 operator:text", "acknowledged:u8"),
    AUDIO_PAUSE: ("audio-pause", MUTATES | WHEN_STOPPED, "pause_s:u16 operator:text", "until_ms:u64"),
    PROGRAM_STAGE: ("program-stage", WHEN_STOPPED, "total:u16 offset:u16 chunk:blob", "received:u16"),
    PROGRAM_CHECK: ("program-check", WHEN_STOPPED, "", UNDERSTOOD_FIELDS),
    # The signature is the prescriber's over program.prescription_digest, empty without one.
    PROGRAM_COMMIT: (
        "program-commit", MUTATES | CLINICIAN, "digest:blob confirmed:bool bridge_nl:u32 signature:blob operator:text",
        "digest:blob state:u8",
    ),
    PROGRAM_READ: ("program-read", WHEN_STOPPED, "offset:u16", "total:u16 digest:blob chunk:blob"),
    BOLUS: (
        "bolus", MUTATES | CLINICIAN, "dose_ng:u32 duration_ms:u32 patient:text confirmed:bool operator:text",
        "volume_nl:u32 rate_nl_per_day:u32 ends_ms:u64",
    ),
    BOLUS_CANCEL: ("bolus-cancel", MUTATES | WHEN_STOPPED | CLINICIAN, "operator:text", "delivered_nl:u32"),
    STOP: (
        "stop", MUTATES | WHEN_STOPPED, "resume_after_ms:u64 remind_min:u16 operator:text",
        "state:u8 start_in_ms:u64",
    ),
    RESUME: (
        "resume", MUTATES | WHEN_STOPPED | CLINICIAN, "delay_ms:u64 operator:text",
        "state:u8 rate_nl_per_day:u32 start_in_ms:u64",
    ),
    MINIMUM_RATE: ("minimum-rate", MUTATES | CLINICIAN, "on:bool operator:text", "state:u8 rate_nl_per_day:u32"),
    REFILL_BEGIN: (
        "refill-begin", MUTATES | WHEN_STOPPED | CLINICIAN, "operator:text",
        "expected_residual_nl:u32 capacity_nl:u32",
    ),
    REFILL_COMPLETE: (
        "refill-complete", MUTATES | WHEN_STOPPED | CLINICIAN,
        "measured_residual_nl:u32 volume_nl:u32 concentration_ug_per_ml:u32 operator:text",
        "discrepancy_nl:i32 reservoir_nl:u32 refill_due_ms:u64 state:u8",
    ),
    REFILL_CANCEL: ("refill-cancel", MUTATES | WHEN_STOPPED | CLINICIAN, "operator:text", "state:u8"),
    PRIME: (
        "prime", MUTATES | CLINICIAN, "purpose:u8 volume_nl:u32 duration_ms:u32 operator:text",
        "volume_nl:u32 ends_ms:u64",
    ),
    CLOCK_SET: (
        "clock-set", MUTATES | WHEN_STOPPED | CLINICIAN, "time_ms:u64 utc_offset_min:i32 operator:text",
        "time_ms:u64 moved_ms:i64",
    ),
    LOG_READ: ("log-read", WHEN_STOPPED, "from_seq:u32 skip:u16", "oldest_seq:u32 next_seq:u32 chunk:blob"),
    OUTCOME: ("outcome", WHEN_STOPPED, "request_id:u64", "known:bool error:u16"),
    SELF_TEST: (
        "self-test", MUTATES | WHEN_STOPPED | CLINICIAN, "operator:text",
        "passed:bool failed_list:(part:text)",
    ),
    SERVICE_REPL: ("service-repl", MUTATES | WHEN_STOPPED | SERVICE, "operator:text", "state:u8"),
    PROGRAM_CLEAR: ("program-clear", MUTATES | WHEN_STOPPED | CLINICIAN, "operator:text", "state:u8"),
    TEMPORARY_RATE: (
        "temporary-rate", MUTATES | CLINICIAN,
        "dose_ng_per_day:u32 duration_ms:u32 patient:text confirmed:bool operator:text",
        "rate_nl_per_day:u32 ends_ms:u64",
    ),
    PLAN_ORDER: (
        "plan-order", MUTATES | WHEN_STOPPED | CLINICIAN, "action:u8 dose_ng_per_day:u32 patient:text operator:text",
        "position:u8 dose_ng_per_day:u32 held:bool next_ms:u64",
    ),
    CALIBRATE: (
        "calibrate", MUTATES | SERVICE, "step_pl:u32 uncertainty_ppm:u32 runs:u8 operator:text",
        "step_pl:u32 reservoir_nl:u32",
    ),
    LIBRARY_STAGE: ("library-stage", WHEN_STOPPED, "total:u16 offset:u16 chunk:blob", "received:u16"),
    # The digest is that of the library's encoded fields; the signature is staged behind them.
    LIBRARY_COMMIT: (
        "library-commit", MUTATES | WHEN_STOPPED | SERVICE, "digest:blob operator:text",
        "library:text version:u32",
    ),
    LIBRARY_READ: ("library-read", WHEN_STOPPED, "offset:u16", "total:u16 digest:blob chunk:blob"),
    # The modulus of an RSA key of 2048 bits, big end first, with the exponent 65537. Needs the service jumper.
    LIBRARY_TRUST: ("library-trust", MUTATES | WHEN_STOPPED | SERVICE, "modulus:blob operator:text", "digest:blob"),
    # Both keys as one unit, 32 bytes each; never readable back. Needs the service jumper.
    KEYS: ("keys", MUTATES | WHEN_STOPPED, "clinician_key:blob service_key:blob operator:text", "keyed:bool"),
    CHALLENGE: ("challenge", WHEN_STOPPED, "role:u8 host_nonce:blob", "pump_nonce:blob"),
    # HMAC-SHA256 with the role's key over "sign-in", role, pump's serial number, host's nonce, pump's nonce.
    SIGN_IN: ("sign-in", MUTATES | WHEN_STOPPED, "proof:blob operator:text", "role:u8 idle_ms:u32"),
    SIGN_OUT: ("sign-out", WHEN_STOPPED, "", "role:u8"),
    # Whose signature a program may carry, and with `required` must; an empty modulus ends both. As library-trust.
    PRESCRIBER: (
        "prescriber", MUTATES | WHEN_STOPPED | SERVICE, "modulus:blob required:bool operator:text",
        "digest:blob required:bool",
    ),
    INSPECT: ("inspect", WHEN_STOPPED, "signal:u8", INSPECT_FIELDS),
}
# fmt: on


class Refusal(Exception):
    """A command refused: an error code and what it is about. Raised on the pump and on the host."""

    def __init__(self, code: int, field: str = "", value: int = 0, low: int = 0, high: int = 0, text: str = "") -> None:
        super().__init__(errors.name(code))
        self.code = code
        self.field = field
        self.value = value
        self.low = low
        self.high = high
        self.text = text

    def values(self) -> dict:
        """The refusal as REFUSAL_FIELDS, cut to what they hold: whatever was asked for, it can be told of."""
        low, high = codec.BOUNDS["i64"]
        told = {name: min(max(getattr(self, name), low), high) for name in ("value", "low", "high")}
        told["field"] = codec.shortened(self.field)
        told["text"] = codec.shortened(self.text)
        return told


def encode_request(command: int, request_id: int, values: dict) -> bytes:
    """Payload of a request; codec.CodecError names a field that does not fit."""
    return codec.encode(MESSAGES[command][2], values, struct.pack(_HEAD, REQUEST, command, request_id))


def encode_reply(command: int, request_id: int, values: dict) -> bytes:
    """Payload of a reply that grants a request."""
    return codec.encode(MESSAGES[command][3], values, struct.pack(_HEAD + "H", REPLY, command, request_id, errors.OK))


def encode_refusal(command: int, request_id: int, refusal: Refusal) -> bytes:
    """Payload of a reply that refuses a request."""
    head = struct.pack(_HEAD + "H", REPLY, command, request_id, refusal.code)
    return codec.encode(REFUSAL_FIELDS, refusal.values(), head)


def decode_head(payload: bytes) -> tuple:
    """(kind, command, request id) of a payload; codec.CodecError if it is too short."""
    if len(payload) < _HEAD_SIZE:
        raise codec.CodecError("truncated")
    return struct.unpack(_HEAD, payload[:_HEAD_SIZE])


def decode_request(payload: bytes) -> dict:
    """Fields of a request whose command is known; codec.CodecError if malformed."""
    return codec.decode(MESSAGES[payload[1]][2], payload[_HEAD_SIZE:])


def reply_code(payload: bytes) -> int:
    """Error code of a reply, errors.OK if it grants."""
    return struct.unpack("<H", payload[_HEAD_SIZE : _HEAD_SIZE + 2])[0]


def decode_reply(payload: bytes) -> dict:
    """Fields of a reply; raises the Refusal that the pump sent, or codec.CodecError."""
    if len(payload) < _HEAD_SIZE + 2:
        raise codec.CodecError("truncated")
    code = reply_code(payload)
    body = payload[_HEAD_SIZE + 2 :]
    if code == errors.OK:
        return codec.decode(MESSAGES[payload[1]][3], body)
    told = codec.decode(REFUSAL_FIELDS, body)
    raise Refusal(code, told["field"], told["value"], told["low"], told["high"], told["text"])


def protocol_hash() -> bytes:
    """First 8 bytes of the SHA-256 over everything that both sides must agree on."""
    tables = (
        MESSAGES,
        records.RECORDS,
        alarms.ALARMS,
        [(code, errors.name(code)) for code in errors.codes()],
        program.PROGRAM_FIELDS,
        library.LIBRARY_FIELDS,
        states.STATE_NAMES,
    )
    told = hashlib.sha256()
    for table in tables:
        for item in sorted(table.items()) if isinstance(table, dict) else table:
            told.update(repr(item).encode())
    return told.digest()[:8]


def hash_text(value: bytes) -> str:
    """A protocol hash as people read it."""
    return str(binascii.hexlify(value), "ascii")
