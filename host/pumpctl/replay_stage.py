"""The scratch pump of a replay: brought to each event at the very ms of its own age at which the log has it."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from infuser.core.journal import FIRST_SEQ
from infuser.wire import errors, messages, records, states, units
from infuser.wire.messages import Refusal
from pumpctl import bench_library, logbook
from pumpctl.client import Pump
from pumpctl.exchange import Exchange
from pumpctl.logchain import Record
from pumpctl.library import DrugLibrary
from pumpctl.logread import read_log
from pumpctl.replay_causes import Deed
from pumpctl.replay_course import Event
from pumpctl.transport import open_transport
from pumpctl.virtual import VirtualPump, start

# The loop turns once in so many ms; a byte that is no message makes it turn at once, and again 100 ms later.
_TURN_MS = 4000
_TURN_AGAIN_MS = 100
_LEAD_MS = _TURN_MS + _TURN_AGAIN_MS
_WAKE = b"\0"
OPERATOR = "replay"
# Before a turn, so that a button has been down long enough by then and no other turn has seen a fault.
_BEFORE_MS = 50
# A motor that an alarm or the button stops is stopped before the record: the counters are saved in between. One that
# starts by itself does so after the chirp with which the sounder is tested.
_SAVING_MS = 1
_CHIRP_MS = 30
# The clock chip counts whole seconds: so far into one it says the same for as long as can be.
_INTO_SECOND_MS = 500
_LOST_WALL_MS = 946684800000  # 2000: no time that the pump believes
_PULL_EVERY_MS = 5 * units.MS_PER_DAY

Progress = Callable[[int], None]


class Stage:
    """A scratch virtual pump, its age and its serial line. `pulses` of its motor by record number, as counted by it."""

    def __init__(
        self, bench: VirtualPump, exchange: Exchange, libraries: Mapping[bytes, DrugLibrary], progress: Progress
    ) -> None:
        self._bench = bench
        self._libraries = libraries
        self._link = exchange
        self._progress = progress
        self._younger_ms = 0  # what the bench's clock is ahead of the pump's age
        self._now_ms = 0
        self._raw = bytearray()
        self._next_seq = FIRST_SEQ
        self._pulled_ms = 0
        self.pulses: dict[int, int] = {}
        self._ahead = 0  # pulses given to the motor beyond what the pump counts
        self.answers: dict[int, int] = {}  # request id -> answer of the scratch pump
        self.skipped: list[Event] = []
        self.saved: list[int] = []  # ages of power cuts at which it was made to save its counters
        self._truth: dict[str, Any] = {}
        self.greet()
        self._ahead_at_first = self._ahead

    def greet(self) -> None:
        """Learn the pump's age after a start, and what its motor was given that it does not count."""
        self._link.hello()
        status = self._link.ask(messages.STATUS, {})
        truth = self._bench.get()
        self._now_ms = self._pulled_ms = status["age_ms"]
        self._younger_ms = truth["now_ms"] - status["age_ms"]
        self._ahead = truth["steps_made"] - status["steps_total"]

    def play(self, event: Event) -> None:
        """Do again what happened, at its age."""
        if event.cut:
            self._cut(event)
        elif event.later_ms:
            self._set_wall(event)
        elif event.library:
            self._library(event)
        elif event.order is not None:
            self._order(event)
        elif event.played:
            self._turn(event)
        if self._now_ms - self._pulled_ms >= _PULL_EVERY_MS:
            self._pull()
        self._progress(event.age_ms)

    def records(self) -> list[Record]:
        """The scratch pump's own log to its end, verified."""
        self._pull()
        verdict = logbook.verify_raw(bytes(self._raw))
        logbook.require(verdict, "the scratch pump's log")
        return verdict.records

    def counted(self) -> tuple[int, int, int]:
        """(microsteps counted, pulses given to the motor, those of them that power cuts left in no counter) since start.

        Both counts are as if the motor had made all that was counted before.
        """
        status = self._link.ask(messages.STATUS, {})
        made = self._bench.get()["steps_made"] - self._ahead_at_first
        return status["steps_total"], made, self._ahead - self._ahead_at_first

    def _advance_to(self, age_ms: int) -> None:
        if age_ms > self._now_ms:
            passed = self._bench.advance_ms(age_ms - self._now_ms)
            self._now_ms = passed["now_ms"] - self._younger_ms

    def _turn(self, event: Event) -> None:
        """Let the loop turn at the age of a record and, so far as can be, not shortly before."""
        if event.age_ms <= self._now_ms:
            if event.deeds:
                self.skipped.append(event)
                self._do(event.deeds + event.after)
            return
        if _over_by_itself(event):
            self._advance_to(event.age_ms)
            return
        at_ms = event.age_ms - _before_record_ms(event)
        if Deed("press", "stop") in event.deeds and event.members[0]["kind"] == records.DELIVERY:
            self._press_stop(at_ms, _counted(event.members[0]))
        else:
            self._turn_at(at_ms, event.deeds)
        self._do(event.after)
        self._note_pulses(event)

    def _turn_at(self, at_ms: int, deeds: Sequence[Deed] = ()) -> None:
        if at_ms - _LEAD_MS > self._now_ms:
            self._advance_to(at_ms - _LEAD_MS)
            self._link.transport.write(_WAKE)
        if deeds:
            self._advance_to(at_ms - _BEFORE_MS)
            self._do(deeds)
        self._advance_to(at_ms)
        self._link.transport.write(_WAKE)
        self._look()

    def _press_stop(self, at_ms: int, counted: int) -> None:
        """Press the stop button so that the loop sees it at an age, by which the pump has `counted` microsteps.

        The button stops the motor at once: right after the turn before, unless more was made by then.
        """
        self._advance_to(at_ms - _TURN_MS + _BEFORE_MS)
        made = self._link.ask(messages.STATUS, {})["steps_total"]
        early_ms = _TURN_MS - _BEFORE_MS - 2 * _TURN_AGAIN_MS
        self._advance_to(at_ms - (early_ms if made >= counted else _BEFORE_MS))
        self._bench.press("stop")
        self._turn_at(at_ms)

    def _look(self) -> None:
        """What time it is by now, and what has been done."""
        self._truth = self._bench.get()
        self._now_ms = self._truth["now_ms"] - self._younger_ms

    def _note_pulses(self, event: Event) -> None:
        for record in event.members:
            if record["kind"] == records.DELIVERY:
                self.pulses[record["seq"]] = self._truth["steps_made"] - self._ahead

    def _do(self, deeds: Sequence[Deed]) -> None:
        for deed in deeds:
            if deed.op == "press":
                self._bench.press(deed.name)
            elif deed.op == "fault":
                self._bench.fault(deed.name, deed.value)
            elif deed.op == "set":
                self._bench.set(deed.name, deed.value)
            else:
                self._bench.drain()

    def _set_wall(self, event: Event) -> None:
        """The clock chip shows another time from here on; the pump finds it when it looks at the clock next.

        It takes a time that is beyond its tolerance, in whole seconds: rounded away from the one that it has.
        """
        self._advance_to(event.age_ms)
        if event.ahead_ms:
            into_ms = units.MS_PER_S - 1 if event.later_ms > 0 else 0
            self._bench.set("wall-ms", self._now_ms + event.ahead_ms + into_ms)
        else:
            self._bench.fault("clock-lost")

    def _order(self, event: Event) -> None:
        order = event.order
        assert order is not None
        self._advance_to(event.age_ms)
        self._do(event.deeds)
        self._link.hello()
        if order.command == messages.REFILL_COMPLETE and order.error == errors.OK:
            self._bench.fill(order.values["volume_nl"])
        for offset in range(0, len(order.staged), messages.CHUNK_MAX):
            chunk = order.staged[offset : offset + messages.CHUNK_MAX]
            self._link.ask(messages.PROGRAM_STAGE, {"total": len(order.staged), "offset": offset, "chunk": chunk})
        self.answers[order.request_id] = errors.OK
        try:
            self._link.ask(order.command, order.values, order.request_id)
        except Refusal as refused:
            self.answers[order.request_id] = refused.code
        self._look()
        self._note_pulses(event)

    def _library(self, event: Event) -> None:
        """Put a drug library into force, signed with a key that the scratch pump is made to trust."""
        self._advance_to(event.age_ms)
        pump = Pump(self._link.transport, operator=OPERATOR)
        bench_library.put(self._bench, pump, self._libraries[event.library])
        self._look()

    def _cut(self, event: Event) -> None:
        """Cut the power after the last sign of life that the log tells of, and let it come back at the same age."""
        boots = [one for one in event.members if one["kind"] == records.BOOT]
        alive_ms = boots[0]["age_ms"] - boots[0]["fields"]["gap_ms"]
        self._save_at(alive_ms, event.ahead_ms)
        back = boots[-1]
        off_ms = max(0, back["age_ms"] - self._now_ms)
        if back["time_ms"]:
            self._bench.set("wall-ms", back["time_ms"] - off_ms + _INTO_SECOND_MS)
        else:
            self._bench.fault("clock-lost")
        self._pull()
        self._do(event.deeds)
        self._bench.power_cut(off_ms)
        if not back["time_ms"]:
            self._bench.fault("clock-lost", False)
        self.greet()

    def _save_at(self, at_ms: int, ahead_ms: int) -> None:
        """See to it that the counters saved last are those of this age, and that the clock is as the log has it.

        Both are what the pump goes on from after a power cut.
        """
        saved = self._saves_at(at_ms) if at_ms > self._now_ms else True
        status = self._link.ask(messages.STATUS, {})
        saved = saved or status["state"] not in states.DELIVERING
        if ahead_ms and not (saved and status["time_ms"] - status["age_ms"] == ahead_ms):
            # A clock that is set touches no dose, and has the pump reserve anew.
            self._link.hello()
            told = {"time_ms": self._now_ms + ahead_ms, "utc_offset_min": status["utc_offset_min"]}
            self._link.ask(messages.CLOCK_SET, {**told, "operator": OPERATOR})
            self.saved.append(at_ms)
            self._look()

    def _saves_at(self, at_ms: int) -> bool:
        """Whether the loop's turn at an age saves something by itself."""
        self._advance_to(at_ms - _LEAD_MS)
        self._link.transport.write(_WAKE)
        self._advance_to(at_ms - _LEAD_MS + 2 * _TURN_AGAIN_MS)
        self._look()
        before = self._truth["flash"]["programs"]
        self._turn_at(at_ms)
        return bool(self._truth["flash"]["programs"] != before)

    def _pull(self) -> None:
        for page in read_log(lambda command, **values: self._link.ask(command, values), self._next_seq):
            self._raw += page
        self._next_seq = self._link.ask(messages.STATUS, {})["log_next"]
        self._pulled_ms = self._now_ms


