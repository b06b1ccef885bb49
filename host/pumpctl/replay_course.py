"""A log as a course of events at the pump's own age: what was done to the pump, less what it did by itself."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from infuser.core.ledger import Ledger
from infuser.wire import alarms, errors, messages, records, states, units
from pumpctl.logchain import Record
from pumpctl.replay_causes import OWN, Causes, Deed
from pumpctl.replay_orders import UNPLAYED, Order, order
from pumpctl.replay_start import impossible

# Records of one turn of the pump's loop stand no further apart than the flash needs for one.
_ONE_TURN_MS = 150
_UNHEARD = (*errors.UNPROVEN, errors.PROTOCOL_MISMATCH)
# What tells of events, and what only tells of their effect.
_KEEPING = (records.STATE, records.BOLUS_STARTED, records.BOLUS_ENDED, records.PLAN, records.TEMPORARY_RATE)


@dataclass(frozen=True)
class Event:
    """What happened at an age of the pump, and the records that it left.

    One of: an `order`; `deeds` just before a turn of the loop, `after` right after it; a power `cut`; a drug `library`
    of this digest put into force; the clock chip found to be `ahead_ms` of the age (0: lost), `later_ms` later than the
    pump had it. `played` is false where it cannot be done again.
    """

    age_ms: int
    members: tuple[Record, ...]
    order: Order | None = None
    deeds: tuple[Deed, ...] = ()
    after: tuple[Deed, ...] = ()
    cut: bool = False
    ahead_ms: int = 0
    later_ms: int = 0
    library: bytes = b""
    played: bool = True


@dataclass
class Course:
    """The events of a log, and how many records of which kinds could not be played."""

    events: list[Event] = field(default_factory=list)
    # (kind, why) -> numbers of the records
    unplayed: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    stood_in: dict[int, int] = field(default_factory=dict)


def course(log: Sequence[Record], ledger: Ledger, libraries: Collection[bytes] = ()) -> Course:
    """The course of records without a gap; `ledger` is the pump's state before the first and moves on with them.

    `libraries` are the digests of those that can be put into force again.
    """
    return _Reader(log, ledger, libraries).read()


class _Reader:
    def __init__(self, log: Sequence[Record], ledger: Ledger, libraries: Collection[bytes]) -> None:
        self._log = log
        self._libraries = libraries
        self._ledger = ledger
        self._causes = Causes()
        self._course = Course(stood_in=self._causes.stood_in)
        self._at = 0
        self._ahead_ms: int | None = None  # by how much the wall clock is ahead of the age

    def read(self) -> Course:
        while self._at < len(self._log):
            record = self._log[self._at]
            try:
                self._next(record["kind"])
            except (LookupError, ValueError) as error:
                raise impossible(record, error) from error
        return self._course

    def _next(self, kind: int) -> None:
        if kind == records.BOOT:
            self._boot()
        elif kind == records.COMMAND:
            self._command()
        elif kind == records.SNAPSHOT:
            self._take(1)
        else:
            self._turn()

    def _take(self, count: int) -> tuple[Record, ...]:
        """The next records, taken into account."""
        members = tuple(self._log[self._at : self._at + count])
        self._at += count
        for record in members:
            self._ledger.apply(record["kind"], record["fields"], record["time_ms"], record["age_ms"])
            self._ahead_ms = _ahead_ms(record)
            self._note_unplayed(record)
        return members

    def _note_unplayed(self, record: Record) -> None:
        """What the pump found in itself is not done to the scratch pump, so long as the motor knows nothing of it."""
        kind = record["kind"]
        if kind == records.FAULT:
            self._leave((record,), "a fault that the pump found")
        elif kind == records.ALARM_RAISED:
            alarm = record["fields"]["alarm"]
            if alarm not in OWN and alarms.answer(alarm) == alarms.KEEP and alarm != alarms.CLOCK_LOST:
                self._leave((record,), f"{alarms.name(alarm)} does not change what the motor is told")

    def _boot(self) -> None:
        """A power-on with all that it left. One cut before its self-test was over counts with the next."""
        end = self._at + 1
        tested = False
        while end < len(self._log) and self._log[end]["kind"] != records.COMMAND:
            one = self._log[end]
            restarted = one["kind"] == records.BOOT
            later = one["age_ms"] - self._log[end - 1]["age_ms"] > units.MS_PER_S
            if tested if restarted else later:
                break
            tested = not restarted and (tested or _tested(one))
            end += 1
        deeds = self._causes.beside(self._log[self._at : end], self._ledger)
        members = self._take(end - self._at)
        boots = [one for one in members if one["kind"] == records.BOOT]
        self._course.events.append(Event(boots[-1]["age_ms"], members, deeds=tuple(deeds), cut=True))

    def _command(self) -> None:
        first = self._log[self._at]
        self._find_clock(first)
        end = self._at + 1
        if first["fields"]["error"] == errors.BEGUN:
            while end < len(self._log) and self._log[end]["kind"] != records.BOOT:
                end += 1
                if _closes(self._log[end - 1], first):
                    break
        asked = order(self._log[self._at : end], self._ledger)
        deeds = tuple(self._causes.beside(self._log[self._at : end], self._ledger))
        if asked and asked.command == messages.ALARM_ACK:
            asked = replace(asked, values={**asked.values, "alarm": self._causes.alarm(asked.values["alarm"])})
        members = self._take(end - self._at)
        begun = asked is not None and asked.error == errors.BEGUN
        if begun and not any(one["kind"] in _KEEPING for one in members):
            asked = None  # the power failed before it did anything
        if first["fields"]["error"] in _UNHEARD:
            asked = None  # its number is still to be used, by the same command after a greeting or a sign-in
        library = next((one["fields"]["digest"] for one in members if one["kind"] == records.LIBRARY), b"")
        if library in self._libraries:
            self._course.events.append(Event(first["age_ms"], members, library=library))
            return
        if asked is None:
            self._leave(members, self._why(first))
        self._course.events.append(Event(first["age_ms"], members, asked, deeds, played=asked is not None))

    def _turn(self) -> None:
        end = self._at + 1
        while end < len(self._log) and self._log[end]["kind"] not in (records.BOOT, records.COMMAND):
            if self._log[end]["age_ms"] - self._log[end - 1]["age_ms"] > _ONE_TURN_MS:
                break
            end += 1
        self._find_clock(self._log[self._at])
        deeds, after = self._causes.of(self._log[self._at : end], self._ledger)
        members = self._take(end - self._at)
        self._course.events.append(Event(members[0]["age_ms"], members, deeds=tuple(deeds), after=tuple(after)))

    def _find_clock(self, record: Record) -> None:
        """The pump has taken the clock chip's time, which is no record: it shows in the times of the records."""
        ahead_ms = _ahead_ms(record)
        if self._ahead_ms is None or ahead_ms == self._ahead_ms or record["kind"] == records.CLOCK:
            return
        before = self._log[self._at - 1]
        self._course.events.append(Event(before["age_ms"], (), ahead_ms=ahead_ms, later_ms=ahead_ms - self._ahead_ms))

    def _leave(self, members: Sequence[Record], why: str) -> None:
        for record in members:
            name = records.RECORDS[record["kind"]][0]
            self._course.unplayed.setdefault((name, why), []).append(record["seq"])

    def _why(self, first: Record) -> str:
        fields = first["fields"]
        command = fields["command"]
        name = messages.MESSAGES[command][0] if command in messages.MESSAGES else f"command {command}"
        if fields["error"] in _UNHEARD:
            return f"{name} was refused before it began"
        if command == messages.LIBRARY_COMMIT:
            return "the log has a drug library's digest only; --library FILE gives the library"
        if command in UNPLAYED:
            return f"{name} is not about what is delivered"
        return f"{name} was cut off by the power before it did anything"


def _ahead_ms(record: Record) -> int:
    ahead_ms: int = record["time_ms"] - record["age_ms"] if record["time_ms"] else 0
    return ahead_ms


def _closes(record: Record, first: Record) -> bool:
    return bool(record["kind"] == records.COMMAND and record["fields"]["request_id"] == first["fields"]["request_id"])


def _tested(record: Record) -> bool:
    """Whether the self-test of a power-on is over with this record."""
    return bool(record["kind"] == records.STATE and record["fields"]["old"] == states.SELF_TEST)
