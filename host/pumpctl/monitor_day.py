"""What a pump gave since local midnight beside what its program asks for until now, in integers.

The plan is the basal course as ordered - program, plan of doses, temporary rate, bridge - and the periodic boluses,
without the times in which therapy stood still or was reduced. Boluses by hand are delivered and not planned.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from infuser.core.schedule import Schedule
from infuser.wire import records, states, units
from pumpctl.monitor_count import BY_HAND, Counts
from pumpctl.monitor_look import Look, Values
from pumpctl.report_time import Placed

_WEEK_MS = 7 * units.MS_PER_DAY
_MONDAY_MS = 3 * units.MS_PER_DAY  # 1 January 1970 was a Thursday
_FAR_MS = 1 << 62

Span = tuple[int, int, int]  # from, until (local ms), value


class Course:
    """The rates that were and will be asked for: the program under the doses, temporary rates and bridges given."""

    def __init__(self, program: Values, doses: list[Span], temporary: list[Span], bridges: list[Span]) -> None:
        self._program = program
        self._doses = doses
        self._temporary = temporary
        self._bridges = bridges
        self._schedules: dict[int, Schedule] = {}

    def planned_nl(self, start_ms: int, end_ms: int) -> int:
        """Basal volume asked for between two local times, rounded down."""
        nl_ms, at_ms = 0, start_ms
        while at_ms < end_ms:
            rate_nl_per_day, until_ms = self._rate(at_ms)
            until_ms = min(max(until_ms, at_ms + 1), end_ms)
            nl_ms += rate_nl_per_day * (until_ms - at_ms)
            at_ms = until_ms
        return nl_ms // units.MS_PER_DAY

    def _rate(self, at_ms: int) -> tuple[int, int]:
        """(nL a day, local time until which it holds at least)."""
        spans = [*self._bridges, *self._temporary, *self._doses]
        edge_ms = min((ms for span in spans for ms in span[:2] if ms > at_ms), default=_FAR_MS)
        schedule = self._schedule(_value(self._doses, at_ms) or 0)
        bridge, temporary = _value(self._bridges, at_ms), _value(self._temporary, at_ms)
        if bridge is not None:
            return bridge, edge_ms
        if temporary is not None:
            return schedule.volume_nl(temporary), edge_ms
        if _value(self._doses, at_ms) == _ENDED:
            return 0, edge_ms
        rate, lasts_ms = schedule.rate_at((at_ms + _MONDAY_MS) % _WEEK_MS)
        return rate, min(edge_ms, at_ms + lasts_ms)

    def _schedule(self, dose_ng_per_day: int) -> Schedule:
        dose_ng_per_day = max(0, dose_ng_per_day)
        if dose_ng_per_day not in self._schedules:
            self._schedules[dose_ng_per_day] = Schedule(self._program, dose_ng_per_day)
        return self._schedules[dose_ng_per_day]


_ENDED = -1  # in the place of a dose: the taper is over


def _value(spans: Iterable[Span], at_ms: int) -> int | None:
    return next((value for start, end, value in spans if start <= at_ms < end), None)


@dataclass(frozen=True)
class Day:
    """The local day up to `now_ms`; `start_ms` is from when on the plan counts, later than midnight if it began today.

    `planned_nl` and `whole_nl` (until the next midnight) are None without a program, a start or a clock;
    `delivered_nl` counts from `start_ms`, `by_hand_nl` of it were boluses of patient and clinician.
    """

    now_ms: int
    start_ms: int
    delivered_nl: int
    by_hand_nl: int = 0
    planned_nl: int | None = None
    whole_nl: int | None = None
    stopped_ms: int = 0
    reduced_ms: int = 0
    points: tuple[tuple[int, int], ...] = ()
    course: Course | None = None
    periodic: tuple[int, int, int] = (0, 0, 0)  # local ms of one that is due, interval in ms, nL of each

    @property
    def midnight_ms(self) -> int:
        return self.now_ms - self.now_ms % units.MS_PER_DAY

    @property
    def behind_nl(self) -> int:
        """What the plan asked for and was not given; boluses by hand make up for nothing."""
        return (self.planned_nl or 0) - (self.delivered_nl - self.by_hand_nl)

    def planned_until_nl(self, until_ms: int) -> int:
        """What the plan asks for from `start_ms` to a local time."""
        if self.course is None:
            return 0
        due_ms, interval_ms, nl = self.periodic
        count = 0
        if interval_ms:
            first_ms = self.start_ms + (due_ms - self.start_ms - 1) % interval_ms + 1
            count = max(0, (until_ms - first_ms) // interval_ms + 1)
        return self.course.planned_nl(self.start_ms, until_ms) + count * nl


@lru_cache(maxsize=2)
def of(look: Look) -> Day:
    """The day of a look at a pump."""
    status, now_ms, program = look.status, look.local_ms, look.program
    midnight_ms = now_ms - now_ms % units.MS_PER_DAY
    begun_ms, ran_on = _beginning(look)
    start_ms = max(midnight_ms, begun_ms or 0)
    counts = Counts(look)
    # A clock that was set back to a time that the log has had already leaves no day to plan.
    if program is None or not status["time_valid"] or begun_ms is None or look.set_back:
        since = counts.between(midnight_ms)
        by_hand_nl = counts.nl(since, counts.rows[-1][1], BY_HAND)
        return Day(now_ms, midnight_ms, status["delivered_today_nl"], min(by_hand_nl, status["delivered_today_nl"]))
    course = _course(look, program, start_ms)
    if start_ms == midnight_ms:
        since = counts.between(start_ms)
    else:
        since = counts.running(start_ms, course.planned_nl) if ran_on else counts.standing(start_ms)
    rows = [(start_ms, since), *(row for row in counts.rows if row[0] > start_ms), counts.rows[-1]]
    points = tuple((ms, counts.nl(since, steps)) for ms, steps in rows)
    stopped_ms, reduced_ms = _standstill(look, start_ms)
    day = Day(
        now_ms, start_ms,
        status["delivered_today_nl"] if start_ms == midnight_ms else points[-1][1],
        counts.nl(since, counts.rows[-1][1], BY_HAND), 0, 0, stopped_ms, reduced_ms, points, course,
        _periodic(look, program),
    )  # fmt: skip
    # A periodic bolus that was due is planned as a whole, and asked for until now as far as it has come.
    under_way_nl = sum(
        bolus["volume_nl"] - bolus["delivered_nl"]
        for bolus in status["bolus_list"] if bolus["bucket"] == states.PERIODIC_BOLUS
    )  # fmt: skip
    whole_nl = day.planned_until_nl(midnight_ms + units.MS_PER_DAY)
    return replace(day, planned_nl=day.planned_until_nl(now_ms) - under_way_nl, whole_nl=whole_nl)


def _beginning(look: Look) -> tuple[int | None, bool]:
    """(when therapy began with the program in force, whether it ran on from another one then).

    The time is 0 for earlier than the log read, None if it has not begun.
    """
    begun_ms: int | None = 0
    ran_on = False
    state = next((one.fields["old"] for one in look.placed if one.kind == records.STATE), look.status["state"])
    for one in look.placed:
        if one.kind == records.STATE:
            if one.fields["new"] in states.THERAPY and (begun_ms is None or state == states.IDLE):
                begun_ms, ran_on = one.local_ms, False
            state = one.fields["new"]
        elif one.kind == records.PROGRAM:
            ran_on = state in states.THERAPY
            begun_ms = one.local_ms if ran_on else None
    return (None if look.status["state"] == states.IDLE else begun_ms), ran_on


def _standstill(look: Look, start_ms: int) -> tuple[int, int]:
    """(ms in which nothing was delivered, ms at the minimum rate) since a local time, a pump switched off included."""
    stopped_ms = reduced_ms = 0
    changes = [one for one in look.placed if one.local_ms >= start_ms and one.kind in (records.STATE, records.BOOT)]
    earlier = [one for one in look.placed if one.local_ms < start_ms and one.kind == records.STATE]
    state, since_ms = look.status["state"], start_ms
    if earlier:
        state = earlier[-1].fields["new"]
    elif changes and changes[0].kind == records.STATE:
        state = changes[0].fields["old"]
    for one in [*changes, None]:
        until_ms = one.local_ms if one else look.local_ms
        off_ms = min(one.fields["gap_ms"], until_ms - since_ms) if one and one.kind == records.BOOT else 0
        if state not in states.DELIVERING or state == states.PRIMING:
            stopped_ms += until_ms - since_ms
        else:
            stopped_ms += off_ms
            reduced_ms += until_ms - since_ms - off_ms if state == states.MINIMUM_RATE else 0
        if one is not None:
            state = one.fields["new"] if one.kind == records.STATE else states.SELF_TEST
        since_ms = until_ms
    return stopped_ms, reduced_ms


def _course(look: Look, program: Values, start_ms: int) -> Course:
    """The orders of the log since a local time, and those in force that will end later."""
    status, now_ms = look.status, look.local_ms
    mine = [one for one in look.placed if one.local_ms >= start_ms]
    temporary, bridges = _spans(look, records.TEMPORARY_RATE), _spans(look, records.BRIDGE)
    if status["temporary_left_ms"] and _value(temporary, now_ms) is None:
        temporary = [(start_ms, now_ms + status["temporary_left_ms"], status["temporary_dose_ng_per_day"])]
    if status["bridge_left_nl"] and _value(bridges, now_ms) is None:
        bridges = [(start_ms, now_ms + status["bridge_left_ms"], status["rate_nl_per_day"])]
    return Course(program, _doses(look, program, mine), temporary, bridges)


def _spans(look: Look, kind: int) -> list[Span]:
    """The temporary rates (ng a day) or bridges (nL a day) of the log with begin and end."""
    status, spans = look.status, list[Span]()
    left_ms = status["temporary_left_ms"] if kind == records.TEMPORARY_RATE else status["bridge_left_ms"]
    for one in look.placed:
        # A new program ends a temporary rate; a bridge is noted just before the program that it leads to.
        ended = one.kind == kind or (one.kind == records.PROGRAM and kind == records.TEMPORARY_RATE)
        if spans and spans[-1][1] > one.local_ms and ended:
            spans[-1] = (spans[-1][0], one.local_ms, spans[-1][2])
        if one.kind != kind:
            continue
        if kind == records.TEMPORARY_RATE and one.fields["dose_ng_per_day"]:
            spans.append((one.local_ms, one.local_ms + one.fields["duration_ms"], one.fields["dose_ng_per_day"]))
        elif kind == records.BRIDGE and one.fields["volume_nl"]:
            spans.append((one.local_ms, _FAR_MS, one.fields["rate_nl_per_day"]))
    if spans and spans[-1][1] > look.local_ms:
        spans[-1] = (spans[-1][0], look.local_ms + left_ms, spans[-1][2])
    return spans


def _doses(look: Look, program: Values, mine: list[Placed]) -> list[Span]:
    """The daily doses of the plan: those told by the log, the one in force, and the next one if it comes today."""
    status, steps = look.status, program["plan_list"]
    if not steps:
        return []
    told = [(one.local_ms, _dose(steps, one.fields["position"], one.fields["dose_ng_per_day"]))
            for one in mine if one.kind == records.PLAN]  # fmt: skip
    first = _dose(steps, status["plan_position"], status["plan_dose_ng_per_day"])
    if told:
        before = next(one for one in mine if one.kind == records.PLAN).fields["position"] - 1
        first = _dose(steps, before, steps[before - 1]["dose_ng_per_day"] if 0 < before <= len(steps) else 0)
    coming_ms = status["plan_next_ms"] + status["utc_offset_min"] * units.MS_PER_MIN
    if status["plan_next_ms"] and not status["plan_held"] and status["plan_position"] < len(steps):
        position = status["plan_position"] + 1
        told.append((max(coming_ms, look.local_ms), _dose(steps, position, steps[position - 1]["dose_ng_per_day"])))
    starts = [0, *(ms for ms, _ in told)]
    values = [first, *(dose for _, dose in told)]
    return list(zip(starts, [*starts[1:], _FAR_MS], values, strict=True))


def _dose(steps: list[Values], position: int, dose_ng_per_day: int) -> int:
    """A plan's dose at a position, 0 for the program's own, `_ENDED` after a taper to nothing."""
    ended = position >= len(steps) and not steps[-1]["dose_ng_per_day"]
    return _ENDED if ended and not dose_ng_per_day else dose_ng_per_day


def _periodic(look: Look, program: Values) -> tuple[int, int, int]:
    """(local ms of a periodic bolus that is due, interval in ms, nL of each); zeros without one under way."""
    schedule, due_ms = Schedule(program), look.status["periodic_due_ms"]
    if not schedule.periodic_nl or not due_ms:
        return 0, 0, 0
    return look.local_ms + due_ms, schedule.interval_ms, schedule.periodic_nl
