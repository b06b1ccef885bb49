"""Two files in turn: what is new is written beside what holds, and a digest kept in the ledger says which of them does.

After a power cut between the two, the digest still names the old file, and both are whole.
"""

from infuser.wire import errors
from infuser.wire.messages import Refusal


class Pair:
    """The files `names` of `files` (as hw.storage.Files). `digest_of(stored)` is that by which the ledger names one."""

    def __init__(self, files, names: tuple, digest_of) -> None:
        self._files = files
        self._names = names
        self._digest_of = digest_of

    def find(self, digest: bytes) -> bytes:
        """What is stored under this digest; b"" if neither file is it, or `digest` is empty."""
        name = self._name(digest)
        return self._read(name) if name else b""

    def put(self, stored: bytes, digest: bytes) -> None:
        """Write beside the file that holds under `digest`, and read it back; Refusal STORAGE leaves that as it is."""
        name = self._names[1] if self._names[0] == self._name(digest) else self._names[0]
        try:
            self._files.write(name, stored)
        except OSError as error:
            raise Refusal(errors.STORAGE, name, text=str(error))
        if self._read(name) != stored:
            raise Refusal(errors.STORAGE, name, text="not readable after it was written")

    def holds_other(self, stored: bytes) -> bool:
        """Whether one of the files holds something else than this."""
        return any(self._read(name) not in (b"", stored) for name in self._names)

    def _name(self, digest: bytes) -> str:
        for name in self._names if digest else ():
            stored = self._read(name)
            if stored and self._digest_of(stored) == digest:
                return name
        return ""

    def _read(self, name: str) -> bytes:
        try:
            return self._files.read(name) or b""
        except OSError:
            return b""