def _counted(record: Record) -> int:
    return sum(record["fields"][name] for name in records.COUNTER_NAMES)


def _over_by_itself(event: Event) -> bool:
    """Whether priming came to its end: the motor stands then whenever that is seen, and a turn more would save more."""
    first = event.members[0]
    return bool(first["kind"] == records.BOLUS_ENDED and first["fields"]["bucket"] == states.PRIME)


def _before_record_ms(event: Event) -> int:
    """How long before its first record the turn of the loop began."""
    for record in event.members:
        fields = record["fields"]
        if record["kind"] == records.STATE:
            if fields["new"] == states.ALARM_STOPPED or fields["reason"] == states.BY_BUTTON:
                return _SAVING_MS
            if fields["reason"] == states.BY_TIMER and fields["old"] not in states.DELIVERING:
                return _CHIRP_MS
    return 0


@contextlib.contextmanager
def stage(
    name: str, wall_ms: int, files: Path | None, libraries: Mapping[bytes, DrugLibrary], progress: Progress
) -> Iterator[Stage]:
    """A scratch pump that is switched on while its clock shows `wall_ms` (0: lost), with `files` on its flash.

    `libraries` are drug libraries by their digests.
    """
    bench = start(name, speed=0, wall_ms=wall_ms + _INTO_SECOND_MS if wall_ms else _LOST_WALL_MS, files=files)
    try:
        transport = open_transport(str(bench.port))
        try:
            yield Stage(bench, Exchange(transport, timeout_s=2.0, tries=3), libraries, progress)
        finally:
            transport.close()
    finally:
        bench.stop()
