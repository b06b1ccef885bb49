"""Fields of the ledger as a snapshot stores them, named as the ledger names them.

VERSION is that of all stored state: after a release it grows whenever the ledger gains a field, the journal a kind of
record or the pump an alarm. A firmware takes up what an older one stored, and leaves alone what it cannot read.
"""

from infuser.wire import codec

# When an alarm was raised by the pump's own age decides when it escalates.
FIELDS = (
    "version:u8 state:u8 stop_reason:u8 state_before_test:u8 reason_before_test:u8 program:blob program_age_ms:u64 "
    "filled_nl:u32 steps_at_fill:u32 fill_concentration:u32 "
    "bolus_list:(bucket:u8,volume_nl:u32,start_steps:u32,purpose:u8,held:bool) clinician_age_ms:u64 "
    "patient_list:(age_ms:u64) periodic_age_ms:u64 start_age_ms:u64 remind_min:u16 temporary_ng_per_day:u32 "
    "temporary_end_ms:u64 plan_position:u8 plan_ng_per_day:u32 plan_held:bool plan_shift_min:u32 plan_age_ms:u64 "
    "bridge_nl:u32 bridge_nl_per_day:u32 bridge_minimum_nl_per_day:u32 bridge_concentration:u32 "
    "bridge_start_steps:u32 step_pl:u32 calibration_ppm:u32 calibrated_ms:u64 total_nl:u64 total_steps:u32 "
    "utc_offset_min:i32 day:u32 day_nl:u32 day_steps:u32 hour_steps:i32 hour_list:(steps:u32) "
    "outcome_list:(request_id:u64,error:u16) anybodys_list:(request_id:u64,error:u16) crash_list:(age_ms:u64) "
    "trip_list:(alarm:u8,age_ms:u64) library:text library_version:u32 library_digest:blob trust_digest:blob "
    "keys_digest:blob sign_in_failures:u16 sign_in_age_ms:u64 counter_list:(steps:u32) bolus_since_nl:u32 "
    "prescriber_digest:blob signed_only:bool "
    "alarm_list:(alarm:u8,priority:u8,since_ms:u64,active:bool,acknowledged:bool,latched:bool,detail:i32,raised_ms:u64)"
)
VERSION = 4
OLDEST = 3
# The version that a field came with; those not named here are as old as OLDEST.
SINCE = {"anybodys_list": 4, "counter_list": 4, "bolus_since_nl": 4, "prescriber_digest": 4, "signed_only": 4}


def fields_of(version: int) -> tuple:
    """The fields that a snapshot of a version holds."""
    return tuple(field for field in codec.fields(FIELDS) if SINCE.get(field[0], OLDEST) <= version)


def readable(data: bytes) -> bool:
    """Whether this firmware can take up a snapshot."""
    return _decoded(data) is not None


def current(data: bytes) -> bool:
    """Whether records of this firmware may follow a snapshot in its segment."""
    return data[:1] == bytes([VERSION])


def encode(ledger) -> bytes:
    """A ledger as bytes, in the present version."""
    values = {name: getattr(ledger, name) for name, _ in codec.fields(FIELDS)[1:-1]}
    values["version"] = VERSION
    values["alarm_list"] = ledger.alarms.entries
    return codec.encode(FIELDS, values)


def restore(ledger, data: bytes) -> None:
    """Give a new ledger what a snapshot holds; fields that are younger stay as they are in a new one.

    codec.CodecError if it is not one that this firmware reads.
    """
    values = _decoded(data)
    if values is None:
        raise codec.CodecError("snapshot of another version")
    for name, _ in fields_of(data[0])[1:-1]:
        setattr(ledger, name, values[name])
    ledger.alarms.entries = values["alarm_list"]


def _decoded(data: bytes) -> dict | None:
    if not data or not OLDEST <= data[0] <= VERSION:
        return None
    try:
        return codec.decode(fields_of(data[0]), data)
    except codec.CodecError:
        return None
