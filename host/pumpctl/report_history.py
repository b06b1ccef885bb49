"""What a whole log tells, replayed through the pump's own ledger: alarms, states, gaps, programs, refills."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from infuser.core.ledger import Ledger
from infuser.core.schedule import Schedule
from infuser.wire import records, units
from pumpctl import report_program
from pumpctl.logsense import clock_ms
from pumpctl.report_time import Placed, opening

Fields = dict[str, Any]


@dataclass
class AlarmSpan:
    """One occurrence of an alarm, local times; `end_ms` None: still present when the log ends."""

    entry: Fields
    start_ms: int
    end_ms: int | None = None
    acknowledged_ms: int | None = None

    @property
    def alarm(self) -> int:
        return int(self.entry["alarm"])

    @property
    def priority(self) -> int:
        return int(self.entry["priority"])


@dataclass(frozen=True)
class StateSpan:
    """A state of the pump from `start_ms` to `end_ms`, local times."""

    state: int
    start_ms: int
    end_ms: int


@dataclass(frozen=True)
class Gap:
    """Time that the log cannot speak for: before a restart, or where records are missing.

    `exact`: the pump knows that it was off for all of it; otherwise it was off for that long at most.
    `missing`: the pump may well have delivered, only the records are not here. `unbounded`: no clock tells for how
    long it was off, and the times after it are too early by that.
    """

    start_ms: int
    end_ms: int
    cause: str
    exact: bool
    steps_uncertain: int = 0
    missing: bool = False
    unbounded: bool = False


@dataclass(frozen=True)
class ProgramChange:
    """A program taken into use; `program` is None when it was cleared or cannot be read.

    `carried`: it was in force before the log begins.
    """

    local_ms: int
    program: Fields | None
    confirmed: bool
    operator: str
    readable: bool = True
    carried: bool = False

    @property
    def dose_ng_per_day(self) -> int:
        return int(Schedule(self.program).dose_ng_per_day()) if self.program else 0

    @property
    def low_reservoir_nl(self) -> int:
        low = self.program["low_reservoir_nl"] if self.program else 0
        return int(low or units.LOW_RESERVOIR_DEFAULT_NL)


@dataclass(frozen=True)
class Dose:
    """What is to be given from `local_ms` on: a program (None: none), at a plan's dose where that is not 0."""

    local_ms: int
    program: Fields | None
    plan_ng_per_day: int = 0
    plan_shift_min: int = 0
    plan_position: int = 0
    plan_held: bool = False

    @property
    def schedule(self) -> Schedule | None:
        """Its rates, None where nothing is to be given."""
        if not self.program or (self.plan_position and not self.plan_ng_per_day):
            return None
        try:
            return Schedule(self.program, self.plan_ng_per_day)
        except ArithmeticError:  # a plan for a program that gives nothing by itself: no pump's
            return Schedule(self.program)


@dataclass(frozen=True)
class Delivery:
    """A delivery record with the concentration (ug/mL, 0 unknown) of what was delivered until then."""

    local_ms: int
    fields: Fields
    concentration_ug_per_ml: int


