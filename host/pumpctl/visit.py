"""The engine of guided visits: runs the steps of one, can be cut off anywhere, and goes on from there.

What is true is asked of the pump, not taken from the file: a step tells whether the pump already has what it would
bring about, so that no order is given twice.
"""

from collections.abc import Sequence
from typing import Any

from infuser.wire import states
from pumpctl import doses, quantity, status_parts, timetext
from pumpctl.client import Values
from pumpctl.errors import FileProblem, UsageProblem, VerificationError
from pumpctl.store_visits import COMPLETED, Visit
from pumpctl.visit_room import Room, Step, check_answer, missing


class Unfit(UsageProblem):
    """Answers that are missing or make no sense, found before anything was changed."""


def go(room: Room, fresh: dict[str, Any] | None = None) -> None:
    """Run what is left of a visit, with the `fresh` answers in the place of those that it has.

    It stays open where an error or Ctrl-C ends this, unless nothing was done yet.
    """
    visit = room.visit
    try:
        again = _recall(room)
        amend(visit, room.steps, fresh or {})
        if again:
            foresee(room)
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
    done = (step.holds is not None and step.holds(room)) or (step.needless is not None and step.needless(room))
    room.talk.step(number, len(room.steps), step.title, "" if done else step.hands, then)
    if done:
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


def _recall(room: Room) -> bool:
    """On going on: the same patient and program, and what is done is still so; else it comes again, which is told."""
    visit = room.visit
    if not visit.done:
        return False
    patient = room.status()["patient"]
    if patient and visit.patient and patient != visit.patient:
        raise VerificationError(
            f"the pump is programmed for another patient now than the one of visit {visit.id}", field="patient",
            value=patient, remedy="`pumpctl visit abandon`, then begin anew",
        )  # fmt: skip
    again = [step for one in room.steps if one.renew is not None and one.renew(room)
             for step in room.steps if step.reckoned]  # fmt: skip
    for number, step in enumerate(room.steps):
        if step.name in visit.done and step.until and step.until not in visit.done:
            assert step.holds is not None
            if not step.holds(room):
                room.talk.tell(f"The pump is no longer as the step '{step.title}' left it; that step comes again.")
                again += room.steps[number:]
                break
    if again:
        _undo(visit, again)
        room.keep()
    return bool(again)


def _undo(visit: Visit, again: Sequence[Step]) -> None:
    """Have steps come again, without the answers to them that were true of their moment only."""
    visit.done = [name for name in visit.done if name not in {step.name for step in again}]
    for question in [question for step in again for question in step.questions]:
        visit.answers.pop(question.key, None)
        if question.momentary:
            visit.given.pop(question.key, None)


def foresee(room: Room) -> None:
    """Check every answer there is before anything is changed; Unfit names each missing or senseless one."""
    wrong = [one for step in room.steps if step.name not in room.visit.done for one in _wrong(room, step)]
    if not wrong:
        return
    first = wrong[0]
    if len(wrong) == 1:
        raise Unfit(
            f"{_told(first)}; nothing was changed", field=first.field, value=first.value, low=first.low,
            high=first.high, remedy=first.remedy,
        )  # fmt: skip
    told = "; ".join(map(_told, wrong))
    raise Unfit(
        f"{len(wrong)} answers are missing or make no sense, nothing was changed: {told}", field=first.field,
        remedy=f"`pumpctl visit template {room.visit.kind}` shows every key",
    )  # fmt: skip


def _told(wrong: UsageProblem) -> str:
    """What is wrong in one line, a file's problems included."""
    problems = wrong.problems if isinstance(wrong, FileProblem) else []
    return ": ".join([wrong.message, *(["; ".join(map(str, problems))] if problems else [])])


def _wrong(room: Room, step: Step) -> list[UsageProblem]:
    """What is wrong with the answers of a step; at a terminal what is not final is asked for again in its time."""
    found = []
    for question in step.questions:
        if question.asked is not None and not question.asked(room):
            continue
        try:
            if question.key in room.visit.given:
                check_answer(room, question, room.visit.given[question.key])
            elif question.default is None:
                if not room.talk.interactive:
                    raise missing(question)
            else:
                check_answer(room, question, question.default(room))
        except UsageProblem as wrong:
            if question.final or not room.talk.interactive:
                found.append(wrong)
    return found


def amend(visit: Visit, steps: Sequence[Step], fresh: dict[str, Any]) -> None:
    """Take other answers into an open visit; UsageProblem for one that the pump has been told already.

    What was done after an answer that changes, such as a preview, is done again.
    """
    known = {**visit.given, **visit.answers}
    for key, value in fresh.items():
        if known.get(key) == value:
            continue
        number, step = next(
            (number, step) for number, step in enumerate(steps) if key in {question.key for question in step.questions}
        )
        told = [later for later in steps[number:] if later.name in visit.done and (later.holds or later.changes)]
        if step.name in visit.done and told:
            raise UsageProblem(
                f"{key} can no longer be changed in visit {visit.id}: '{told[0].title}' is done",
                field=key, value=value, remedy="go on without it, and correct it in a visit of its own",
            )  # fmt: skip
        if step.name in visit.done:
            later = {one.name for one in steps[number:]}
            visit.done = [name for name in visit.done if name not in later]
        visit.answers.pop(key, None)
        visit.given[key] = value


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
    dose = quantity.format_dose_rate(doses.dose_in_force(status))
    return f"THERAPY IS STOPPED ({name}): {status['patient']} gets nothing of {dose}. Withdrawal is a hazard too."
