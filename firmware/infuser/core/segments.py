"""One journal segment: read record by record in small pieces, indexed, and judged where it stops being sound."""

from infuser.wire import records

CHUNK_BYTES = 1024
INDEX_BYTES = 1024
WINDOW_BYTES = 2048
HIDDEN_SEQ_MAX = 4096
_PREFIX = "j"


def name_of(first_seq: int) -> str:
    """File name of the segment whose first record is `first_seq`; names sort as their records do."""
    return "{}{:08x}".format(_PREFIX, first_seq)


def first_seq_of(name: str) -> int | None:
    """Inverse of name_of; None for a file that is not a segment."""
    if len(name) != 9 or name[0] != _PREFIX:
        return None
    try:
        return int(name[1:], 16)
    except ValueError:
        return None


class Segment:
    """What is known of one segment: `end` sound bytes up to record `last_seq`, and a sparse index of them.

    `last_seq` is one less than `first_seq` while there is no record; `chain` and `boot` are the last
    record's; `problem` says in a few words why the bytes after `end` are not sound. `foreign`: what follows is sound,
    but of a firmware that stores what this one does not know.
    """

    def __init__(self, first_seq: int) -> None:
        self.name = name_of(first_seq)
        self.first_seq = first_seq
        self.last_seq = first_seq - 1
        self.end = 0
        self.chain = records.CHAIN_START
        self.boot = 0
        self.problem = ""
        self.foreign = False
        self._index_seqs: list[int] = []
        self._index_offsets: list[int] = []

    def add(self, stored: bytes) -> None:
        """Take in the record that follows the last one."""
        size, _, boot, seq = records.peek(stored)
        self.grow(size, boot, seq)
        self.chain = records.chain_of(stored)

    def grow(self, size: int, boot: int, last_seq: int) -> None:
        """Take in one or more records that follow the last one, but for their chain value."""
        if not self._index_offsets or self.end - self._index_offsets[-1] >= INDEX_BYTES:
            self._index_seqs.append(self.last_seq + 1)
            self._index_offsets.append(self.end)
        self.last_seq = last_seq
        self.boot = boot
        self.end += size

    def offset_of(self, files, seq: int) -> int:
        """Where record `seq` starts; `end` if the segment does not hold it."""
        if not self.first_seq <= seq <= self.last_seq:
            return self.end
        at = 0
        for index_seq, index_offset in zip(self._index_seqs, self._index_offsets):
            if index_seq > seq:
                break
            at = index_offset
        for offset, stored in stream(files, self.name, at, self.end):
            if records.peek(stored)[3] == seq:
                return offset
        raise OSError(5)  # EIO: it was there when the segment was indexed


def stream(files, name: str, at: int, end: int):
    """Yields (offset, stored) for each whole record between `at` and `end`; stops where none can begin.

    Nothing but the length is checked. Holds a piece of CHUNK_BYTES, or one record if that is larger.
    """
    held = b""
    skip = 0
    while at < end:
        try:
            size = records.size_at(held, skip)
        except records.RecordError:
            have = len(held) - skip
            if at + have >= end or have > records.LENGTH_MAX + 2:
                return
            more = files.read_at(name, at + have, min(CHUNK_BYTES, end - at - have))
            if not more:
                return
            held = held[skip:] + more
            skip = 0
            continue
        yield at, held[skip : skip + size]
        at += size
        skip += size


def scan(files, first_seq: int, size: int, linked: bool) -> Segment:
    """The segment as far as it is sound, of a file of `size` bytes.

    `linked` checks chain and fields too, from the first record on; without it the CRC and the order, and what is
    found has no chain value.
    """
    segment = Segment(first_seq)
    try:
        if linked:
            _follow(segment, files, size)
        else:
            _walk(segment, files, size)
    except records.RecordError as error:
        segment.problem = str(error)
        segment.foreign = isinstance(error, records.ForeignRecord)
    except OSError as error:
        segment.problem = "not readable: {}".format(error)
    if segment.end < size and not segment.problem:
        segment.problem = "cut"
    return segment


def look(files, first_seq: int, size: int, following: int) -> str:
    """What is wrong with a segment that the one from record `following` on comes after, "" if nothing."""
    segment = scan(files, first_seq, size, False)
    if segment.problem:
        return damage(segment)
    return "" if segment.last_seq + 1 == following else missing(segment.last_seq + 1, following)


def damage(segment: Segment) -> str:
    """What is wrong with a segment, in words."""
    return "segment {} is damaged at byte {} ({})".format(segment.name, segment.end, segment.problem)


def missing(first_seq: int, next_seq: int) -> str:
    """That the records from `first_seq` up to before `next_seq` are gone, in words."""
    return "records {} to {} are missing".format(first_seq, next_seq - 1)


def _follow(segment: Segment, files, size: int) -> None:
    for _, stored in stream(files, segment.name, 0, size):
        records.decode(stored, segment.chain if segment.end else None)
        _, kind, _, seq = records.peek(stored)
        if seq != segment.last_seq + 1:
            raise records.RecordError(records.OUT_OF_PLACE)
        _check_first(segment, kind)
        segment.add(stored)


def _walk(segment: Segment, files, size: int) -> None:
    window_bytes = WINDOW_BYTES
    while segment.end < size:
        held = memoryview(files.read_at(segment.name, segment.end, min(window_bytes, size - segment.end)))
        taken, seq, boot, problem = records.sound_run(held, segment.last_seq + 1)
        if taken:
            _check_first(segment, records.peek(held)[1])
            segment.grow(taken, boot, seq - 1)
        if problem:
            raise records.RecordError(problem)
        if not taken and window_bytes > WINDOW_BYTES:
            return
        window_bytes = WINDOW_BYTES if taken else records.LENGTH_MAX + 2


def _check_first(segment: Segment, kind: int) -> None:
    if segment.end == 0 and kind != records.SNAPSHOT:
        raise records.RecordError(records.OUT_OF_PLACE)


def hidden(files, segment: Segment, size: int) -> tuple[int, int] | None:
    """(seq, boot) of the last record that still has its CRC behind the unsound place; None if there is none."""
    found = None
    low = segment.last_seq + 1
    window = b""
    base = at = segment.end + 1
    while at + records.PEEK_SIZE <= size:
        if at + records.PEEK_SIZE > base + len(window):
            base = at
            try:
                window = files.read_at(segment.name, base, CHUNK_BYTES)
            except OSError:
                break
        length, kind, boot, seq = records.peek(window, at - base)
        likely = kind in records.RECORDS and low <= seq < low + HIDDEN_SEQ_MAX and at + length <= size
        if likely and _sound_at(files, segment.name, at, length):
            found = (seq, boot)
            at += length
        else:
            at += 1
    return found


def _sound_at(files, name: str, at: int, length: int) -> bool:
    if length > records.LENGTH_MAX + 2:
        return False
    stored = files.read_at(name, at, length)
    try:
        if records.size_at(stored, 0) != length:
            return False
        records.check(stored)
    except records.RecordError:
        return False
    return True


def is_torn(files, segment: Segment, size: int) -> bool:
    """Whether the bytes after `end` are one record that was not written to its end.

    A whole record with a wrong CRC, or a sound one further on, is damage instead: that was stored once.
    """
    rest = size - segment.end
    if segment.problem != "cut" or rest > records.LENGTH_MAX + 2:
        return False
    return hidden(files, segment, size) is None
