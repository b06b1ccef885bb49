"""The pump's memory: an append-only, chained journal in segments that each begin with a snapshot.

A record is stored whole or not at all, and nothing stored is written again: a cut tail is taken
off when the journal is opened, a damaged segment is left as it is and a new one goes on. What a newer firmware
has stored is left alone altogether: see `foreign`.
"""

from infuser.core import segments
from infuser.wire import records

SEGMENT_BYTES = 32 * 1024
# Thirty days of a typical therapy and a thousand faults, and beside it the application twice: else no update has room.
BUDGET_BYTES = 288 * 1024
FIRST_SEQ = 1
# On a flash that others have filled the log grows shorter, down to so many segments, before nothing can be written.
LEAST_SEGMENTS = 2
_EIO = 5


class Journal:
    """Appends records and reads them back.

    `files` as hw.storage.Files; `snapshot()` gives the state as bytes, before the record that is
    being appended. After open(): `boot` (this run's number, u16), `next_seq`, `torn_bytes` cut off,
    `damage` (what was found unsound, "" if nothing), `foreign` (what another firmware has stored that this one cannot
    read, "" if nothing: if so, open() has changed nothing, and nothing may be appended). append() passes OSError on.
    """

    def __init__(
        self,
        files,
        snapshot,
        segment_bytes: int = SEGMENT_BYTES,
        budget_bytes: int = BUDGET_BYTES,
        progress=None,
        readable=None,
    ) -> None:
        """`progress` is called before each segment that open() goes through: a damaged journal takes long.

        `readable(snapshot)` tells whether the state can be taken up from it; without it any can.
        """
        self._files = files
        self._readable = readable
        self._snapshot = snapshot
        self._segment_bytes = segment_bytes
        self._budget_bytes = budget_bytes
        self._progress = progress
        self._sizes: list[list[int]] = []  # [first seq, bytes] of every segment, oldest first
        self._active: segments.Segment | None = None  # the segment that takes appends; None: the next append begins one
        # The two closed segments indexed last: a page of one may be asked for by its place behind a record of another.
        self._reading: list[segments.Segment] = []
        self._chain = records.CHAIN_START
        self._unsure = False  # a write failed: the active file may hold more than it should
        self._source_seq = 0  # the segment that the state was read from: not dropped before another one holds it
        self._checked = -1  # the closed segment that was looked at last
        self.boot = 0
        self.next_seq = FIRST_SEQ
        self.torn_bytes = 0
        self.damage = ""
        self.foreign = ""

    @property
    def oldest_seq(self) -> int:
        """The oldest record kept; next_seq while there is none."""
        return self._sizes[0][0] if self._sizes else self.next_seq

    def open(self) -> tuple:
        """(snapshot or None, iterator of the records after it, decoded).

        The newest segment is verified from its first record on. The iterator reads as it goes, so
        that a full segment never stands in memory; it is to be used up before the first append.
        """
        self._list()
        scanned = self._scan()
        for segment, size in scanned if not self.foreign else ():
            usable = segment.end == size or self._mend(segment, size)
            if segment.end:
                self._go_on_from(segment, usable)
                return self._read_back(segment)
            if size == 0:
                # Begun and cut: what is written next may still fit the segment before, and must be found there.
                self._files.remove(segment.name)
                self._sizes.remove([segment.first_seq, size])
        if not self.foreign:
            self.boot = (self.boot + 1) & 0xFFFF
        return None, iter(())

    def close_segment(self) -> None:
        """The next append begins a segment: what is written now must not follow the snapshot of an older firmware."""
        self._active = None

    def miss(self, next_seq: int) -> None:
        """Something else knows that the log had come to `next_seq`: note what is missing, and leave its numbers out."""
        if next_seq > self.next_seq:
            self.damage = self.damage or segments.missing(self.next_seq, next_seq)
            self.next_seq = next_seq
            self._active = None

    def drop_oldest(self) -> bool:
        """Make room on a flash that is full; False if no segment can be spared. OSError passes through.

        Worn out blocks look like a full flash too: where there is room, to drop something would help nobody.
        """
        if len(self._sizes) <= LEAST_SEGMENTS or self._sizes[0][0] >= self._source_seq:
            return False
        if self._files.free_bytes() >= self._segment_bytes:
            return False
        self._files.remove(segments.name_of(self._sizes[0][0]))
        self._sizes.pop(0)
        return True

    def check_next(self) -> str:
        """What is wrong with a closed segment, "" if nothing; another one each time."""
        if len(self._sizes) < 2:
            return ""
        self._checked = (self._checked + 1) % (len(self._sizes) - 1)
        first_seq, size = self._sizes[self._checked]
        return segments.look(self._files, first_seq, size, self._sizes[self._checked + 1][0])

    def append(self, kind: int, values: dict, time_ms: int, age_ms: int) -> int:
        """Store a record and give its number; it is on the flash when this returns.

        OSError: it is not stored, and the journal stays usable.
        """
        active = self._active
        if active is not None:
            self._settle(active)
            stored = self._encode(kind, values, time_ms, age_ms)
        if active is None or active.end + len(stored) > self._segment_bytes:
            active = self._rotate(time_ms, age_ms)
            stored = self._encode(kind, values, time_ms, age_ms)
        self._store(active, stored)
        return self.next_seq - 1

    def read_from(self, seq: int, skip: int, max_bytes: int) -> bytes:
        """Stored bytes from the start of record `seq` plus `skip` bytes on, of one segment at most; b"" at the end.

        A record that was dropped, or lost to damage, counts as the next one kept, and `skip` as 0.
        """
        if seq < self.oldest_seq:
            seq, skip = self.oldest_seq, 0
        at = len(self._sizes) - 1
        while at > 0 and self._sizes[at][0] > seq:
            at -= 1
        for first_seq, size in self._sizes[max(at, 0) :]:
            segment = self._indexed(first_seq, size)
            offset = skip
            if seq > segment.last_seq:
                skip = 0 if seq >= first_seq and segment.end else skip
                continue
            if seq > first_seq:
                offset += segment.offset_of(self._files, seq)
            if offset < segment.end:
                return self._files.read_at(segment.name, offset, min(max_bytes, segment.end - offset))
            seq = segment.last_seq + 1
            skip = offset - segment.end
        return b""

    def _list(self) -> None:
        self._sizes = []
        try:
            for name in self._files.names():
                first_seq = segments.first_seq_of(name)
                if first_seq is not None:
                    self._sizes.append([first_seq, self._files.size(name)])
        except OSError as error:
            self.damage = "the flash cannot be read: {}".format(error)
        self._sizes.sort()

    def _scan(self) -> list:
        """[segment, size] of the newest ones down to one that begins soundly; looks only, and tells what is foreign."""
        scanned = []
        for first_seq, size in reversed(self._sizes):
            if self._progress:
                self._progress()
            segment = segments.scan(self._files, first_seq, size, True)
            scanned.append((segment, size))
            if segment.foreign:
                self._leave_alone(first_seq, size, segment.problem)
            elif segment.end and self._readable and not self._readable(self._snapshot_in(segment)):
                version = self._snapshot_in(segment)[:1]
                self._leave_alone(first_seq, size, "snapshot of version {}".format(version[0] if version else 0))
            if segment.end or segment.foreign:
                break
        return scanned

    def _leave_alone(self, first_seq: int, size: int, why: str) -> None:
        """The state is another firmware's: the log can be read out, and that is all."""
        self.foreign = why
        segment = segments.scan(self._files, first_seq, size, False)
        self.next_seq = segment.last_seq + 1
        self.boot = segment.boot

    def _mend(self, segment, size: int) -> bool:
        """Take a torn tail off; otherwise note the damage. Whether the segment may take appends."""
        newest = segment.first_seq == self._sizes[-1][0]
        if newest and segments.is_torn(self._files, segment, size):
            self.torn_bytes += size - segment.end
            if segment.end:
                self._files.truncate_to(segment.name, segment.end)
                self._sizes[-1][1] = segment.end
            else:
                self._files.remove(segment.name)
                self._sizes.pop()
            return True
        self._note_damage(segment)
        lost = segments.hidden(self._files, segment, size)
        # At least one number is left out, so that no reader can take the damage for a sound chain.
        self.next_seq = max(self.next_seq, segment.last_seq + 2, lost[0] + 1 if lost else 0)
        self.boot = max(self.boot, segment.boot, lost[1] if lost else 0)
        return False

    def _note_damage(self, segment) -> None:
        if not self.damage:
            self.damage = segments.damage(segment)

    def _go_on_from(self, segment, usable: bool) -> None:
        self._chain = segment.chain
        self._source_seq = segment.first_seq
        self.next_seq = max(self.next_seq, segment.last_seq + 1)
        self.boot = (max(self.boot, segment.boot) + 1) & 0xFFFF
        if usable and not self.damage:
            self._active = segment

    def _read_back(self, segment) -> tuple:
        later = segments.stream(self._files, segment.name, 0, segment.end)
        next(later)
        return self._snapshot_in(segment), _decoded(later)

    def _snapshot_in(self, segment) -> bytes:
        _, stored = next(segments.stream(self._files, segment.name, 0, segment.end))
        return records.decode(stored)["fields"]["ledger"]

    def _rotate(self, time_ms: int, age_ms: int):
        """Begin a segment with a snapshot, dropping the oldest ones that the budget has no room for."""
        stored = self._encode(records.SNAPSHOT, {"ledger": self._snapshot()}, time_ms, age_ms)
        while len(self._sizes) > 1 and self._total() + self._segment_bytes > self._budget_bytes:
            self._files.remove(segments.name_of(self._sizes[0][0]))
            self._sizes.pop(0)
        self._active = None
        fresh = segments.Segment(self.next_seq)
        if self._files.size(fresh.name) is not None:
            self._files.remove(fresh.name)  # what an attempt that failed has left
        self._sizes.append([fresh.first_seq, 0])
        try:
            self._store(fresh, stored)
        except OSError:
            self._sizes.pop()
            raise
        self._active = fresh
        self._source_seq = fresh.first_seq
        return fresh

    def _encode(self, kind: int, values: dict, time_ms: int, age_ms: int) -> bytes:
        return records.encode(kind, self.boot, self.next_seq, time_ms, age_ms, values, self._chain)

    def _store(self, segment, stored: bytes) -> None:
        self._unsure = True
        self._files.append(segment.name, stored)
        # Read back: after a failed program littlefs can take later appends and lose them without a word.
        if self._files.read_at(segment.name, segment.end, len(stored) + 1) != stored:
            raise OSError(_EIO)
        self._unsure = False
        segment.add(stored)
        self._sizes[-1][1] = segment.end
        self._chain = segment.chain
        self.next_seq += 1

    def _settle(self, segment) -> None:
        """After a write that failed: take off what it may have left behind the last record."""
        if self._unsure and self._files.size(segment.name) != segment.end:
            self._files.truncate_to(segment.name, segment.end)
        self._unsure = False

    def _total(self) -> int:
        return sum(size for _, size in self._sizes)

    def _indexed(self, first_seq: int, size: int):
        if self._active is not None and self._active.first_seq == first_seq:
            return self._active
        for segment in self._reading:
            if segment.first_seq == first_seq:
                return segment
        segment = segments.scan(self._files, first_seq, size, False)
        if segment.problem:
            self._note_damage(segment)
        self._reading.append(segment)
        del self._reading[:-2]
        return segment


def _decoded(stream):
    for _, stored in stream:
        yield records.decode(stored)
