"""The report's model: what one period of a log amounts to, in integers.

Volumes and doses are summed as microsteps and converted once, by `infuser.wire.units`, for each
step volume and concentration in force. `programmed_nl` of the pump covers the therapy buckets;
priming is counted apart and is never therapy.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any, TypeVar

from infuser.wire import records, states, units
from pumpctl.bolus_course import Bolus, boluses
from pumpctl.report_history import AlarmSpan, Delivery, Dose, Gap, History, ProgramChange, StateSpan
from pumpctl.report_phases import Phase, phases
from pumpctl.report_tally import Tally, grown, share
from pumpctl.report_time import Integrity, Placed, Record, check, place

THERAPY = tuple(bucket for bucket in range(states.BUCKETS) if bucket != states.PRIME)
_Change = TypeVar("_Change", ProgramChange, Dose)
STANDSTILL = (states.SUSPENDED, states.REFILL, states.ALARM_STOPPED, states.SERVICE)


@dataclass(frozen=True)
class Point:
    """Volumes since the period's start at a delivery record, and what was then in the reservoir (None: not told)."""

    local_ms: int
    delivered_nl: int
    programmed_nl: int
    reservoir_nl: int | None


@dataclass(frozen=True)
class Day:
    """A local calendar day, beginning at `start_ms`, and what it delivered."""

    start_ms: int
    tally: Tally


@dataclass
class Report:
    """One period of a pump's log. All times are local ms, all lists in order of time and within the period."""

    serial: str
    integrity: Integrity
    start_ms: int
    end_ms: int
    offset_min: int
    firmware: str
    state_at_end: int
    placed: list[Placed]
    alarms: list[AlarmSpan]
    states: list[StateSpan]
    gaps: list[Gap]
    refills: list[Placed]
    programs: list[ProgramChange]
    deliveries: list[Delivery]
    doses: list[Dose] = field(default_factory=list)
    library: tuple[str, int] | None = None
    clock_known: bool = True
    since_fill_nl: dict[int, int] = field(default_factory=dict)
    visits: list[dict[str, Any]] = field(default_factory=list)
    phases: list[Phase] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    days: list[Day] = field(default_factory=list)
    total: Tally = field(default_factory=Tally)

    @property
    def program(self) -> dict[str, Any] | None:
        """The program in force at the period's end, or the last one that was."""
        return next((change.program for change in reversed(self.programs) if change.program), None)

    @property
    def dosed(self) -> bool:
        """Whether the concentration of everything delivered is known, so that doses can be told."""
        return self.total.concentrations_known(*THERAPY)

    @property
    def delivered_nl(self) -> int:
        return self.points[-1].delivered_nl if self.points else 0

    @property
    def programmed_nl(self) -> int:
        return self.points[-1].programmed_nl if self.points else 0

    @property
    def reservoir_nl(self) -> int | None:
        return self.points[-1].reservoir_nl if self.points else None

    @property
    def step_pl(self) -> int:
        """The microstep in force at the last delivery record, pL; 0 where there is none."""
        return int(self.deliveries[-1].fields["step_pl"]) if self.deliveries else 0

    @cached_property
    def boluses(self) -> list[Bolus]:
        """Boluses that began in the period, in order; local times."""
        return boluses((one.local_ms, one.record) for one in self.placed)

    @property
    def refused(self) -> list[Placed]:
        """Boluses that the pump refused."""
        return [one for one in self.placed if one.kind == records.BOLUS_REFUSED]

    @cached_property
    def standstills(self) -> list[tuple[int, int]]:
        """(start, end) of the times in which therapy stood still with the pump switched on."""
        spans: list[tuple[int, int]] = []
        for state in self.states:
            if state.state not in STANDSTILL:
                continue
            if spans and spans[-1][1] == state.start_ms:
                spans[-1] = (spans[-1][0], state.end_ms)
            else:
                spans.append((state.start_ms, state.end_ms))
        return spans

    @property
    def present(self) -> list[AlarmSpan]:
        """Alarms still present at the period's end."""
        return [span for span in self.alarms if span.end_ms is None or span.end_ms > self.end_ms]

    def alarms_of(self, priority: int) -> int:
        """Occurrences of alarms of a priority."""
        return sum(1 for span in self.alarms if span.priority == priority)

    @property
    def mean_dose_ng_per_day(self) -> int:
        elapsed_ms = self.points[-1].local_ms - self.points[0].local_ms if self.points else 0
        return self.total.dose_ng(*THERAPY) * units.MS_PER_DAY // elapsed_ms if elapsed_ms else 0


