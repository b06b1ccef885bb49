"""Which record of the replayed pump is which of the log: the same thing at the same age of the pump."""

from collections.abc import Sequence
from typing import Any

from infuser.wire import records, units
from pumpctl.logchain import Record

# So much apart in age two records may be and still tell of the same thing.
APART_MS = 10 * units.MS_PER_S
# kind -> the fields by which two records are the same event; what is counted is compared, not matched.
_SAME: dict[int, tuple[str, ...]] = {
    records.DELIVERY: ("closes_hour",),
    records.STATE: ("old", "new", "reason"),
    records.BOLUS_STARTED: ("bucket", "volume_nl", "duration_ms"),
    records.BOLUS_ENDED: ("bucket", "reason"),
    records.BOLUS_REFUSED: ("bucket",),
    records.PROGRAM: ("program",),
    records.TEMPORARY_RATE: ("dose_ng_per_day", "duration_ms"),
    records.PLAN: ("position", "dose_ng_per_day", "held"),
    records.BRIDGE: ("volume_nl",),
    records.REFILL: ("volume_nl",),
    records.CALIBRATION: ("step_pl",),
    records.CLOCK: ("new_ms", "utc_offset_min"),
    records.BOOT: (),
}
COMPARED = tuple(_SAME)


def pairs(log: Sequence[Record], replayed: Sequence[Record]) -> list[tuple[Record, Record | None]]:
    """Each record of the log that tells of delivery with its counterpart, None where the replayed pump has none."""
    waiting: dict[tuple[Any, ...], list[Record]] = {}
    for record in replayed:
        waiting.setdefault(_key(record), []).append(record)
    return [(record, _counterpart(record, waiting)) for record in log if record["kind"] in _SAME]


def _key(record: Record) -> tuple[Any, ...]:
    names = _SAME.get(record["kind"], ())
    return (record["kind"], *(record["fields"][name] for name in names))


def _counterpart(record: Record, waiting: dict[tuple[Any, ...], list[Record]]) -> Record | None:
    left = waiting.get(_key(record), [])
    while left and left[0]["age_ms"] < record["age_ms"] - APART_MS:
        left.pop(0)
    if not left or left[0]["age_ms"] > record["age_ms"] + APART_MS:
        return None
    return left.pop(0)