class History:
    """Everything of a log that spans time, by replaying it once."""

    def __init__(self, placed: Sequence[Placed]) -> None:
        self.alarms: list[AlarmSpan] = []
        self.states: list[StateSpan] = []
        self.gaps: list[Gap] = []
        self.programs: list[ProgramChange] = []
        self.doses: list[Dose] = []
        self.refills: list[Placed] = []
        self.libraries: list[tuple[int, str, int]] = []  # (local ms, name, version) of the drug library in force
        self.since_fill_nl: dict[int, int] = {}  # by a refill's record: what was delivered since the one before it
        self.deliveries: list[Delivery] = []
        self.firmware = ""
        self._present: list[AlarmSpan] = []
        self._ended_ms: int | None = None
        self._concentration_before = 0
        self._drug_before = 0
        self.end_ms = placed[-1].local_ms if placed else 0
        self._state_since_ms = placed[0].local_ms if placed else 0
        self._ledger = opening([one.record for one in placed]) or Ledger()
        self._clocked = {one.record["boot"] for one in placed if _tells_time(one)}
        self._begin(placed)
        before: Placed | None = None
        for one in placed:
            self._take(one, before)
            before = one
        self._close_state(self.end_ms)
        self.state = int(self._ledger.state)

    def tells_time(self, boot: int) -> bool:
        """Whether the times of a boot follow from a clock, not from the pump's age alone."""
        return boot in self._clocked

    def _begin(self, placed: Sequence[Placed]) -> None:
        first = next((one for one in placed if one.kind == records.STATE), None)
        if placed and placed[0].kind != records.SNAPSHOT and first:
            self._ledger.state = first.fields["old"]
        if self._ledger.program:
            told = {"program": self._ledger.program, "confirmed": False, "operator": ""}
            self._program(self._state_since_ms, told, carried=True)
            self._dose(self._state_since_ms)
        if self._ledger.library:
            self._library(self._state_since_ms)
        self._alarms(self._state_since_ms)

    def _take(self, one: Placed, before: Placed | None) -> None:
        if before and one.record["boot"] != before.record["boot"]:
            self._ended_ms = before.local_ms
        if before and one.record["seq"] != before.record["seq"] + 1:
            self.gaps.append(Gap(before.local_ms, one.local_ms, "records missing", False, missing=True))
        if one.kind == records.BOOT:
            self._boot(one)
        elif one.kind == records.STATE:
            self._close_state(one.local_ms)
        elif one.kind == records.PROGRAM:
            self._program(one.local_ms, one.fields)
        elif one.kind == records.REFILL:
            self._refill(one)
        elif one.kind == records.DELIVERY:
            self._delivery(one)
        self._ledger.apply(one.kind, one.fields, one.record["time_ms"], one.record["age_ms"])
        if one.kind == records.BRIDGE:
            self._bridged(one)
        elif one.kind in (records.PROGRAM, records.PLAN):
            self._dose(one.local_ms)
        elif one.kind == records.LIBRARY:
            self._library(one.local_ms)
        self._alarms(one.local_ms)

    def _boot(self, one: Placed) -> None:
        self.firmware = one.fields["firmware"]
        if self._ended_ms is None:
            return
        off_ms = one.fields["gap_ms"]
        start_ms = max(self._ended_ms, one.local_ms - off_ms) if off_ms else self._ended_ms
        self._close_state(start_ms)
        self._state_since_ms = one.local_ms
        cause = f"restart ({one.fields['cause']})"
        unbounded = not off_ms and not self.tells_time(one.record["boot"])
        told = (cause, bool(off_ms), one.fields["steps_uncertain"])
        self.gaps.append(Gap(start_ms, one.local_ms, *told, unbounded=unbounded))

    def _refill(self, one: Placed) -> None:
        self.refills.append(one)
        if self._ledger.filled_nl:
            given_nl = self._ledger.filled_nl - one.fields["expected_residual_nl"]
            self.since_fill_nl[one.record["seq"]] = max(0, given_nl)
        if self._ledger.fill_concentration != one.fields["concentration_ug_per_ml"]:
            self._drug_before = self._ledger.fill_concentration

    def _bridged(self, one: Placed) -> None:
        """A bridge begins, before which the pump stood still; or its last microstep parts the two drugs."""
        if not one.fields["volume_nl"] and self.deliveries:
            last = self.deliveries[-1]
            fields = _advanced(last.fields, one.fields["start_steps"])
            self.deliveries.append(Delivery(one.local_ms, fields, self._concentration_before))
        self._concentration_before = self._concentration()

    def _delivery(self, one: Placed) -> None:
        """What was delivered since the record before came at the concentration in force then."""
        present = self._concentration()
        self.deliveries.append(Delivery(one.local_ms, one.fields, self._concentration_before or present))
        self._concentration_before = present

    def _close_state(self, end_ms: int) -> None:
        if end_ms > self._state_since_ms:
            self.states.append(StateSpan(self._ledger.state, self._state_since_ms, end_ms))
        self._state_since_ms = end_ms

    def _program(self, local_ms: int, fields: Fields, carried: bool = False) -> None:
        program = report_program.read(fields["program"]) if fields["program"] else None
        readable = program is not None or not fields["program"]
        change = ProgramChange(local_ms, program, fields["confirmed"], fields["operator"], readable, carried)
        self.programs.append(change)

    def _library(self, local_ms: int) -> None:
        self.libraries.append((local_ms, self._ledger.library, self._ledger.library_version))

    def _dose(self, local_ms: int) -> None:
        ledger, program = self._ledger, self.programs[-1].program if self.programs else None
        plan = (ledger.plan_ng_per_day, ledger.plan_shift_min, ledger.plan_position, ledger.plan_held)
        self.doses.append(Dose(local_ms, program, *plan))

    def _concentration(self) -> int:
        if self._ledger.bridge_nl and self._drug_before:
            return self._drug_before
        if self._ledger.fill_concentration:
            return int(self._ledger.fill_concentration)
        program = next((change.program for change in reversed(self.programs) if change.program), None)
        return int(program["concentration_ug_per_ml"]) if program else 0

    def _alarms(self, local_ms: int) -> None:
        present = self._ledger.alarms.entries
        for entry in present:
            if not any(span.entry is entry for span in self._present):
                self._present.append(AlarmSpan(entry, local_ms))
                self.alarms.append(self._present[-1])
        for span in list(self._present):
            if span.entry["acknowledged"] and span.acknowledged_ms is None:
                span.acknowledged_ms = local_ms
            if not any(span.entry is entry for entry in present):
                span.end_ms = local_ms
                self._present.remove(span)


def _tells_time(one: Placed) -> bool:
    """Whether a record fixes the times of its whole boot: it bears a stamp, or sets the clock."""
    return bool(clock_ms(one.record["time_ms"]) or (one.kind == records.CLOCK and clock_ms(one.fields["new_ms"])))


def _advanced(fields: Fields, basal_steps: int) -> Fields:
    """A delivery record's fields as they were when the basal count came to `basal_steps` and nothing else ran."""
    steps = max(0, basal_steps - fields["basal_steps"])
    volume_nl = units.steps_volume_nl(steps, fields["step_pl"])
    return {
        **fields,
        "basal_steps": fields["basal_steps"] + steps,
        "programmed_nl": fields["programmed_nl"] + volume_nl,
        "reservoir_nl": fields["reservoir_nl"] - volume_nl,
    }
