"""Requests and replies over a link: framing, ids, repetition, signatures, and the greeting that compares versions."""

import re
import secrets
import time
from dataclasses import dataclass
from typing import Any

from infuser.core.mac import Channel
from infuser.wire import codec, frame, messages
from infuser.wire import errors as wire_errors
from infuser.wire.signed import SIGNED
from pumpctl import __version__
from pumpctl.errors import LinkError, ProtocolMismatch, UsageProblem, VerificationError
from pumpctl.printable import printable, printable_values
from pumpctl.transport import Transport, drain


@dataclass(frozen=True)
class Hello:
    """What a pump tells about itself when greeted."""

    firmware: str
    serial: str
    boot_count: int
    protocol: bytes


# What a pump says unsigned to a signed request, because it cannot sign any more: the session has to begin anew. Anybody
# on the cable can say so too: it proves nothing about what became of the request.
SESSION_ENDED = (
    wire_errors.SESSION_CLOSED,
    wire_errors.FRAME_FORGED,
    wire_errors.FRAME_REPLAYED,
    wire_errors.PROTOCOL_MISMATCH,
)


class Exchange:
    """One client's requests: 32 random bits and a counter make ids that no other client uses.

    From `sign_with` to the next greeting every request is signed, and only a reply that is signed for it is taken.
    """

    def __init__(self, transport: Transport, *, timeout_s: float, tries: int) -> None:
        self.transport = transport
        self._timeout_s = timeout_s
        self._tries = tries
        self._client = secrets.randbits(32) << 32
        self._count = 0
        self._deframer = frame.Deframer()
        self._channel: Channel | None = None
        self._signed = 0  # the counter of the last signed request
        # Requests sent ahead: id -> the counter that they were signed with, or 1, and the reply if it is here already.
        self._ahead: dict[int, tuple[int, bytes]] = {}

    def sign_with(self, key: bytes | None) -> None:
        """Sign every request from now on with a session's key; None ends that."""
        self._channel = Channel(key) if key is not None else None
        self._signed = 0

    def new_id(self) -> int:
        """An id never used before."""
        self._count += 1
        return self._client | self._count

    def ask(self, command: int, values: dict[str, Any], request_id: int | None = None) -> dict[str, Any]:
        """The reply's fields; repeats with the same id. Raises the pump's Refusal, LinkError if none came."""
        request_id = self.new_id() if request_id is None else request_id
        first, early = self._ahead.pop(request_id, (0, b""))
        if early:
            return self._decode(early)
        request = _encoded(command, request_id, values)
        on_its_way = first > 0
        first = first or self._signed + 1
        for _ in range(self._tries):
            if not on_its_way:
                self.transport.write(frame.encode(self._sign(request)))
            on_its_way = False
            payload = self._await(command, request_id, first)
            if payload is not None:
                return self._decode(payload)
        waited = f"{self._tries * self._timeout_s:g} s"
        from pumpctl import holders  # what costs time is loaded where there is a failure to explain

        raise LinkError(
            f"the pump on {self.transport.name} did not answer {messages.MESSAGES[command][0]} within {waited}",
            remedy=holders.rivals(self.transport.name)
            or "check the cable, that the pump is on and that it runs the pump's firmware",
        )

    def send_ahead(self, command: int, values: dict[str, Any]) -> int:
        """Send a request of a kind that changes nothing; `ask` with the id that is returned takes its reply."""
        request_id = self.new_id()
        self.transport.write(frame.encode(self._sign(_encoded(command, request_id, values))))
        self._ahead[request_id] = self._signed or 1, b""
        return request_id

    def forget_ahead(self) -> None:
        """No reply to what was sent ahead is wanted any more."""
        self._ahead.clear()

    def _sign(self, request: bytes) -> bytes:
        """The request as it goes out; a repetition is signed anew, for a pump takes no counter twice."""
        if self._channel is None:
            return request
        self._signed += 1
        return self._channel.sign(self._signed, request)

    def _await(self, command: int, request_id: int, first: int) -> bytes | None:
        """The payload that answers this very request, signed as from number `first` on; all else is passed over."""
        end = time.monotonic() + self._timeout_s
        found = None
        while found is None and (left := end - time.monotonic()) > 0:
            for payload in self._deframer.feed(self.transport.read(left)):
                reply = self._opened(payload, first)
                if reply[:1] != bytes([messages.REPLY]):
                    continue
                head = _head(reply)
                if head == (command, request_id):
                    found = reply
                elif head[1] in self._ahead:
                    self._ahead[head[1]] = self._ahead[head[1]][0], reply
        return found

    def _opened(self, payload: bytes, first: int) -> bytes:
        """The reply in a frame, b"" if it is not to be believed."""
        if self._channel is None:
            return payload
        try:
            if payload[0] == SIGNED:
                counter, reply = self._channel.verify(payload)
                return reply if first <= counter <= self._signed else b""
            messages.decode_reply(payload)
        except (codec.CodecError, KeyError):
            return b""
        except messages.Refusal as refused:
            return payload if refused.code in SESSION_ENDED else b""
        return b""

    def _decode(self, payload: bytes) -> dict[str, Any]:
        """The reply's fields, or its Refusal; what a pump writes in them cannot act on a terminal, nor break a line."""
        try:
            fields: dict[str, Any] = printable_values(messages.decode_reply(payload))
        except messages.Refusal as refused:
            refused.field, refused.text = printable(refused.field), printable(refused.text)
            raise
        except codec.CodecError as error:
            name = messages.MESSAGES[payload[1]][0]
            raise ProtocolMismatch(f"the pump's answer to {name} does not decode: {error}", remedy=_SAME) from error
        return fields

    def hello(self) -> Hello:
        """Greet the pump and compare declarations; ProtocolMismatch names both versions."""
        drain(self.transport)
        self.forget_ahead()
        self.sign_with(None)
        ours = messages.protocol_hash()
        try:
            told = self.ask(messages.HELLO, {"protocol": ours, "host": __version__})
        except messages.Refusal as refused:
            if refused.code == wire_errors.PROTOCOL_MISMATCH:
                raise ProtocolMismatch(
                    f"{_DIFFERENT}: {refused.text}", field="firmware", value=_firmware_in(refused.text), remedy=_SAME
                ) from None
            raise ProtocolMismatch(f"the pump refused the greeting: {refused}", remedy=_SAME) from None
        if told["protocol"] != ours:
            raise _mismatch(told["firmware"], told["protocol"])
        return Hello(told["firmware"], _serial(told["serial"]), told["boot_count"], told["protocol"])