def build(
    log: Sequence[Record],
    serial: str,
    since_ms: int | None = None,
    until_ms: int | None = None,
    findings: Sequence[str] | None = None,
    notes: Sequence[str] = (),
    visits: Sequence[dict[str, Any]] = (),
) -> Report:
    """The report of decoded records (in order) of pump `serial`.

    `since_ms` and `until_ms` bound the period, local ms since 1970; `findings` are what is wrong
    with the log where it was judged before (else its chain is followed), `notes` what it lacks
    for a known reason; `visits` are guided visits as
    `Archive.visits` tells them. Figures count between delivery records within the period.
    """
    placed = place(log)
    history = History(placed)
    integrity = check(log, findings, notes)
    start_ms = max(since_ms or 0, placed[0].local_ms if placed else 0)
    end_ms = min(history.end_ms if until_ms is None else until_ms, history.end_ms)
    report = Report(
        serial,
        integrity,
        start_ms,
        max(start_ms, end_ms),
        placed[-1].offset_min if placed else 0,
        history.firmware,
        _state_at(history, end_ms),
        [one for one in placed if start_ms <= one.local_ms <= end_ms],
        [span for span in history.alarms if span.start_ms <= end_ms and _after(span.end_ms, start_ms)],
        [_clip(span, start_ms, end_ms) for span in history.states if span.start_ms < end_ms and span.end_ms > start_ms],
        [gap for gap in history.gaps if gap.start_ms <= end_ms and gap.end_ms >= start_ms],
        [one for one in history.refills if start_ms <= one.local_ms <= end_ms],
        _in_force(history.programs, start_ms, end_ms),
        [one for one in history.deliveries if start_ms <= one.local_ms <= end_ms],
    )
    report.doses = _in_force(history.doses, start_ms, end_ms)
    held = [one[1:] for one in history.libraries if one[0] <= report.end_ms]
    report.library = held[-1] if held else None
    report.clock_known = history.tells_time(report.placed[-1].record["boot"]) if report.placed else True
    report.since_fill_nl = history.since_fill_nl
    report.visits = list(visits)
    report.phases = phases(placed, report.start_ms, report.end_ms)
    _count(report, from_zero=integrity.complete and since_ms is None)
    return report


def _state_at(history: History, ms: int) -> int:
    """The pump's state at a local time of the log, its last one at the end."""
    within = (span.state for span in history.states if span.start_ms <= ms < span.end_ms)
    return next(within, history.state)


def _after(end_ms: int | None, start_ms: int) -> bool:
    return end_ms is None or end_ms >= start_ms


def _clip(span: StateSpan, start_ms: int, end_ms: int) -> StateSpan:
    return StateSpan(span.state, max(span.start_ms, start_ms), min(span.end_ms, end_ms))


def _in_force(changes: Sequence[_Change], start_ms: int, end_ms: int) -> list[_Change]:
    """What was in force at the start and every change until the end."""
    earlier = [change for change in changes if change.local_ms < start_ms]
    return earlier[-1:] + [change for change in changes if start_ms <= change.local_ms <= end_ms]


def _count(report: Report, from_zero: bool) -> None:
    """Points, days and totals from the period's delivery records."""
    rows = report.deliveries
    if from_zero and rows:
        nothing = {
            **rows[0].fields,
            **dict.fromkeys(records.COUNTER_NAMES, 0),
            "programmed_nl": 0,
            "reservoir_nl": None,
        }
        rows = [Delivery(report.start_ms, nothing, rows[0].concentration_ug_per_ml), *rows]
    days: dict[int, Tally] = {}
    off = [gap for gap in report.gaps if not gap.missing]
    programmed_nl = 0
    for before, after in pairwise(rows):
        if not report.points:
            report.points.append(Point(before.local_ms, 0, 0, before.fields["reservoir_nl"]))
        programmed_nl += _programmed(before, after)
        for bucket, name in enumerate(records.COUNTER_NAMES):
            steps = grown(before.fields[name], after.fields[name])
            report.total.add(bucket, steps, after)
            share(days, bucket, steps, before, after, off)
        report.points.append(
            Point(after.local_ms, report.total.volume_nl(*THERAPY), programmed_nl, after.fields["reservoir_nl"])
        )
    report.days = [Day(start_ms, days[start_ms]) for start_ms in sorted(days)]


def _programmed(before: Delivery, after: Delivery) -> int:
    """Growth of the programmed volume; a restart takes back what was under way, less than a microstep a bucket."""
    old_nl, new_nl = before.fields["programmed_nl"], after.fields["programmed_nl"]
    under_way_nl = units.steps_volume_nl(len(THERAPY), after.fields["step_pl"])
    return int(new_nl - old_nl) if 0 < old_nl - new_nl <= under_way_nl else grown(old_nl, new_nl)
