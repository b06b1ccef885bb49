"""Plays a log again on scratch virtual pumps and compares the counters; nothing of the user's is touched."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from infuser.core.journal import FIRST_SEQ
from infuser.wire import library as wire_library
from infuser.wire import records, units
from infuser.wire.messages import Refusal
from pumpctl import library as files
from pumpctl.errors import UsageProblem, VerificationError
from pumpctl.library import DrugLibrary
from pumpctl.logchain import Record
from pumpctl.replay_compare import Stretch, compare
from pumpctl.replay_course import Event, course
from pumpctl.replay_stage import stage
from pumpctl.replay_start import Start, begin
from pumpctl.report_time import place
from pumpctl.scratch import private_home

Progress = Callable[[float], None]
# A pump that runs closes every hour with a record; one without power may lie in a drawer for years.
_LEAP_MAX_MS = 20 * 366 * units.MS_PER_DAY
_REMEDY = "pull the log again (`pumpctl log pull`), or leave --from and --to out"


@dataclass
class Played:
    """One part of a log without gaps, as it was replayed. `skipped_records` came before the replay could begin.

    `counted`, `made`, `uncounted`, `unmade`: microsteps by the replayed pump's counters, pulses that its motor was
    given, those of them before power cuts that are in no counter, and what was counted at stops and not made.
    """

    born: bool
    first: Record
    skipped_records: int
    stretches: list[Stretch] = field(default_factory=list)
    unplayed: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    stood_in: dict[int, int] = field(default_factory=dict)
    late: list[Event] = field(default_factory=list)
    refused: list[tuple[Event, Refusal]] = field(default_factory=list)
    clock_sets: int = 0
    counted: int = 0
    made: int = 0
    uncounted: int = 0
    unmade: int = 0

    @property
    def met(self) -> bool:
        """Whether the replayed pump did what the log says, pulse by pulse."""
        return all(one.met for one in self.stretches)


def replay(
    log: Sequence[Record],
    progress: Progress,
    *,
    from_ms: int | None = None,
    to_ms: int | None = None,
    libraries: Sequence[DrugLibrary] = (),
) -> list[Played]:
    """Replay the parts of a verified log, compared from `from_ms` to before `to_ms` (UTC); `progress` gets 0 to 1.

    `libraries` are those that the log's pump may have been sent; the log has their digests only.
    UsageProblem where there is nothing that can be replayed, LinkError where a scratch pump does not run.
    """
    sections = [_cut_out(one, from_ms, to_ms) for one in _without_gaps(log)]
    encoded = [files.encode(one) for one in libraries]
    by_digest = {wire_library.digest(data): one for data, one in zip(encoded, libraries, strict=True)}
    started = [(one, begin(one, encoded)) for one in sections if one]
    wanted = [(one, start) for one, start in started if start is not None and start.at < len(one)]
    if not wanted:
        raise UsageProblem("there is nothing in this log that can be replayed", field="log", remedy=_REMEDY)
    for section, start in wanted:
        _refuse_leaps(section[start.at :])
    total_ms = sum(section[-1]["age_ms"] - section[start.at]["age_ms"] for section, start in wanted)
    told: list[Played] = []
    before_ms = 0
    with private_home():
        for number, (section, start) in enumerate(wanted, 1):
            begin_ms = section[start.at]["age_ms"] - before_ms

            def tell(age_ms: int, begin_ms: int = begin_ms) -> None:
                progress(min(1.0, (age_ms - begin_ms) / max(1, total_ms)))

            told.append(_play(f"replay-{number}", section, start, by_digest, tell))
            before_ms += section[-1]["age_ms"] - section[start.at]["age_ms"]
    progress(1.0)
    if from_ms is not None:
        _keep_from(told, {one.record["seq"] for one in place(log) if one.utc_ms >= from_ms})
    return told


def _refuse_leaps(log: Sequence[Record]) -> None:
    """VerificationError where an age runs backwards, or so far ahead that no pump can have waited for it."""
    for one, after in pairwise(log):
        apart_ms = after["age_ms"] - one["age_ms"]
        if not 0 <= apart_ms <= _LEAP_MAX_MS:
            message = f"record {after['seq']} is {apart_ms} ms older than the one before it"
            raise VerificationError(message, field="age_ms", value=after["age_ms"], low=one["age_ms"],
                                    high=one["age_ms"] + _LEAP_MAX_MS, remedy="pull the log again")  # fmt: skip


def _without_gaps(log: Sequence[Record]) -> list[list[Record]]:
    ends = [at for at, (one, after) in enumerate(pairwise(log), 1) if after["seq"] != one["seq"] + 1]
    bounds = [0, *ends, len(log)]
    return [list(log[low:high]) for low, high in pairwise(bounds)]


def _cut_out(section: list[Record], from_ms: int | None, to_ms: int | None) -> list[Record]:
    """From the last snapshot before a time to another time; a pump's first records count as one."""
    placed = place(section)
    end = next((at for at, one in enumerate(placed) if to_ms is not None and one.utc_ms >= to_ms), len(placed))
    if from_ms is None:
        return section[:end]
    if end and placed[end - 1].utc_ms < from_ms:
        return []
    starts = [at for at, one in enumerate(placed[:end]) if one.kind == records.SNAPSHOT]
    before = [at for at in starts if placed[at].utc_ms <= from_ms]
    return section[max(before, default=starts[0] if starts else 0) : end]


def _play(
    name: str, section: list[Record], start: Start, libraries: Mapping[bytes, DrugLibrary], tell: Callable[[int], None]
) -> Played:
    log = section[start.at :]
    planned = course(log, start.ledger, libraries)
    played = Played(section[0]["seq"] == FIRST_SEQ and not start.files, log[0], start.at if start.files else 0)
    # The first power-on of a pump that is born with the log is the scratch pump's own.
    events = planned.events[1:] if played.born else planned.events
    with TemporaryDirectory(prefix="pumpctl-replay-") as folder:
        for file, data in start.files.items():
            (Path(folder) / file).write_bytes(data)
        with stage(name, start.wall_ms, Path(folder) if start.files else None, libraries, tell) as pump:
            for event in events:
                pump.play(event)
            played.counted, played.made, played.uncounted = pump.counted()
            replayed = pump.records()
    played.unplayed, played.stood_in = planned.unplayed, planned.stood_in
    played.unmade = pump.unmade
    played.late, played.refused, played.clock_sets = pump.late, pump.refused, len(pump.clock_sets)
    adopted_ms = [event.age_ms for event in planned.events if event.later_ms]
    played.stretches = compare(log, replayed, pump.pulses, replace(start.slack), adopted_ms)
    return played


def _keep_from(told: list[Played], seqs: set[int]) -> None:
    """Leave out what was compared before the time asked for."""
    for played in told:
        for stretch in played.stretches:
            stretch.counts = [one for one in stretch.counts if one.record["seq"] in seqs]
            stretch.deviations = [one for one in stretch.deviations if one.seq in seqs]
        played.stretches = [one for one in played.stretches if one.counts or one.deviations]
