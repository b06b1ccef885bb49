"""What rate a program asks for at any time of the week, and for how long."""

from infuser.core import seal
from infuser.wire import program as programs
from infuser.wire import units

_WEEK_MS = 7 * units.MS_PER_DAY
HORIZON_MS = 6 * units.MS_PER_H


class Schedule:
    """A validated program as rates in nL a day over the week.

    With `dose_ng_per_day` the pattern is scaled to that mean daily dose, as a plan asks for.
    """

    def __init__(self, program: dict, dose_ng_per_day: int = 0) -> None:
        self.program = program
        self.concentration = program["concentration_ug_per_ml"]
        steps = program["step_list"]
        self.pattern_ng_per_day = _mean_dose(steps)
        starts = []
        for step in steps:
            dose = step["dose_ng_per_day"]
            if dose_ng_per_day:
                dose = dose * dose_ng_per_day // self.pattern_ng_per_day
            rate_nl_per_day = self.volume_nl(dose)
            for day in range(7):
                if step["day_mask"] >> day & 1:
                    starts.append((day * units.MIN_PER_DAY + step["start_min"], rate_nl_per_day))
        starts.sort()
        self.starts = starts
        self.mean_nl_per_day = _mean(_spans(starts))
        self.minimum_nl_per_day = min(self.volume_nl(program["minimum_ng_per_day"]), min(self.rates()))
        self.periodic_nl = self.volume_nl(program["periodic_bolus_ng"])
        self.periodic_ms = program["periodic_bolus_min"] * units.MS_PER_MIN
        self.interval_ms = program["periodic_interval_min"] * units.MS_PER_MIN
        self.patient_nl = self.volume_nl(program["patient_bolus_ng"])
        self.patient_ms = program["patient_bolus_min"] * units.MS_PER_MIN
        self.total_nl_per_day = self.mean_nl_per_day
        if self.periodic_nl:
            self.total_nl_per_day += self.periodic_nl * units.MS_PER_DAY // self.interval_ms

    def digest(self) -> int:
        """Checksum over the program and all that follows from it."""
        crc = seal.digest(self.program.values())
        return seal.digest([value for name, value in self.__dict__.items() if name != "program"], crc)

    def volume_nl(self, dose_ng: int) -> int:
        """Volume that holds a dose at the program's concentration."""
        return units.volume_nl(dose_ng, self.concentration)

    def dose_ng_per_day(self) -> int:
        """Mean daily dose over the week with periodic boluses, rounded down."""
        return units.dose_ng(self.total_nl_per_day, self.concentration)

    def rates(self) -> list[int]:
        """Every basal rate of the week, nL a day."""
        return [rate for _, rate in self.starts]

    def limits_nl(self, concentration: int) -> list[int]:
        """Largest volume in any 1 h, 4 h and 24 h of what leaves the catheter, `concentration` in ug/mL.

        The program's own limits, never above the pump's; 0 for none.
        """
        program = self.program
        day_ng = program["dose_max_ng_per_day"] or units.DOSE_WINDOW_MAX_NG
        hour_ng, four_ng = program["dose_max_1h_ng"], program["dose_max_4h_ng"]
        day_nl = units.volume_nl(min(day_ng, units.DOSE_WINDOW_MAX_NG), concentration)
        return [
            units.volume_nl(hour_ng, concentration),
            units.volume_nl(four_ng, concentration),
            min(day_nl, units.DAY_MAX_NL),
        ]

    def most_nl(self, span_min: int) -> int:
        """Largest volume that the program by itself gives in any `span_min` minutes (at most a day's)."""
        most = max(_most(self.starts, span_min), _most(_mirrored(self.starts), span_min)) // units.MIN_PER_DAY + 1
        if self.periodic_nl:
            most += (span_min * units.MS_PER_MIN // self.interval_ms + 1) * self.periodic_nl
        return most

    def figures(self) -> dict:
        """What follows from the program, by the names of UNDERSTOOD_FIELDS: pump and host say the same."""
        return {
            "dose_ng_per_day": self.dose_ng_per_day(),
            "volume_nl_per_day": self.total_nl_per_day,
            "rate_low_nl_per_day": min(self.rates()),
            "rate_high_nl_per_day": max(self.rates()),
            "minimum_nl_per_day": self.minimum_nl_per_day,
            "bolus_max_nl": self.volume_nl(self.program["bolus_max_ng"]),
            "patient_bolus_nl": self.patient_nl,
            "periodic_bolus_nl": self.periodic_nl,
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


def _spans(starts: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """(minutes, value) of each step of the week in order."""
    spans = []
    for at, (start_min, value) in enumerate(starts):
        following = starts[(at + 1) % len(starts)][0]
        minutes = (following - start_min) % units.MIN_PER_WEEK
        spans.append((minutes or units.MIN_PER_WEEK, value))
    return spans


def _mean(spans: list[tuple[int, int]]) -> int:
    return sum([minutes * value for minutes, value in spans]) // units.MIN_PER_WEEK


def _mean_dose(steps: list[dict]) -> int:
    """The pattern's own mean daily dose in ng."""
    starts = []
    for step in steps:
        for day in range(7):
            if step["day_mask"] >> day & 1:
                starts.append((day * units.MIN_PER_DAY + step["start_min"], step["dose_ng_per_day"]))
    starts.sort()
    return _mean(_spans(starts))


def _mirrored(starts: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The week backwards: what ends at a step's end then begins at one's begin."""
    mirrored = []
    for at, (_, value) in enumerate(starts):
        end = starts[(at + 1) % len(starts)][0]
        mirrored.append(((units.MIN_PER_WEEK - end) % units.MIN_PER_WEEK, value))
    mirrored.sort()
    return mirrored


def _most(starts: list[tuple[int, int]], span_min: int) -> int:
    """Largest sum of minutes times rate over `span_min` minutes from the begin of a step."""
    spans = _spans(starts)
    most = 0
    for first in range(len(spans)):
        left = span_min
        total = 0
        at = first
        while left > 0:
            minutes, value = spans[at % len(spans)]
            minutes = min(minutes, left)
            total += minutes * value
            left -= minutes
            at += 1
        most = max(most, total)
    return most
