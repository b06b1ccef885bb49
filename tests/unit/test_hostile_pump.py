"""The tool against a pump that lies, floods or never ends: a clear error and its exit code, never a traceback, and
nothing that acts on the terminal or leaves the tool's own folder."""

import contextlib
import io
import json
import os
import pty
import re
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from liar import ACTS, TEXTS, Liar
from wirepeer import EMPTY_STATUS, Peer, answering, hello

from infuser.wire import codec, frame, messages
from infuser.wire import errors as wire_errors
from pumpctl import errors, paths
from pumpctl.cli.main import run
from pumpctl.client import Pump
from pumpctl.errors import LinkError
from pumpctl.printable import MARK, json_text, printable
from pumpctl.transport import open_transport

pytestmark = pytest.mark.usefixtures("home")

_KNOWN_CODES = {errors.DONE, errors.USAGE, errors.REFUSED, errors.NO_LINK, errors.UNVERIFIED, errors.UNMET}
_THERAPY = Path(__file__).parents[2] / "host" / "examples" / "start-100ug-continuous.toml"
_COMMANDS = f"""
status; status --json; alarms list; alarms list --json; alarms ack; alarms pause 60s; clock show; clock set; selftest
stop; stop --for 10min --json; resume; resume --in 2h; minimum-rate on; temporary-rate 80% --for 4h --patient X
bolus 25ug --over 10min --patient X; bolus --cancel; prime 200ul; flush 1ml; drain; refill --begin; refill --cancel
refill --residual 0ml --volume 20ml --concentration 500ug/ml; plan show; plan show --json; plan hold --patient X
titrate --from-pump --target 300ug/d; titrate --from-pump --target 0ug/d --json --html HOME/t.html
program show; program show --json; program read; program clear; program send {_THERAPY} --confirm-warnings
library show; library show --json; library read --save HOME/out.toml; keys show; keys provision; keys forget; ports
log pull; log pull --json; log show --all; log show --json --all; log verify; log verify --json
log export --all --format csv; log export --all --format jsonl; log export --all -o HOME/out.parquet --force
report -o HOME/out.html; report --json -o HOME/out.html; accuracy --log
fleet status; fleet status --json; fleet pull; fleet verify; fleet clock --set; fleet selftest --json; doctor
"""


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as made:
        yield made


def ran(capsys: pytest.CaptureFixture[str], peer: Peer, *words: str) -> tuple[int, str, str]:
    """(exit code, stdout, stderr) of a command, whose output must not act on a terminal."""
    code = run(["-p", peer.port, "--yes", *words])
    out, err = capsys.readouterr()
    assert code in _KNOWN_CODES, f"{words}: {code}: {err}"
    assert not ACTS.search(out + err), f"{words}: {out + err!r}"
    if "--json" in words:
        json.loads(out)
    return code, out, err


