"""A scripted pump's log, read page by page: sound ones to be cut off anywhere, and ones that no pump would have."""

from collections.abc import Callable, Sequence
from typing import Any

from wirepeer import EMPTY_STATUS, Handler

from infuser.wire import messages, records

EMPTY = {"oldest_seq": 1, "next_seq": 1, "chunk": b""}


def with_log(stored: Sequence[bytes]) -> dict[int, Handler]:
    """Handlers of a pump whose journal holds these records, oldest first."""
    seqs = [records.peek(one)[3] for one in stored]
    bounds = {"log_oldest": seqs[0], "log_next": seqs[-1] + 1}

    def page(request: dict[str, Any]) -> dict[str, Any]:
        left = b"".join(one for seq, one in zip(seqs, stored, strict=True) if seq >= request["from_seq"])
        chunk = left[request["skip"] :][: messages.CHUNK_MAX]
        return {"oldest_seq": bounds["log_oldest"], "next_seq": bounds["log_next"], "chunk": chunk}

    return {messages.STATUS: lambda request: {**EMPTY_STATUS, **bounds}, messages.LOG_READ: page}


def at_page(number: int, page: Handler, happens: Callable[[], None]) -> Handler:
    """The handler `page`, before whose `number`th answer (from 1) something happens, once."""
    asked = 0

    def answer(request: dict[str, Any]) -> dict[str, Any] | None:
        nonlocal asked
        asked += 1
        if asked == number:
            happens()
        return page(request)

    return answer
