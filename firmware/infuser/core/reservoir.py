"""What is left in the reservoir, and when it will be due for a refill."""

from infuser.wire import units


def volume_nl(filled_nl: int, steps_since_fill: int, step_pl: int) -> int:
    """Volume left of `filled_nl`, never below 0."""
    return max(0, filled_nl - units.steps_volume_nl(steps_since_fill, step_pl))


def due_in_ms(reservoir_nl: int, low_nl: int, rate_nl_per_day: int) -> int:
    """Time until the alarm volume is reached at a mean rate; 0 when it is, -1 without flow."""
    if rate_nl_per_day <= 0:
        return -1
    return max(0, reservoir_nl - low_nl) * units.MS_PER_DAY // rate_nl_per_day
