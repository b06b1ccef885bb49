"""A log as a table for other programs: one row a record, the same columns in every format.

Units stand in the names, times are UTC. `time_utc` is the pump's own stamp, null where its clock was lost;
`reckoned_utc` is the time as `log show` gives it, counted from the pump's age where there is no stamp and moved
where the clock was corrected. What only some kinds have stays together in `fields`, as JSON: columns for all fields of
29 kinds would be nearly empty ones, and would change with every kind added. The delivery records are the exception,
because they are what is plotted: their counters and volumes are columns of their own, null in other records.
`delivered_nl` grows from the log's first delivery record on, by the volume of a microstep in force, priming left out.
`verified` is false in every row of a log that fails verification, so that the file itself says so wherever it goes.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from infuser.wire import alarms, codec, records, units
from pumpctl.logbook import sentence
from pumpctl.logchain import Record
from pumpctl.logsense import clock_ms
from pumpctl.logview import plain_fields
from pumpctl.report_tally import grown
from pumpctl.report_time import Placed

INTEGER, TEXT, TIME, FLAG, FIELDS = "integer", "text", "time", "flag", "fields"
# What of a delivery record has a column: all but the flag that an hour is over.
_DELIVERY = tuple(name for name, kind in codec.fields(records.RECORDS[records.DELIVERY][1]) if kind != "bool")
# Name -> what is in it; times in ms since 1970, `fields` as a dict.
COLUMNS: dict[str, str] = {
    "seq": INTEGER,
    "boot": INTEGER,
    "kind": TEXT,
    "time_utc": TIME,
    "reckoned_utc": TIME,
    "utc_offset_min": INTEGER,
    "age_ms": INTEGER,
    "alarm": TEXT,
    "text": TEXT,
    **dict.fromkeys(_DELIVERY, INTEGER),
    "delivered_nl": INTEGER,
    "fields": FIELDS,
    "verified": FLAG,
}
_INTEGER_MAX = 2**63 - 1

Row = dict[str, Any]


def rows(chosen: Iterable[Placed], log: Sequence[Record], verified: bool) -> Iterator[Row]:
    """The rows of the records chosen from `log`, under COLUMNS; None where there is nothing.

    A number that 63 bits do not hold, which no pump reaches, is None; `fields` has it all the same.
    """
    delivered = _delivered(log)
    for one in chosen:
        record, told = one.record, one.fields
        row: Row = {
            "seq": record["seq"],
            "boot": record["boot"],
            "kind": records.RECORDS[one.kind][0],
            "time_utc": clock_ms(record["time_ms"]) or None,
            "reckoned_utc": clock_ms(one.utc_ms) or None,
            "utc_offset_min": one.offset_min,
            "age_ms": _held(record["age_ms"]),
            "alarm": _alarm(told),
            "text": sentence(record),
            **dict.fromkeys(_DELIVERY),
            "delivered_nl": delivered.get(record["seq"]),
            "fields": plain_fields(one),
            "verified": verified,
        }
        if one.kind == records.DELIVERY:
            row.update({name: _held(told[name]) for name in _DELIVERY})
        yield row


def _held(value: int) -> int | None:
    return value if value <= _INTEGER_MAX else None


def _alarm(told: dict[str, Any]) -> str | None:
    code = told.get("alarm")
    return alarms.name(code) if code in alarms.ALARMS else None


def _delivered(log: Sequence[Record]) -> dict[int, int]:
    """Sequence number of each delivery record -> nL of therapy since the first; summed as pL, cut once."""
    told: dict[int, int] = {}
    before: dict[str, Any] | None = None
    total_pl = 0
    for record in log:
        if record["kind"] != records.DELIVERY:
            continue
        fields = record["fields"]
        if before is not None:
            steps = sum(grown(before[name], fields[name]) for name in records.THERAPY_NAMES)
            total_pl += steps * fields["step_pl"]
        before = fields
        told[record["seq"]] = total_pl // units.PL_PER_NL
    return told
