"""Holds a log's counters against those of the pump that played it again: record by record, bucket by bucket."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from infuser.wire import records, states, units
from pumpctl.logchain import Record
from pumpctl.replay_pairs import pairs
from pumpctl.replay_slack import Slack

EQUAL = "equal"
OPEN = "open"  # differs by no more than the log leaves open
DEVIATES = "deviates"
# Between the counters of a stop and the record of the stop lies one write to the flash.
_STOPPING_MS = 300
# The clock chip counts whole seconds, and the course of rates begins anew where its time is taken.
_ADOPTED_MS = units.MS_PER_S + units.QUANTUM_MS


@dataclass(frozen=True)
class Deviation:
    """A record of the log that the replayed pump does not agree with: in `what`, `logged` against `replayed`.

    `replayed` is None where the pump has no such record at all; `what` is a bucket, or says what else it is.
    """

    seq: int
    time_ms: int
    age_ms: int
    what: str
    logged: int
    replayed: int | None


@dataclass
class Count:
    """One record of counters, and what came of comparing it; the replayed pump's is `apart_ms` later."""

    record: Record
    replayed: Record | None
    apart_ms: int = 0
    pulses: int | None = None
    verdict: str = EQUAL
    open_nl: int = 0

    @property
    def steps(self) -> int:
        """Microsteps that the log counts, in all buckets."""
        return sum(self.record["fields"][name] for name in records.COUNTER_NAMES)


@dataclass
class Stretch:
    """From one power-on to the next: its records of counters, deviations, and what its power-on left in doubt."""

    first: Record
    counts: list[Count] = field(default_factory=list)
    deviations: list[Deviation] = field(default_factory=list)
    last: Record | None = None
    off_ms: int = 0
    uncertain: tuple[int, int] = (0, 0)  # microsteps in doubt after its power-on, in the log and replayed

    @property
    def met(self) -> bool:
        """Whether the replayed pump did what the log says."""
        return not self.deviations


def compare(
    log: Sequence[Record], replayed: Sequence[Record], pulses: Mapping[int, int], slack: Slack,
    adopted_ms: Sequence[int] = (),
) -> list[Stretch]:  # fmt: skip
    """The stretches of a log; `pulses` are those given to the motor at its records of counters, by number.

    `adopted_ms` are ages after which the pump took another time from its clock chip, the log does not say when.
    """
    stretches: list[Stretch] = []
    adopted = list(adopted_ms)
    matched = pairs(log, replayed)
    for at, (record, other) in enumerate(matched):
        while adopted and adopted[0] < record["age_ms"]:
            adopted.pop(0)
            slack.open_for(_ADOPTED_MS, slack.rate_nl_per_day)
        if record["kind"] == records.BOOT or not stretches:
            stretches.append(Stretch(record))
        if record["kind"] == records.DELIVERY:
            slack.stop(_stopped_by(matched, at))
        _one(stretches[-1], record, other, pulses.get(record["seq"]), slack)
    return stretches


def _stopped_by(matched: Sequence[tuple[Record, Record | None]], at: int) -> int:
    """Why the motor was stopped where a record of counters is followed by that of the stop; DONE where it was not."""
    following = matched[at + 1][0] if at + 1 < len(matched) else None
    if following is None or following["kind"] != records.STATE:
        return states.DONE
    apart_ms = following["age_ms"] - matched[at][0]["age_ms"]
    reason: int = following["fields"]["reason"]
    return reason if apart_ms < _STOPPING_MS else states.DONE


def _one(stretch: Stretch, record: Record, other: Record | None, pulses: int | None, slack: Slack) -> None:
    stretch.last = record
    if record["kind"] == records.DELIVERY:
        _count(stretch, record, other, pulses, slack)
    elif other is None:
        stretch.deviations.append(_deviation(record, records.RECORDS[record["kind"]][0], 1, None))
    elif record["kind"] == records.BOOT:
        name = "steps_uncertain"
        stretch.off_ms = record["fields"]["gap_ms"]
        stretch.uncertain = (record["fields"][name], other["fields"][name])
    else:
        if record["kind"] == records.BOLUS_ENDED:
            _bolus(stretch, record, other, slack)
        slack.follow(record, other)


def _deviation(record: Record, what: str, logged: int, replayed: int | None) -> Deviation:
    return Deviation(record["seq"], record["time_ms"], record["age_ms"], what, logged, replayed)


def _bolus(stretch: Stretch, record: Record, other: Record, slack: Slack) -> None:
    """A bolus that ended by itself has its microsteps whatever the time; of one cut off some may be open."""
    logged, replayed = record["fields"]["steps"], other["fields"]["steps"]
    may_differ = 0 if record["fields"]["reason"] == states.DONE and not slack.open_pl else 1
    if abs(logged - replayed) > may_differ + slack.open_pl // slack.step_pl:
        what = f"{states.BUCKET_NAMES[record['fields']['bucket']]}, this one"
        stretch.deviations.append(_deviation(record, what, logged, replayed))


def _count(stretch: Stretch, record: Record, other: Record | None, pulses: int | None, slack: Slack) -> None:
    count = Count(record, other, pulses=pulses)
    stretch.counts.append(count)
    if other is None:
        stretch.deviations.append(_deviation(record, "counters", count.steps, None))
        count.verdict = DEVIATES
        return
    logged, replayed = record["fields"], other["fields"]
    count.apart_ms = other["age_ms"] - record["age_ms"]
    slack.rate_nl_per_day = max(logged["rate_nl_per_day"], replayed["rate_nl_per_day"])
    count.open_nl = slack.volume_nl(abs(count.apart_ms))
    off_nl = logged["programmed_nl"] - replayed["programmed_nl"]
    found = [
        _deviation(record, states.BUCKET_NAMES[bucket], logged[name], replayed[name])
        for bucket, name in enumerate(records.COUNTER_NAMES)
        if not _within(logged[name] - replayed[name], slack.steps(bucket, min(abs(off_nl), count.open_nl), other))
    ]
    if not found and abs(off_nl) > count.open_nl:
        found = [_deviation(record, "programmed volume in nL", logged["programmed_nl"], replayed["programmed_nl"])]
    left = "reservoir_nl"
    if not found and abs(logged[left] - replayed[left]) > count.open_nl + _step_nl(logged) * bool(count.open_nl):
        found = [_deviation(record, "reservoir in nL", logged[left], replayed[left])]
    if not found and pulses is not None and abs(pulses - count.steps) > slack.pulses():
        found = [_deviation(record, "pulses of the motor", count.steps, pulses)]
    stretch.deviations += found
    same = all(logged[name] == replayed[name] for name in records.COUNTER_NAMES)
    count.verdict = DEVIATES if found else EQUAL if same else OPEN


def _within(value: int, bounds: tuple[int, int]) -> bool:
    return bounds[0] <= value <= bounds[1]


def _step_nl(fields: dict[str, int]) -> int:
    return fields["step_pl"] // units.PL_PER_NL + 1
