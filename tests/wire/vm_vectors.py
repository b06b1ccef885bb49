"""Runs on MicroPython: every line of the file named is a vector that the host made; the VM must agree byte for byte."""

import json
import sys
from binascii import hexlify, unhexlify

from infuser.wire import codec, frame, messages, records


def text(data: bytes) -> str:
    return str(hexlify(data), "ascii")


def revived(fields, values: dict) -> dict:
    """Values from JSON, their blobs turned from hexadecimal back into bytes."""
    made = {}
    for name, kind in codec.fields(fields):
        value = values[name]
        if isinstance(kind, tuple):
            made[name] = [revived(kind, item) for item in value]
        else:
            made[name] = unhexlify(value) if kind == "blob" else value
    return made


def same(made, expected) -> None:
    if made != expected:
        raise AssertionError("made {}, expected {}".format(made, expected))


def request(vector: dict) -> None:
    values = revived(messages.MESSAGES[vector["command"]][2], vector["values"])
    payload = messages.encode_request(vector["command"], vector["id"], values)
    same(text(payload), vector["payload"])
    same(messages.decode_head(payload), (messages.REQUEST, vector["command"], vector["id"]))
    same(messages.decode_request(payload), values)


def reply(vector: dict) -> None:
    values = revived(messages.MESSAGES[vector["command"]][3], vector["values"])
    payload = messages.encode_reply(vector["command"], vector["id"], values)
    same(text(payload), vector["payload"])
    same(messages.decode_reply(payload), values)


def record(vector: dict) -> None:
    values = revived(records.RECORDS[vector["record"]][1], vector["values"])
    previous = unhexlify(vector["previous"])
    stored = records.encode(
        vector["record"], vector["boot"], 7, vector["time_ms"], vector["uptime_ms"], values, previous
    )
    same(text(stored), vector["stored"])
    same(records.size_at(stored, 0), len(stored))
    same(records.decode(stored, previous)["fields"], values)


def decoded(vector: dict) -> None:
    """Any bytes: taken or refused exactly as the host does."""
    payload = unhexlify(vector["payload"])
    try:
        messages.decode_request(payload)
        taken = True
    except codec.CodecError:
        taken = False
    same(taken, vector["taken"])


def line(vector: dict) -> None:
    """Pieces of a serial line, garbage and all: the same payloads come out."""
    deframer = frame.Deframer()
    got = []
    for piece in vector["pieces"]:
        got.extend(text(payload) for payload in deframer.feed(unhexlify(piece)))
    same(got, vector["got"])
    same(deframer.dropped, vector["dropped"])


def framed(vector: dict) -> None:
    payload = unhexlify(vector["payload"])
    same(text(frame.encode(payload)), vector["frame"])


def hashed(vector: dict) -> None:
    same(messages.hash_text(messages.protocol_hash()), vector["hash"])


CHECKS = {
    "request": request,
    "reply": reply,
    "record": record,
    "decoded": decoded,
    "line": line,
    "framed": framed,
    "hashed": hashed,
}


def main() -> None:
    count = 0
    with open(sys.argv[1]) as vectors:
        for told in vectors:
            vector = json.loads(told)
            CHECKS[vector["check"]](vector)
            count += 1
    print(count, "agreed")


main()
