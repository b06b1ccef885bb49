"""The visit that changes a dose: what happened since the last one, a new dose within the label, run ahead, compared."""

from infuser.core import druglibrary, eligibility, prescription
from infuser.core.schedule import Schedule
from infuser.wire import units
from infuser.wire.messages import Refusal
from pumpctl import library_send, logbook, operations, visit_end, visit_facts, visit_since
from pumpctl import program as therapies
from pumpctl import visit_questions as ask
from pumpctl import visit_steps as steps
from pumpctl.dose_asked import DoseAsked
from pumpctl.errors import PumpctlError, UsageProblem
from pumpctl.quantity import KINDS, decimal, format_dose_rate
from pumpctl.visit_room import Question, Room, Step
from pumpctl.visit_therapy import refuse_unconfirmed

# No label changes a dose to its double or its half at once: such an answer is taken for a slip of the decimal point.
_SLIP = 2
# Product labelling: on side effects 10 to 20 % down.
_DECREASE_PERMILLE = 200
_PREVIEW_DAYS = 2


def _ready(room: Room) -> None:
    steps.show_status(room)
    steps.need_program(room)


# History


def _history(room: Room) -> None:
    """The log is pulled, and what it tells since the last visit is shown."""
    visit_end.pull_log(room)
    log = room.archive.select(room.visit.serial)
    verdict = logbook.verify_archive(room.archive, log)
    told = visit_since.rows(verdict.records, log.serial, visit_since.last(room.archive, log.serial, room.visit.id))
    room.facts["since"] = [list(row) for row in told]
    room.talk.pairs(told, "Since the last visit")


# Dose


