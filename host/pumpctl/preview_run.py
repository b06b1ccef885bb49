"""One run of a preview: a scratch virtual pump is filled, programmed, started at the given time and let run."""

from collections.abc import Callable

from infuser.core.journal import FIRST_SEQ
from infuser.wire import alarms, records, states, units
from pumpctl import bench_library, logbook, operations
from pumpctl.client import Pump
from pumpctl.errors import Internal
from pumpctl.logchain import Record
from pumpctl.preview_order import DAYS_OVER, EMPTY, ENDED, STOPPED, Order, Run
from pumpctl.preview_presses import Patient
from pumpctl.virtual import VirtualPump, start

OPERATOR = "preview"
# The pump is switched on this long before therapy starts: self-test, refill and programming take less.
LEAD_MS = units.MS_PER_MIN
SLICE_MS = 6 * units.MS_PER_H
# The pump's log holds more than this even with every bolus that a program may allot.
PULL_EVERY_MS = 7 * units.MS_PER_DAY

Progress = Callable[[int], None]


class Cancelled(Exception):
    """The preview was given up while this run was under way."""


def play(order: Order, name: str, boluses: bool, progress: Progress) -> Run:
    """Play one run on the scratch pump `name`; `boluses`: the patient presses whenever a bolus is to be had."""
    bench = start(name, speed=0, wall_ms=order.start_ms - LEAD_MS)
    try:
        with Pump.open(str(bench.port), operator=OPERATOR) as pump:
            return _Stage(order, bench, pump, boluses, progress).play()
    finally:
        bench.stop()


class _Stage:
    """The scratch pump of a run. Its time is told as UTC ms, `start_ms - LEAD_MS` when it is switched on."""

    def __init__(self, order: Order, bench: VirtualPump, pump: Pump, boluses: bool, progress: Progress) -> None:
        self._order = order
        self._bench = bench
        self._pump = pump
        self._progress = progress
        self._patient = Patient(bench, pump, order.end_ms, self.advance_to) if boluses else None
        self._raw = bytearray()
        self._next_seq = FIRST_SEQ
        self._pulled_ms = order.start_ms

    def play(self) -> Run:
        run = Run(self._pump.hello.serial, self._prepare())
        while run.ended == DAYS_OVER and self.now_ms() < self._order.end_ms:
            until_ms = min(self.now_ms() + SLICE_MS, self._order.end_ms)
            if self._patient is None:
                self.advance_to(until_ms)
            else:
                self._patient.live(self.now_ms(), until_ms)
            run.ended = self._ended()
            if self.now_ms() - self._pulled_ms >= PULL_EVERY_MS:
                self._pull()
        self._finish(run)
        return run

    def now_ms(self) -> int:
        """The time in the scratch pump's world."""
        passed_ms: int = self._bench.get()["now_ms"]
        return self._order.start_ms - LEAD_MS + passed_ms

    def advance_to(self, until_ms: int) -> None:
        """Let time pass up to `until_ms`."""
        begin_ms = self.now_ms()

        def tell(passed_ms: int, _of_ms: int) -> None:
            self._progress(max(0, begin_ms + passed_ms - self._order.start_ms))

        self._bench.advance_ms(max(0, until_ms - begin_ms), None, tell)
        tell(until_ms - begin_ms, 0)

    def _prepare(self) -> list[str]:
        """Clock, filling and program; therapy starts at the start time to the ms. The soft limits overstepped."""
        order = self._order
        self.advance_to(order.start_ms - LEAD_MS // 2)
        self._pump.set_clock(self.now_ms(), order.utc_offset_min)
        if order.library is not None:
            bench_library.put(self._bench, self._pump, order.library)
        self._pump.begin_refill()
        self._bench.fill(order.reservoir_nl)
        self._pump.complete_refill(0, order.reservoir_nl, order.program["concentration_ug_per_ml"])
        proposal = operations.propose(self._pump, order.program)
        operations.commit(self._pump, proposal, bool(proposal.warnings))
        if self.now_ms() >= order.start_ms:
            raise Internal("the scratch pump was not ready in time")
        self.advance_to(order.start_ms)
        self._pump.resume()
        return proposal.warnings

    def _ended(self) -> str:
        """Why the pump delivers no more and will not by itself; DAYS_OVER while it does."""
        if self._bench.get()["driver_enabled"]:
            return DAYS_OVER
        status = self._pump.status()
        present = {alarm["alarm"] for alarm in status["alarm_list"]}
        if alarms.RESERVOIR_EMPTY in present:
            return EMPTY
        if alarms.THERAPY_ENDED in present:
            return ENDED
        return DAYS_OVER if status["state"] in states.DELIVERING or status["start_in_ms"] else STOPPED

    def _finish(self, run: Run) -> None:
        """Stop, so that the last record counts what was delivered until then, and read the log to its end."""
        if run.ended == DAYS_OVER:
            self._pump.stop()
        self._pull()
        verdict = logbook.verify_raw(bytes(self._raw))
        logbook.require(verdict, "the scratch pump's log")
        run.records = verdict.records
        run.left_nl = self._pump.status()["reservoir_nl"]
        run.presses_ms = self._patient.presses_ms if self._patient else []
        run.end_ms = self._order.end_ms if run.ended == DAYS_OVER else _last_stop_ms(run.records)
        self._progress(self._order.days * units.MS_PER_DAY)

    def _pull(self) -> None:
        for page in self._pump.read_log(self._next_seq):
            self._raw += page
        self._next_seq = self._pump.status()["log_next"]
        self._pulled_ms = self.now_ms()


def _last_stop_ms(log: list[Record]) -> int:
    """When the pump last ceased to deliver."""
    stops = [one for one in log if one["kind"] == records.STATE and one["fields"]["new"] not in states.DELIVERING]
    return int(stops[-1]["time_ms"])
