"""Places the log's records in time: clock lost, set, jumped or never known; and checks their chain."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import Any

from infuser.core.journal import FIRST_SEQ
from infuser.core.ledger import Ledger
from infuser.wire import codec, records, units
from pumpctl.logsense import OFFSET_MAX_MIN, clock_ms

Record = dict[str, Any]

# A smaller correction is the clock's drift, not a clock that told a wrong time.
_JUMP_MS = 10 * units.MS_PER_MIN


@dataclass(frozen=True)
class Placed:
    """A record with its time: `utc_ms`, and `local_ms` in the pump's zone; neither ever runs backwards.

    `estimated` tells that the pump's clock was lost and the time is counted from the pump's age.
    """

    record: Record
    utc_ms: int
    offset_min: int
    local_ms: int
    estimated: bool

    @property
    def kind(self) -> int:
        return int(self.record["kind"])

    @property
    def fields(self) -> dict[str, Any]:
        values: dict[str, Any] = self.record["fields"]
        return values


def place(log: Sequence[Record]) -> list[Placed]:
    """The records with their times, in the log's order.

    Within one boot the pump's age is the truth: stamps from before a correction of the clock are
    moved by it, and records without a stamp are counted from their neighbours. Over a restart the
    age may stand still, where the clock could not tell how long the pump was off.
    """
    offsets = _offsets(log)
    placed: list[Placed] = []
    utc_ms = local_ms = 0
    for _, group in groupby(log, key=lambda record: record["boot"]):
        boot = list(group)
        since_birth_ms = utc_ms - (placed[-1].record["age_ms"] if placed else boot[0]["age_ms"])
        for record, time_ms in zip(boot, _boot_times(boot, since_birth_ms), strict=True):
            utc_ms = min(max(utc_ms, time_ms), units.EPOCH_MAX_MS)
            zone_min = offsets[len(placed)]
            local_ms = max(local_ms, utc_ms + zone_min * units.MS_PER_MIN)
            placed.append(Placed(record, utc_ms, zone_min, local_ms, not clock_ms(record["time_ms"])))
    return placed


def opening(log: Sequence[Record]) -> Ledger | None:
    """The pump's state that a log begins with, where it begins with a snapshot that can be read."""
    if not log or log[0]["kind"] != records.SNAPSHOT:
        return None
    ledger = Ledger()
    try:
        ledger.restore(log[0]["fields"]["ledger"])
    except codec.CodecError:
        return None
    return ledger


def _offsets(log: Sequence[Record]) -> list[int]:
    """The UTC offset in force at each record; before the first that is known, that one."""
    known = [zone for zone in map(_zone, log) if zone is not None]
    carried = opening(log)
    offset = carried.utc_offset_min if carried and log[0]["seq"] > FIRST_SEQ else known[0] if known else 0
    offset = offset if abs(offset) <= OFFSET_MAX_MIN else 0
    offsets = []
    for record in log:
        zone = _zone(record)
        offset = offset if zone is None else zone
        offsets.append(offset)
    return offsets


def _zone(record: Record) -> int | None:
    """The UTC offset that a record tells, in minutes; None if it tells none that there is."""
    if record["kind"] != records.CLOCK:
        return None
    offset = int(record["fields"]["utc_offset_min"])
    return offset if abs(offset) <= OFFSET_MAX_MIN else None


def _boot_times(boot: Sequence[Record], birth_ms: int) -> list[int]:
    """UTC times of one boot's records; where no clock was known at all, they count from `birth_ms`, the age 0."""
    times: list[int | None] = []
    known: int | None = None
    shift = 0
    for record in reversed(boot):
        if record["kind"] == records.CLOCK and clock_ms(record["fields"]["new_ms"]):
            known = record["fields"]["new_ms"] + shift - record["age_ms"]
            shift += _jump(record)
        elif clock_ms(record["time_ms"]):
            known = record["time_ms"] + shift - record["age_ms"]
        times.append(None if known is None else known + record["age_ms"])
    times.reverse()
    return _fill(boot, times, birth_ms)


def offset_min(log: Sequence[Record]) -> int:
    """The UTC offset in force at the log's end: the zone of every time in its report."""
    return _offsets(log)[-1] if log else 0


def _jump(clock: Record) -> int:
    moved = int(clock["fields"]["new_ms"]) - int(clock["fields"]["old_ms"])
    return moved if clock_ms(clock["fields"]["old_ms"]) and abs(moved) >= _JUMP_MS else 0


def _fill(boot: Sequence[Record], times: Iterable[int | None], birth_ms: int) -> list[int]:
    filled = []
    for record, time_ms in zip(boot, times, strict=True):
        if time_ms is not None:
            birth_ms = time_ms - record["age_ms"]
        filled.append(birth_ms + record["age_ms"])
    return filled


@dataclass(frozen=True)
class Integrity:
    """What the chain says about a log. `complete`: it begins with the pump's very first record.

    `breaks` are what makes it unsound; `notes` what is absent for a known and honest reason.
    """

    count: int
    first_seq: int
    last_seq: int
    complete: bool
    breaks: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def verified(self) -> bool:
        return not self.breaks


def check(log: Sequence[Record], findings: Sequence[str] | None = None, notes: Sequence[str] = ()) -> Integrity:
    """The integrity of decoded records: by `findings` where the log was judged before, else by its chain."""
    breaks = _breaks(log) if findings is None else list(findings)
    complete = bool(log) and _chain(log[0], records.CHAIN_START) == log[0]["chain"]
    first_seq, last_seq = (log[0]["seq"], log[-1]["seq"]) if log else (0, 0)
    return Integrity(len(log), first_seq, last_seq, complete, breaks, list(notes))


def _breaks(log: Sequence[Record]) -> list[str]:
    """Where records are missing, changed or out of order."""
    breaks = []
    for before, record in pairwise(log):
        if record["seq"] != before["seq"] + 1:
            breaks.append(_missing(before["seq"], record["seq"]))
        elif _chain(record, before["chain"]) != record["chain"]:
            breaks.append(f"record {record['seq']} does not follow the one before it")
    return breaks


def _missing(before: int, after: int) -> str:
    if after <= before:
        return f"record {after} stands after record {before}"
    if after - before == 2:
        return f"record {before + 1} is missing"
    return f"records {before + 1} to {after - 1} are missing"


def _chain(record: Record, previous: bytes) -> bytes:
    """The chain value that `record` must have after `previous`."""
    head = (record["kind"], record["boot"], record["seq"], record["time_ms"], record["age_ms"])
    return records.chain_of(records.encode(*head, record["fields"], previous))