_HASH_BYTES = 8
_SERIAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_DIFFERENT = "pump and host do not speak the same protocol"
_SAME = "install host and firmware of the same version: `pumpctl flash` puts this one's on the pump"


def _serial(told: str) -> str:
    """The serial number, under which log, keys and pending commands are kept; VerificationError if it is none."""
    if not _SERIAL.fullmatch(told):
        raise VerificationError(
            f'the pump calls itself "{told}", which is no serial number',
            field="serial", value=told, remedy="what is on this port is not a pump of this kind: check the port",
        )  # fmt: skip
    return told


def _encoded(command: int, request_id: int, values: dict[str, Any]) -> bytes:
    try:
        return messages.encode_request(command, request_id, values)
    except codec.CodecError as error:
        raise UsageProblem(f"{messages.MESSAGES[command][0]}: {error}", remedy="choose a smaller value") from error


def _head(payload: bytes) -> tuple[int, int]:
    try:
        _, command, request_id = messages.decode_head(payload)
    except codec.CodecError:
        return -1, -1
    return command, request_id


def _mismatch(firmware: str, theirs: bytes) -> ProtocolMismatch:
    pump = f"pump: firmware {firmware} protocol {messages.hash_text(theirs[:_HASH_BYTES])}"
    host = f"host: {__version__} protocol {messages.hash_text(messages.protocol_hash())}"
    return ProtocolMismatch(f"{_DIFFERENT}: {pump}; {host}", field="firmware", value=firmware, remedy=_SAME)


def _firmware_in(text: str) -> str:
    """The pump's version in the refusal of a greeting, whose form never changes; empty if there is none."""
    found = re.match(r"pump: firmware (\S+)", text)
    return found[1] if found else ""
