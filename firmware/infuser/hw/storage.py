"""Files of one directory on the flash, as the journal and the checkpoint use them.

littlefs makes each sync atomic: after a cut a file is as it was before it or as it is after it.
"""

import errno
import os

DATA_DIR = "/pump"
_SPARE = "tmp"
_COPY_BYTES = 512
_ENOSPC = 28  # the Pico's errno module does not name it
_EROFS = 30


class Files:
    """Named files under `root`, a directory or mount point that is made if missing. OSError on failure.

    One file, the one appended to last, is kept open: opening costs more than the append itself.
    """

    def __init__(self, root: str = DATA_DIR) -> None:
        self._root = root.rstrip("/")
        self._frozen = False
        self._appending = ""
        self._handle = None
        try:
            os.stat(self._root)
        except OSError:
            os.mkdir(self._root)

    def freeze(self) -> None:
        """Nothing is written from now on: whoever tries gets OSError."""
        self.close()
        self._frozen = True

    def names(self) -> list[str]:
        """Names of the files, in order."""
        return sorted(name for name in os.listdir(self._root) if name != _SPARE)

    def size(self, name: str) -> int | None:
        """Bytes in a file; None if it is not there."""
        try:
            return os.stat(self._path(name))[6]
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise
            return None

    def read(self, name: str) -> bytes | None:
        """A whole (small) file; None if it is not there."""
        size = self.size(name)
        return None if size is None else self.read_at(name, 0, size)

    def read_at(self, name: str, offset: int, count: int) -> bytes:
        """At most `count` bytes from `offset` on; fewer at the end of the file."""
        with open(self._path(name), "rb") as handle:
            handle.seek(offset)
            return handle.read(count)

    def append(self, name: str, data: bytes) -> None:
        """Add to the end of a file, which is made if missing; on the flash when this returns."""
        self._refuse_frozen()
        handle = self._handle
        if handle is None or self._appending != name:
            self.close()
            handle = self._handle = open(self._path(name), "ab")  # noqa: SIM115 (kept open on purpose)
            self._appending = name
        try:
            # Here and not in a function: below this is the file system, and the stack is short; see hw.ticktimer.
            if handle.write(data) != len(data):
                raise OSError(_ENOSPC)
            handle.flush()
        except OSError:
            # littlefs does not sync a file whose write failed: closing it leaves what was there.
            self.close()
            raise

    def write(self, name: str, data: bytes) -> None:
        """Replace a file as a whole: a cut leaves the old one or the new one."""
        self._replace(name, (data,))

    def overwrite(self, name: str, data: bytes) -> None:
        """Replace a small file in place: cheaper than write(), for those who keep two in turn."""
        self._refuse_frozen()
        self._close_if(name)
        with open(self._path(name), "wb") as handle:
            if handle.write(data) != len(data):
                raise OSError(_ENOSPC)
            handle.flush()

    def truncate_to(self, name: str, size: int) -> None:
        """Keep the first `size` bytes of a file; a cut leaves the old one or the new one."""
        self._replace(name, self._pieces(name, size))

    def remove(self, name: str) -> None:
        """Delete a file."""
        self._refuse_frozen()
        self._close_if(name)
        os.remove(self._path(name))

    def free_bytes(self) -> int:
        """Room left on the whole file system."""
        told = os.statvfs(self._root)
        # littlefs counts some blocks twice, and what it has left may then seem to be less than nothing.
        return told[1] * told[4] if told[4] <= told[2] else 0

    def close(self) -> None:
        """Let go of the open file."""
        handle, self._handle, self._appending = self._handle, None, ""
        if handle is not None:
            try:
                handle.close()
            except OSError:
                pass  # what mattered was synced by append, or its failure has been raised there

    def _refuse_frozen(self) -> None:
        if self._frozen:
            raise OSError(_EROFS)

    def _replace(self, name: str, pieces) -> None:
        self._refuse_frozen()
        self._close_if(name)
        with open(self._path(_SPARE), "wb") as handle:
            for piece in pieces:
                _put(handle, piece)
            handle.flush()
        os.rename(self._path(_SPARE), self._path(name))

    def _pieces(self, name: str, size: int):
        for at in range(0, size, _COPY_BYTES):
            yield self.read_at(name, at, min(_COPY_BYTES, size - at))

    def _close_if(self, name: str) -> None:
        if self._appending == name:
            self.close()

    def _path(self, name: str) -> str:
        return self._root + "/" + name


def _put(handle, data: bytes) -> None:
    if handle.write(data) != len(data):
        raise OSError(_ENOSPC)