@pytest.mark.parametrize("seed", range(5))
def test_whatever_a_pump_answers_every_command_ends_with_a_known_code_and_clean_output(
    peer: Peer, home: Path, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    peer.handlers |= Liar(seed).handlers()
    page = home / "out.html"
    for line in _COMMANDS.replace("HOME", str(home)).replace("\n", ";").split(";"):
        if line.strip():
            ran(capsys, peer, *line.split())
    if page.exists():
        told = page.read_text(encoding="utf-8")
        assert not ACTS.search(told) and "<script>alert" not in told
    assert all(home in path.resolve().parents for path in home.rglob("*"))


def test_bytes_that_are_no_reply_raise_what_the_client_expects() -> None:
    chance = Liar(1)
    decoded = 0
    for at in range(40):
        for command, (_, _, _, fields) in messages.MESSAGES.items():
            payload = bytearray(messages.encode_reply(command, at, chance.values(fields)))
            payload[2 + at * 7 % (len(payload) - 2)] ^= 1 << at % 8
            with contextlib.suppress(codec.CodecError, messages.Refusal):
                messages.decode_reply(bytes(payload[: len(payload) - at % 3]))
                decoded += 1
    assert decoded > 20


# Texts


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_of_a_pump_is_shown_with_marks_and_cannot_forge_a_line(
    peer: Peer, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = {**EMPTY_STATUS, "mode": 1, "patient": text, "drug": text, "library": text}
    peer.handlers[messages.STATUS] = lambda request: status
    peer.handlers[messages.HELLO] = lambda request: {**hello(request), "firmware": text}
    code, out, _ = ran(capsys, peer, "status")
    assert code == errors.DONE and len(out.splitlines()) == len(set(line.split("  ")[0] for line in out.splitlines()))
    code, out, _ = ran(capsys, peer, "status", "--json")
    assert json.loads(out)["patient"] == printable(text) == json.loads(out)["firmware"]


def test_a_refusal_in_a_pumps_own_words_is_shown_with_marks(peer: Peer, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(request: dict[str, Any]) -> dict[str, Any]:
        raise messages.Refusal(wire_errors.OUT_OF_RANGE, "dose\x1b[2J", 1, 2, 3, "no\nfile\u202e")

    peer.handlers[messages.RESUME] = refuse
    code, _, err = ran(capsys, peer, "resume")
    assert code == errors.REFUSED and MARK in err and "no\ufffdfile\ufffd" in err
    code, out, _ = ran(capsys, peer, "resume", "--json")
    assert json.loads(out)["error"]["field"] == "dose\ufffd[2J"


def test_on_a_terminal_too_nothing_of_a_pump_acts(peer: Peer) -> None:
    peer.handlers[messages.STATUS] = lambda request: {**EMPTY_STATUS, "mode": 1, "patient": "".join(TEXTS)[:60]}
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "pumpctl.cli.main", "-p", peer.port, "status"]
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, env={**os.environ, "TERM": "dumb", "NO_COLOR": "1"}):
        os.close(theirs)
        told = b""
        try:
            while chunk := os.read(ours, 4096):
                told += chunk
        except OSError:  # the end of a terminal that its program has left
            pass
    os.close(ours)
    assert b"state" in told and not ACTS.search(told.decode().replace("\r\n", "\n"))


@pytest.mark.parametrize("text", TEXTS)
def test_json_keeps_every_character_and_escapes_what_would_act(text: str) -> None:
    told = json_text({"told": [text]}, 2)
    assert json.loads(told) == {"told": [text]} and not ACTS.search(told)
    assert json_text({"told": text}, ascii_only=True).isascii()


def test_a_terminal_that_knows_ascii_alone_gets_json_in_ascii(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    peer.handlers[messages.STATUS] = lambda request: {**EMPTY_STATUS, "patient": "\u00e9\U0001f600"}
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", out)
    assert run(["-p", peer.port, "status", "--json"]) == errors.DONE
    out.flush()
    assert json.loads(out.buffer.getvalue())["patient"] == "\u00e9\U0001f600"


def test_what_a_usb_device_calls_itself_is_shown_with_marks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.undo()
    boards = [
        SimpleNamespace(device=f"/dev/ttyACM{at}", vid=0x2E8A, description="Pico\x1b[2J\u202e", serial_number="E6\x9b")
        for at in range(2)
    ]
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: boards)
    for words, code in ((["ports"], errors.DONE), (["ports", "--json"], errors.DONE), (["status"], errors.NO_LINK)):
        assert run(words) == code
        out, err = capsys.readouterr()
        assert not ACTS.search(out + err) and "Pico" in out + err


# Names


_SERIALS = [
    "../../x", "/", "/etc/passwd", "a/b", "a\\b", "", "\x00", "E6\x00", ".", "..", "-rf", "C:", "a" * 255, "E6\x1b[2J",
    "E6 1", "\u202eE6", "~", "caf\u00e9",
]  # fmt: skip


@pytest.mark.parametrize("serial", _SERIALS)
def test_a_serial_number_that_is_none_ends_with_5_and_makes_no_file(
    peer: Peer, home: Path, serial: str, capsys: pytest.CaptureFixture[str]
) -> None:
    peer.handlers[messages.HELLO] = lambda request: {**hello(request), "serial": serial}
    peer.handlers[messages.RESUME] = answering(messages.RESUME)
    for words in (["log", "pull"], ["resume"], ["keys", "provision"], ["status", "--json"]):
        code, _, err = ran(capsys, peer, *words)
        assert code == errors.UNVERIFIED and "no serial number" in err
    assert [path.name for path in home.rglob("*") if path.is_file() and path.name != "archive.sqlite3"] == []
    assert {command for command, _, _ in peer.seen} == {messages.HELLO}


@pytest.mark.parametrize("name", ["CON", "nul", "Aux", "com1", "LPT9", *_SERIALS])
def test_files_of_a_pump_have_a_name_of_their_own_whatever_it_calls_itself(name: str) -> None:
    stem = paths.stem(name)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,90}", stem) and stem.upper() not in ("CON", "NUL", "AUX", "COM1", "LPT9")
    assert len({paths.stem(one) for one in (*_SERIALS, "E661", "a_b", "_")}) == len(_SERIALS) + 3
    assert paths.stem("E66164084B2F") == "E66164084B2F"


