"""Brings the records that the archive does not have yet from a pump, verified one by one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from infuser.core.journal import FIRST_SEQ
from infuser.wire import records
from pumpctl.client import Pump
from pumpctl.logbook import LogProblem
from pumpctl.logchain import Finding
from pumpctl.logpieces import follows
from pumpctl.store import Archive, Gap, Log

_BATCH_BYTES = 32 * 1024
_SERVICE = "what was sound is archived; run `pumpctl selftest` and service the pump"
_ERASED = "if the pump's memory was erased on purpose, `pumpctl log pull --new-log` begins a new log and keeps the old"


@dataclass
class Pulled:
    """What a pull brought: the log as it is now, how many records are new, the gaps met on the way."""

    log: Log
    count: int = 0
    gaps: list[Gap] = field(default_factory=list)


def pull(
    pump: Pump, archive: Archive, new_log: bool = False, progress: Callable[[int, int], None] | None = None
) -> Pulled:
    """Pull what is new; `progress` gets (records done, records to do).

    LogProblem where the pump's log is unsound or does not continue the archived one; what came
    before that stays archived.
    """
    now = pump.status()
    newest = archive.newest(pump.hello.serial)
    log = archive.begin(pump.hello.serial, newest) if newest is None or new_log else newest
    if now["log_next"] < log.next_seq:
        text = f"the pump has records up to {now['log_next'] - 1}, the archive up to {log.next_seq - 1}"
        raise LogProblem(f"the log of pump {log.serial}", [Finding("foreign", None, text)], _ERASED)
    # The last archived record is read once more: the pump must still have the very same.
    from_seq = max(log.next_seq - 1, FIRST_SEQ)
    start = max(from_seq, now["log_oldest"])
    pulled = Pulled(log)

    def told(_oldest: int, next_seq: int, seq: int) -> None:
        if progress is not None:
            progress(seq - start, next_seq - start)

    intake = _Intake(pump, archive, pulled)
    try:
        for page in pump.read_log(from_seq, told):
            intake.take(page)
    finally:
        intake.flush()
    return pulled


class _Intake:
    """Takes pages as far as they are sound, and archives them some at a time: a commit costs more than a page."""

    def __init__(self, pump: Pump, archive: Archive, pulled: Pulled) -> None:
        self._pump = pump
        self._archive = archive
        self._pulled = pulled
        self._sound: list[bytes] = []
        self._size = 0
        self._gap: Gap | None = None
        self._next_seq = pulled.log.next_seq
        self._last = archive.record(pulled.log, self._next_seq - 1)

    def take(self, page: bytes) -> None:
        """The records of a page; LogProblem at the first that is unsound or does not belong there."""
        for stored in _records(page, self._next_seq):
            seq = records.peek(stored)[3]
            if self._next_seq and seq < self._next_seq:
                _same(self._archive, self._pulled.log, seq, stored)
            else:
                self._add(seq, stored)

    def flush(self) -> None:
        """Archive what has been taken, in one transaction."""
        sound, gap = self._sound, self._gap
        self._sound, self._gap, self._size = [], None, 0
        self._pulled.log = self._archive.append(self._pulled.log, sound, gap)

    def _add(self, seq: int, stored: bytes) -> None:
        chain = records.chain_of(self._last) if self._last else records.CHAIN_START
        gap = _gap(self._pump, self._pulled.log, stored, self._next_seq, chain, self._last)
        if gap is not None:
            self.flush()
            self._gap = gap
            self._pulled.gaps.append(gap)
        self._sound.append(stored)
        self._size += len(stored)
        self._pulled.count += 1
        self._next_seq, self._last = seq + 1, stored
        if self._size >= _BATCH_BYTES:
            self.flush()


def _records(page: bytes, expected: int) -> Iterator[bytes]:
    at = 0
    while at < len(page):
        try:
            size = records.size_at(page, at)
            stored = page[at : at + size]
            records.decode(stored)
        except records.RecordError as error:
            raise LogProblem("the pump's log", [Finding("changed", expected, str(error))], _SERVICE) from None
        yield stored
        at += size
        expected = records.peek(stored)[3] + 1


def _same(archive: Archive, log: Log, seq: int, stored: bytes) -> None:
    if archive.record(log, seq) != stored:
        text = f"record {seq} of the pump is not the one archived"
        raise LogProblem(f"the log of pump {log.serial}", [Finding("foreign", seq, text)], _ERASED)


def _gap(pump: Pump, log: Log, stored: bytes, next_seq: int, chain: bytes, last: bytes | None) -> Gap | None:
    """What is missing before a record: None if nothing; LogProblem if it does not belong there."""
    seq = records.peek(stored)[3]
    expected = next_seq or FIRST_SEQ
    linked = follows(stored, chain)
    if seq == expected:
        if not linked:
            text = f"record {seq} does not follow the one before it"
            raise LogProblem("the pump's log", [Finding("changed", seq, text)], _SERVICE)
        return None
    if linked and next_seq:
        return Gap(expected, seq - 1, "lost")
    if pump.status()["log_oldest"] < seq:
        text = f"records {expected} to {seq - 1} are missing, and the pump does not say that it dropped them"
        raise LogProblem("the pump's log", [Finding("dropped", expected, text)], _SERVICE)
    if last is not None and records.peek(last)[2] > records.peek(stored)[2]:
        text = f"record {seq} is of an earlier run of the pump than the archived record {next_seq - 1}"
        raise LogProblem(f"the log of pump {log.serial}", [Finding("foreign", seq, text)], _ERASED)
    return Gap(expected, seq - 1, "dropped")


def require_whole(pulled: Pulled) -> None:
    """VerificationError if records were lost on the pump itself."""
    lost = [Finding("lost", gap.first_seq, str(gap)) for gap in pulled.gaps if gap.why == "lost"]
    if lost:
        raise LogProblem(f"the log of pump {pulled.log.serial}", lost, _SERVICE)
