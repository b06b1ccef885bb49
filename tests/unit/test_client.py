"""The client against a scripted other end: lost replies, garbage, wrong hashes, lies."""

import itertools
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from blanks import blank
from wirepeer import EMPTY_STATUS, SERIAL, Peer, hello, programmable

from infuser.wire import errors, frame, messages, states
from infuser.wire import program as programs
from infuser.wire.messages import Refusal
from pumpctl import operations, program
from pumpctl.client import Pump
from pumpctl.errors import LinkError, PortError, ProtocolMismatch, Refused, UncertainOutcome, VerificationError
from pumpctl.pending import PendingStore
from pumpctl.transport import open_transport

RUNNING = {"state": 3, "rate_nl_per_day": 200000, "start_in_ms": 0}
STOPPED = {"state": 6, "start_in_ms": 0}


@pytest.fixture
def store(tmp_path: Path) -> PendingStore:
    return PendingStore(tmp_path / "pending")


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as made:
        yield made


def connect(peer: Peer, store: PendingStore, timeout_s: float = 0.3) -> Pump:
    return Pump(open_transport(peer.port), operator="tester", pending=store, timeout_s=timeout_s)


def silent_first(times: int, values: dict[str, Any]) -> Any:
    """A handler whose first `times` replies are lost."""
    count = itertools.count()
    return lambda request: None if next(count) < times else values


def test_a_greeting_tells_firmware_and_serial(peer: Peer, store: PendingStore) -> None:
    with connect(peer, store) as pump:
        assert (pump.hello.firmware, pump.hello.serial) == ("9.9.9", SERIAL)


def test_a_pump_of_another_declaration_is_refused_naming_both_versions(peer: Peer, store: PendingStore) -> None:
    peer.handlers[messages.HELLO] = lambda request: {**hello(request), "protocol": b"12345678"}
    with pytest.raises(ProtocolMismatch) as caught:
        connect(peer, store)
    assert "firmware 9.9.9 protocol 3132333435363738" in caught.value.message
    assert messages.hash_text(messages.protocol_hash()) in caught.value.message
    assert caught.value.exit_code == 4


def test_a_pump_that_refuses_the_greeting_has_its_words_passed_on(peer: Peer, store: PendingStore) -> None:
    def refuse(request: dict[str, Any]) -> None:
        raise Refusal(errors.PROTOCOL_MISMATCH, "protocol", text="pump: firmware 8 protocol aa; host: 0 protocol bb")

    peer.handlers[messages.HELLO] = refuse
    with pytest.raises(ProtocolMismatch, match="pump: firmware 8 protocol aa; host: 0 protocol bb"):
        connect(peer, store)


def test_a_hello_of_another_shape_is_a_mismatch_not_a_crash(peer: Peer, store: PendingStore) -> None:
    short = messages.encode_reply(messages.STOP, 0, STOPPED)
    peer.on_reply = lambda command, data: frame.encode(
        messages.encode_reply(command, peer.seen[-1][1], hello({}))[:12] + short[12:]
    )
    with pytest.raises(ProtocolMismatch, match="does not decode"):
        connect(peer, store)


def test_garbage_around_frames_is_passed_over(peer: Peer, store: PendingStore) -> None:
    peer.send(b">>> \x03garbage\x00\x05half a frame")
    peer.on_reply = lambda command, data: b"\x00boot text\r\n" + data + b"\xff\xfe"
    peer.handlers[messages.RESUME] = lambda request: RUNNING
    with connect(peer, store) as pump:
        assert pump.resume() == RUNNING


def test_a_damaged_reply_is_asked_for_again_under_the_same_id(peer: Peer, store: PendingStore) -> None:
    peer.handlers[messages.STOP] = lambda request: STOPPED
    damaged = iter([True, False])

    def damage(command: int, data: bytes) -> bytes:
        return data[:5] + b"\x7f" + data[6:] if command == messages.STOP and next(damaged) else data

    peer.on_reply = damage
    with connect(peer, store) as pump:
        assert pump.stop() == STOPPED
    first, second = peer.ids_of(messages.STOP)
    assert first == second


