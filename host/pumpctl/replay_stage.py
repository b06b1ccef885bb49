"""The scratch pump of a replay: brought to each event at the very ms of its own age at which the log has it."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from infuser.core.journal import FIRST_SEQ
from infuser.wire import errors, messages, records, states, units
from infuser.wire.messages import Refusal
from pumpctl import bench_library, logbook
from pumpctl.client import Pump
from pumpctl.exchange import Exchange
from pumpctl.library import DrugLibrary
from pumpctl.logchain import Record
from pumpctl.logread import read_log
from pumpctl.replay_causes import Deed
from pumpctl.replay_course import Event
from pumpctl.replay_hands import Hands
from pumpctl.transport import open_transport
from pumpctl.virtual import VirtualPump, start

OPERATOR = "replay"
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
        self, bench: VirtualPump, link: Exchange, libraries: Mapping[bytes, DrugLibrary], progress: Progress
    ) -> None:
        self._bench = bench
        self._link = link
        self._hands = Hands(bench, link)
        self._libraries = libraries
        self._progress = progress
        self._raw = bytearray()
        self._next_seq = FIRST_SEQ
        self._pulled_ms = 0
        self._beyond = 0  # pulses given to the motor beyond what the pump counts
        self.pulses: dict[int, int] = {}
        self.unmade = 0  # microsteps handed over at the instant of a stop: counted as made, and not made
        self.late: list[Event] = []  # their age was past
        self.refused: list[tuple[Event, Refusal]] = []  # which the log's pump did not refuse
        self.clock_sets: list[int] = []  # ages at which the clock was set before a power cut
        self._greet()
        self._beyond_at_first = self._beyond

    def _greet(self) -> None:
        """Learn the pump's age after a start, and what its motor was given that it does not count."""
        status = self._hands.greet()
        self._pulled_ms = self._hands.now_ms
        self._beyond = self._hands.truth["steps_made"] - status["steps_total"]

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
        if self._hands.now_ms - self._pulled_ms >= _PULL_EVERY_MS:
            self._pull()
        self._progress(event.age_ms)

    def records(self) -> list[Record]:
        """The scratch pump's own log to its end, verified."""
        self._pull()
        verdict = logbook.verify_raw(bytes(self._raw))
        logbook.require(verdict, "the scratch pump's log")
        return verdict.records

    def counted(self) -> tuple[int, int, int]:
        """(microsteps counted, pulses given to the motor, those of them that power cuts left in no counter).

        The motor counts as if it had made all that was counted before the start.
        """
        status = self._link.ask(messages.STATUS, {})
        made = self._bench.get()["steps_made"] - self._beyond_at_first
        return status["steps_total"], made, self._beyond - self._beyond_at_first + self.unmade

    def _turn(self, event: Event) -> None:
        """Let the loop turn at the age of a record and, so far as can be, not shortly before."""
        if event.age_ms <= self._hands.now_ms:
            if event.deeds:
                self.late.append(event)
                self._hands.do(event.deeds + event.after)
            return
        if _over_by_itself(event):
            self._hands.advance_to(event.age_ms)
            return
        at_ms = event.age_ms - _before_record_ms(event)
        if Deed("press", "stop") in event.deeds and event.members[0]["kind"] == records.DELIVERY:
            self._hands.press_stop(at_ms, _counted(event.members[0]))
        else:
            self._hands.turn_at(at_ms, event.deeds)
        self._hands.do(event.after)
        self._note_pulses(event)

    def _note_pulses(self, event: Event) -> None:
        if any(_stands(one) for one in event.members):
            # A pulse that may have been made counts as made: at most one for each stop.
            counted = self._link.ask(messages.STATUS, {})["steps_total"]
            if self._hands.truth["steps_made"] - self._beyond == counted - 1:
                self.unmade += 1
                self._beyond -= 1
        for record in event.members:
            if record["kind"] == records.DELIVERY:
                self.pulses[record["seq"]] = self._hands.truth["steps_made"] - self._beyond

    def _set_wall(self, event: Event) -> None:
        """The clock chip shows another time from here on; the pump finds it when it looks at the clock next.

        It takes a time that is beyond its tolerance, in whole seconds: rounded away from the one that it has.
        """
        self._hands.advance_to(event.age_ms)
        if event.ahead_ms:
            into_ms = units.MS_PER_S - 1 if event.later_ms > 0 else 0
            self._bench.set("wall-ms", self._hands.now_ms + event.ahead_ms + into_ms)
        else:
            self._bench.fault("clock-lost")

    def _order(self, event: Event) -> None:
        order = event.order
        assert order is not None
        self._hands.advance_to(event.age_ms)
        self._hands.do(event.deeds)
        self._link.hello()
        if order.command == messages.REFILL_COMPLETE and order.error == errors.OK:
            self._bench.fill(order.values["volume_nl"])
        for offset in range(0, len(order.staged), messages.CHUNK_MAX):
            chunk = order.staged[offset : offset + messages.CHUNK_MAX]
            self._link.ask(messages.PROGRAM_STAGE, {"total": len(order.staged), "offset": offset, "chunk": chunk})
        try:
            self._link.ask(order.command, order.values, order.request_id)
        except Refusal as refused:
            # An alarm that was not played is not there to be acknowledged.
            if order.error in (errors.OK, errors.BEGUN) and order.command != messages.ALARM_ACK:
                self.refused.append((event, refused))
        self._hands.look()
        self._note_pulses(event)

    def _library(self, event: Event) -> None:
        """Put a drug library into force, signed with a key that the scratch pump is made to trust."""
        self._hands.advance_to(event.age_ms)
        pump = Pump(self._link.transport, operator=OPERATOR)
        bench_library.put(self._bench, pump, self._libraries[event.library])
        self._hands.look()

    def _cut(self, event: Event) -> None:
        """Cut the power after the last sign of life that the log tells of, and let it come back at the same age."""
        boots = [one for one in event.members if one["kind"] == records.BOOT]
        alive_ms = boots[0]["age_ms"] - boots[0]["fields"]["gap_ms"]
        # How long it was off the pump takes from its clock: what that was ahead of the age before, it is afterwards.
        known = boots[0]["fields"]["gap_ms"] > 0
        self._save_at(alive_ms, boots[0]["time_ms"] - boots[0]["age_ms"] if known else 0)
        back = boots[-1]
        off_ms = max(0, back["age_ms"] - self._hands.now_ms)
        if back["time_ms"]:
            self._bench.set("wall-ms", back["time_ms"] - off_ms + _INTO_SECOND_MS)
        else:
            self._bench.fault("clock-lost")
        self._pull()
        self._hands.do(event.deeds)
        self._bench.power_cut(off_ms)
        if not back["time_ms"]:
            self._bench.fault("clock-lost", False)
        self._greet()

    def _save_at(self, at_ms: int, ahead_ms: int) -> None:
        """See to it that the counters saved last are those of this age, and that the clock is as the log has it.

        Both are what the pump goes on from after a power cut.
        """
        saved = self._hands.saves_at(at_ms) if at_ms > self._hands.now_ms else True
        status = self._link.ask(messages.STATUS, {})
        saved = saved or status["state"] not in states.DELIVERING
        if ahead_ms and not (saved and status["time_ms"] - status["age_ms"] == ahead_ms):
            # A clock that is set touches no dose, and has the pump reserve anew.
            self._link.hello()
            told = {"time_ms": self._hands.now_ms + ahead_ms, "utc_offset_min": status["utc_offset_min"]}
            self._link.ask(messages.CLOCK_SET, {**told, "operator": OPERATOR})
            self.clock_sets.append(at_ms)
            self._hands.look()

    def _pull(self) -> None:
        for page in read_log(lambda command, **values: self._link.ask(command, values), self._next_seq):
            self._raw += page
        self._next_seq = self._link.ask(messages.STATUS, {})["log_next"]
        self._pulled_ms = self._hands.now_ms


def _stands(record: Record) -> bool:
    """Whether the motor was stopped."""
    fields = record["fields"]
    moved = record["kind"] == records.STATE and fields["old"] in states.DELIVERING
    return moved and fields["new"] not in states.DELIVERING


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
