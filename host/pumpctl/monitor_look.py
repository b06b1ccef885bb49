"""What the monitor knows of a pump at one moment: its status, its program, the newest records of its log."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from infuser.core.journal import FIRST_SEQ
from infuser.wire import records, units
from pumpctl import operations, timetext
from pumpctl.client import Pump
from pumpctl.errors import VerificationError
from pumpctl.exchange import Hello
from pumpctl.logbook import LogProblem
from pumpctl.logchain import Finding, Record
from pumpctl.program import Program
from pumpctl.report_time import Placed, place

Values = dict[str, Any]

# So many of the newest records are read at first, further back until the day has begun, and no more are kept.
FIRST_TAIL = 200
FURTHER = 400
KEPT = 2000
# The log is read after the status: so much later a record may be.
_BEHIND_MS = units.MS_PER_MIN


@dataclass(frozen=True, eq=False)
class Look:
    """One answer of a pump. `host_ms` is this machine's time then; `placed` its newest records, the oldest first.

    `virtual` is a pump whose time is its own, so that the difference to this machine's tells nothing.
    """

    status: Values
    hello: Hello
    program: Program | None
    placed: list[Placed]
    host_ms: int
    virtual: bool = False

    @property
    def local_ms(self) -> int:
        """The pump's local time in ms since 1970, 0 where its clock is lost."""
        if not self.status["time_valid"]:
            return 0
        return int(self.status["time_ms"] + self.status["utc_offset_min"] * units.MS_PER_MIN)

    @property
    def set_back(self) -> bool:
        """Whether the log has records of a time that the clock has yet to reach: somebody set it back."""
        return bool(self.placed) and self.placed[-1].local_ms > self.local_ms + _BEHIND_MS

    @property
    def ahead_ms(self) -> int | None:
        """How far the pump's clock is ahead of this machine's; None while it is lost."""
        return self.status["time_ms"] - self.host_ms if self.status["time_valid"] else None


@dataclass
class Reader:
    """Reads looks from one pump after the other; what was read of a log and a program is not read again.

    `interrupted` is asked between the pages of a log, so that an order need not wait for the rest of them.
    """

    interrupted: Callable[[], bool] = lambda: False
    serial: str = ""
    log: list[Record] = field(default_factory=list)
    problem: str = ""
    _virtual: bool = False
    _reached: bool = False  # the log was read back to the beginning of the day, or as far as it goes
    _digest: bytes = b""
    _program: Program | None = None

    def look(self, pump: Pump) -> Look:
        """The pump as it is now. Refused, LinkError, VerificationError; an unsound log is told by `problem`."""
        if pump.hello.serial != self.serial:
            self.serial, self.log, self._digest, self._program = pump.hello.serial, [], b"", None
            self._virtual = pump.virtual
        status = pump.status()
        host_ms, _ = timetext.now()
        if status["program_digest"] != self._digest:
            self._program = operations.read_program(pump)
            self._digest = status["program_digest"]
        hello = replace(pump.hello, boot_count=status["boot_count"])
        look = Look(status, hello, self._program, [], host_ms, self._virtual)
        try:
            self._read_log(pump, look)
            self.problem = ""
        except VerificationError as error:
            self.problem = error.message
        return replace(look, placed=place(self.log))

    def _read_log(self, pump: Pump, look: Look) -> None:
        """The records that are new; then older ones, back to the beginning of the day."""
        oldest, following = max(look.status["log_oldest"], FIRST_SEQ), look.status["log_next"]
        if self.log and following <= self.log[-1]["seq"]:
            self.log = []  # the pump's memory was erased
        self._reached = self._reached and bool(self.log)
        from_seq = self.log[-1]["seq"] + 1 if self.log else max(oldest, following - FIRST_TAIL)
        if from_seq < following:
            self.log = (self.log + self._records(pump, from_seq, following))[-KEPT:]
        midnight_ms = look.local_ms - look.local_ms % units.MS_PER_DAY
        while self.log and not self._reached and not self.interrupted():
            first = self.log[0]["seq"]
            if place(self.log)[0].local_ms < midnight_ms or first <= oldest or len(self.log) >= KEPT - FURTHER:
                self._reached = True
                return
            older = self._records(pump, max(oldest, first - FURTHER), first)
            if not older or older[-1]["seq"] + 1 != first:
                return  # an order came between, or a record is lost
            self.log = older + self.log

    def _records(self, pump: Pump, from_seq: int, end: int) -> list[Record]:
        """The sound records from one number up to another, which is left out; less if an order waits."""
        found: list[Record] = []
        for page in pump.read_log(from_seq):
            at = 0
            while at < len(page):
                try:
                    size = records.size_at(page, at)
                    record = records.decode(page[at : at + size])
                except records.RecordError as error:
                    problem = Finding("changed", records.peek(page, at)[3], str(error))
                    raise LogProblem("the pump's log", [problem]) from None
                if record["seq"] >= end:
                    return found
                found.append(record)
                at += size
            if self.interrupted():
                break
        return found
