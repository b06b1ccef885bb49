"""Chooses records of a log and writes them for people and for scripts."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from infuser.wire import records, units
from pumpctl import timetext
from pumpctl.logbook import sentence
from pumpctl.logchain import Record
from pumpctl.printable import printable
from pumpctl.quantity import format_duration
from pumpctl.report_time import Placed, place

KINDS = {name: kind for kind, (name, _) in sorted(records.RECORDS.items())}
COLUMNS = ("NO.", "TIME", "KIND", "WHAT")
# Hourly counters and the ledger at the start of a segment: nine tenths of a log, and no event.
ROUTINE = (records.DELIVERY, records.SNAPSHOT)
_SECONDS = 19


@dataclass(frozen=True)
class Choice:
    """Which records to show: UTC ms bounds (since inclusive, until exclusive), kinds, an alarm, the last `tail`.

    Those of ROUTINE only with `routine`, or if `kinds` names them.
    """

    since_ms: int | None = None
    until_ms: int | None = None
    kinds: Collection[int] = ()
    alarm: int = 0
    tail: int | None = None
    routine: bool = False

    def take(self, log: list[Record]) -> tuple[list[Placed], int]:
        """The records chosen, in order, each with its time; and how many of ROUTINE are hidden."""
        wanted = [one for one in place(log) if self._wanted(one)]
        chosen = [one for one in wanted if self.routine or self.kinds or one.kind not in ROUTINE]
        return chosen[-self.tail :] if self.tail else chosen, len(wanted) - len(chosen)

    def _wanted(self, one: Placed) -> bool:
        if self.since_ms is not None and one.utc_ms < self.since_ms:
            return False
        if self.until_ms is not None and one.utc_ms >= self.until_ms:
            return False
        if self.kinds and one.kind not in self.kinds:
            return False
        return not self.alarm or one.fields.get("alarm") == self.alarm


def rows(chosen: Iterable[Placed]) -> list[tuple[str, str, str, str]]:
    """COLUMNS for a table; a time that the pump did not know is reckoned from its age and marked with ~."""
    return [(str(one.record["seq"]), _time(one), records.RECORDS[one.kind][0], sentence(one.record)) for one in chosen]


def _time(one: Placed) -> str:
    told = timetext.iso(one.utc_ms, one.offset_min) if one.utc_ms >= units.EPOCH_MIN_MS else None
    if told is None:
        return f"age {format_duration(one.record['age_ms'] // units.MS_PER_S * units.MS_PER_S)}"
    return ("~" if one.estimated else "") + told[:_SECONDS].replace("T", " ")


def document(one: Placed) -> dict[str, Any]:
    """A record for scripts; `time` is the pump's own stamp, null where its clock was lost."""
    record = one.record
    return {
        "seq": record["seq"],
        "boot": record["boot"],
        "kind": records.RECORDS[one.kind][0],
        "time": timetext.iso(record["time_ms"], one.offset_min),
        "time_ms": record["time_ms"] or None,
        "age_ms": record["age_ms"],
        "text": sentence(record),
        "fields": plain_fields(one),
    }


def plain_fields(one: Placed) -> dict[str, Any]:
    """A record's fields as JSON can hold them: bytes in hexadecimal, texts fit for a terminal."""
    return {name: _plain(value) for name, value in one.fields.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    return printable(value) if isinstance(value, str) else value
