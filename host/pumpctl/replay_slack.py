"""What a log leaves open: how far two pumps that did the same may be apart in volume, and in whole microsteps.

A log tells times to the ms and volumes to the nL. Where every record of the replayed pump has the very age of its
counterpart, nothing is open and the counts must be the same. Where one is so many ms off, the volume of that time is
open from there on, and a microstep may be one more or less only where the volume of its bucket stands that near to it.
"""

from dataclasses import dataclass, field

from infuser.wire import records, states, units
from pumpctl.logchain import Record

_NL = units.PL_PER_NL
_TICK_MS = 4000
_WRITING_MS = 300


@dataclass
class Slack:
    """Follows pairs of records; `open_pl` is open so far, `rate_nl_per_day` flows by the log."""

    open_pl: int = 0
    rate_nl_per_day: int = 0
    step_pl: int = units.STEP_PL_NOMINAL
    # Volume beyond the whole microsteps in each bucket of the replayed pump; None where it is not known.
    _beyond_pl: list[int | None] = field(default_factory=lambda: [0] * states.BUCKETS)
    # Volume and rate of what is under way in each bucket, 0 without.
    _volume_nl: list[int] = field(default_factory=lambda: [0] * states.BUCKETS)
    _bolus_nl_per_day: list[int] = field(default_factory=lambda: [0] * states.BUCKETS)

    def follow(self, logged: Record, replayed: Record) -> None:
        """Take a pair other than of counters into account."""
        kind, fields = replayed["kind"], replayed["fields"]
        rate = self.rate_nl_per_day
        if kind in (records.STATE, records.BOLUS_STARTED):
            rate = max(rate, _rate(logged))
        apart_ms = abs(replayed["age_ms"] - logged["age_ms"])
        if apart_ms:
            self.open_for(apart_ms + units.QUANTUM_MS, rate)
        if kind == records.STATE:
            self.rate_nl_per_day = fields["rate_nl_per_day"]
        elif kind == records.BOLUS_STARTED:
            self._volume_nl[fields["bucket"]] = fields["volume_nl"]
            self._bolus_nl_per_day[fields["bucket"]] = _rate(replayed)
        elif kind == records.BOLUS_ENDED:
            self._ended(fields["bucket"], fields["reason"])
        elif kind == records.CALIBRATION:
            self.step_pl = fields["step_pl"]

    def stop(self, reason: int) -> None:
        """The motor is stopped for a reason that does not wait for the next tick.

        An alarm leaves the time since the last tick undelivered: open where it is open when that was. The button cuts
        the motor off at once, and the log tells only when the loop saw it: what a tick between handed over is open too.
        """
        if reason == states.BY_BUTTON:
            self.open_for(_TICK_MS, self.rate_nl_per_day + sum(self._bolus_nl_per_day))
            self.open_pl += self.step_pl
        elif reason == states.BY_ALARM and self.open_pl:
            self.open_for(_TICK_MS, self.rate_nl_per_day)

    def open_for(self, ms: int, rate_nl_per_day: int) -> None:
        """So long a time at a rate is not known from the log."""
        self.open_pl += -(-ms * rate_nl_per_day * _NL // units.MS_PER_DAY)

    def forget(self) -> None:
        """From here on nothing is known of what stands in any bucket beyond its whole microsteps."""
        self._beyond_pl = [None] * states.BUCKETS

    def pulses(self) -> int:
        """By how many the pulses may differ from the count: the motor goes on while the record is being written."""
        flow_nl_per_day = self.rate_nl_per_day + sum(self._bolus_nl_per_day)
        return 1 + (_WRITING_MS * flow_nl_per_day * _NL // units.MS_PER_DAY + self.open_pl) // self.step_pl

    def volume_nl(self, apart_ms: int) -> int:
        """By how much the programmed volumes of a pair `apart_ms` apart may differ."""
        if not self.open_pl and not apart_ms:
            return 0
        tick_pl = (_TICK_MS + apart_ms) * self.rate_nl_per_day * _NL // units.MS_PER_DAY
        return 1 + -(-(self.open_pl + tick_pl) // _NL)

    def steps(self, bucket: int, off_nl: int, replayed: Record) -> tuple[int, int]:
        """(fewest, most) microsteps that the log may have beyond the replayed pump's, `off_nl` in volume beyond it."""
        if not off_nl and not self.open_pl:
            return 0, 0
        slack_pl = (abs(off_nl) + 1) * _NL
        beyond_pl = self._beyond(bucket, replayed)
        if beyond_pl is None:
            return -(slack_pl // self.step_pl) - 1, slack_pl // self.step_pl + 1
        return (beyond_pl - slack_pl) // self.step_pl, (beyond_pl + slack_pl) // self.step_pl

    def _beyond(self, bucket: int, replayed: Record) -> int | None:
        """What stands in a bucket beyond its whole microsteps: in the basal one what the others leave of the total."""
        if bucket != states.BASAL:
            return None if self._volume_nl[bucket] else self._beyond_pl[bucket]
        others = self._beyond_pl[1 : states.PRIME]
        if None in others or any(self._volume_nl[1 : states.PRIME]):
            return None
        fields = replayed["fields"]
        steps = sum(fields[name] for name in records.THERAPY_NAMES)
        rest = fields["programmed_nl"] * _NL - steps * fields["step_pl"] - sum(one or 0 for one in others)
        return rest if 0 <= rest < fields["step_pl"] else None

    def _ended(self, bucket: int, reason: int) -> None:
        before = self._beyond_pl[bucket]
        if reason != states.DONE:
            self._beyond_pl[bucket] = None
        elif before is not None:
            self._beyond_pl[bucket] = (before + self._volume_nl[bucket] * _NL) % self.step_pl
        self._volume_nl[bucket] = self._bolus_nl_per_day[bucket] = 0


def _rate(logged: Record) -> int:
    fields = logged["fields"]
    if logged["kind"] == records.STATE:
        rate: int = fields["rate_nl_per_day"]
        return rate
    return units.bolus_rate_nl_per_day(fields["volume_nl"], max(1, fields["duration_ms"]))
