"""Follows the chain through a log: what is sound is kept, and what was done to the rest is named."""

import bisect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from infuser.core.journal import FIRST_SEQ
from infuser.wire import records
from pumpctl.logpieces import Piece, follows
from pumpctl.logsense import impossible
from pumpctl.store import Gap

Record = dict[str, Any]
Progress = Callable[[float], None]
_EVERY = 500


@dataclass(frozen=True)
class Finding:
    """One thing wrong. `seq` where it is known.

    `kind`: changed, dropped, lost, reordered, truncated, foreign, or impossible (values that no pump writes).
    """

    kind: str
    seq: int | None
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"


@dataclass
class Verdict:
    """The sound records in their order, what is wrong, and the gaps that were known before."""

    records: list[Record] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)


def judge(pieces: Iterable[Piece], gaps: Sequence[Gap] = (), progress: Progress | None = None) -> Verdict:
    """Follow the chain through the pieces; `progress` gets the share done, now and then."""
    return _Judge(gaps).run(list(pieces), progress)


class _Judge:
    """One walk through a log: the record before, the numbers seen, and whether something unsound came since."""

    def __init__(self, gaps: Sequence[Gap]) -> None:
        self.verdict = Verdict(gaps=list(gaps))
        self.before: Record | None = None
        self.unsound = False
        self.seen: dict[int, bytes] = {}
        self.stretch: Finding | None = None  # the break of the chain that the records since then stand behind

    def run(self, pieces: list[Piece], progress: Progress | None) -> Verdict:
        sound = [records.peek(piece.stored)[3] for piece in pieces if not piece.why]
        self.present = sorted(set(sound))
        in_order = iter(_in_order(sound))
        for at, piece in enumerate(pieces):
            if progress is not None and not at % _EVERY:
                progress(at / len(pieces))
            if piece.why:
                self._note_unsound(piece)
            else:
                self._record(piece.stored, next(in_order))
        return self.verdict

    def _find(self, kind: str, seq: int | None, text: str) -> None:
        self.verdict.findings.append(Finding(kind, seq, text))

    def _note_unsound(self, piece: Piece) -> None:
        seq = self.before["seq"] + 1 if self.before else None
        where = f"record {seq}" if seq is not None else f"what stands at byte {piece.offset}"
        wrong = "is cut off" if piece.why == "truncated" else "is not as the pump wrote it (checksum)"
        self._find(piece.why, seq, f"{where} {wrong}")
        self.unsound = True

    def _record(self, stored: bytes, in_order: bool) -> None:
        record = records.decode(stored)
        seq = record["seq"]
        self.verdict.records.append(record)
        wrong = impossible(record)
        if wrong:
            self._find("impossible", seq, f"record {seq} holds what no pump writes: {wrong}")
        if seq in self.seen:
            same = self.seen[seq] == stored
            text = f"record {seq} stands there twice" + ("" if same else ", from two different logs")
            self._find("reordered" if same else "foreign", seq, text)
            return
        self.seen[seq] = stored
        if not in_order:
            self._find("reordered", seq, f"record {seq} is not in its place")
            return
        if self.before is None:
            self._first(record, stored)
        else:
            self._follows(record, stored, self.before)
        self.before = record
        self.unsound = False

    def _first(self, record: Record, stored: bytes) -> None:
        if record["seq"] == FIRST_SEQ and not follows(stored, records.CHAIN_START):
            self._find("changed", FIRST_SEQ, f"record {FIRST_SEQ} does not begin the chain")

    def _follows(self, record: Record, stored: bytes, before: Record) -> None:
        seq, expected = record["seq"], before["seq"] + 1
        linked = follows(stored, before["chain"])
        missing = self._absent(expected, seq)
        if missing and not self.unsound:
            self._missing(Gap(*missing, "lost" if linked else "dropped"))
        if seq == expected and not linked and not self.unsound:
            self._broken(record, before)

    def _broken(self, record: Record, before: Record) -> None:
        """The chain breaks: what stands between two breaks, and is one record or of another time, is foreign."""
        seq, began = record["seq"], self.stretch
        back = (record["boot"], record["age_ms"]) < (before["boot"], before["age_ms"])
        if began is not None and began.seq is not None and self.verdict.findings[-1] is began:
            alone = began.seq == seq - 1
            if alone or back or began.kind == "foreign":
                which = f"record {began.seq} belongs" if alone else f"records {began.seq} to {seq - 1} belong"
                self.verdict.findings.pop()
                self._find("foreign", began.seq, f"{which} neither to what stands before nor to what comes after")
                self.stretch = None
                return
        text = f"record {seq} does not follow record {seq - 1}: one of the two was changed"
        if back:
            text = f"record {seq} is of an earlier time than record {seq - 1}: one of the two is of another log"
        self._find("foreign" if back else "changed", seq, text)
        self.stretch = self.verdict.findings[-1]

    def _absent(self, first: int, end: int) -> tuple[int, int] | None:
        """(first, last) number from `first` up to `end`, not included, that no record has; None if none is absent."""
        here = self.present[bisect.bisect_left(self.present, first) : bisect.bisect_left(self.present, end)]
        if len(here) == end - first:
            return None
        low, high = first, end - 1
        for seq in here:
            low += seq == low
        for seq in reversed(here):
            high -= seq == high
        return low, high

    def _missing(self, gap: Gap) -> None:
        known = any(one.first_seq <= gap.first_seq and gap.last_seq <= one.last_seq for one in self.verdict.gaps)
        if gap.why == "lost":
            self._find("lost", gap.first_seq, str(gap))
        elif not known:
            one = gap.first_seq == gap.last_seq
            span = f"record {gap.first_seq} is" if one else f"records {gap.first_seq} to {gap.last_seq} are"
            self._find("dropped", gap.first_seq, f"{span} missing")


def _in_order(seqs: Sequence[int]) -> list[bool]:
    """For each number, whether it belongs to the longest rising row of them: the others were moved."""
    ends: list[int] = []  # the smallest number that a rising row of this length ends with
    at_end: list[int] = []  # where that number stands
    before: list[int] = []
    for at, seq in enumerate(seqs):
        length = bisect.bisect_left(ends, seq)
        before.append(at_end[length - 1] if length else -1)
        ends[length : length + 1] = [seq]
        at_end[length : length + 1] = [at]
    told = [False] * len(seqs)
    at = at_end[-1] if at_end else -1
    while at >= 0:
        told[at] = True
        at = before[at]
    return told
