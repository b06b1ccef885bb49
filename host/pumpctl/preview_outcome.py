"""What a run of a preview amounts to: days, boluses, alarms, plan, refill; read from the pump's own records."""

from dataclasses import dataclass, replace
from functools import cached_property

from infuser.wire import alarms, records, units
from pumpctl import report_data
from pumpctl.bolus_course import Bolus, boluses
from pumpctl.logchain import Record
from pumpctl.preview_order import Order, Run
from pumpctl.preview_window import THERAPY, curves, largest_steps
from pumpctl.report_data import Day, Report
from pumpctl.report_forecast import flow
from pumpctl.report_history import AlarmSpan

# What ends therapy is told of in the same turn of the pump's loop; what comes later is only that it stands still.
AFTERMATH_MS = units.MS_PER_S
WINDOWS_H = {1: "dose_max_1h_ng", 4: "dose_max_4h_ng", 24: "dose_max_ng_per_day"}


@dataclass(frozen=True)
class Refill:
    """When the alarm volume is reached, UTC ms; not `seen`: reckoned from the flow of the last days."""

    due_ms: int
    seen: bool


@dataclass(frozen=True)
class Largest:
    """The largest dose in any window of `span_h`, and the program's limit of it (0: none of its own)."""

    span_h: int
    dose_ng: int
    limit_ng: int


class Outcome:
    """The figures of one run. Local times as in the report, others UTC ms."""

    def __init__(self, order: Order, run: Run) -> None:
        self.order = order
        self.run = run
        self.report: Report = report_data.build(run.records, run.serial, findings=())
        # The stop that ends the days is in it: its delivery record counts what was delivered until then.
        self.log = [record for record in run.records if record["time_ms"] >= order.start_ms]
        self.deliveries = [one for one in self.log if one["kind"] == records.DELIVERY]

    @property
    def offset_ms(self) -> int:
        """What local time is ahead of UTC."""
        return self.order.utc_offset_min * units.MS_PER_MIN

    @property
    def days(self) -> list[Day]:
        """The calendar days of the run; first and last are cut by its start and its end."""
        begun_ms, ended_ms = (ms + self.offset_ms for ms in (self.order.start_ms, self.run.end_ms))
        return [one for one in self.report.days if begun_ms - units.MS_PER_DAY < one.start_ms < ended_ms]

    def dose_ng(self, steps: int) -> int:
        """Dose in a count of microsteps, rounded down."""
        step_pl = self.deliveries[-1]["fields"]["step_pl"] if self.deliveries else units.STEP_PL_NOMINAL
        return units.dose_ng(units.steps_volume_nl(steps, step_pl), self.order.program["concentration_ug_per_ml"])

    @property
    def total_dose_ng(self) -> int:
        return self.report.total.dose_ng(*THERAPY)

    @property
    def mean_dose_ng_per_day(self) -> int:
        """Mean over the run from its start to its end, rounded down."""
        lasted_ms = self.run.end_ms - self.order.start_ms
        return self.total_dose_ng * units.MS_PER_DAY // lasted_ms if lasted_ms > 0 else 0

    @cached_property
    def largest(self) -> list[Largest]:
        """The largest doses: of 24 h always, of the other windows where the program limits them."""
        of = curves(self.run.records, self.order.start_ms)
        limits = {span_h: self.order.program[name] for span_h, name in WINDOWS_H.items()}
        return [
            Largest(span_h, self.dose_ng(largest_steps(of, span_h * units.MS_PER_H)), limit_ng)
            for span_h, limit_ng in limits.items()
            if limit_ng or span_h == 24
        ]

    @cached_property
    def boluses(self) -> list[Bolus]:
        """Boluses in the order in which they began; what ends after the run has not ended in it."""
        told = boluses((one["time_ms"], one) for one in self.log)
        return [replace(one, end_ms=None) if (one.end_ms or 0) > self.run.end_ms else one for one in told]

    @property
    def refused(self) -> list[Record]:
        """The presses that the pump refused."""
        return [one for one in self.log if one["kind"] == records.BOLUS_REFUSED]

    @property
    def plan(self) -> list[Record]:
        """The plan's entries as they came into force."""
        return [one for one in self.log if one["kind"] == records.PLAN]

    @property
    def _plan_goes_on(self) -> bool:
        end_min = (self.run.end_ms + self.offset_ms) // units.MS_PER_MIN
        return any(entry["at_min"] > end_min for entry in self.order.program["plan_list"])

    @property
    def alarms(self) -> list[AlarmSpan]:
        """The alarms that came, or stood when therapy started, in order; local times."""
        first_ms, last_ms = (ms + self.offset_ms for ms in (self.order.start_ms, self.run.end_ms))
        begun = (span for span in self.report.alarms if span.start_ms <= last_ms + AFTERMATH_MS)
        return [span for span in begun if span.end_ms is None or span.end_ms > first_ms]

    @cached_property
    def refill(self) -> Refill | None:
        """When a refill is due; None where nothing flows any more, or a plan goes on beyond the days."""
        low = next((span for span in self.alarms if span.alarm == alarms.RESERVOIR_LOW), None)
        if low is not None:
            return Refill(max(self.order.start_ms, low.start_ms - self.offset_ms), True)
        points = self.report.points
        if not points or self._plan_goes_on:
            return None
        flowed_nl, lasted_ms = flow(points)
        left_nl = self.run.left_nl - self.order.program["low_reservoir_nl"]
        if flowed_nl <= 0:
            return None
        return Refill(self.run.end_ms + max(0, left_nl) * lasted_ms // flowed_nl, False)
