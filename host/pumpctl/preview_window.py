"""The most that goes out in any window of a given length, from the cumulative counts in a pump's records."""

import bisect
from collections.abc import Sequence

from infuser.wire import records, states
from pumpctl.logchain import Record

THERAPY = tuple(bucket for bucket in range(states.BUCKETS) if bucket != states.PRIME)


class Curve:
    """A cumulative count over time, straight between the moments at which it is known."""

    def __init__(self, points: Sequence[tuple[int, int]]) -> None:
        known = dict(sorted(points, key=lambda point: (point[0], point[1])))
        self.times_ms = list(known)
        self.counts = list(known.values())

    def at(self, time_ms: int, up: bool) -> int:
        """The count at a time, what lies between two whole microsteps rounded `up` or down."""
        after = bisect.bisect_right(self.times_ms, time_ms)
        if after in (0, len(self.times_ms)):
            return self.counts[max(0, after - 1)] if self.counts else 0
        start_ms, low = self.times_ms[after - 1], self.counts[after - 1]
        grown = (self.counts[after] - low) * (time_ms - start_ms)
        span_ms = self.times_ms[after] - start_ms
        return low + (-(-grown // span_ms) if up else grown // span_ms)


def curves(log: Sequence[Record], start_ms: int) -> list[Curve]:
    """One curve a therapy bucket from `start_ms` (UTC) on: at each delivery record, and where boluses begin and end."""
    points: list[list[tuple[int, int]]] = [[(start_ms, 0)] for _ in THERAPY]
    begun: dict[int, int] = {}
    for record in log:
        told, at_ms = record["fields"], record["time_ms"]
        if at_ms < start_ms:
            continue
        if record["kind"] == records.DELIVERY:
            for bucket in THERAPY:
                points[bucket].append((at_ms, told[records.COUNTER_NAMES[bucket]]))
        elif record["kind"] == records.BOLUS_STARTED and told["bucket"] in THERAPY:
            begun[told["bucket"]] = told["start_steps"]
            points[told["bucket"]].append((at_ms, told["start_steps"]))
        elif record["kind"] == records.BOLUS_ENDED and told["bucket"] in begun:
            points[told["bucket"]].append((at_ms, begun.pop(told["bucket"]) + told["steps"]))
    return [Curve(one) for one in points]


def largest_steps(of: Sequence[Curve], span_ms: int) -> int:
    """Most microsteps of all curves together in any window of `span_ms`, rounded up.

    The sum is made of straight pieces: its growth over a window is largest where the window begins
    or ends at a moment at which a count is known.
    """
    moments = {ms for curve in of for ms in curve.times_ms}
    ends = moments | {ms + span_ms for ms in moments}
    return max((sum(one.at(end, True) - one.at(end - span_ms, False) for one in of) for end in ends), default=0)