def rescaled(program: therapies.Program, dose_ng_per_day: int) -> therapies.Program:
    """The same program at another mean daily dose: every step of its pattern in proportion, rounded down.

    Boluses stay what they are; the minimum rate comes down where it must. UsageProblem where no pattern gives it.
    """
    schedule = Schedule(program)
    periodic = schedule.dose_ng_per_day() - units.dose_ng(schedule.mean_nl_per_day, schedule.concentration)
    basal = dose_ng_per_day - periodic
    if basal <= 0:
        raise UsageProblem(
            f"the periodic boluses alone give {format_dose_rate(periodic)}", field="dose", value=dose_ng_per_day,
            low=periodic + 1, remedy="change them by a therapy file: `pumpctl program send FILE`",
        )  # fmt: skip
    steps_now = program["step_list"]
    doses = [step["dose_ng_per_day"] * basal // schedule.pattern_ng_per_day for step in steps_now]
    changed = [{**step, "dose_ng_per_day": dose} for step, dose in zip(steps_now, doses, strict=True)]
    return {**program, "step_list": changed, "minimum_ng_per_day": min(program["minimum_ng_per_day"], *doses)}


def dose_ng_per_day(text: str, present_ng_per_day: int) -> int:
    """A dose as asked for, `120ug/d`, `110%` of the present one, or `+10%` and `-10%` of change."""
    if not text.endswith("%"):
        return DoseAsked(ng_per_day=KINDS["dose_rate"].parse(text)).of(present_ng_per_day, "present dose")
    share = KINDS["share"].parse(text.lstrip("+-"))
    permille = 1000 + share if text.startswith("+") else 1000 - share if text.startswith("-") else share
    if permille <= 0:
        raise UsageProblem(f"{text} leaves no dose", field="dose", value=text, remedy="to stop: `pumpctl stop`")
    return DoseAsked(permille=permille).of(present_ng_per_day, "present dose")


def _check_dose(room: Room, value: str) -> None:
    old = steps.before(room)
    assert old is not None
    now = _refuse_plan(room)
    dose = dose_ng_per_day(value, now)
    if dose == now:
        raise UsageProblem(f"the dose is {format_dose_rate(now)} already", field="dose", value=value,
                           remedy="give another one; a visit without a change is `pumpctl visit refill`")  # fmt: skip
    if not now < dose * _SLIP or not dose < now * _SLIP:
        low, high = now // _SLIP + 1, now * _SLIP - 1
        raise UsageProblem(
            f"a dose of {format_dose_rate(dose)} after {format_dose_rate(now)} looks like a slip, allowed here"
            f" {format_dose_rate(low)} to {format_dose_rate(high)}",
            field="dose", value=value, low=low, high=high,
            remedy="check the decimal point; if it is meant, `pumpctl program send FILE`",
        )  # fmt: skip
    program = rescaled(old, dose)
    try:
        prescription.check(program)
    except Refusal as refused:
        problem = therapies.problem_of(refused)
        raise UsageProblem(
            f"the therapy does not allow {format_dose_rate(dose)}: {problem}", field="dose", value=value,
            remedy="change it in the therapy file: `pumpctl program read -o FILE`, `pumpctl program send FILE`",
        ) from None  # fmt: skip
    proposal = operations.propose(room.pump, program, 0, bytes.fromhex(""))
    refuse_unconfirmed(room, proposal.warnings, "dose")
    steps.want(room, program)
    room.facts["remarks"] = [f"soft limit: {told}" for told in proposal.warnings] + _down(now, dose)


def _refuse_plan(room: Room) -> int:
    """The dose in force; UsageProblem where it is a plan's."""
    if room.facts["planned"]:
        raise UsageProblem(
            "the therapy follows a plan of doses, which a new dose would end", field="dose",
            remedy="`pumpctl plan hold`, `pumpctl plan cut-back`, or a new therapy: `pumpctl program send FILE`",
        )  # fmt: skip
    return int(room.facts["dose_ng_per_day"])


def _down(now: int, dose: int) -> list[str]:
    if (now - dose) * 1000 <= now * _DECREASE_PERMILLE:
        return []
    return [
        f"The dose comes down by {decimal((now - dose) * 100, now, 1)} %, the label's steps are 10 to 20 %:"
        " watch for withdrawal."
    ]


def _dose_words(room: Room) -> str:
    now = room.facts["dose_ng_per_day"]
    return f"New daily dose, or its change in percent; {format_dose_rate(now)} now{_label(room)}"


def _label(room: Room) -> str:
    """The label's most for this patient, for the question."""
    program, held = steps.before(room), library_send.present(room.pump)
    if program is None or held is None:
        return ""
    try:
        most = eligibility.increase_max_permille(program, druglibrary.entry_for(held, program))
    except Refusal:
        return ""
    now = room.facts["dose_ng_per_day"]
    return (
        f", by the label at most {format_dose_rate(now * (1000 + most) // 1000)} (+{decimal(most, 10, 1)} %)"
        if most
        else ""
    )


DOSE = Question(
    "dose",
    "dose",
    "New daily dose, or its change in percent",
    "+10%",
    check=_check_dose,
    shown=_dose_words,
    momentary=True,
)


def _told_dose(room: Room) -> None:
    for remark in room.facts["remarks"]:
        room.talk.tell(remark)


# Preview

PREVIEW = Question(
    "preview", "yes", f"Run the new dose {_PREVIEW_DAYS} days ahead on a virtual pump first", "yes",
    default=lambda room: True,
)  # fmt: skip


def _preview(room: Room) -> None:
    if not room.visit.answers[PREVIEW.key]:
        told = ["not run ahead, as asked"]
    else:
        try:
            told = _run_ahead(room)
        except (PumpctlError, ImportError) as error:
            told = [f"not run ahead: {error}"]
    room.facts["preview"] = told
    for sentence in told:
        room.talk.tell(f"Preview: {sentence}")


def _run_ahead(room: Room) -> list[str]:
    """What the virtual pump made of it, in sentences."""
    from pumpctl import preview, preview_order, preview_text
    from pumpctl.preview_outcome import Outcome
    from pumpctl.virtual import launcher

    launcher.micropython()
    now = room.status()
    order = preview_order.Order(
        steps.wanted(room), now["time_ms"], now["utc_offset_min"], now["reservoir_nl"], _PREVIEW_DAYS
    )
    runs = room.talk.progress(f"{_PREVIEW_DAYS} d ahead", lambda advance: preview.run(order, progress=advance))
    return preview_text.sentences({kind: Outcome(order, run) for kind, run in runs.items()})


# Program


def _program(room: Room) -> None:
    steps.put_into_force(room)
    steps.note_due(room)


ADJUST = (
    Step("look", "look at the pump and the patient", steps.look, "Read the patient's identity from the patient.",
         (ask.PATIENT,), before=_ready, renew=visit_facts.renew),
    Step("history", "what happened since the last visit", _history),
    Step("dose", "the new dose", _told_dose, questions=(DOSE,), reckoned=True),
    Step("preview", "run it ahead", _preview, questions=(PREVIEW,), reckoned=True),
    Step("program", "compare, confirm and put it into force", _program, holds=steps.in_force, changes=True),
    steps.RESUME,
    visit_end.LOG,
    visit_end.SUMMARY,
)  # fmt: skip
