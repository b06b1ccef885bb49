"""What happens again and again is worse than once: stops by alarm or command, starts after a failure."""

from infuser.wire import units

KEPT = 3
TRIPS_WITHIN_MS = 10 * units.MS_PER_MIN
CRASHES_WITHIN_MS = units.MS_PER_DAY
# Stop commands: anybody may give them, so many of them is no person's doing.
STOPS_KEPT = 6
# Causes of a start that nobody ordered and no power cut explains.
CRASHES = ("watchdog", "fault")


def tripped(trip_list: list[dict], age_ms: int) -> int:
    """The alarm that has stopped the pump KEPT times within TRIPS_WITHIN_MS, 0 for none (EC23)."""
    if not _too_often(trip_list, age_ms, TRIPS_WITHIN_MS):
        return 0
    alarm = trip_list[0]["alarm"]
    return alarm if all(trip["alarm"] == alarm for trip in trip_list) else 0


def flooded(stop_list: list[int], age_ms: int) -> bool:
    """Whether the last STOPS_KEPT stop commands, at these ages, came within TRIPS_WITHIN_MS (EC23)."""
    return len(stop_list) >= STOPS_KEPT and age_ms - stop_list[-STOPS_KEPT] <= TRIPS_WITHIN_MS


def crashed(crash_list: list[dict], age_ms: int) -> bool:
    """Whether the program has failed KEPT times within CRASHES_WITHIN_MS."""
    return _too_often(crash_list, age_ms, CRASHES_WITHIN_MS)


def _too_often(entries: list[dict], age_ms: int, within_ms: int) -> bool:
    return len(entries) >= KEPT and age_ms - entries[0]["age_ms"] <= within_ms
