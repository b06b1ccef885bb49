"""Somebody sits on the cable while a clinician is signed in: what they hear, change or add gives them nothing."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from access import provision, records
from tap import Tap, command_of, inside
from ward import MINUTE_MS, PATIENT, Ward, delivers, infusing

from infuser.wire import errors, messages, signed, states
from infuser.wire.messages import Refusal
from pumpctl.client import Pump
from pumpctl.errors import LinkError, UncertainOutcome
from pumpctl.pending import PendingStore
from pumpctl.transport import open_transport

RATE = 200_000
BOLUS_NG = 25_000
BOLUS_MS = 10 * MINUTE_MS


@pytest.fixture
def ward(cli, bench) -> Ward:
    ward = infusing(cli, bench)
    with ward.client() as pump:
        pump.stop()
    provision(ward)
    with ward.client() as pump:
        pump.resume()
    return ward


@contextmanager
def tapped(ward: Ward) -> Iterator[tuple[Pump, Tap]]:
    """A client that signs in by itself, and who is on its cable."""
    tap = Tap(open_transport(str(ward.plant.port)))
    with Pump(tap, operator="Ada", pending=PendingStore(), timeout_s=0.4) as pump:
        yield pump, tap


def refused(answer: bytes) -> str:
    """The name of the refusal that an unsigned answer is."""
    assert answer[0] == messages.REPLY, "a pump signs nothing for a frame that it does not take"
    with pytest.raises(Refusal) as caught:
        messages.decode_reply(answer)
    return errors.name(caught.value.code)


def refusals(ward: Ward, *codes: int) -> list[int]:
    """The commands that the log says were refused for these reasons."""
    return [one["command"] for one in records(ward, "command") if one["error"] in codes]


@pytest.mark.case("EC14")
def test_a_command_that_was_recorded_gives_no_second_bolus(ward):
    with tapped(ward) as (pump, tap):
        pump.bolus(BOLUS_NG, BOLUS_MS, PATIENT)
        (recorded,) = tap.signed_requests(messages.BOLUS)
        pump.cancel_bolus()
        assert refused(tap.inject(recorded)) == "frame-replayed"
        assert pump.status()["state"] == states.INFUSING
        pump.minimum_rate(True)
        (lower,) = tap.signed_requests(messages.MINIMUM_RATE)
        pump.minimum_rate(False)
        assert refused(tap.inject(lower)) == "frame-replayed"
    with tapped(ward) as (pump, tap):
        assert refused(tap.inject(recorded)) == "session-closed"
        pump.acknowledge(0)
        assert refused(tap.inject(recorded)) == "frame-forged"
    told = refusals(ward, errors.FRAME_REPLAYED, errors.FRAME_FORGED, errors.SESSION_CLOSED)
    assert told == [messages.BOLUS, messages.MINIMUM_RATE, messages.BOLUS, messages.BOLUS]
    assert len(records(ward, "bolus-started")) == 1


@pytest.mark.case("EC14")
def test_a_frame_that_comes_out_of_order_is_refused_and_the_rest_goes_on(ward):
    held: list[bytes] = []
    with tapped(ward) as (pump, tap):
        pump.acknowledge(0)

        def delay(payload: bytes) -> list[bytes]:
            if command_of(payload) == messages.MINIMUM_RATE and not held:
                held.append(payload)
                return []
            return [payload]

        tap.on_request = delay
        assert pump.minimum_rate(True)["state"] == states.MINIMUM_RATE  # asked again, under a new counter
        assert refused(tap.inject(held[0])) == "frame-replayed"
        assert pump.minimum_rate(False)["state"] == states.INFUSING
    assert refusals(ward, errors.FRAME_REPLAYED) == [messages.MINIMUM_RATE]


@pytest.mark.case("EC14")
def test_an_id_that_a_stranger_uses_first_is_still_the_clinicians(ward):
    """A bolus is kept from the pump, and its id used for something that anybody may ask for."""
    kept: list[bytes] = []
    with tapped(ward) as (pump, tap):
        pump.acknowledge(0)

        def take_the_id(payload: bytes) -> list[bytes]:
            if command_of(payload) != messages.BOLUS or kept:
                return [payload]
            kept.append(payload)
            request_id = messages.decode_head(inside(payload))[2]
            return [messages.encode_request(messages.AUDIO_PAUSE, request_id, {"pause_s": 1, "operator": "Eve"})]

        tap.on_request = take_the_id
        assert pump.bolus(BOLUS_NG, BOLUS_MS, PATIENT)["volume_nl"] == 50_000
    assert len(records(ward, "bolus-started")) == 1


def larger(payload: bytes) -> bytes:
    """A bolus of the double dose."""
    at = payload.index(struct.pack("<I", BOLUS_NG))
    return payload[:at] + struct.pack("<I", 2 * BOLUS_NG) + payload[at + 4 :]


SPOILT = {
    "a larger dose": larger,
    "a later counter": lambda payload: payload[:1] + struct.pack("<I", 99) + payload[5:],
    "another command": lambda payload: (
        payload[: signed.AROUND_BYTES + 1] + b"\x0d" + payload[signed.AROUND_BYTES + 2 :]
    ),
    "cut at its end": lambda payload: payload[:-1],
    "cut to its head": lambda payload: payload[: signed.AROUND_BYTES + 10],
    "bytes behind it": lambda payload: payload + b"\0",
    "another MAC": lambda payload: payload[:5] + bytes(16) + payload[signed.AROUND_BYTES :],
}


@pytest.mark.case("EC14")
@pytest.mark.parametrize("how", SPOILT)
def test_an_altered_command_is_refused_logged_and_reaches_the_pump_as_it_was_meant_at_the_second_try(ward, how):
    spoilt: list[bytes] = []
    with tapped(ward) as (pump, tap):
        pump.acknowledge(0)

        def alter_once(payload: bytes) -> list[bytes]:
            if payload[0] == signed.SIGNED and command_of(payload) == messages.BOLUS and not spoilt:
                spoilt.append(payload)
                return [SPOILT[how](payload)]
            return [payload]

        tap.on_request = alter_once
        assert pump.bolus(BOLUS_NG, BOLUS_MS, PATIENT)["volume_nl"] == 50_000
    (started,) = records(ward, "bolus-started")
    assert started["dose_ng"] == BOLUS_NG
    assert len(refusals(ward, errors.FRAME_FORGED)) == 1


@pytest.mark.case("EC14")
def test_a_command_that_is_always_altered_is_never_carried_out_and_the_client_does_not_trust_the_line(ward):
    with tapped(ward) as (pump, tap):
        tap.on_request = lambda payload: [larger(payload) if command_of(payload) == messages.BOLUS else payload]
        with pytest.raises(UncertainOutcome) as caught:
            pump.bolus(BOLUS_NG, BOLUS_MS, PATIENT)
        assert "cable" in caught.value.remedy
    ward.do("status")  # settles what became of it
    assert records(ward, "bolus-started") == []
    assert delivers(ward.steps_in(10 * MINUTE_MS), RATE, 10 * MINUTE_MS)


@pytest.mark.case("EC14")
def test_the_pumps_own_reply_sent_back_to_it_is_refused(ward):
    with tapped(ward) as (pump, tap):
        pump.acknowledge(0)
        pump.minimum_rate(True)
        reply = next(one for one in reversed(tap.told) if one[0] == signed.SIGNED)
        assert refused(tap.inject(reply)) == "frame-forged"
        assert pump.status()["state"] == states.MINIMUM_RATE
    assert len(refusals(ward, errors.FRAME_FORGED)) == 1


@pytest.mark.case("EC14")
def test_commands_put_into_a_signed_in_session_without_a_signature_are_refused(ward):
    with tapped(ward) as (pump, tap):
        pump.acknowledge(0)
        for command, values in (
            (messages.RESUME, {"delay_ms": 0}),
            (messages.BOLUS, {"dose_ng": BOLUS_NG, "duration_ms": BOLUS_MS, "patient": PATIENT, "confirmed": True}),
            (messages.MINIMUM_RATE, {"on": True}),
        ):
            request = messages.encode_request(command, 77, {**values, "operator": "Ada"})
            assert refused(tap.inject(request)) == "not-signed-in"
        assert pump.minimum_rate(True)["state"] == states.MINIMUM_RATE
    assert records(ward, "bolus-started") == []


@pytest.mark.case("EC24")
def test_what_anybody_may_do_keeps_nobodys_session_open(ward):
    pause = messages.encode_request(messages.AUDIO_PAUSE, 5, {"pause_s": 1, "operator": "Eve"})
    with tapped(ward) as (pump, tap):
        pump.acknowledge(0)
        for count in range(6):
            ward.advance(2 * MINUTE_MS)
            tap.inject(pause[:2] + bytes([count]) + pause[3:])
        assert pump.status()["role"] == messages.NOBODY


@pytest.mark.case("EC14")
def test_a_reply_made_up_on_the_cable_is_not_believed(ward):
    def grant(payload: bytes) -> list[bytes]:
        """Say that it was done, whatever the pump says."""
        if command_of(payload) != messages.BOLUS:
            return [payload]
        _, command, request_id = messages.decode_head(inside(payload))
        values = {"volume_nl": 1, "rate_nl_per_day": 1, "ends_ms": 0}
        return [messages.encode_reply(command, request_id, values)]

    with tapped(ward) as (pump, tap):
        pump.acknowledge(0)
        tap.on_reply = grant
        # The pump is asked what became of it, and tells; only the answer itself is lost.
        with pytest.raises(UncertainOutcome, match="was carried out"):
            pump.bolus(BOLUS_NG, BOLUS_MS, PATIENT)
        tap.on_reply = lambda payload: [payload[:-1] + bytes([payload[-1] ^ 1])]
        with pytest.raises(LinkError):
            pump.status()
    assert len(records(ward, "bolus-started")) == 1


@pytest.mark.case("EC14")
@pytest.mark.parametrize("lie", [errors.SESSION_CLOSED, errors.FRAME_FORGED, errors.NOT_SIGNED_IN, errors.LOCK_OUT])
def test_a_refusal_made_up_on_the_cable_does_not_pass_for_the_pumps(ward, lie):
    """The bolus is given; whoever is on the cable says that it was refused, and keeps the rest from the pump."""
    passed: list[bytes] = []

    def refuse(payload: bytes) -> list[bytes]:
        if command_of(payload) != messages.BOLUS:
            return [payload]
        _, command, request_id = messages.decode_head(inside(payload))
        return [messages.encode_refusal(command, request_id, Refusal(lie))]

    def once(payload: bytes) -> list[bytes]:
        if command_of(payload) != messages.BOLUS:
            return [payload]
        passed.append(payload)
        return [payload] if len(passed) == 1 else [payload[:-1] + bytes([payload[-1] ^ 1])]

    with tapped(ward) as (pump, tap):
        pump.acknowledge(0)
        tap.on_reply, tap.on_request = refuse, once
        with pytest.raises(UncertainOutcome) as caught:
            pump.bolus(BOLUS_NG, BOLUS_MS, PATIENT)
        assert "carried out" in caught.value.message
    assert len(records(ward, "bolus-started")) == 1


@pytest.mark.case("EC14")
def test_the_answer_to_an_earlier_request_is_not_taken_for_that_to_a_later_one(ward):
    with tapped(ward) as (pump, tap):
        pump.acknowledge(0)
        pump.status()
        old = tap.told[-1]
        tap.on_reply = lambda payload: [old]
        with pytest.raises(LinkError):
            pump.status()
