"""Sign-in and the serial line on the real VM: the same proofs as on the host, and a cable that is out is noticed."""

import os
import pty
import tty
from pathlib import Path

import pytest
from vmworld import World

from infuser.core import mac, session
from infuser.wire import errors, messages

KEY = bytes(range(32))
NONCES = (b"host nonce 16 by", b"pump nonce 16 by")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.mark.case("EC14")
def test_the_pump_works_out_the_proof_that_the_host_does(world: World) -> None:
    told = world.run(f"""
from infuser.core.session import Session, keys_digest, nonce, pack_keys, proof, unpack_keys
key = {KEY!r}
keys = (key, bytes(32))
session = Session("e66100000000c0de")
session.take_keys(unpack_keys(pack_keys(*keys)), True)
session.greet(0)
session.challenge(1, {NONCES[0]!r}, {NONCES[1]!r})
right = proof(key, 1, "e66100000000c0de", {NONCES[0]!r}, {NONCES[1]!r})
result = [right.hex(), session.prove(right, 0), session.role, keys_digest(keys).hex(), nonce(b"a", b"bc").hex()]
""")
    assert told == [
        session.proof(KEY, 1, "e66100000000c0de", *NONCES).hex(),
        [1, True],
        1,
        session.keys_digest((KEY, bytes(32))).hex(),
        session.nonce(b"a", b"bc").hex(),
    ]


@pytest.mark.case("EC14")
def test_the_pump_signs_and_admits_frames_as_the_host_does(world: World) -> None:
    attempt = (KEY, 1, "e66100000000c0de", *NONCES)
    host = mac.Channel(session.session_key(*attempt))
    requests = [messages.encode_request(messages.STATUS, 9, {}), bytes([messages.REQUEST]) + bytes(range(256)) * 5]
    frames = [
        host.sign(counter, request) for counter, request in ((1, requests[0]), (7, requests[1]), (7, requests[0]))
    ]
    altered = frames[1][:-1] + bytes([frames[1][-1] ^ 1])
    told = world.run(f"""
from infuser.core.session import Session, proof
session = Session("e66100000000c0de")
session.take_keys(({KEY!r}, bytes(32)), True)
session.greet(0)
session.challenge(1, {NONCES[0]!r}, {NONCES[1]!r})
session.prove(proof({KEY!r}, 1, "e66100000000c0de", {NONCES[0]!r}, {NONCES[1]!r}), 0)
result = []
for frame in ({frames[0]!r}, {altered!r}, {frames[1]!r}, {frames[2]!r}):
    code, counter, request = session.admit(frame, 0)
    result.append([code, counter, request.hex(), session.channel.sign(counter, bytes([2])).hex()])
""")
    codes = [errors.OK, errors.FRAME_FORGED, errors.OK, errors.FRAME_REPLAYED]
    assert [code for code, _, _, _ in told] == codes
    assert [bytes.fromhex(request) for _, _, request, _ in told][::2] == requests
    for _, counter, _, reply in told:
        assert host.verify(bytes.fromhex(reply)) == (counter, bytes([2]))


@pytest.mark.case("EC14")
def test_no_nonce_comes_twice(world: World) -> None:
    first = world.run("from infuser.hw import chip\nresult = [chip.random_bytes(16).hex() for _ in range(50)]")
    again = world.run("from infuser.hw import chip\nresult = [chip.random_bytes(16).hex() for _ in range(50)]")
    assert len({*first, *again}) == 100


@pytest.mark.case("EC18")
def test_the_line_is_up_while_frames_come_and_down_once_the_cable_is_out(world: World) -> None:
    told = world.run("""
import time, faults
from infuser.hw.serialport import SerialPort
port, result = SerialPort(), []
for wait_ms in (0, 1000, 2048, 1, 4096):
    time.sleep_ms(wait_ms)
    result.append(port.connected())
faults.switch("cable-out", True)
time.sleep_ms(1000)
port.connected()
for _ in range(3):
    time.sleep_ms(1000)
    before = time.ticks_ms()
    result.append([port.connected(), time.ticks_diff(time.ticks_ms(), before)])
faults.switch("cable-out", False)
time.sleep_ms(1000)
result.append(port.connected())
""")
    assert told == [True] * 5 + [[False, 2]] * 3 + [True]


@pytest.mark.case("EC18")
def test_what_is_said_while_the_cable_is_out_is_lost_and_what_waited_is_forgotten(world: World) -> None:
    master, slave = pty.openpty()
    tty.setraw(slave)
    os.write(master, b"said too early")
    try:
        told = world.run(
            """
import faults, time
from infuser.hw.serialport import SerialPort
port, result = SerialPort(), []
faults.switch("cable-out", True)
port.write(b"x" * 4000)
port.idle(1000)
port.flush()
result.append([len(port.read()), port.write(b"y" * 200)])
port.forget()
result.append(port.write(b"z" * 200))
port.forget()
faults.switch("cable-out", False)
port.idle(1000)
result.append(len(port.read()))
""",
            stdin=slave,
            speed=1000,
        )
    finally:
        os.close(master)
        os.close(slave)
    assert told == [[0, False], True, 0]
