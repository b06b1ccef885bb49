"""The other end of a link, scripted: for what a real pump never does, such as losing a reply or lying."""

import os
import pty
import select
import threading
import tty
from collections.abc import Callable
from typing import Any, Self

from infuser.wire import frame, messages
from infuser.wire import program as programs
from infuser.wire.messages import Refusal
from pumpctl.program_view import figures

_ZERO = {"bool": False, "text": "", "blob": b""}
EMPTY_STATUS = {name: [] if isinstance(kind, tuple) else _ZERO.get(kind, 0) for name, kind in messages.STATUS_FIELDS}
Handler = Callable[[dict[str, Any]], dict[str, Any] | None]
SERIAL = "PEER0001"


def hello(_: dict[str, Any]) -> dict[str, Any]:
    """The answer of a pump of the same version."""
    return {"protocol": messages.protocol_hash(), "firmware": "9.9.9", "serial": SERIAL, "boot_count": 1}


def programmable(told: dict[str, Any], warnings: tuple[str, ...] = ()) -> dict[int, Handler]:
    """Handlers of a pump without a program that understands `told` and then holds it."""
    data = programs.encode(told)
    held = [b""]
    warning_list = [{"field": "dose_ng_per_day", "text": text} for text in warnings]
    echo = {"digest": programs.digest(data), "refill_due_ms": 0, "warning_list": warning_list, **figures(told)}

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
        messages.RESUME: lambda request: {"state": 3, "rate_nl_per_day": 1},
    }  # fmt: skip


class Peer:
    """Answers requests on a pseudo-terminal by `handlers` (command -> function of the request).

    A handler returns the reply's fields, raises Refusal, or returns None to stay silent. `on_reply`
    may replace the bytes of a reply. `seen` holds (command, request id, request) as they came.
    """

    def __init__(self, handlers: dict[int, Handler] | None = None) -> None:
        self.handlers: dict[int, Handler] = {messages.HELLO: hello, **(handlers or {})}
        self.seen: list[tuple[int, int, dict[str, Any]]] = []
        self.on_reply: Callable[[int, bytes], bytes] = lambda command, data: data
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
            if select.select([self._master], [], [], 0.02)[0]:
                for payload in deframer.feed(os.read(self._master, 4096)):
                    self._answer(payload)

    def _answer(self, payload: bytes) -> None:
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
        self.send(self.on_reply(command, frame.encode(reply)))
