"""The drug library as pump and host exchange it: hard and soft limits for each drug and concentration.

A library is one unit: it replaces the one before as a whole or not at all. Its stored form is the encoded
fields, then the signature over their SHA-256; a limit of 0 is none. Doses are in ng.
"""

import hashlib

from infuser.wire import codec

LIBRARY_FIELDS = (
    "format:u8 name:text version:u32 issued_min:u32 source:text "
    "entry_list:("
    "drug:text,concentration_ug_per_ml:u32,screening_only:bool,needs_screening:bool,age_min_years:u8,"
    "soft_low_ng_per_day:u32,soft_high_ng_per_day:u32,hard_high_ng_per_day:u32,bolus_soft_ng:u32,bolus_hard_ng:u32,"
    "bolus_lockout_min:u16,patient_bolus_hard_ng:u32,patient_lockout_min:u16,window_1h_ng:u32,window_4h_ng:u32,"
    "window_24h_ng:u32,increase_spinal_permille:u16,increase_cerebral_permille:u16,increase_child_permille:u16)"
)
FORMAT = 1
ENTRIES_MAX = 32
SIGNATURE_BYTES = 256  # RSA of 2048 bits
ENCODED_MAX = 4096


def encode(library: dict) -> bytes:
    """Bytes of a library without its signature; codec.CodecError names a field that does not fit."""
    return codec.encode(LIBRARY_FIELDS, library)


def decode(data: bytes) -> dict:
    """Library of exactly these bytes; codec.CodecError if they are not one."""
    return codec.decode(LIBRARY_FIELDS, data)


def digest(data: bytes) -> bytes:
    """SHA-256 of an encoded library, 32 bytes: what is signed, and what names it in the log."""
    return hashlib.sha256(data).digest()


def entry_fields() -> tuple:
    """(name, type) of each field of an entry."""
    return codec.fields(LIBRARY_FIELDS)[-1][1]


def find(library: dict, drug: str, concentration_ug_per_ml: int) -> dict | None:
    """The entry of a drug at a concentration."""
    for entry in library["entry_list"]:
        if entry["drug"] == drug and entry["concentration_ug_per_ml"] == concentration_ug_per_ml:
            return entry
    return None


def head(data: bytes) -> dict:
    """An encoded library's own fields, without its entries; codec.CodecError if they are none."""
    values, at = {}, 0
    for name, kind in codec.fields(LIBRARY_FIELDS)[:-1]:
        values[name], at = codec.decode_from(kind, data, at)
    return values


def entries(data: bytes):
    """The entries of an encoded library one after the other, so that a pump never holds all of them; CodecError."""
    at = 0
    declared = codec.fields(LIBRARY_FIELDS)
    for _, kind in declared[:-1]:
        _, at = codec.decode_from(kind, data, at)
    count, at = codec.decode_from("u16", data, at)
    for _ in range(count):
        entry, at = codec.decode_from(declared[-1][1], data, at)
        yield entry
    if at != len(data):
        raise codec.CodecError("{} bytes left over".format(len(data) - at))