def test_a_reply_to_another_request_is_not_taken_for_ours(peer: Peer, store: PendingStore) -> None:
    stray = frame.encode(messages.encode_reply(messages.STOP, 12345, {**STOPPED, "state": 9}))
    peer.handlers[messages.STOP] = lambda request: STOPPED
    peer.on_reply = lambda command, data: stray + data
    with connect(peer, store) as pump:
        assert pump.stop() == STOPPED


def test_ids_are_never_used_twice(peer: Peer, store: PendingStore) -> None:
    peer.handlers[messages.STOP] = lambda request: STOPPED
    for _ in range(2):
        with connect(peer, store) as pump:
            pump.stop()
            pump.stop()
    ids = [request_id for _, request_id, _ in peer.seen]
    assert len(set(ids)) == len(ids)


def test_a_silent_pump_is_reported_with_the_port_and_exit_code_4(peer: Peer, store: PendingStore) -> None:
    peer.handlers[messages.HELLO] = lambda request: None
    with pytest.raises(LinkError, match="did not answer hello") as caught:
        connect(peer, store, timeout_s=0.05)
    assert peer.port in caught.value.message
    assert caught.value.exit_code == 4
    assert len(peer.ids_of(messages.HELLO)) == 3


def test_a_command_is_on_disk_before_the_pump_sees_it_and_off_it_when_answered(peer: Peer, store: PendingStore) -> None:
    found = []

    def resume(request: dict[str, Any]) -> dict[str, Any]:
        found.append(store.load(SERIAL))
        return RUNNING

    peer.handlers[messages.RESUME] = resume
    with connect(peer, store) as pump:
        pump.resume()
    assert found[0] is not None and found[0].request_id == peer.ids_of(messages.RESUME)[0]
    assert store.load(SERIAL) is None


def test_a_lost_reply_is_resolved_by_asking_for_the_outcome(peer: Peer, store: PendingStore) -> None:
    peer.handlers[messages.RESUME] = silent_first(3, RUNNING)
    peer.handlers[messages.OUTCOME] = lambda request: {"known": True, "error": errors.OK}
    with connect(peer, store, timeout_s=0.1) as pump:
        assert pump.resume() == RUNNING
    assert len(set(peer.ids_of(messages.RESUME))) == 1
    (asked,) = [request["request_id"] for command, _, request in peer.seen if command == messages.OUTCOME]
    assert asked == peer.ids_of(messages.RESUME)[0]


def test_a_command_that_never_arrived_is_reported_as_not_carried_out(peer: Peer, store: PendingStore) -> None:
    peer.handlers[messages.RESUME] = lambda request: None
    peer.handlers[messages.OUTCOME] = lambda request: {"known": False, "error": 0}
    with connect(peer, store, timeout_s=0.1) as pump, pytest.raises(LinkError, match="not carried out"):
        pump.resume()
    assert store.load(SERIAL) is None


def test_a_refusal_whose_reply_was_lost_is_still_a_refusal(peer: Peer, store: PendingStore) -> None:
    peer.handlers[messages.RESUME] = lambda request: None
    peer.handlers[messages.OUTCOME] = lambda request: {"known": True, "error": errors.NO_PROGRAM}
    with connect(peer, store, timeout_s=0.1) as pump, pytest.raises(Refused) as caught:
        pump.resume()
    assert caught.value.name == "no-program"


def test_an_outcome_that_cannot_be_learnt_is_called_uncertain_and_settled_at_the_next_greeting(
    peer: Peer, store: PendingStore
) -> None:
    peer.handlers[messages.BOLUS] = lambda request: None
    peer.handlers[messages.OUTCOME] = lambda request: None
    with connect(peer, store, timeout_s=0.1) as pump, pytest.raises(UncertainOutcome, match="may or may not") as caught:
        pump.bolus(50000, 600000, "P")
    assert caught.value.exit_code == 4
    assert store.load(SERIAL) is not None
    peer.handlers[messages.OUTCOME] = lambda request: {"known": True, "error": errors.OK}
    with connect(peer, store) as pump:
        (told,) = pump.settled
    assert told.startswith("the bolus sent at ") and told.endswith("was carried out")
    assert store.load(SERIAL) is None
    assert len(set(peer.ids_of(messages.BOLUS))) == 1


