"""Bytes that the host sends piece by piece: a program, or a drug library."""

from infuser.app.checks import within
from infuser.wire import errors
from infuser.wire import program as programs
from infuser.wire.messages import Refusal


class Staging:
    """Bytes on their way, at most `most`; nothing is in force until a commit names their digest."""

    def __init__(self, most: int = programs.ENCODED_MAX) -> None:
        self.most = most
        self.data = bytearray()
        self.total = 0

    def put(self, total: int, offset: int, chunk: bytes) -> int:
        """Take a chunk; offset 0 begins anew. Returns the bytes held."""
        within("total", total, 1, self.most)
        if offset == 0:
            self.data = bytearray()
            self.total = total
        held = len(self.data)
        if total != self.total or offset > held or offset + len(chunk) > total:
            raise Refusal(errors.OUT_OF_RANGE, "offset", offset, 0, held)
        self.data[offset:] = chunk
        return len(self.data)

    def whole(self) -> bytes:
        """The program's bytes; Refusal while some are missing."""
        if not self.total or len(self.data) != self.total:
            raise Refusal(errors.PROGRAM_INCOMPLETE, "received", len(self.data), self.total, self.total)
        return bytes(self.data)

    def clear(self) -> None:
        """Forget it."""
        self.data = bytearray()
        self.total = 0
