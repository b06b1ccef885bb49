"""Wall-clock times for people and programs: ISO 8601 with the pump's offset from UTC."""

from datetime import UTC, datetime, timedelta, timezone

from infuser.wire import units
from pumpctl.errors import UsageProblem


def iso(time_ms: int, utc_offset_min: int = 0) -> str | None:
    """UTC ms since 1970 as ISO 8601 to the second in the pump's zone; None for 0, a time not known.

    None too for what a pump may tell and no calendar has.
    """
    if not time_ms:
        return None
    try:
        zone = timezone(timedelta(minutes=utc_offset_min))
        return datetime.fromtimestamp(time_ms / units.MS_PER_S, zone).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return None


def people(time_ms: int, utc_offset_min: int = 0) -> str:
    """The same for people: date and time to the minute, `unknown` for 0."""
    return short(iso(time_ms, utc_offset_min)) or "unknown"


def short(told: str | None) -> str:
    """What `iso` wrote, for people; empty for None."""
    return (told or "")[:16].replace("T", " ")


def now() -> tuple[int, int]:
    """(UTC ms since 1970, offset from UTC in minutes) of this machine."""
    here = datetime.now(UTC).astimezone()
    return int(here.timestamp() * units.MS_PER_S), _offset_min(here)


def parse(text: str, utc_offset_min: int | None = None) -> tuple[int, int]:
    """(UTC ms since 1970, offset in minutes) of an ISO 8601 time.

    Without a zone it is in that of `utc_offset_min`, in this machine's if that is None.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        remedy = 'for example "2025-03-01T08:30:00+01:00"'
        raise UsageProblem(f'"{text}" is not an ISO 8601 time', field="time", value=text, remedy=remedy) from None
    if moment.tzinfo is None:
        zone = None if utc_offset_min is None else timezone(timedelta(minutes=utc_offset_min))
        moment = moment.astimezone() if zone is None else moment.replace(tzinfo=zone)
    time_ms = int(moment.timestamp() * units.MS_PER_S)
    if not units.EPOCH_MIN_MS <= time_ms < units.EPOCH_MAX_MS:
        raise UsageProblem(
            f"{text} is out of range, allowed {iso(units.EPOCH_MIN_MS)} to {iso(units.EPOCH_MAX_MS)}",
            field="time", value=text, low=iso(units.EPOCH_MIN_MS), high=iso(units.EPOCH_MAX_MS),
        )  # fmt: skip
    return time_ms, _offset_min(moment)


def _offset_min(moment: datetime) -> int:
    offset = moment.utcoffset() or timedelta()
    return int(offset.total_seconds()) // 60
