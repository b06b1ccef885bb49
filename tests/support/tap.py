"""Somebody on the cable between a client and a pump: hears every frame, and may change, drop, repeat or add some."""

from collections.abc import Callable

from infuser.wire import frame, messages, signed
from pumpctl.transport import Transport

Alter = Callable[[bytes], list[bytes]]


def pass_on(payload: bytes) -> list[bytes]:
    """Change nothing."""
    return [payload]


def inside(payload: bytes) -> bytes:
    """The request or reply that a payload is, or has signed in it."""
    return payload[signed.AROUND_BYTES :] if payload[0] == signed.SIGNED else payload


def command_of(payload: bytes) -> int:
    """The command that a payload is about."""
    return int(messages.decode_head(inside(payload))[1])


class Tap:
    """A Transport for the client. `sent` and `told` are the payloads that were on the line, either way.

    `on_request` and `on_reply` give what goes on in place of a payload; `inject` puts one of one's own before the pump.
    """

    def __init__(self, transport: Transport) -> None:
        self.name = transport.name
        self.sent: list[bytes] = []
        self.told: list[bytes] = []
        self.on_request: Alter = pass_on
        self.on_reply: Alter = pass_on
        self._transport = transport
        self._up = frame.Deframer()
        self._down = frame.Deframer()

    def write(self, data: bytes) -> None:
        for payload in self._up.feed(data):
            self.sent.append(payload)
            for altered in self.on_request(payload):
                self._transport.write(frame.encode(altered))

    def read(self, timeout_s: float) -> bytes:
        heard = b""
        for payload in self._down.feed(self._transport.read(timeout_s)):
            self.told.append(payload)
            heard += b"".join(frame.encode(altered) for altered in self.on_reply(payload))
        return heard

    def inject(self, payload: bytes) -> bytes:
        """Send a payload to the pump, and keep from the client what it answers."""
        self._transport.write(frame.encode(payload))
        while True:
            for answer in self._down.feed(self._transport.read(2.0)):
                return answer

    def signed_requests(self, command: int) -> list[bytes]:
        """The signed requests of a command that were on the line."""
        return [one for one in self.sent if one[0] == signed.SIGNED and command_of(one) == command]

    def close(self) -> None:
        self._transport.close()
