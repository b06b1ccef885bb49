"""`pumpctl visit`: guided visits, each cut off and gone on with at will; list, show, resume, abandon, template."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from infuser.wire import states
from pumpctl import timetext, visit, visit_abandon, visit_answers, visit_kinds
from pumpctl.cli import confirming, overrides
from pumpctl.cli.context import Context, pass_context
from pumpctl.cli.group import SuggestingGroup
from pumpctl.cli.params import QuantityType
from pumpctl.cli.visit_talk import Terminal
from pumpctl.client import Pump
from pumpctl.errors import UNVERIFIED, PumpctlError, UsageProblem
from pumpctl.quantity import KINDS
from pumpctl.store import Archive
from pumpctl.store_visits import Visit
from pumpctl.visit_room import Question, Room

FILE = click.Path(path_type=Path, dir_okay=False)
_FROM = click.option("--from", "file", type=FILE, help="Answers in a file; see `visit template`.")


@click.group(name="visit", cls=SuggestingGroup)
def group() -> None:
    """Guide a whole visit at a pump, step by step.

    Every visit may be cut off at any point, by Ctrl-C, a cable, a power cut, and is gone on with by `visit resume`:
    the pump is asked what was done, and nothing is done twice. Unattended with --from FILE and --yes.
    """


def answers(kind: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The command with --from and one option for each answer of this kind of visit."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for question in reversed(visit_kinds.questions(kind)):
            command = _option(question)(command)
        return _FROM(overrides.option(command))

    return decorate


def _option(question: Question) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    name = question.option
    if question.kind == "yes":
        return click.option(f"{name}/--no-{name[2:]}", question.key, default=None, help=f"{question.words}.")
    kind: Any = QuantityType(KINDS[question.kind]) if question.kind in KINDS and question.kind != "dose" else str
    return click.option(name, question.key, type=kind, help=f"{question.words}.")


@group.command()
@answers("refill")
@pass_context
def refill(context: Context, file: Path | None, confirm_warnings: bool, **given: Any) -> None:
    """Refill the reservoir: residual, discrepancy, filling, alarm volume, therapy goes on, log, summary.

    A residual that is off by more than the advisory limits is measured again before it is accounted for.
    """
    _begin(context, "refill", file, confirm_warnings, given)


@group.command()
@answers("implant")
@pass_context
def implant(context: Context, file: Path | None, confirm_warnings: bool, **given: Any) -> None:
    """Make a new pump ready for its patient: self-test, clock, library, keys, filling, priming, first therapy.

    The therapy file is held against the drug library and the patient before anything is changed.
    """
    _begin(context, "implant", file, confirm_warnings, given)


@group.command()
@confirming.options
@answers("adjust")
@pass_context
def adjust(context: Context, file: Path | None, confirm_warnings: bool, **given: Any) -> None:
    """Change the daily dose: what happened since the last visit, a new dose, run ahead, compared, confirmed.

    --dose takes a dose (`120ug/d`), a share of the present one (`110%`) or a change (`+10%`).
    """
    _begin(context, "adjust", file, confirm_warnings, given)


@group.command("change-drug")
@answers("change-drug")
@pass_context
def change_drug(context: Context, file: Path | None, confirm_warnings: bool, **given: Any) -> None:
    """Go over to another drug or concentration: refill, new therapy, and a bridge for what stands in the fluid path.

    The bridge is told by the catheter's dimensions, outright, or is none where the path was flushed.
    """
    _begin(context, "change-drug", file, confirm_warnings, given)


def _begin(context: Context, kind: str, file: Path | None, confirm_warnings: bool, options: dict[str, Any]) -> None:
    given = visit_answers.load(file, kind) if file else {}
    given |= _read_options(kind, options)
    _need_yes(context)
    with Archive() as archive, context.connect() as pump:
        begun = visit.moment(pump.status())
        one = archive.begin_visit(pump.hello.serial, kind, context.who, begun)
        one.given = given
        _run(context, Room(pump, archive, one, Terminal(context, confirm_warnings), visit_kinds.KINDS[kind]))


def _read_options(kind: str, options: dict[str, Any]) -> dict[str, Any]:
    told = {key: value for key, value in options.items() if value is not None}
    for question in visit_kinds.questions(kind):
        if isinstance(told.get(question.key), str):
            told[question.key] = visit_answers.read(question, told[question.key])
    return told


def _need_yes(context: Context) -> None:
    if not context.interactive and not context.yes:
        raise UsageProblem(
            "--yes is missing, and there is no terminal to confirm at; nothing was changed", field="--yes",
            remedy="pumpctl visit refill --from visit.toml --yes",
        )  # fmt: skip


def _run(context: Context, room: Room, fresh: dict[str, Any] | None = None) -> None:
    one = room.visit
    try:
        visit.go(room, fresh)
    except (KeyboardInterrupt, EOFError, click.Abort, PumpctlError):
        if one.id:
            _tell_open(context, room)
        raise
    facts = one.facts
    context.out.result({**_document(one), "standing": visit.standing(room.status())})
    context.out.pairs([(name, value) for name, value in one.figures], f"Visit {one.id} is complete.")
    context.out.line(f"Summary: {facts['summary']['html']}")
    context.out.line(f"As text: {facts['summary']['text']}")
    loud = visit.standing(room.status())
    if loud:
        context.out.note(f"{loud} Go on with `pumpctl resume`.")
    if not facts["log"]["verified"]:
        context.out.note("this log fails verification; see `pumpctl log verify`")
        click.get_current_context().exit(UNVERIFIED)


def _tell_open(context: Context, room: Room) -> None:
    one = room.visit
    after = f" after step '{one.done[-1]}'" if one.done else ""
    context.out.note(f"\nVisit {one.id} ({one.kind}) stays open{after}: `pumpctl visit resume` goes on,")
    context.out.note("`pumpctl visit abandon` gives it up.")
    try:
        now = room.status()
        loud = visit.standing(now)
        if now["state"] == states.PRIMING:
            loud = "The pump primes and goes on with it by itself; `pumpctl bolus --cancel` stops it."
    except PumpctlError:
        loud = "The pump does not answer now: what it does is not known. See `pumpctl status`."
    if loud:
        context.out.note(loud)


def _document(one: Visit) -> dict[str, Any]:
    steps = [
        {"name": step.name, "title": step.title, "done": step.name in one.done} for step in visit_kinds.KINDS[one.kind]
    ]
    return {**one.document(), "steps": steps, "summary": one.facts.get("summary", {}).get("html")}


@group.command()
@_FROM
@click.option("--set", "pairs", metavar="KEY=VALUE", multiple=True, help="One answer, as in a file.")
@overrides.option
@pass_context
def resume(context: Context, file: Path | None, pairs: tuple[str, ...], confirm_warnings: bool) -> None:
    """Go on with the visit that is open at this pump, where it was cut off.

    The pump is asked what was done; answers given before stand.
    """
    _need_yes(context)
    with Archive() as archive, context.connect() as pump:
        one = _open(archive, pump)
        fresh = visit_answers.load(file, one.kind) if file else {}
        fresh |= _read_pairs(one.kind, pairs)
        context.out.note(
            f"Visit {one.id} ({one.kind}), begun {timetext.short(one.begun)} by {one.operator}, patient {one.patient}."
        )
        one.taken_up_by(context.who)
        _run(context, Room(pump, archive, one, Terminal(context, confirm_warnings), visit_kinds.KINDS[one.kind]), fresh)


def _read_pairs(kind: str, pairs: tuple[str, ...]) -> dict[str, Any]:
    known = {question.key: question for question in visit_kinds.questions(kind)}
    told = {}
    for pair in pairs:
        key, _, value = pair.partition("=")
        if key not in known:
            raise UsageProblem(f"`visit {kind}` has no answer {key!r}", field="--set", value=pair,
                               remedy=f"there are: {', '.join(known)}")  # fmt: skip
        told[key] = visit_answers.read(known[key], value)
    return told


def _open(archive: Archive, pump: Pump) -> Visit:
    serial = pump.hello.serial
    one = archive.open_visit(serial)
    if one is None:
        raise UsageProblem(
            f"no visit is open at pump {serial}",
            remedy="begin one: `pumpctl visit refill`, or see `pumpctl visit list`",
        )
    return one


@group.command()
@click.option("--touched/--no-touched", default=None, help="Whether anything was drawn or filled, not accounted for.")
@click.option("--resume/--no-resume", "go_on", default=None, help="Let therapy go on.")
@pass_context
def abandon(context: Context, touched: bool | None, go_on: bool | None) -> None:
    """Give the open visit up, and leave the pump in a safe state that is told.

    A refill is cancelled only if nothing was drawn or filled. Therapy that stands still is told.
    """
    _need_yes(context)
    with Archive() as archive, context.connect() as pump:
        one = _open(archive, pump)
        for key in ("touched", "resume"):
            one.answers.pop(key, None)
            one.given.pop(key, None)
        one.given |= {key: value for key, value in (("touched", touched), ("resume", go_on)) if value is not None}
        one.taken_up_by(context.who)
        context.confirm(f"Give up visit {one.id} ({one.kind}, begun {timetext.short(one.begun)})?")
        room = Room(pump, archive, one, Terminal(context, False))
        try:
            told = visit_abandon.abandon(room)
        except (KeyboardInterrupt, EOFError, click.Abort, PumpctlError):
            _tell_open(context, room)
            raise
        loud = visit.standing(pump.status())
    context.out.result({**_document(one), "told": told, "standing": loud})
    for sentence in told:
        context.out.sentence(sentence)
    context.out.line(f"Visit {one.id} is abandoned.")


@group.command("list")
@click.option("--pump", "serial", metavar="SERIAL", help="Only those at this pump.")
@pass_context
def list_visits(context: Context, serial: str | None) -> None:
    """List the visits in the archive; no pump is needed."""
    with Archive() as archive:
        found = archive.visits(serial)
    context.out.result({"visits": found})
    rows = [
        [
            str(one["id"]),
            *(one[name] or "-" for name in ("kind", "state", "serial", "patient")),
            timetext.short(one["begun"]) or "-",
        ]
        for one in found
    ]
    if rows:
        context.out.table(("ID", "VISIT", "STATE", "PUMP", "PATIENT", "BEGUN"), rows)
    else:
        context.out.line("No visit is archived.")


@group.command()
@click.argument("number", metavar="ID", type=int)
@pass_context
def show(context: Context, number: int) -> None:
    """Show one visit: its steps, its figures and where its summary is."""
    with Archive() as archive:
        one = archive.visit(number)
    told = _document(one)
    context.out.result(told)
    heads = {"kind": "visit", "state": "visit is", "patient": "patient", "serial": "pump", "operator": "operator"}
    rows = [(head, str(told[name] or "-")) for name, head in heads.items()]
    rows += [(name, timetext.short(told[name]) or "-") for name in ("begun", "ended")]
    rows += [(step["title"], "done" if step["done"] else "not done") for step in told["steps"]]
    rows += [(name, value) for name, value in one.figures]
    context.out.pairs(rows, f"Visit {one.id}")
    if told["summary"]:
        context.out.line(f"Summary: {told['summary']}")


@group.command()
@click.argument("kind", type=click.Choice(list(visit_kinds.KINDS)))
@pass_context
def template(context: Context, kind: str) -> None:
    """Print a file with every answer of a kind of visit, for --from."""
    text = visit_answers.template(kind)
    context.out.result({"toml": text})
    context.out.line(text.rstrip("\n"))
