"""The wire package gives the same bytes and the same refusals on the MicroPython VM as on the host."""

import json
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from vm import run_vm
from wiredata import record_contents, replies, requests

from infuser.wire import codec, frame, messages, records

SCRIPT = Path(__file__).with_name("vm_vectors.py")
few_runs = settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def agree(path: Path, vectors: list[dict]) -> None:
    """Hand the vectors to the VM; it fails on the first one that it sees otherwise."""
    hexed = [json.dumps(vector, default=lambda value: value.hex(), ensure_ascii=False) + "\n" for vector in vectors]
    file = path / "vectors.jsonl"
    file.write_text("".join(hexed), encoding="utf-8")
    assert run_vm(SCRIPT, file) == f"{len(vectors)} agreed\n"


def test_both_compute_the_same_protocol_hash(tmp_path: Path) -> None:
    agree(tmp_path, [{"check": "hashed", "hash": messages.hash_text(messages.protocol_hash())}])


@few_runs
@given(sent=st.lists(requests(), min_size=1, max_size=40), answered=st.lists(replies(), max_size=40))
def test_messages_have_the_same_bytes(tmp_path: Path, sent: list, answered: list) -> None:
    told = [("request", messages.encode_request, *message) for message in sent]
    told += [("reply", messages.encode_reply, *message) for message in answered]
    agree(
        tmp_path,
        [
            {
                "check": check,
                "command": command,
                "id": number,
                "values": values,
                "payload": encode(command, number, values),
            }
            for check, encode, command, number, values in told
        ],
    )


@few_runs
@given(contents=st.lists(record_contents(), min_size=1, max_size=40), previous=st.binary(min_size=8, max_size=8))
def test_records_have_the_same_bytes(tmp_path: Path, contents: list, previous: bytes) -> None:
    agree(
        tmp_path,
        [
            {
                "check": "record",
                "record": kind,
                "boot": boot,
                "time_ms": time_ms,
                "uptime_ms": uptime_ms,
                "values": values,
                "previous": previous,
                "stored": records.encode(kind, boot, 7, time_ms, uptime_ms, values, previous),
            }
            for kind, boot, time_ms, uptime_ms, values in contents
        ],
    )


def taken(payload: bytes) -> bool:
    try:
        messages.decode_request(payload)
    except codec.CodecError:
        return False
    return True


@few_runs
@given(
    bodies=st.lists(
        st.tuples(st.sampled_from(sorted(messages.MESSAGES)), st.binary(max_size=60)), min_size=1, max_size=80
    ),
    texts=st.lists(st.binary(max_size=6), max_size=80),
)
def test_the_same_bytes_are_refused(tmp_path: Path, bodies: list, texts: list) -> None:
    head = bytes([messages.REQUEST])
    payloads = [head + bytes([command]) + bytes(8) + body for command, body in bodies]
    crooked = [*texts, b"\xed\xa0\x80", b"\xc0\x80", b"\xe0\x80\x80", b"\xf0\x80\x80\x80", b"\xf5\x80\x80\x80", b"\xff"]
    payloads += [head + bytes([messages.STOP]) + bytes(8) + bytes([len(data)]) + data for data in crooked]
    agree(tmp_path, [{"check": "decoded", "payload": payload, "taken": taken(payload)} for payload in payloads])


@few_runs
@given(
    payloads=st.lists(st.binary(min_size=1, max_size=frame.PAYLOAD_MAX), max_size=10),
    lines=st.lists(
        st.lists(
            st.one_of(st.binary(max_size=1500), st.binary(min_size=1, max_size=90).map(frame.encode)), max_size=12
        ),
        min_size=1,
        max_size=6,
    ),
)
def test_the_same_frames_are_found_in_any_garbage(tmp_path: Path, payloads: list, lines: list) -> None:
    vectors: list[dict] = [{"check": "framed", "payload": each, "frame": frame.encode(each)} for each in payloads]
    for pieces in lines:
        deframer = frame.Deframer()
        got = [payload for piece in pieces for payload in deframer.feed(piece)]
        vectors.append({"check": "line", "pieces": pieces, "got": got, "dropped": deframer.dropped})
    agree(tmp_path, vectors)


def test_garbage_without_end_does_not_use_up_the_heap(tmp_path: Path) -> None:
    """Far more bytes than the VM has memory, in pieces, and then a frame."""
    pieces = [b"\xff" * 500] * 40 + [frame.encode(b"still here")]
    vector = {"check": "line", "pieces": pieces, "got": [b"still here"], "dropped": 1}
    agree(tmp_path, [vector] * 40)