def test_a_command_done_before_the_pump_restarted_is_not_called_refused(peer: Peer, store: PendingStore) -> None:
    def already(request: dict[str, Any]) -> None:
        raise Refusal(errors.ALREADY_DONE)

    peer.handlers[messages.RESUME] = already
    with connect(peer, store) as pump, pytest.raises(UncertainOutcome, match="was carried out"):
        pump.resume()


def test_a_pump_that_restarted_is_greeted_again_and_gets_the_same_id(peer: Peer, store: PendingStore) -> None:
    refused = iter([True, False])

    def resume(request: dict[str, Any]) -> dict[str, Any]:
        if next(refused):
            raise Refusal(errors.PROTOCOL_MISMATCH, text="greet the pump with hello first")
        return RUNNING

    peer.handlers[messages.RESUME] = resume
    with connect(peer, store) as pump:
        assert pump.resume() == RUNNING
    assert len(peer.ids_of(messages.HELLO)) == 2
    assert len(set(peer.ids_of(messages.RESUME))) == 1


def test_a_refusal_names_field_value_range_and_remedy_in_clinical_units(peer: Peer, store: PendingStore) -> None:
    def refuse(request: dict[str, Any]) -> None:
        raise Refusal(errors.OUT_OF_RANGE, "dose_ng", 80000, 1000, 50000)

    peer.handlers[messages.BOLUS] = refuse
    with connect(peer, store) as pump, pytest.raises(Refused) as caught:
        pump.bolus(80000, 600000, "P")
    assert "dose = 80 ug, allowed 1 ug to 50 ug" in caught.value.message
    assert caught.value.remedy and caught.value.exit_code == 3
    assert caught.value.document()["high"] == 50000


def test_an_unplugged_pump_ends_in_a_link_error(peer: Peer, store: PendingStore) -> None:
    pump = connect(peer, store, timeout_s=0.1)
    peer.hang_up()
    with pytest.raises(LinkError):
        pump.status()


def test_a_busy_port_is_named_as_busy(peer: Peer, store: PendingStore) -> None:
    with connect(peer, store), pytest.raises(PortError, match="is busy") as caught:
        open_transport(peer.port)
    assert caught.value.exit_code == 4


def test_a_missing_port_is_named() -> None:
    with pytest.raises(PortError, match="there is no port /dev/ttyNONE"):
        open_transport("/dev/ttyNONE")


def test_a_socket_is_a_port_too(store: PendingStore) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            link, _ = server.accept()
            with link:
                (payload,) = frame.Deframer().feed(link.recv(4096))
                _, command, request_id = messages.decode_head(payload)
                link.sendall(frame.encode(messages.encode_reply(command, request_id, hello({}))))

        thread = threading.Thread(target=serve)
        thread.start()
        transport = open_transport(f"socket://127.0.0.1:{server.getsockname()[1]}")
        with Pump(transport, pending=store) as pump:
            assert pump.hello.serial == SERIAL
            thread.join(5)
            with pytest.raises(LinkError):
                pump.status()


def test_a_socket_address_without_a_port_is_refused() -> None:
    with pytest.raises(PortError, match="socket://HOST:PORT"):
        open_transport("socket://localhost")


def test_a_program_whose_digest_is_not_the_one_stated_fails_verification(peer: Peer, store: PendingStore) -> None:
    peer.handlers[messages.PROGRAM_READ] = lambda request: {"total": 3, "digest": b"\0" * 32, "chunk": b"abc"}
    with connect(peer, store) as pump, pytest.raises(VerificationError) as caught:
        pump.read_program()
    assert caught.value.exit_code == 5


