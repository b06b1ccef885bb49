"""The other end of a link, scripted: for what a real pump never does, such as losing a reply or lying."""

import os
import pty
import select
import threading
import time
import tty
from collections.abc import Callable
from typing import Any, Self

from blanks import blank

from infuser.core.mac import Channel
from infuser.wire import frame, messages, replies, signed
from infuser.wire import program as programs
from infuser.wire.messages import Refusal
from pumpctl.program_view import figures

EMPTY_STATUS = blank(replies.STATUS_FIELDS)
Handler = Callable[[dict[str, Any]], dict[str, Any] | None]
SERIAL = "PEER0001"


def hello(_: dict[str, Any]) -> dict[str, Any]:
    """The answer of a pump of the same version."""
    return {"protocol": messages.protocol_hash(), "firmware": "9.9.9", "serial": SERIAL, "boot_count": 1}


def answering(command: int, **values: Any) -> Handler:
    """A handler that grants a command, with `values` in its reply and nothing in the other fields."""
    reply = {**blank(messages.MESSAGES[command][3]), **values}
    return lambda request: reply


def programmable(
    told: dict[str, Any], warnings: tuple[str, ...] = (), old: dict[str, Any] | None = None, bridge_nl_per_day: int = 0
) -> dict[int, Handler]:
    """Handlers of a pump with the program `old`, or none, that understands `told` and then holds it."""
    data = programs.encode(told)
    held = [programs.encode(old) if old else b""]
    warning_list = [{"field": "dose_ng_per_day", "text": text} for text in warnings]
    echo = {
        **blank(replies.UNDERSTOOD_FIELDS), "digest": programs.digest(data), "warning_list": warning_list,
        "bridge_rate_nl_per_day": bridge_nl_per_day, **figures(told),
    }  # fmt: skip

    def commit(request: dict[str, Any]) -> dict[str, Any]:
        held[0] = data
        return {"digest": request["digest"], "state": 1}

    return {
        messages.STATUS: lambda request: EMPTY_STATUS,
        messages.PROGRAM_READ: lambda request: {
            "total": len(held[0]), "digest": programs.digest(held[0]) if held[0] else b"", "chunk": held[0],
        },
        messages.PROGRAM_STAGE: lambda request: {"received": request["total"]},
        messages.PROGRAM_CHECK: lambda request: echo,
        messages.PROGRAM_COMMIT: commit,
        messages.RESUME: answering(messages.RESUME, state=3, rate_nl_per_day=1),
    }  # fmt: skip


class Peer:
    """Answers requests on a pseudo-terminal by `handlers` (command -> function of the request).

    A handler returns the reply's fields, raises Refusal, or returns None to stay silent. `on_reply`
    may replace the bytes of a reply. `seen` holds (command, request id, request) as they came. `channel` is that of a
    session that is signed in: a signed request is answered by it.
    """

    def __init__(self, handlers: dict[int, Handler] | None = None) -> None:
        self.handlers: dict[int, Handler] = {
            messages.HELLO: hello,
            messages.STATUS: lambda request: EMPTY_STATUS,
            messages.PROGRAM_READ: answering(messages.PROGRAM_READ),
            **(handlers or {}),
        }
        self.seen: list[tuple[int, int, dict[str, Any]]] = []
        self.on_reply: Callable[[int, bytes], bytes] = lambda command, data: data
        self.channel: Channel | None = None
        self.flood = b""  # put on the line again and again, as fast as it is read
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self._gone = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()

    def hang_up(self) -> None:
        """Go away, as an unplugged board does."""
        if not self._gone.is_set():
            self._gone.set()
            self._thread.join()
            os.close(self._slave)
            os.close(self._master)

    def send(self, data: bytes) -> None:
        """Put bytes on the line unasked."""
        os.write(self._master, data)

    def ids_of(self, command: int) -> list[int]:
        """Request ids seen of a command, in order, repetitions included."""
        return [request_id for seen, request_id, _ in self.seen if seen == command]

    def _serve(self) -> None:
        deframer = frame.Deframer()
        while not self._gone.is_set():
            if self.flood:
                self._pour()
            if select.select([self._master], [], [], 0 if self.flood else 0.02)[0]:
                for payload in deframer.feed(os.read(self._master, 4096)):
                    self._answer(payload)

    def _pour(self) -> None:
        os.set_blocking(self._master, False)
        try:
            os.write(self._master, self.flood)
        except BlockingIOError:
            time.sleep(0.001)

    def _answer(self, payload: bytes) -> None:
        channel, counter = None, 0
        if payload[0] == signed.SIGNED:
            assert self.channel is not None, "a signed request to a peer at which nobody has signed in"
            channel = self.channel
            counter, payload = channel.verify(payload)
        _, command, request_id = messages.decode_head(payload)
        request = messages.decode_request(payload)
        self.seen.append((command, request_id, request))
        try:
            values = self.handlers[command](request)
            if values is None:
                return
            reply = messages.encode_reply(command, request_id, values)
        except Refusal as refused:
            reply = messages.encode_refusal(command, request_id, refused)
        reply = channel.sign(counter, reply) if channel is not None else reply
        self.send(self.on_reply(command, frame.encode(reply)))
