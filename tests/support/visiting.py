"""Guided visits in the tests' own process: answers from a dict, cut off wherever a test wants it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ward import ML, PATIENT, Ward

from infuser.wire import records
from pumpctl import operations, visit, visit_abandon, visit_kinds, visit_log
from pumpctl.client import Pump
from pumpctl.store import Archive
from pumpctl.transport import Transport, open_transport
from pumpctl.visit_room import Question, Room

REFILL = {"patient": PATIENT, "volume": 18 * ML, "concentration": 500}
# What a visit changes: these records alone must be the same however it went.
_CHANGES = (records.STATE, records.REFILL, records.PROGRAM)


class Cut(Exception):
    """The laptop is off."""


class Script:
    """A file's answers; `steps` are those shown. Raises Cut where step `cut_at` begins."""

    interactive = False
    overrides = False

    def __init__(self, cut_at: int = 0) -> None:
        self.steps: list[str] = []
        self.told: list[str] = []
        self._cut_at = cut_at

    def step(self, number: int, of: int, title: str, hands: str, then: str) -> None:
        if number == self._cut_at:
            raise Cut
        self.steps.append(title)

    def tell(self, text: str) -> None:
        self.told.append(text)

    def pairs(self, rows: Any, title: str) -> None:
        pass

    def ask(self, question: Question, words: str, default: Any) -> Any:
        raise AssertionError(f"{question.key} was asked for")

    def confirm(self, question: str) -> None:
        pass

    def order(self, question: str, patient: str, dose_ng_per_day: int, changes: Any, starts: bool) -> None:
        self.told.append(question)

    def program(self, proposal: operations.Proposal, flushed: bool) -> bool:
        return bool(proposal.warnings)

    def progress(self, title: str, work: Callable[[Callable[[float], None]], Any]) -> Any:
        return work(lambda share: None)


class Deaf:
    """A line that carries what is sent; once `deaf`, nothing comes back."""

    def __init__(self, line: Transport) -> None:
        self._line = line
        self.name = line.name
        self.deaf = False

    def read(self, timeout_s: float) -> bytes:
        got = self._line.read(timeout_s)
        return b"" if self.deaf else got

    def write(self, data: bytes) -> None:
        self._line.write(data)

    def close(self) -> None:
        self._line.close()


def connected(ward: Ward) -> tuple[Pump, Deaf]:
    """The pump on a line that may go deaf."""
    line = Deaf(open_transport(str(ward.plant.port)))
    return Pump(line, operator="Ada", timeout_s=0.15), line


def begin(
    ward: Ward, given: dict[str, Any], script: Script, meddle: Callable[[Pump, Deaf], None] | None = None,
    kind: str = "refill",
) -> Any:  # fmt: skip
    """A visit from its beginning, as far as it comes; the visit."""
    pump, line = connected(ward)
    with pump, Archive() as archive:
        one = archive.begin_visit(pump.hello.serial, kind, "Ada", visit.moment(pump.status()))
        one.given = dict(given)
        if meddle:
            meddle(pump, line)
        visit.go(Room(pump, archive, one, script, visit_kinds.KINDS[kind]))
        return one


def go_on(ward: Ward, script: Script, **fresh: Any) -> Any:
    """The open visit to its end, with `fresh` answers; the visit."""
    pump, _ = connected(ward)
    with pump, Archive() as archive:
        one = archive.open_visit(pump.hello.serial)
        assert one is not None
        visit.go(Room(pump, archive, one, script, visit_kinds.KINDS[one.kind]), fresh)
        return one


def give_up(ward: Ward, **given: bool) -> list[str]:
    """The open visit given up; what is told of it."""
    pump, _ = connected(ward)
    with pump, Archive() as archive:
        one = archive.open_visit(pump.hello.serial)
        assert one is not None
        one.answers.clear()
        one.given = dict(given)
        return visit_abandon.abandon(Room(pump, archive, one, Script(), visit_kinds.KINDS[one.kind]))


def changes(ward: Ward, mark: int) -> list[Any]:
    """What the pump recorded of a visit since `mark`, times and numbers left out."""
    with ward.client() as pump:
        found = visit_log.since(pump, mark)
    kept = []
    for one in found:
        if one["kind"] in _CHANGES:
            told = {name: value for name, value in one["fields"].items() if name not in ("steps_total", "next_due_ms")}
            kept.append((records.RECORDS[one["kind"]][0], sorted(told.items())))
    return kept


def answers_file(folder: Path, **answers: str) -> Path:
    """A file for --from; values as they stand in TOML."""
    file = folder / "visit.toml"
    file.write_text("".join(f"{key} = {value}\n" for key, value in answers.items()))
    return file
