"""What a visit is made of: its steps and their questions, the person at it, and what a step works with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pumpctl.client import Pump, Values
from pumpctl.comparison import Change
from pumpctl.errors import UsageProblem
from pumpctl.operations import Proposal
from pumpctl.store import Archive
from pumpctl.store_visits import Visit

Row = tuple[str, str]


class Talk(Protocol):
    """The person at the visit, or the file that stands for one."""

    @property
    def interactive(self) -> bool:
        """Whether there is a person to ask."""

    @property
    def overrides(self) -> bool:
        """Whether soft limits may be overridden: a person can be asked, or said so beforehand."""

    def step(self, number: int, of: int, title: str, hands: str, then: str) -> None:
        """A step begins: what it is, what to do with the hands, and what comes next."""

    def tell(self, text: str) -> None:
        """Something to know."""

    def pairs(self, rows: Sequence[Row], title: str) -> None:
        """Names and values to look at before going on."""

    def ask(self, question: "Question", words: str, default: Any) -> Any:
        """An answer, not checked yet; `default` is None where there is none."""

    def confirm(self, question: str) -> None:
        """Go on only if the person says yes; Declined or UsageProblem otherwise."""

    def order(self, question: str, patient: str, dose_ng_per_day: int, changes: list[Change], starts: bool) -> None:
        """What an order changes side by side, then its question; where delivery `starts` the dose is typed."""

    def program(self, proposal: Proposal, flushed: bool) -> bool:
        """Old and new side by side, confirmed; whether soft limits were overridden. Declined or UsageProblem."""

    def progress(self, title: str, work: Callable[[Callable[[float], None]], Any]) -> Any:
        """What `work` returns; it is given a function to call with the share done."""


@dataclass(frozen=True)
class Question:
    """One answer that a visit needs; `kind` is one of quantity.KINDS, or text, yes, dose, time or file.

    `default` gives the answer where none is given, None: there must be one. `check` raises UsageProblem for an answer
    that makes no sense; with `final` it ends the visit instead of being asked again. `quiet`: never asked for.
    `momentary`: true of the pump as it was, so that it is given anew where its step comes again.
    """

    key: str
    kind: str
    words: str
    example: str
    default: Callable[["Room"], Any] | None = None
    check: Callable[["Room", Any], None] | None = None
    asked: Callable[["Room"], bool] | None = None
    shown: Callable[["Room"], str] | None = None
    final: bool = False
    quiet: bool = False
    momentary: bool = False

    @property
    def option(self) -> str:
        """The answer as an option of the command line."""
        return "--" + self.key.replace("_", "-")


@dataclass(frozen=True)
class Step:
    """One step: what is shown `before`, its questions, then `act`.

    `holds` asks the pump whether it is so already. What a step did may be undone by others until step `until` is
    done: on going on it is asked for again. `changes`: the pump is another one afterwards. `needless`: whether nothing
    is left to do by hand. `reckoned`: it rests on the program in force, and comes again where others changed that,
    which `renew` finds and takes into the facts.
    """

    name: str
    title: str
    act: Callable[["Room"], None]
    hands: str = ""
    questions: tuple[Question, ...] = ()
    holds: Callable[["Room"], bool] | None = None
    until: str = ""
    changes: bool = False
    before: Callable[["Room"], None] | None = None
    needless: Callable[["Room"], bool] | None = None
    reckoned: bool = False
    renew: Callable[["Room"], bool] | None = None


@dataclass
class Room:
    """What a step works with."""

    pump: Pump
    archive: Archive
    visit: Visit
    talk: Talk
    steps: Sequence[Step] = ()

    @property
    def facts(self) -> dict[str, Any]:
        """What was found out in this visit; plain values, kept with it."""
        return self.visit.facts

    def status(self) -> Values:
        """The pump's status now."""
        return self.pump.status()

    def keep(self) -> None:
        """Keep the visit as it is now."""
        self.archive.keep_visit(self.visit)

    def answer(self, question: Question) -> Any:
        """The answer in force: kept, given, asked for, or the default; kept on disk before it is acted on."""
        answers = self.visit.answers
        if question.key not in answers:
            answers[question.key] = self._given(question) if question.key in self.visit.given else self._ask(question)
            self.keep()
        return answers[question.key]

    def _given(self, question: Question) -> Any:
        value = self.visit.given[question.key]
        try:
            check_answer(self, question, value)
        except UsageProblem as wrong:
            if question.final or not self.talk.interactive:
                raise
            self._tell_wrong(wrong)
            return self._ask(question)
        return value

    def _ask(self, question: Question) -> Any:
        default = question.default(self) if question.default else None
        if question.quiet or not self.talk.interactive:
            if question.default is None:
                raise missing(question)
            return default
        words = question.shown(self) if question.shown else question.words
        while True:
            value = self.talk.ask(question, words, default)
            try:
                check_answer(self, question, value)
            except UsageProblem as wrong:
                if question.final:
                    raise
                self._tell_wrong(wrong)
            else:
                return value

    def _tell_wrong(self, wrong: UsageProblem) -> None:
        for line in wrong.lines():
            self.talk.tell(line)

    def preview_answer(self, question: Question) -> Any:
        """What the answer will be as far as is known before it is asked; None if it is not."""
        for known in (self.visit.answers, self.visit.given):
            if question.key in known:
                return known[question.key]
        return question.default(self) if question.default else None


def check_answer(room: Room, question: Question, value: Any) -> None:
    if question.check is not None:
        question.check(room, value)


def missing(question: Question) -> UsageProblem:
    remedy = f'give {question.option}, for example "{question.example}", or {question.key} in the file of --from'
    if question.kind == "yes":
        remedy = f"give {question.option} or --no-{question.option[2:]}"
    return UsageProblem(f"{question.key} is missing", field=question.key, remedy=remedy)
