"""Whether priming gets anywhere (EC6): it must end in time and, where it is fast, press on the line."""

from infuser.wire import units

# From this rate on an intact line shows pressure: about 3 kPa at the reference catheter.
PRESSING_NL_PER_DAY = 10 * units.NL_PER_ML * 24
PRESSURE_MIN_PA = 500
PRESSURE_WITHIN_MS = 10 * units.MS_PER_S
_GRACE_MS = 30 * units.MS_PER_S

LATE = "priming does not end"
NO_PRESSURE = "no pressure rise: nothing flows into the line"


class Priming:
    """One priming under way."""

    def __init__(self, begin_ms: int, duration_ms: int, rate_nl_per_day: int, pressing: bool) -> None:
        """`pressing`: the volume goes through the line, so that pressure must show."""
        self._end_ms = begin_ms + duration_ms + duration_ms // 10 + _GRACE_MS
        self._pressure_end_ms = begin_ms + PRESSURE_WITHIN_MS
        self._pressing = pressing and rate_nl_per_day >= PRESSING_NL_PER_DAY

    def failure(self, now_ms: int, outlet_pa: int) -> str:
        """What is wrong with it, empty while nothing is."""
        if outlet_pa >= PRESSURE_MIN_PA:
            self._pressing = False  # it has been felt
        if self._pressing and now_ms > self._pressure_end_ms:
            return NO_PRESSURE
        return LATE if now_ms > self._end_ms else ""
