"""Microsteps counted by bucket, step volume and concentration, and shared out among calendar days."""

from collections import Counter
from collections.abc import Sequence

from infuser.wire import units
from pumpctl.report_history import Delivery, Gap


class Tally:
    """Microsteps by bucket, step volume and concentration, summed before they are converted."""

    def __init__(self) -> None:
        self._steps: Counter[tuple[int, int, int]] = Counter()

    def add(self, bucket: int, steps: int, delivery: Delivery) -> None:
        """Count `steps` under the step volume and concentration of a delivery record."""
        self._steps[bucket, delivery.fields["step_pl"], delivery.concentration_ug_per_ml] += steps

    def steps(self, *buckets: int) -> int:
        return sum(steps for (bucket, _, _), steps in self._steps.items() if bucket in buckets)

    def concentrations_known(self, *buckets: int) -> bool:
        """Whether every microstep of these buckets has a concentration."""
        return all(key[2] or key[0] not in buckets or not steps for key, steps in self._steps.items())

    def volume_nl(self, *buckets: int) -> int:
        """Volume of these buckets in nL, rounded down once for each step volume."""
        by_size: Counter[int] = Counter()
        for (bucket, step_pl, _), steps in self._steps.items():
            if bucket in buckets:
                by_size[step_pl] += steps
        return sum(units.steps_volume_nl(steps, step_pl) for step_pl, steps in by_size.items())

    def dose_ng(self, *buckets: int) -> int:
        """Dose of these buckets in ng, rounded down once for each step volume and concentration."""
        by_size: Counter[tuple[int, int]] = Counter()
        for (bucket, step_pl, concentration), steps in self._steps.items():
            if bucket in buckets:
                by_size[step_pl, concentration] += steps
        return sum(
            units.dose_ng(units.steps_volume_nl(count, pl), strength) for (pl, strength), count in by_size.items()
        )


def grown(before: int, after: int) -> int:
    """Growth of a cumulative counter; one that fell began again at 0."""
    return after - before if after >= before else after


def share(
    days: dict[int, Tally], bucket: int, steps: int, before: Delivery, after: Delivery, off: Sequence[Gap]
) -> None:
    """Give `steps` to the days between two records, in proportion to the time that the pump ran in each."""
    pieces: list[tuple[int, int]] = []
    start_ms = before.local_ms
    while start_ms < after.local_ms or not pieces:
        midnight_ms = start_ms - start_ms % units.MS_PER_DAY
        end_ms = min(after.local_ms, midnight_ms + units.MS_PER_DAY)
        off_ms = sum(max(0, min(gap.end_ms, end_ms) - max(gap.start_ms, start_ms)) for gap in off)
        pieces.append((midnight_ms, max(0, end_ms - start_ms - off_ms)))
        start_ms = end_ms
    left_ms = sum(length_ms for _, length_ms in pieces)
    for midnight_ms, length_ms in pieces:
        part = steps * length_ms // left_ms if left_ms > length_ms else steps
        days.setdefault(midnight_ms, Tally()).add(bucket, part, after)
        steps -= part
        left_ms -= length_ms