@pytest.mark.parametrize("lie", [{"digest": b"\1" * 32}, {"dose_ng_per_day": 999}])
def test_a_pump_that_understood_another_program_is_not_committed_to(
    peer: Peer, store: PendingStore, lie: dict[str, Any]
) -> None:
    told = program.load(program.example())
    peer.handlers |= programmable(told)
    honest = peer.handlers[messages.PROGRAM_CHECK]
    peer.handlers[messages.PROGRAM_CHECK] = lambda request: {**(honest(request) or {}), **lie}
    with connect(peer, store) as pump, pytest.raises(VerificationError):
        operations.propose(pump, told)
    assert messages.PROGRAM_COMMIT not in [command for command, _, _ in peer.seen]


def test_a_program_read_back_otherwise_than_committed_fails_verification(peer: Peer, store: PendingStore) -> None:
    told = program.load(program.example())
    data = program.encode(told)
    other = program.encode({**told, "patient": "OTHER"})
    proposal = operations.Proposal(told, data, None, EMPTY_STATUS, {"warning_list": []})
    peer.handlers |= {
        messages.PROGRAM_COMMIT: lambda request: {"digest": request["digest"], "state": 1},
        messages.PROGRAM_READ: lambda request: {"total": len(other), "digest": programs.digest(other), "chunk": other},
    }
    with connect(peer, store) as pump, pytest.raises(VerificationError, match="another program"):
        operations.commit(pump, proposal)


def test_an_unreadable_pending_file_is_set_aside(peer: Peer, store: PendingStore, tmp_path: Path) -> None:
    (tmp_path / "pending").mkdir()
    (tmp_path / "pending" / f"{SERIAL}.json").write_text("{half")
    with connect(peer, store) as pump:
        assert pump.settled == []
    assert (tmp_path / "pending" / f"{SERIAL}.unreadable").exists()


DELIVERING_ORDERS = {
    "bolus": lambda pump: pump.bolus(50_000, 600_000, "P"),
    "prime": lambda pump: pump.prime(200_000, 600_000),
    "resume": lambda pump: pump.resume(7_200_000),
    "minimum-rate": lambda pump: pump.minimum_rate(True),
    "temporary-rate": lambda pump: pump.temporary_rate(80_000, 600_000, "P"),
    "plan-order": lambda pump: pump.order_plan(states.PLAN_GO_ON, "P"),
    "program-commit": lambda pump: pump.commit_program(b"d", bridge_nl=300_000),
    "refill-complete": lambda pump: pump.complete_refill(0, 1, 500),
}


@pytest.mark.parametrize("name", DELIVERING_ORDERS)
def test_whatever_may_start_the_motor_is_on_disk_before_the_pump_sees_it(
    peer: Peer, store: PendingStore, name: str
) -> None:
    (command,) = [number for number, told in messages.MESSAGES.items() if told[0] == name]
    found = []

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        found.append(store.load(SERIAL))
        return blank(messages.MESSAGES[command][3])

    peer.handlers[command] = answer
    with connect(peer, store) as pump:
        DELIVERING_ORDERS[name](pump)
    assert found[0] is not None and found[0].command == command
    assert store.load(SERIAL) is None


def test_a_stop_is_never_held_up_by_what_is_still_to_be_settled(peer: Peer, store: PendingStore) -> None:
    peer.handlers[messages.BOLUS] = lambda request: None
    peer.handlers[messages.OUTCOME] = lambda request: None
    peer.handlers[messages.STOP] = lambda request: STOPPED
    with connect(peer, store, timeout_s=0.1) as pump:
        with pytest.raises(UncertainOutcome):
            pump.bolus(50_000, 600_000, "P")
        asked = len(peer.ids_of(messages.OUTCOME))
        assert pump.stop(resume_after_ms=60_000, remind_min=5) == STOPPED
        assert len(peer.ids_of(messages.OUTCOME)) == asked
    told = peer.seen[-1][2]
    assert (told["resume_after_ms"], told["remind_min"]) == (60_000, 5)
