"""The journal's records, declared once: what the pump remembers and what the host reads back.

A stored record: length (u16, of all that follows it), kind (u8), boot (u16), sequence number
(u32), wall clock (u64 ms since 1970, 0 when lost), age (u64 ms), fields, chain (8 bytes),
CRC-32 (u32). `chain` is the start of SHA-256(previous chain + record up to here), so that a
record changed, dropped or moved breaks every one after it. `age` is the pump's own time since it was
made: it goes on over restarts, as far as the clock knows how long they lasted, and is never set.
"""

import binascii
import hashlib
import struct

from infuser.wire import codec

_HEAD = "<BHIQQ"
_HEAD_SIZE = 23
CHAIN_SIZE = 8
_TAIL_SIZE = CHAIN_SIZE + 4
_PEEK = "<HBHI"
PEEK_SIZE = 9
LENGTH_MAX = 6144
OUT_OF_PLACE = "out of place"
CHAIN_START = b"\0" * CHAIN_SIZE

SNAPSHOT = 1
BOOT = 2
STATE = 3
PROGRAM = 4
COMMAND = 5
DELIVERY = 6
ALARM_RAISED = 7
ALARM_CLEARED = 8
ALARM_ACK = 9
AUDIO_PAUSE = 10
BOLUS_STARTED = 11
BOLUS_ENDED = 12
REFILL = 13
CLOCK = 14
FAULT = 15
SELF_TEST = 16
BOLUS_REFUSED = 17
BOLUS_HELD = 18
TEMPORARY_RATE = 19
START_AT = 20
PLAN = 21
BRIDGE = 22
CALIBRATION = 23
ALARM_ESCALATED = 24
LIBRARY = 25
TRUST = 26
OVERRIDE = 27
SIGN_IN = 28
KEYS = 29
PRESCRIBER = 30
PRESCRIPTION = 31

# Delivery counters between journal records, kept apart because they change all day.
CHECKPOINT_FIELDS = (
    "counter:u32 event_seq:u32 basal_steps:u32 patient_bolus_steps:u32 clinician_bolus_steps:u32 "
    "periodic_bolus_steps:u32 priming_steps:u32 basal_acc_pl:u32 patient_bolus_acc_pl:u32 clinician_bolus_acc_pl:u32 "
    "periodic_bolus_acc_pl:u32 priming_acc_pl:u32 steps_reserved:u32 basal_acc_rem:u32 age_ms:u64 time_ms:u64 "
    "window_min:u32 minutes:blob"
)

# kind -> (name, fields). `next_due_ms` is the age at which the next periodic bolus is due, 0 for none.
RECORDS = {
    SNAPSHOT: ("snapshot", "ledger:blob"),
    BOOT: ("boot", "firmware:text cause:text steps_uncertain:u32 torn_bytes:u32 gap_ms:u64"),
    STATE: ("state", "old:u8 new:u8 reason:u8 rate_nl_per_day:u32 next_due_ms:u64"),
    PROGRAM: ("program", "program:blob confirmed:bool operator:text"),
    COMMAND: ("command", "request_id:u64 command:u8 error:u16 operator:text"),
    DELIVERY: (
        "delivery",
        "basal_steps:u32 patient_bolus_steps:u32 clinician_bolus_steps:u32 periodic_bolus_steps:u32 "
        "priming_steps:u32 step_pl:u32 reservoir_nl:u32 rate_nl_per_day:u32 programmed_nl:u64 closes_hour:bool",
    ),
    ALARM_RAISED: ("alarm-raised", "alarm:u8 priority:u8 detail:i32"),
    ALARM_CLEARED: ("alarm-cleared", "alarm:u8"),
    ALARM_ACK: ("alarm-ack", "alarm:u8 operator:text"),
    AUDIO_PAUSE: ("audio-pause", "pause_s:u16 operator:text"),
    BOLUS_STARTED: (
        "bolus-started",
        "bucket:u8 dose_ng:u32 volume_nl:u32 duration_ms:u32 start_steps:u32 purpose:u8 next_due_ms:u64 operator:text",
    ),
    BOLUS_ENDED: ("bolus-ended", "bucket:u8 steps:u32 volume_nl:u32 reason:u8"),
    REFILL: (
        "refill",
        "expected_residual_nl:u32 measured_residual_nl:u32 volume_nl:u32 concentration_ug_per_ml:u32 steps_total:u32 "
        "operator:text",
    ),
    CLOCK: ("clock", "old_ms:u64 new_ms:u64 utc_offset_min:i32 operator:text"),
    FAULT: ("fault", "part:text detail:i32 masked:bool text:text"),
    SELF_TEST: ("self-test", "passed:bool failed:text"),
    BOLUS_REFUSED: ("bolus-refused", "bucket:u8 error:u16 dose_ng:u32 next_due_ms:u64"),
    BOLUS_HELD: ("bolus-held", "bucket:u8 held:bool"),
    TEMPORARY_RATE: ("temporary-rate", "dose_ng_per_day:u32 duration_ms:u32 reason:u8 operator:text"),
    START_AT: ("start-at", "start_age_ms:u64 remind_min:u16 operator:text"),
    PLAN: ("plan", "position:u8 dose_ng_per_day:u32 held:bool shift_min:u32 reason:u8 operator:text"),
    BRIDGE: (
        "bridge",
        "volume_nl:u32 rate_nl_per_day:u32 minimum_nl_per_day:u32 concentration_ug_per_ml:u32 start_steps:u32 "
        "reason:u8",
    ),
    CALIBRATION: (
        "calibration",
        "step_pl:u32 uncertainty_ppm:u32 runs:u8 reservoir_nl:u32 total_nl:u64 today_nl:u32 therapy_steps:u32 "
        "steps_total:u32 operator:text",
    ),
    ALARM_ESCALATED: ("alarm-escalated", "alarm:u8 priority:u8"),
    LIBRARY: ("library", "library:text version:u32 digest:blob operator:text"),
    TRUST: ("trust", "digest:blob operator:text"),
    # A soft limit overstepped by a person's confirmation, once for each.
    OVERRIDE: ("override", "field:text text:text operator:text"),
    SIGN_IN: ("sign-in", "role:u8 accepted:bool failures:u16 operator:text"),
    KEYS: ("keys", "digest:blob operator:text"),
    # The key of who signs programs (its digest), and whether no other program is taken.
    PRESCRIBER: ("prescriber", "digest:blob required:bool operator:text"),
    # The program put into force next carries the prescriber's signature: digests of the program and of the key.
    PRESCRIPTION: ("prescription", "program:blob key:blob"),
}

