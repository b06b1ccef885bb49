"""A pump's log on the host: raw bytes to records, verified; what is wrong is named, what is sound is kept."""

from collections.abc import Sequence
from typing import Any

from infuser.core.journal import FIRST_SEQ
from infuser.wire import records
from pumpctl.errors import VerificationError
from pumpctl.logchain import Finding, Progress, Record, Verdict, judge
from pumpctl.logpieces import Piece, sound_size, split
from pumpctl.printable import printable
from pumpctl.report_events import describe
from pumpctl.report_text import plain
from pumpctl.store import Archive, Log


def sentence(record: Record) -> str:
    """What a record says, in one English sentence fit for a terminal."""
    return printable(plain(describe(record)))


class LogProblem(VerificationError):
    """A log that fails verification, with everything that is wrong with it."""

    def __init__(self, what: str, findings: Sequence[Finding], remedy: str = "") -> None:
        super().__init__(f"{what} fails verification: {findings[0]}", remedy=remedy, field=findings[0].kind)
        self.findings = list(findings)

    def document(self) -> dict[str, Any]:
        """The error with its list of findings."""
        told = [{"kind": one.kind, "seq": one.seq, "text": one.text} for one in self.findings]
        return {**super().document(), "findings": told}

    def lines(self) -> list[str]:
        """The headline, then the other findings, one a line, the remedy last."""
        first, *rest = super().lines()
        return [first, *(f"  {one}" for one in self.findings[1:]), *rest]


def verify_raw(raw: bytes, progress: Progress | None = None) -> Verdict:
    """The verdict on an exported log."""
    pieces = list(split(raw))
    if not any(not piece.why for piece in pieces):
        return Verdict(findings=[Finding("foreign", None, "there is no record of a pump in it")])
    verdict = judge(pieces, (), progress)
    first = min(verdict.records, key=lambda record: int(record["seq"]))
    # A pump drops whole segments, and each begins with a snapshot.
    if not pieces[0].why and first["seq"] > FIRST_SEQ and first["kind"] != records.SNAPSHOT:
        text = f"what stood before record {first['seq']} was taken out: no pump's log begins with such a record"
        verdict.findings.insert(0, Finding("dropped", None, text))
    return verdict


def compare(verdict: Verdict, archive: Archive, log: Log) -> None:
    """Hold a file's records against the archived log of its pump; what differs is added to the findings.

    A chain without a key can be forged as a whole; not so a copy of it that is kept elsewhere.
    """
    shared = 0
    for record in verdict.records:
        kept = archive.record(log, record["seq"])
        if kept is None:
            continue
        shared += 1
        if records.chain_of(kept) != record["chain"]:
            text = f"record {record['seq']} is not the one archived of pump {log.serial}"
            verdict.findings.append(Finding("foreign", record["seq"], text))
            return
    last = verdict.records[-1]["seq"] if verdict.records else 0
    if not shared:
        text = f"it has no record in common with what is archived of pump {log.serial}"
        verdict.findings.append(Finding("foreign", None, text))
    elif last + 1 < log.next_seq:
        text = f"it ends with record {last}, but record {log.next_seq - 1} of pump {log.serial} is archived"
        verdict.findings.append(Finding("truncated", log.next_seq - 1, text))


def verify_archive(archive: Archive, log: Log, progress: Progress | None = None) -> Verdict:
    """The verdict on an archived log, its own bookkeeping included."""
    pieces = []
    misfiled = []
    for seq, stored in archive.records(log):
        whole = sound_size(stored, 0) == len(stored)
        pieces.append(Piece(seq, stored, "" if whole else "changed"))
        if whole and records.peek(stored)[3] != seq:
            misfiled.append(Finding("reordered", seq, f"record {records.peek(stored)[3]} is filed as {seq}"))
    verdict = judge(pieces, archive.gaps(log), progress)
    if not any(one.kind == "reordered" for one in verdict.findings):
        verdict.findings += misfiled
    _judge_ends(verdict, log, [piece.offset for piece in pieces])
    return verdict


def _judge_ends(verdict: Verdict, log: Log, filed: Sequence[int]) -> None:
    """What is missing before the first record filed, and after the last one by the archive's own account."""
    first, last = (filed[0], filed[-1]) if filed else (FIRST_SEQ, 0)
    if first > FIRST_SEQ and not any(gap.first_seq <= FIRST_SEQ and first <= gap.last_seq + 1 for gap in verdict.gaps):
        text = f"it begins with record {first}, and no pull noted that older ones were gone"
        verdict.findings.insert(0, Finding("dropped", FIRST_SEQ, text))
    if last + 1 < log.next_seq:
        text = f"it ends with record {last}, but record {log.next_seq - 1} had been archived"
        verdict.findings.append(Finding("truncated", log.next_seq - 1, text))
    elif filed and last + 1 > log.next_seq:
        text = f"record {last} was put in: the last one archived was {log.next_seq - 1}"
        verdict.findings.append(Finding("foreign", last, text))
    elif filed and not verdict.findings and verdict.records[-1]["chain"] != log.chain:
        verdict.findings.append(Finding("changed", last, f"record {last} is not the one that had been archived"))


def require(verdict: Verdict, what: str) -> None:
    """LogProblem unless nothing is wrong with `what`."""
    if verdict.findings:
        raise LogProblem(what, verdict.findings)