def test_another_pump_that_has_come_in_its_place_gets_no_command(
    peer: Peer, capsys: pytest.CaptureFixture[str]
) -> None:
    serials = iter(["PEER0001", "PEER0002"])
    peer.handlers[messages.HELLO] = lambda request: {**hello(request), "serial": next(serials)}

    def closed(request: dict[str, Any]) -> dict[str, Any]:
        raise messages.Refusal(wire_errors.SESSION_CLOSED)

    peer.handlers[messages.BOLUS] = closed
    code, _, err = ran(capsys, peer, "bolus", "25ug", "--over", "10min", "--patient", "X")
    assert code == errors.UNVERIFIED and "pump PEER0002 answers now" in err
    assert len(peer.ids_of(messages.BOLUS)) == 1


# Versions and numbers


def test_a_pump_of_another_version_is_told_whatever_it_says_of_itself(
    peer: Peer, capsys: pytest.CaptureFixture[str]
) -> None:
    firmware = "\x1b]0;" + "v" * 251
    told = {"protocol": bytes(700), "firmware": firmware}
    peer.handlers[messages.HELLO] = lambda request: {**hello(request), **told}
    code, _, err = ran(capsys, peer, "status")
    assert code == errors.NO_LINK and "pump: firmware \ufffd]0;vvv" in err and "protocol 0000000000000000;" in err


