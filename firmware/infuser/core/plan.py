"""Titration plans and tapers: which daily dose is to be gone over to, and when.

A plan rises (titration) or falls (taper, whose last dose may be 0: the end of the therapy). It is
followed one entry at a time, never backwards, and a dose rises at most once in 24 h and by at most
`increase_permille` of the dose in force: a clock set wrong cannot make it leap.
"""

from infuser.wire import units

RAISE_WAIT_MS = units.MS_PER_DAY


def rising(plan_list: list[dict], base_ng_per_day: int) -> bool:
    """Whether a plan raises the dose over that of the program's own pattern."""
    return bool(plan_list) and plan_list[-1]["dose_ng_per_day"] > base_ng_per_day


def step(program: dict, position: int, dose: int, shift_min: int, since_ms: int, local_min: int) -> tuple | None:
    """(position, dose in ng a day) to go over to now, or None while the dose stays.

    `position` entries are done, `dose` is in force since `since_ms`, all dates are `shift_min` later
    than planned, and it is `local_min` by the local clock.
    """
    entries = program["plan_list"]
    if position >= len(entries) or entries[position]["at_min"] + shift_min > local_min:
        return None
    wanted = entries[position]["dose_ng_per_day"]
    if wanted <= dose:
        return position + 1, wanted
    if since_ms < RAISE_WAIT_MS:
        return None
    most = dose * (1000 + program["plan_increase_permille"]) // 1000
    return (position + 1, wanted) if wanted <= most else (position, most)


def position_of(program: dict, base_ng_per_day: int, dose: int) -> int:
    """How many entries are done at a dose that was cut back."""
    entries = program["plan_list"]
    if rising(entries, base_ng_per_day):
        return sum([1 for entry in entries if entry["dose_ng_per_day"] <= dose])
    return sum([1 for entry in entries if entry["dose_ng_per_day"] >= dose])
