"""Pages of a pump's log asked for ahead: while one is read, the next ones are on their way."""

from collections import deque
from typing import Any, Protocol

from infuser.wire import messages

# What the pump queues for a host that does not read holds so many replies.
AHEAD = 2
SKIP_MAX = 0xFFFF

Page = dict[str, Any]


class Line(Protocol):
    """What it needs of a link: see Orders."""

    def send_ahead(self, command: int, values: Page) -> int: ...

    def answer(self, command: int, request_id: int, values: Page) -> Page: ...

    def forget_ahead(self) -> None: ...


class Ahead:
    """Reads pages one after the other; a page that was not foreseen costs a round trip, as without it."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._sent: deque[tuple[int, int, int]] = deque()  # (from_seq, skip, request id) in their order
        self._full = False  # the page before was a full one: what is behind it is probably wanted next

    def ask(self, command: int, *, from_seq: int, skip: int) -> Page:
        """The page at a place; those behind it are asked for now, when the page before is in the caller's hands."""
        if not self._sent or self._sent[0][:2] != (from_seq, skip):
            self._line.forget_ahead()
            self._sent.clear()
            self._send(command, from_seq, skip)
        last = self._sent[-1][1]
        room = min(AHEAD - len(self._sent), (SKIP_MAX - last) // messages.CHUNK_MAX) if self._full else 0
        for number in range(1, room + 1):
            self._send(command, from_seq, last + number * messages.CHUNK_MAX)
        _, _, request_id = self._sent.popleft()
        page = self._line.answer(command, request_id, {"from_seq": from_seq, "skip": skip})
        self._full = len(page["chunk"]) == messages.CHUNK_MAX
        return page

    def _send(self, command: int, from_seq: int, skip: int) -> None:
        request_id = self._line.send_ahead(command, {"from_seq": from_seq, "skip": skip})
        self._sent.append((from_seq, skip, request_id))
