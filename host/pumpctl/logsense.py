"""Whether a record holds what a pump can write: what no table knows and no clock shows is named as impossible."""

from collections.abc import Collection
from typing import Any

from infuser.wire import alarms, messages, records, states, units

Record = dict[str, Any]

OFFSET_MAX_MIN = 18 * 60
_AGE_MAX_MS = 200 * 365 * units.MS_PER_DAY
_STATES, _REASONS = range(len(states.STATE_NAMES)), range(len(states.REASON_NAMES))
_KNOWN: dict[str, Collection[int]] = {
    "old": _STATES,
    "new": _STATES,
    "reason": _REASONS,
    "alarm": alarms.ALARMS,
    "priority": alarms.PRIORITY_NAMES,
    "bucket": range(states.BUCKETS),
    "purpose": range(len(states.PURPOSE_NAMES)),
    "role": range(len(messages.ROLE_NAMES)),
    "utc_offset_min": range(-OFFSET_MAX_MIN, OFFSET_MAX_MIN + 1),
}
_EVERY_ALARM = 0


def clock_ms(time_ms: int) -> int:
    """A stamp of the pump's clock, 0 where it was lost or is one that no pump's clock shows."""
    return time_ms if units.EPOCH_MIN_MS <= time_ms < units.EPOCH_MAX_MS else 0


def impossible(record: Record) -> str:
    """What is wrong with a decoded record's values, such as `state = 200`; empty for what a pump can write."""
    fields = record["fields"]
    stamps = {"time_ms": record["time_ms"], **{name: fields[name] for name in ("old_ms", "new_ms") if name in fields}}
    wrong = [f"{name} = {value}" for name, value in stamps.items() if value and not clock_ms(value)]
    if record["age_ms"] > _AGE_MAX_MS:
        wrong.append(f"age_ms = {record['age_ms']}")
    for name, value in fields.items():
        known = _KNOWN.get(name, (value,))
        if value not in known and not (record["kind"] == records.ALARM_ACK and value == _EVERY_ALARM):
            wrong.append(f"{name} = {value}")
    return ", ".join(wrong)
