"""A pump of which only the log is there: the real journal behind the real page reader."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

from infuser.core.journal import Journal
from infuser.wire import messages
from pumpctl.logread import read_log


class LogPump:
    """What `pumpctl.logpull` uses of a pump; `requests` counts the pages asked for."""

    def __init__(self, journal: Journal, serial: str = "E66100") -> None:
        self.journal = journal
        self.hello = SimpleNamespace(serial=serial)
        self.requests = 0
        self.break_after = -1

    def status(self) -> dict[str, Any]:
        return {"log_oldest": self.journal.oldest_seq, "log_next": self.journal.next_seq}

    def read_log(self, from_seq: int, progress: Callable[[int, int, int], None] | None = None) -> Iterator[bytes]:
        return read_log(self._ask, from_seq, progress)

    def _ask(self, command: int, from_seq: int, skip: int) -> dict[str, Any]:
        assert command == messages.LOG_READ
        if self.requests == self.break_after:
            raise ConnectionError("unplugged")
        self.requests += 1
        journal = self.journal
        chunk = journal.read_from(max(from_seq, journal.oldest_seq), skip, messages.CHUNK_MAX)
        return {"oldest_seq": journal.oldest_seq, "next_seq": journal.next_seq, "chunk": chunk}
