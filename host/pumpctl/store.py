"""The local archive: every record ever pulled, raw, by pump and log, and the visits; SQLite, one transaction a page.

A pump whose memory was erased begins a new log; the old one stays. `head` of a log (next number,
last chain value) stands apart from its records, so that records missing at the end are noticed.
"""

import contextlib
import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from infuser.wire import records
from pumpctl import paths, store_visits
from pumpctl.errors import UsageProblem
from pumpctl.nearest import hint

FILE_NAME = "archive.sqlite3"
LAYOUT = 2
_BUSY_S = 10.0
_SCHEMA = """
CREATE TABLE log (
    id INTEGER PRIMARY KEY, serial TEXT NOT NULL, begun_ms INTEGER NOT NULL,
    next_seq INTEGER NOT NULL, chain BLOB NOT NULL
);
CREATE TABLE record (
    log INTEGER NOT NULL REFERENCES log, seq INTEGER NOT NULL, stored BLOB NOT NULL, PRIMARY KEY (log, seq)
) WITHOUT ROWID;
CREATE TABLE gap (
    log INTEGER NOT NULL REFERENCES log, first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL,
    why TEXT NOT NULL, noted_ms INTEGER NOT NULL
);
"""
# What each layout added to the one before, by its number.
_ADDED = {1: _SCHEMA, 2: store_visits.SCHEMA}


@dataclass(frozen=True)
class Log:
    """One log of one pump: records up to `next_seq` - 1 (0: none yet), whose last has the chain value `chain`."""

    id: int
    serial: str
    begun_ms: int
    next_seq: int
    chain: bytes


@dataclass(frozen=True)
class Gap:
    """Records that the pump no longer had. `why`: `dropped` (the oldest, for room) or `lost` (damaged on the pump)."""

    first_seq: int
    last_seq: int
    why: str

    def __str__(self) -> str:
        one = self.first_seq == self.last_seq
        which = f"record {self.first_seq} was" if one else f"records {self.first_seq} to {self.last_seq} were"
        told = "dropped by the pump before it was pulled" if one else "dropped by the pump before they were pulled"
        return f"{which} {told if self.why == 'dropped' else 'lost on the pump'}"


