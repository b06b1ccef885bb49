"""What rate a program asks for at any time of the week, and for how long."""

from infuser.wire import program as programs
from infuser.wire import units

_WEEK_MS = 7 * units.MS_PER_DAY
HORIZON_MS = 6 * units.MS_PER_H


class Schedule:
    """A validated program as rates in nL a day over the week."""

    def __init__(self, program: dict) -> None:
        self.program = program
        self.concentration = program["concentration_ug_per_ml"]
        self.minimum_nl_per_day = self.volume_nl(program["minimum_ng_per_day"])
        starts = []
        for step in program["step_list"]:
            rate_nl_per_day = self.volume_nl(step["dose_ng_per_day"])
            for day in range(7):
                if step["day_mask"] >> day & 1:
                    starts.append((day * units.MIN_PER_DAY + step["start_min"], rate_nl_per_day))
        starts.sort()
        self.starts = starts
        self.mean_nl_per_day = self._mean()

    def volume_nl(self, dose_ng: int) -> int:
        """Volume that holds a dose at the program's concentration."""
        return units.volume_nl(dose_ng, self.concentration)

    def _spans(self) -> list[tuple[int, int]]:
        """(minutes, rate) of each step of the week in order."""
        spans = []
        for at, (start_min, rate) in enumerate(self.starts):
            following = self.starts[(at + 1) % len(self.starts)][0]
            minutes = (following - start_min) % units.MIN_PER_WEEK
            spans.append((minutes or units.MIN_PER_WEEK, rate))
        return spans

    def _mean(self) -> int:
        total = 0
        for minutes, rate in self._spans():
            total += minutes * rate
        return total // units.MIN_PER_WEEK

    def dose_ng_per_day(self) -> int:
        """Mean daily dose over the week, rounded down."""
        return units.dose_ng(self.mean_nl_per_day, self.concentration)

    def rates(self) -> list[int]:
        """Every rate of the week, nL a day."""
        return [rate for _, rate in self.starts]

    def figures(self) -> dict:
        """What follows from the program, by the names of UNDERSTOOD_FIELDS: pump and host say the same."""
        return {
            "dose_ng_per_day": self.dose_ng_per_day(),
            "volume_nl_per_day": self.mean_nl_per_day,
            "rate_low_nl_per_day": min(self.rates()),
            "rate_high_nl_per_day": max(self.rates()),
            "minimum_nl_per_day": self.minimum_nl_per_day,
            "bolus_max_nl": self.volume_nl(self.program["bolus_max_ng"]),
            "low_reservoir_nl": self.program["low_reservoir_nl"],
        }

    def daily(self) -> bool:
        """Whether the rate depends on the time of day at all."""
        return self.program["mode"] == programs.FLEX

    def rate_at(self, week_ms: int) -> tuple[int, int]:
        """(rate in nL a day, ms until it changes) at a local time of the week."""
        if not self.daily():
            return self.starts[0][1], HORIZON_MS
        at = 0
        for index, (start_min, _) in enumerate(self.starts):
            if start_min * units.MS_PER_MIN <= week_ms:
                at = index + 1
        rate = self.starts[at - 1][1]
        following = self.starts[at % len(self.starts)][0] * units.MS_PER_MIN
        return rate, (following - week_ms) % _WEEK_MS or _WEEK_MS
