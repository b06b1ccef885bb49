"""The scratch pump of a scenario: set up, its time, and looks at it from the serial port and from the bench."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

from infuser.wire import messages, records, units
from pumpctl import operations, status_view, timetext
from pumpctl.client import Pump
from pumpctl.errors import Internal
from pumpctl.exchange import Exchange, Hello
from pumpctl.logchain import Record
from pumpctl.logpieces import split
from pumpctl.logread import read_log
from pumpctl.scenario import orders, therapy
from pumpctl.scenario.reader import Scenario
from pumpctl.scenario.signals import Trace
from pumpctl.transport import open_transport
from pumpctl.virtual import VirtualPump

OPERATOR = "scenario"
# The pump is switched on this long before the beginning: self-test, filling and programming take less.
LEAD_MS = 2 * units.MS_PER_MIN
CLOCK = "2026-01-01T08:00:00+00:00"
DEFAULT_CONCENTRATION = 500
Values = dict[str, Any]


class Stage:
    """A virtual pump as the scenario's set-up wants it. Times are ms from the scenario's beginning."""

    def __init__(self, scenario: Scenario, bench: VirtualPump, folder: Path, progress: Callable[[int], None]) -> None:
        self.scenario = scenario
        self.bench = bench
        self.folder = folder / bench.name
        self.folder.mkdir()
        self.trace = Trace()
        self.therapy = therapy.of_setup(scenario)
        self._progress = progress
        self._begin_ms = LEAD_MS
        self._raw = bytearray()
        self._first_seq = self._next_seq = 0
        self._begin_age_ms = 0
        self._boots = 0
        self._heard_us = -1
        self.hello: Hello | None = None

    # Time

    def now_ms(self) -> int:
        """Time since the beginning."""
        passed_ms: int = self.bench.get()["now_ms"]
        return passed_ms - self._begin_ms

    def advance_to(self, at_ms: int, until: str | None = None) -> bool:
        """Let time pass; with `until="alarm"` at most to the next alarm, which is then True."""
        begin_ms = self.now_ms()
        if at_ms <= begin_ms:
            return False
        told = self.bench.advance_ms(
            at_ms - begin_ms, until, lambda passed_ms, _: self._progress(max(0, begin_ms + passed_ms))
        )
        self._progress(max(0, told["now_ms"] - self._begin_ms))
        return bool(told["stopped_by"])

    # Set-up

    def set_up(self) -> None:
        """Clock, filling, therapy; the beginning is at the clock's time to the ms."""
        setup = self.scenario.setup
        clock_ms, offset_min = timetext.parse(setup.get("clock", CLOCK))
        # The lamps of the power-on self-test are out by then.
        self.advance_to(-LEAD_MS + 5 * units.MS_PER_S)
        if "library" in setup:
            self._send_library(self.scenario.folder / setup["library"])
        with Pump.open(str(self.bench.port), operator=OPERATOR) as pump:
            self.hello = pump.hello
            pump.set_clock(clock_ms + self.now_ms(), offset_min)
            self._fill(pump)
            if self.therapy is not None:
                proposal = operations.propose(pump, self.therapy)
                operations.commit(pump, proposal, bool(proposal.warnings))
            if self.now_ms() >= 0:
                raise Internal("the scratch pump was not ready in time")
            self.advance_to(0)
            if self.therapy is not None and setup.get("started", True):
                pump.resume()
        status = self.ask_status()
        self._first_seq = self._next_seq = status["log_next"]
        self._begin_age_ms = status["age_ms"]
        self.hear()

    def _send_library(self, file: Path) -> None:
        """The service's work: a key of its own is trusted, the library signed with it and sent."""
        key, signed = str(self.folder / "setup.key"), str(self.folder / "setup.lib")
        self.bench.fault("service-jumper")
        for words in (
            ["keygen", key],
            ["trust", "--key", f"{key}.pub"],
            ["sign", str(file), "--key", key, "-o", signed],
            ["send", signed],
        ):
            answer = orders.run(["library", *words], self.bench.name, OPERATOR)
            if answer.error is not None:
                raise answer.error
        self.bench.fault("service-jumper", on=False)

    def _fill(self, pump: Pump) -> None:
        setup = self.scenario.setup
        volume_nl = setup.get("reservoir", units.RESERVOIR_CAPACITY_NL)
        concentration = setup.get("concentration", DEFAULT_CONCENTRATION)
        if "concentration" not in setup and self.therapy is not None:
            concentration = self.therapy["concentration_ug_per_ml"]
        pump.begin_refill()
        self.bench.fill(volume_nl)
        pump.complete_refill(0, volume_nl, concentration)

    # Looking

    def hear(self) -> None:
        """Take what lamps and sounder did since the last time."""
        boots: int = self.bench.status()["boots"]
        now = self.bench.get()
        # Edges are told in the time since power-on.
        power_on_ms = now["now_ms"] - now["uptime_ms"] - self._begin_ms
        if boots != self._boots:
            self.trace.dark(power_on_ms)
            self._boots, self._heard_us = boots, -1
        new = [edge for edge in self.bench.signals() if edge[0] > self._heard_us]
        self.trace.add([(power_on_ms + at_us / 1000, name, value) for at_us, name, value in new])
        self._heard_us = new[-1][0] if new else self._heard_us

    def link(self) -> "Link":
        """The serial line without a greeting, which would open a session; use it as a context manager."""
        return Link(self.bench)

    def ask_status(self) -> Values:
        """STATUS_FIELDS, asked without a greeting."""
        with self.link() as exchange:
            return exchange.ask(messages.STATUS, {})

    def log(self) -> list[Values]:
        """The records since the beginning: kind by its name, fields, and `at_ms` by the pump's age."""
        with self.link() as exchange:
            for page in read_log(lambda command, **values: exchange.ask(command, values), self._next_seq):
                self._raw += page
        stored: list[Record] = [records.decode(piece.stored) for piece in split(bytes(self._raw)) if not piece.why]
        if stored:
            self._next_seq = stored[-1]["seq"] + 1
        return [
            {
                "kind": records.RECORDS[one["kind"]][0],
                "at_ms": one["age_ms"] - self._begin_age_ms,
                "fields": {
                    name: value.hex() if isinstance(value, bytes) else value for name, value in one["fields"].items()
                },
            }
            for one in stored
        ]


class Link:
    """The pump's port, open for as long as the context lasts."""

    def __init__(self, bench: VirtualPump) -> None:
        self.transport = open_transport(str(bench.port))

    def __enter__(self) -> Exchange:
        return Exchange(self.transport, timeout_s=1.0, tries=3)

    def __exit__(self, *_: object) -> None:
        self.transport.close()


class Look:
    """The pump at one moment; what was not asked for is not fetched."""

    def __init__(self, stage: Stage, at_ms: int | None = None) -> None:
        self.stage = stage
        self.at_ms = stage.now_ms() if at_ms is None else at_ms

    @cached_property
    def truth(self) -> Values:
        """What the plant knows."""
        return self.stage.bench.get()

    @cached_property
    def told(self) -> Values:
        """STATUS_FIELDS."""
        return self.stage.ask_status()

    @cached_property
    def status(self) -> Values:
        """The document of `pumpctl status --json`."""
        assert self.stage.hello is not None
        return status_view.document(self.told, self.stage.hello)

    @cached_property
    def log(self) -> list[Values]:
        """The records since the beginning."""
        return self.stage.log()
