"""A guided visit: data, a list of steps, run by one small engine that can be cut off anywhere and gone on with.

What is true is asked of the pump, not taken from the file: a step tells whether the pump already has what it would
bring about, so that no order is given twice.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from infuser.wire import states
from pumpctl import quantity, status_parts, timetext
from pumpctl.client import Pump, Values
from pumpctl.errors import UsageProblem, VerificationError
from pumpctl.operations import Proposal
from pumpctl.store import Archive
from pumpctl.store_visits import ABANDONED, COMPLETED, Visit

Row = tuple[str, str]


class Talk(Protocol):
    """The person at the visit, or the file that stands for one."""

    @property
    def interactive(self) -> bool:
        """Whether there is a person to ask."""

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

    def program(self, proposal: Proposal, flushed: bool) -> bool:
        """Old and new side by side, confirmed; whether soft limits were overridden. Declined or UsageProblem."""

    def progress(self, title: str, work: Callable[[Callable[[float], None]], Any]) -> Any:
        """What `work` returns; it is given a function to call with the share done."""


@dataclass(frozen=True)
class Question:
    """One answer that a visit needs; `kind` is one of quantity.KINDS, or text, yes, dose, time or file.

    `default` gives the answer where none is given, None: there must be one. `check` raises UsageProblem for an answer
    that makes no sense; with `final` it ends the visit instead of being asked again. `quiet`: never asked for.
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

    @property
    def option(self) -> str:
        """The answer as an option of the command line."""
        return "--" + self.key.replace("_", "-")


@dataclass(frozen=True)
class Step:
    """One step: what is shown `before`, its questions, then `act`.

    `holds` asks the pump whether it is so already. What a step did may be undone by others until step `until` is
    done: on going on it is asked for again. `changes`: the pump is another one afterwards.
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
            _check(self, question, value)
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
                raise _missing(question)
            return default
        words = question.shown(self) if question.shown else question.words
        while True:
            value = self.talk.ask(question, words, default)
            try:
                _check(self, question, value)
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


def _check(room: Room, question: Question, value: Any) -> None:
    if question.check is not None:
        question.check(room, value)


def _missing(question: Question) -> UsageProblem:
    remedy = f'give {question.option}, for example "{question.example}", or {question.key} in the file of --from'
    return UsageProblem(f"{question.key} is missing", field=question.key, remedy=remedy)


class Unfit(UsageProblem):
    """Answers that are missing or make no sense, found before anything was changed."""


def go(room: Room) -> None:
    """Run what is left of a visit. It stays open where an error or Ctrl-C ends this, unless nothing was done yet."""
    visit = room.visit
    try:
        _recall(room)
        for number, step in enumerate(room.steps, 1):
            if step.name in visit.done:
                continue
            if step.changes and not visit.facts.get("changing"):
                foresee(room)
                visit.facts["changing"] = True
            _take(room, step, number)
    except BaseException as error:
        if not visit.facts.get("changing") and (not visit.done or isinstance(error, Unfit)):
            room.archive.drop_visit(visit)
            visit.id = 0
        raise
    end(room, COMPLETED)


def _take(room: Room, step: Step, number: int) -> None:
    then = room.steps[number].title if number < len(room.steps) else ""
    room.talk.step(number, len(room.steps), step.title, step.hands, then)
    if step.holds is not None and step.holds(room):
        room.talk.tell("The pump says that this is so already; nothing is repeated.")
    else:
        if step.before is not None:
            step.before(room)
            foresee(room)
        for question in step.questions:
            if question.asked is None or question.asked(room):
                room.answer(question)
        step.act(room)
    room.visit.done.append(step.name)
    room.keep()


def _recall(room: Room) -> None:
    """On going on: the same patient, and what is done is still so; else it is done anew, with the answers after it."""
    visit = room.visit
    if not visit.done:
        return
    patient = room.status()["patient"]
    if patient and visit.patient and patient != visit.patient:
        raise VerificationError(
            f"the pump is programmed for another patient now than the one of visit {visit.id}", field="patient",
            value=patient, remedy="`pumpctl visit abandon`, then begin anew",
        )  # fmt: skip
    for number, step in enumerate(room.steps):
        if step.name in visit.done and step.until and step.until not in visit.done:
            assert step.holds is not None
            if not step.holds(room):
                room.talk.tell(f"The pump is no longer as the step '{step.title}' left it; that step comes again.")
                later = room.steps[number:]
                visit.done = [name for name in visit.done if name not in {one.name for one in later}]
                for question in [one for step in later for one in step.questions]:
                    visit.answers.pop(question.key, None)
                room.keep()
                return


def foresee(room: Room) -> None:
    """Check every answer there is before anything is changed; Unfit names each missing or senseless one."""
    wrong = [one for step in room.steps if step.name not in room.visit.done for one in _wrong(room, step)]
    if not wrong:
        return
    first = wrong[0]
    if len(wrong) == 1:
        raise Unfit(
            f"{first.message}; nothing was changed", field=first.field, value=first.value, low=first.low,
            high=first.high, remedy=first.remedy,
        )  # fmt: skip
    told = "; ".join(one.message for one in wrong)
    raise Unfit(
        f"{len(wrong)} answers are missing or make no sense, nothing was changed: {told}", field=first.field,
        remedy=f"`pumpctl visit template {room.visit.kind}` shows every key",
    )  # fmt: skip


def _wrong(room: Room, step: Step) -> list[UsageProblem]:
    """What is wrong with the answers of a step; at a terminal what is not final is asked for again in its time."""
    found = []
    for question in step.questions:
        if question.asked is not None and not question.asked(room):
            continue
        try:
            if question.key in room.visit.given:
                _check(room, question, room.visit.given[question.key])
            elif question.default is None:
                if not room.talk.interactive:
                    raise _missing(question)
            else:
                _check(room, question, question.default(room))
        except UsageProblem as wrong:
            if question.final or not room.talk.interactive:
                found.append(wrong)
    return found


def end(room: Room, state: str) -> None:
    """Close the visit."""
    room.visit.state = state
    room.visit.ended = moment(room.status())
    room.keep()


def moment(status: Values) -> str:
    """Now as visits keep it: by the pump's clock where it is set, else by this machine's."""
    time_ms, offset_min = (status["time_ms"], status["utc_offset_min"]) if status["time_valid"] else timetext.now()
    return timetext.iso(time_ms, offset_min) or ""


def standing(status: Values) -> str:
    """What to say loudly where a visit leaves therapy stopped; empty while it runs or starts by itself."""
    if status["state"] in states.DELIVERING or status["start_in_ms"] or not status["mode"]:
        return ""
    name = status_parts.state_name(status["state"])
    dose = quantity.format_dose_rate(status["program_dose_ng_per_day"])
    return f"THERAPY IS STOPPED ({name}): {status['patient']} gets nothing of {dose}. Withdrawal is a hazard too."


__all__ = ["ABANDONED", "COMPLETED", "Question", "Room", "Step", "Talk", "Visit", "end", "foresee", "go", "standing"]
