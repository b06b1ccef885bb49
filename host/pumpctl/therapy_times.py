"""Local times of a therapy file to and from the wire's minutes since 1970 by the wall clock of the place."""

from datetime import datetime, timedelta

from infuser.wire import units
from pumpctl.errors import UsageProblem

_EPOCH = datetime(1970, 1, 1)
# When a date alone is given: the morning, while those who watch the patient are there.
DEFAULT_HOUR = 8
LOCAL_MIN = units.EPOCH_MIN_MS // units.MS_PER_MIN
LOCAL_MAX = units.EPOCH_MAX_MS // units.MS_PER_MIN - 1


class LocalTimeError(UsageProblem):
    """Text that is not a time of the calendar, or one that the pump's clock cannot show."""


def parse(text: str) -> int:
    """Local minutes since 1970 of `2026-12-02T08:00` or `2026-12-02`; LocalTimeError says what is wrong."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise LocalTimeError(f'"{text}" is not a day of the calendar', field="time", value=text) from None
    if len(text) == len("2026-12-02"):
        moment += timedelta(hours=DEFAULT_HOUR)
    minutes = (moment - _EPOCH) // timedelta(minutes=1)
    if not LOCAL_MIN <= minutes <= LOCAL_MAX:
        raise LocalTimeError(
            f"{text} is out of range, allowed {people(LOCAL_MIN)} to {people(LOCAL_MAX)}", field="time", value=text
        )
    return minutes


def iso(local_min: int) -> str:
    """Local minutes since 1970 as `2026-12-02T08:00`, without an offset."""
    return (_EPOCH + timedelta(minutes=local_min)).isoformat(timespec="minutes")


def people(local_min: int) -> str:
    """The same for people: `2026-12-02 08:00`."""
    return iso(local_min).replace("T", " ")