@pytest.mark.parametrize("words", ["stop", "resume", "minimum-rate on", "refill --begin", "refill --cancel"])
@pytest.mark.parametrize("json_too", [False, True])
def test_a_state_that_the_tool_does_not_know_is_told_by_its_number(
    peer: Peer, words: str, json_too: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in (messages.STOP, messages.RESUME, messages.MINIMUM_RATE, messages.REFILL_CANCEL):
        peer.handlers[command] = answering(command, state=200)
    peer.handlers[messages.REFILL_BEGIN] = answering(messages.REFILL_BEGIN)
    code, out, _ = ran(capsys, peer, *words.split(), *(["--json"] if json_too else []))
    assert code == errors.DONE and ("200" in out or "--begin" in words)


def at_end(kind: Any, end: int) -> Any:
    """The least (0) or greatest (1) value of a declared type."""
    if isinstance(kind, tuple):
        return [{name: at_end(one, end) for name, one in codec.fields(kind)}]
    return (
        {"text": "x", "blob": b"", "bool": True}[kind] if kind in ("text", "blob", "bool") else codec.BOUNDS[kind][end]
    )


@pytest.mark.parametrize("end", [0, 1])
def test_numbers_at_their_ends_are_shown(peer: Peer, end: int, capsys: pytest.CaptureFixture[str]) -> None:
    (told,) = at_end(codec.fields(messages.MESSAGES[messages.STATUS][3]), end)
    peer.handlers[messages.STATUS] = lambda request: told
    for words in (["status"], ["status", "--json"], ["alarms", "list"], ["clock", "show"]):
        assert ran(capsys, peer, *words)[0] == errors.DONE


# The line


def connect(peer: Peer) -> Pump:
    return Pump(open_transport(peer.port), timeout_s=0.3, tries=2)


FLOODS = {
    "zeros": bytes(512),
    "garbage": bytes(range(1, 256)) * 2,
    "one endless frame": b"\xff" * 512,
    "answers to somebody else": frame.encode(messages.encode_reply(messages.STATUS, 7, EMPTY_STATUS)),
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
def test_a_flood_neither_fills_the_memory_nor_holds_up_the_tool(peer: Peer, flood: bytes) -> None:
    def pour(request: dict[str, Any]) -> None:
        peer.flood = flood

    peer.handlers[messages.STATUS] = pour
    with connect(peer) as pump:
        tracemalloc.start()
        began = time.monotonic()
        with pytest.raises(LinkError, match="did not answer status"):
            pump.status()
        lasted, (_, most) = time.monotonic() - began, tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert lasted < 4 and most < 1_000_000


def test_a_pump_that_floods_from_the_start_is_given_up(peer: Peer, capsys: pytest.CaptureFixture[str]) -> None:
    peer.flood = FLOODS["garbage"]
    peer.handlers[messages.HELLO] = lambda request: None
    code, _, err = ran(capsys, peer, "status")
    assert code == errors.NO_LINK and "did not answer hello within 3 s" in err


def test_answers_under_other_ids_and_twice_are_passed_over(peer: Peer) -> None:
    told = {**EMPTY_STATUS, "steps_total": 1}
    wrong = {**EMPTY_STATUS, "steps_total": 666}
    peer.handlers[messages.STATUS] = lambda request: told

    def reply(command: int, data: bytes) -> bytes:
        (payload,) = frame.Deframer().feed(data)
        request_id = messages.decode_head(payload)[2]
        other = frame.encode(messages.encode_reply(messages.STATUS, request_id ^ 1, wrong))
        request = frame.encode(messages.encode_request(messages.STATUS, request_id, {}))
        return other + request + data + data + other

    peer.on_reply = reply
    with connect(peer) as pump:
        assert [pump.status()["steps_total"] for _ in range(3)] == [1, 1, 1]


@pytest.mark.parametrize("cut", [1, 5, 100])
def test_an_answer_that_does_not_decode_is_told(peer: Peer, cut: int, capsys: pytest.CaptureFixture[str]) -> None:
    peer.handlers[messages.STATUS] = lambda request: EMPTY_STATUS

    def shortened(command: int, data: bytes) -> bytes:
        (payload,) = frame.Deframer().feed(data)
        return frame.encode(payload[:-cut]) if command == messages.STATUS else data

    peer.on_reply = shortened
    code, _, err = ran(capsys, peer, "status")
    assert code == errors.NO_LINK and "answer to status does not decode" in err


@pytest.mark.parametrize("command", [messages.PROGRAM_READ, messages.LIBRARY_READ])
@pytest.mark.parametrize("size", [10, 700])
def test_a_program_or_library_without_end_is_given_up(
    peer: Peer, command: int, size: int, capsys: pytest.CaptureFixture[str]
) -> None:
    peer.handlers[command] = lambda request: {
        "total": request["offset"] + 1000, "digest": b"", "chunk": bytes(size),
    }  # fmt: skip
    code, _, err = ran(capsys, peer, "program" if command == messages.PROGRAM_READ else "library", "show")
    assert code == errors.UNVERIFIED and "allowed at most" in err
