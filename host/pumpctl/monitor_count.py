"""What a pump has counted at any time of the log that was read: microsteps by bucket, and what that is in volume."""

from collections.abc import Callable

from infuser.wire import records, states, units
from pumpctl.monitor_look import Look

THERAPY = tuple(bucket for bucket in range(states.BUCKETS) if bucket != states.PRIME)
BY_HAND = (states.PATIENT_BOLUS, states.CLINICIAN_BOLUS)

Steps = tuple[int, ...]


class Counts:
    """(local ms, microsteps of each bucket) at the delivery records and now."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self.rows: list[tuple[int, Steps]] = [
            (one.local_ms, tuple(one.fields[name] for name in records.COUNTER_NAMES))
            for one in look.placed
            if one.kind == records.DELIVERY
        ]
        held = [bucket["steps"] for bucket in look.status["bucket_list"]]
        self.rows.append((look.local_ms, tuple((held + [0] * states.BUCKETS)[: states.BUCKETS])))

    def nl(self, since: Steps, until: Steps, buckets: tuple[int, ...] = THERAPY) -> int:
        """Volume of what the buckets grew by."""
        steps = sum(max(0, until[bucket] - since[bucket]) for bucket in buckets)
        return units.steps_volume_nl(steps, self._look.status["step_pl"])

    def between(self, at_ms: int) -> Steps:
        """The count at a time, between two records in proportion; before the first one that of the first."""
        before, after = self._around(at_ms)
        if before is None or after is None:
            return (before or after or self.rows[-1])[1]
        (start_ms, low), (end_ms, high) = before, after
        return tuple(a + (b - a) * (at_ms - start_ms) // (end_ms - start_ms) for a, b in zip(low, high, strict=True))

    def standing(self, at_ms: int) -> Steps:
        """The count at a time at which nothing was delivered: that of the last record before it."""
        before, after = self._around(at_ms)
        return (before or after or self.rows[-1])[1]

    def running(self, at_ms: int, planned_nl: Callable[[int, int], int]) -> Steps:
        """The count at a time at which the program changed while it ran, of which there is no record.

        It is reckoned back from the next record, which stands before any interruption: the basal steps by the plan
        since then, the others by the boluses of the log.
        """
        before, after = self._around(at_ms)
        if after is None:
            return self.standing(at_ms)
        end_ms, high = after
        told = list(high)
        told[states.BASAL] -= units.volume_steps(planned_nl(at_ms, end_ms), self._look.status["step_pl"])
        for one in self._look.placed:
            if one.kind == records.BOLUS_ENDED and at_ms < one.local_ms <= end_ms:
                told[one.fields["bucket"]] -= one.fields["steps"]
        if after is self.rows[-1]:
            for bolus in self._look.status["bolus_list"]:
                told[bolus["bucket"]] -= units.volume_steps(bolus["delivered_nl"], self._look.status["step_pl"])
        low = before[1] if before else (0,) * states.BUCKETS
        return tuple(max(least, steps) for least, steps in zip(low, told, strict=True))

    def _around(self, at_ms: int) -> tuple[tuple[int, Steps] | None, tuple[int, Steps] | None]:
        """The last row up to a time and the first one after it."""
        before = next((row for row in reversed(self.rows) if row[0] <= at_ms), None)
        return before, next((row for row in self.rows if row[0] > at_ms), None)