class Archive(store_visits.Visits):
    """The archive file, made when first used; a context manager. UsageProblem if it is not usable."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or paths.data_dir() / FILE_NAME
        with self._named():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._base = sqlite3.connect(self.path, timeout=_BUSY_S, isolation_level=None)
            try:
                self._prepare()
            except BaseException:
                self._base.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._base.close()

    def serials(self) -> list[str]:
        """Serial numbers of the pumps in the archive."""
        with self._named():
            return [row[0] for row in self._base.execute("SELECT DISTINCT serial FROM log ORDER BY serial")]

    def newest(self, serial: str) -> Log | None:
        """The newest log of a pump."""
        with self._named():
            return self._newest(serial)

    def _newest(self, serial: str) -> Log | None:
        row = self._base.execute(
            "SELECT id, serial, begun_ms, next_seq, chain FROM log WHERE serial = ? ORDER BY id DESC LIMIT 1", (serial,)
        ).fetchone()
        return Log(*row) if row else None

    def select(self, serial: str | None) -> Log:
        """The newest log of `serial`, or of the only pump there is; UsageProblem otherwise."""
        serials = self.serials()
        if not serials:
            raise UsageProblem(f"{self.path}: no log was pulled yet", remedy="run `pumpctl log pull`")
        if serial is None and len(serials) > 1:
            raise UsageProblem(
                "the archive holds several pumps", field="--pump", remedy=f"give --pump, one of {', '.join(serials)}"
            )
        log = self.newest(serial or serials[0])
        if log is None:
            raise UsageProblem(
                f"no log of pump {serial} in the archive{hint(str(serial), serials)}",
                field="--pump", value=serial, remedy=f"archived pumps: {', '.join(serials)}",
            )  # fmt: skip
        return log

    def begin(self, serial: str, after: Log | None = None) -> Log:
        """A new, empty log of a pump whose newest one is `after`; UsageProblem if another process was faster."""
        values = (serial, time.time_ns() // 1_000_000, 0, records.CHAIN_START)
        with self._transaction():
            newest = self._newest(serial)
            if (newest.id if newest else None) != (after.id if after else None):
                raise _overtaken(serial)
            made = self._base.execute("INSERT INTO log (serial, begun_ms, next_seq, chain) VALUES (?, ?, ?, ?)", values)
            return Log(made.lastrowid or 0, *values)

    def append(self, log: Log, stored: Sequence[bytes], gap: Gap | None = None) -> Log:
        """Add verified records, and the gap before them, in one transaction; the log as it is then.

        UsageProblem if another process has added to `log` meanwhile: nothing is stored twice or out of order.
        """
        if not stored:
            return log
        rows = [(log.id, records.peek(one)[3], one) for one in stored]
        head = rows[-1][1] + 1, records.chain_of(stored[-1])
        with self._transaction():
            moved = self._base.execute(
                "UPDATE log SET next_seq = ?, chain = ? WHERE id = ? AND next_seq = ? AND chain = ?",
                (*head, log.id, log.next_seq, log.chain),
            )
            if not moved.rowcount:
                raise _overtaken(log.serial)
            if gap is not None:
                self._base.execute(
                    "INSERT INTO gap (log, first_seq, last_seq, why, noted_ms) VALUES (?, ?, ?, ?, ?)",
                    (log.id, gap.first_seq, gap.last_seq, gap.why, time.time_ns() // 1_000_000),
                )
            self._base.executemany("INSERT INTO record (log, seq, stored) VALUES (?, ?, ?)", rows)
        return Log(log.id, log.serial, log.begun_ms, *head)

    def records(self, log: Log) -> Iterator[tuple[int, bytes]]:
        """(number under which it is filed, raw record), in order."""
        with self._named():
            yield from self._base.execute("SELECT seq, stored FROM record WHERE log = ? ORDER BY seq", (log.id,))

    def record(self, log: Log, seq: int) -> bytes | None:
        """One raw record."""
        with self._named():
            row = self._base.execute("SELECT stored FROM record WHERE log = ? AND seq = ?", (log.id, seq)).fetchone()
        return row[0] if row else None

    def gaps(self, log: Log) -> list[Gap]:
        """Gaps noted while pulling, in order."""
        with self._named():
            rows = self._base.execute(
                "SELECT first_seq, last_seq, why FROM gap WHERE log = ? ORDER BY first_seq", (log.id,)
            )
            return [Gap(*row) for row in rows]

    def _prepare(self) -> None:
        layout = self._layout()
        if layout < LAYOUT:
            with self._transaction():
                # Another process may have made the tables while this one waited.
                for number in range(self._layout() + 1, LAYOUT + 1):
                    for statement in _ADDED[number].split(";\n"):
                        self._base.execute(statement)
                self._base.execute(f"PRAGMA user_version = {LAYOUT}")
        elif layout > LAYOUT:
            raise UsageProblem(
                f"{self.path}: the archive has layout {layout}, this tool knows {LAYOUT}",
                remedy="update pumpctl, or name another place by PUMPCTL_HOME",
            )

    def _layout(self) -> int:
        layout: int = self._base.execute("PRAGMA user_version").fetchone()[0]
        return layout

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._named():
            self._base.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._base.execute("ROLLBACK")
                raise
            self._base.execute("COMMIT")

    @contextlib.contextmanager
    def _named(self) -> Iterator[None]:
        """SQLite's errors with the file's name and a remedy."""
        try:
            yield
        except sqlite3.Error as error:
            # The low byte is SQLite's own kind of error, the others tell it apart further.
            remedy = _REMEDIES.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, _RESTORE)
            raise UsageProblem(
                f"{self.path}: the archive cannot be used: {error}", value=str(self.path), remedy=remedy
            ) from error


_RESTORE = "restore it from a backup, or move it away and pull again"
_WRITABLE = "make the file and its folder writable, or name another place by PUMPCTL_HOME"
_ROOM = "make room on the disk, then pull again: what is archived is kept, and only what is new is pulled"
_REMEDIES = {
    sqlite3.SQLITE_BUSY: "another pumpctl is using it: let it finish, then try again",
    sqlite3.SQLITE_CANTOPEN: _WRITABLE,
    sqlite3.SQLITE_FULL: _ROOM,
    sqlite3.SQLITE_IOERR: _ROOM,
    sqlite3.SQLITE_PERM: _WRITABLE,
    sqlite3.SQLITE_READONLY: _WRITABLE,
}


def _overtaken(serial: str) -> UsageProblem:
    return UsageProblem(
        f"another pull of pump {serial} is running", value=serial, remedy="let it finish, then pull again"
    )