# Names of the counters in the order of the accounting buckets.
COUNTER_NAMES = tuple(name for name, _ in codec.fields(RECORDS[DELIVERY][1])[:5])
THERAPY_NAMES = COUNTER_NAMES[:-1]  # all but priming
# Programmed volume of each bucket beyond its whole microsteps, in pL.
FRACTION_NAMES = tuple(name.replace("_steps", "_acc_pl") for name in COUNTER_NAMES)


class RecordError(ValueError):
    """Bytes that are not a sound record, or not the next one of the chain."""


class ForeignRecord(RecordError):
    """A record that is as it was written, of a kind or with fields that are not declared here."""


def encode(kind: int, boot: int, seq: int, time_ms: int, age_ms: int, values: dict, previous: bytes) -> bytes:
    """A stored record that follows the chain value `previous`."""
    body = struct.pack(_HEAD, kind, boot & 0xFFFF, seq, time_ms, age_ms) + codec.encode(RECORDS[kind][1], values)
    body += link(previous, body)
    if len(body) + 4 > LENGTH_MAX:
        raise RecordError("record of {} bytes, allowed {}".format(len(body) + 4, LENGTH_MAX))
    return struct.pack("<H", len(body) + 4) + body + struct.pack("<I", binascii.crc32(body))


def link(previous: bytes, body: bytes) -> bytes:
    """The chain value of a record body after `previous`."""
    return hashlib.sha256(previous + body).digest()[:CHAIN_SIZE]


def size_at(data: bytes, at: int) -> int:
    """Size in bytes of the record at `at`, its length field included; RecordError if it is cut."""
    if at + 2 > len(data):
        raise RecordError("cut in the length")
    length = struct.unpack("<H", data[at : at + 2])[0]
    if not _HEAD_SIZE + _TAIL_SIZE <= length <= LENGTH_MAX:
        raise RecordError("length {} is impossible".format(length))
    if at + 2 + length > len(data):
        raise RecordError("cut in the record")
    return 2 + length


def peek(data, at: int = 0) -> tuple[int, int, int, int]:
    """(size, kind, boot, seq) of a record that may stand at `at`, nothing checked; needs PEEK_SIZE bytes."""
    length, kind, boot, seq = struct.unpack_from(_PEEK, data, at)
    return length + 2, kind, boot, seq


def sound_run(data, seq: int) -> tuple[int, int, int, str]:
    """(bytes, number of the record after them, boot, problem) of the sound records at the start of a memoryview.

    They are whole, numbered from `seq` on, and their CRC holds; a `problem` is that of the record behind them, "" if
    it is only not whole. In one loop, for whoever reads a log waits until all of it is looked at.
    """
    unpack, checksum = struct.unpack_from, binascii.crc32
    have = len(data)
    at = boot = 0
    while at + PEEK_SIZE <= have:
        length, _, its_boot, its_seq = unpack(_PEEK, data, at)
        end = at + 2 + length
        if end > have or not _HEAD_SIZE + _TAIL_SIZE <= length <= LENGTH_MAX:
            break
        if unpack("<I", data, end - 4)[0] != checksum(data[at + 2 : end - 4]):
            return at, seq, boot, "checksum"
        if its_seq != seq:
            return at, seq, boot, OUT_OF_PLACE
        boot = its_boot
        seq += 1
        at = end
    return at, seq, boot, ""


def chain_of(stored: bytes) -> bytes:
    """The chain value that a stored record carries, unchecked."""
    return stored[-_TAIL_SIZE:-4]


def check(stored: bytes) -> None:
    """RecordError unless the CRC of a stored record holds."""
    if struct.unpack("<I", stored[-4:])[0] != binascii.crc32(stored[2:-4]):
        raise RecordError("checksum")


def decode(stored: bytes, previous: bytes | None = None) -> dict:
    """A stored record as a dict: kind, boot, seq, time_ms, age_ms, fields, chain.

    Checks the CRC, and with `previous` that it follows in the chain; RecordError otherwise.
    """
    check(stored)
    body = stored[2:-4]
    chain = body[-CHAIN_SIZE:]
    core = body[:-CHAIN_SIZE]
    kind, boot, seq, time_ms, age_ms = struct.unpack(_HEAD, core[:_HEAD_SIZE])
    if previous is not None and link(previous, core) != chain:
        raise RecordError("record {} does not follow the one before it".format(seq))
    if kind not in RECORDS:
        raise ForeignRecord("record {} is of unknown kind {}".format(seq, kind))
    try:
        fields = codec.decode(RECORDS[kind][1], core[_HEAD_SIZE:])
    except codec.CodecError as error:
        raise ForeignRecord("record {}: {}".format(seq, error))
    return {
        "kind": kind,
        "boot": boot,
        "seq": seq,
        "time_ms": time_ms,
        "age_ms": age_ms,
        "fields": fields,
        "chain": chain,
    }
