"""A pump's log on the host: raw bytes to records, verified; what is wrong is named, what is sound is kept."""

import unicodedata
from collections.abc import Sequence
from typing import Any

from infuser.wire import records
from pumpctl.errors import VerificationError
from pumpctl.logchain import Finding, Piece, Record, Verdict, judge, sound_size, split
from pumpctl.report_events import describe
from pumpctl.report_text import plain
from pumpctl.store import Archive, Log

_HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")


def printable(text: str) -> str:
    """Text from a pump fit for a terminal: control and direction characters become visible marks."""
    return "".join("\ufffd" if unicodedata.category(c) in _HIDDEN else c for c in text)


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


def verify_raw(raw: bytes) -> Verdict:
    """The verdict on an exported log."""
    pieces = list(split(raw))
    if not any(not piece.why for piece in pieces):
        return Verdict(findings=[Finding("foreign", None, "there is no record of a pump in it")])
    return judge(pieces)


def verify_archive(archive: Archive, log: Log) -> Verdict:
    """The verdict on an archived log, its own bookkeeping included."""
    pieces = []
    misfiled = []
    for seq, stored in archive.records(log):
        whole = sound_size(stored, 0) == len(stored)
        pieces.append(Piece(seq, stored, "" if whole else "changed"))
        if whole and records.peek(stored)[3] != seq:
            misfiled.append(Finding("reordered", seq, f"record {records.peek(stored)[3]} is filed as {seq}"))
    verdict = judge(pieces, archive.gaps(log))
    if not any(one.kind == "reordered" for one in verdict.findings):
        verdict.findings += misfiled
    last = pieces[-1].offset if pieces else 0
    if last + 1 < log.next_seq:
        text = f"it ends with record {last}, but record {log.next_seq - 1} had been archived"
        verdict.findings.append(Finding("truncated", log.next_seq - 1, text))
    elif pieces and not verdict.findings and verdict.records[-1]["chain"] != log.chain:
        verdict.findings.append(Finding("changed", last, f"record {last} is not the one that had been archived"))
    return verdict


def require(verdict: Verdict, what: str) -> None:
    """LogProblem unless nothing is wrong with `what`."""
    if verdict.findings:
        raise LogProblem(what, verdict.findings)
