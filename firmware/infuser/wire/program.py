"""The therapy program as pump and host exchange it, and its digest.

Doses are clinical (ng a day) and the pump itself converts them to volume, so that what is
confirmed is what a clinician reads. `step_list` covers the week: each step begins at `start_min`
on every day in `day_mask` (bit 0 is Monday) and lasts until the next one begins. Local times of
`plan_list` and `start_min` are minutes since 1970 by the wall clock of the place; 0 is none.
`weight_hg` is in hundreds of grams. `screening_ng` is the screening dose that `screening_response` is about.
"""

import binascii
import hashlib

from infuser.wire import codec

CONTINUOUS = 1
FLEX = 2
MODE_NAMES = {0: "none", CONTINUOUS: "continuous", FLEX: "flex"}
EVERY_DAY = 0x7F

# What a therapy file says about the patient and the screening; 0 is "not told" in each of them.
SPINAL = 1
CEREBRAL = 2
INDICATION_NAMES = ("none", "spinal", "cerebral")
NEGATIVE = 1
POSITIVE = 2
POSITIVE_OVER_8H = 3
RESPONSE_NAMES = ("none", "negative", "positive", "positive-over-8h")
# Bits of `contraindications` and `cautions`, lowest first.
CONTRAINDICATION_NAMES = ("hypersensitivity", "infection", "body-too-small")
CAUTION_NAMES = ("impaired-kidneys", "stroke", "pregnancy")
AGE_NOT_TOLD = 255

# Of `plan_list`: daily doses that replace the pattern's own, each from a local time on; 0 ends the therapy.
PROGRAM_FIELDS = (
    "version:u8 patient:text drug:text concentration_ug_per_ml:u32 mode:u8 "
    "step_list:(day_mask:u8,start_min:u16,dose_ng_per_day:u32) minimum_ng_per_day:u32 bolus_max_ng:u32 "
    "bolus_lockout_min:u16 patient_bolus_ng:u32 patient_bolus_min:u16 patient_lockout_min:u16 "
    "patient_boluses_per_day:u8 periodic_bolus_ng:u32 periodic_bolus_min:u16 periodic_interval_min:u16 "
    "plan_list:(at_min:u32,dose_ng_per_day:u32) plan_increase_permille:u16 start_min:u32 dose_max_1h_ng:u32 "
    "dose_max_4h_ng:u32 dose_max_ng_per_day:u32 low_reservoir_nl:u32 age_years:u8 weight_hg:u16 indication:u8 "
    "screening_ng:u32 screening_response:u8 contraindications:u8 cautions:u8"
)
VERSION = 3
ENCODED_MAX = 4096


def new(**values) -> dict:
    """A program of `values`, every field that is not named at nothing."""
    kinds = {"text": "", "blob": b""}
    program = {
        name: ([] if isinstance(kind, tuple) else kinds.get(kind, 0)) for name, kind in codec.fields(PROGRAM_FIELDS)
    }
    program["version"] = VERSION
    program["age_years"] = AGE_NOT_TOLD
    program.update(values)
    return program


def encode(program: dict) -> bytes:
    """Bytes of a program; codec.CodecError names a field that does not fit."""
    return codec.encode(PROGRAM_FIELDS, program)


def decode(data: bytes) -> dict:
    """Program of exactly these bytes; codec.CodecError if they are not one."""
    return codec.decode(PROGRAM_FIELDS, data)


def digest(data: bytes) -> bytes:
    """SHA-256 of an encoded program, 32 bytes: what a person's confirmation refers to."""
    return hashlib.sha256(data).digest()


def prescription_digest(data: bytes) -> bytes:
    """What a prescriber signs: SHA-256 over the word and the digest, so that no other signature passes for it."""
    return hashlib.sha256(b"prescription" + digest(data)).digest()


def digest_text(value: bytes) -> str:
    """A digest in hexadecimal; empty for the empty digest of a pump without a program."""
    return str(binascii.hexlify(value), "ascii")
