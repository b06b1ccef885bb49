"""The last look before a change: old and new side by side, then a question that names the patient and the dose."""

import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from pumpctl import comparison
from pumpctl.cli import overrides
from pumpctl.cli.context import Context
from pumpctl.cli.params import SHARE
from pumpctl.comparison import Changes
from pumpctl.errors import Declined, UsageProblem
from pumpctl.quantity import KINDS, QuantityError, format_dose, format_dose_rate

if TYPE_CHECKING:
    from pumpctl.client import Pump
    from pumpctl.operations import Proposal
    from pumpctl.program import Program

# Four columns of a framed table on 80 columns.
_WIDTHS = (18, 19, 19, 11)
# A number and its unit, a day and its time stay on one line.
_TOGETHER = re.compile(r"(?<=[\d+-]) (?=[A-Za-z%\d])|(?<=!!) ")
_HIGHLIGHT = "bold red"


def highlight(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command with --highlight: from which change on a setting is marked."""
    return click.option(
        "--highlight", type=SHARE, metavar="PERCENT", envvar="PUMPCTL_HIGHLIGHT", expose_value=False,
        callback=_keep("highlight_permille"),
        help="Mark changes larger than this; such a change is confirmed by typing the dose.  [default: 20%]",
    )(command)  # fmt: skip


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command with --highlight and --confirm; what is given goes into the context."""
    command = click.option(
        "--confirm", metavar="TEXT", expose_value=False, callback=_keep("confirmation"),
        help='Confirm for scripts by patient and dose, as "BENCH-001 280ug/d"; refused if they are not these.',
    )(command)  # fmt: skip
    return highlight(command)


def _keep(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
        context = ctx.find_object(Context)
        if isinstance(value, str) and not value.strip():
            # What a script's variable came to that is not set: it must not pass for no --confirm at all.
            raise UsageProblem("--confirm is empty; nothing was changed", field="--confirm", value=value,
                               remedy='name patient and dose, as in --confirm "BENCH-001 280ug/d"')  # fmt: skip
        if context is not None and value is not None:
            context.override(name, value)

    return keep


def _share(context: Context) -> int:
    """From which change on a setting is marked."""
    given = context.highlight_permille
    return comparison.HIGHLIGHT_PERMILLE if given is None else given


def show(context: Context, changes: Changes, title: str, everything: bool = False) -> None:
    """The table of what changes, and how much stays as it is; under --json it goes to stderr."""
    shown = [change for change in changes if everything or change.changed]
    rows, styles = [], {}
    for change in shown:
        row = tuple(_wrapped(cell, width) for cell, width in zip(change.row(_share(context)), _WIDTHS, strict=True))
        if change.highlighted(_share(context)):
            styles[row[3]] = _HIGHLIGHT
        rows.append(row)
    if rows:
        context.out.table(comparison.COLUMNS, rows, title, True, styles)
    folded = len(changes) - len(shown)
    if folded and shown:
        context.out.note(f"{folded} other setting{'s stay as they are' if folded > 1 else ' stays as it is'}.")
    elif folded:
        context.out.note("Every setting stays as it is.")


def documents(context: Context, changes: Changes) -> list[dict[str, Any]]:
    """What changes, for scripts."""
    return comparison.documents(changes, _share(context))


def read_program(context: Context, pump: "Pump") -> "Program | None":
    """The program in force for a comparison, None without one that can be read."""
    from pumpctl import operations

    return operations.program_to_compare(pump, context.out.note)


def _wrapped(cell: str, width: int) -> str:
    lines = []
    for line in cell.split("\n"):
        lines += textwrap.wrap(_TOGETHER.sub("\x00", line), width, break_on_hyphens=False) or [""]
    return "\n".join(lines).replace("\x00", " ")


@dataclass(frozen=True)
class Meant:
    """Whose therapy a question is about, and the dose that it names: ng, or ng a day."""

    patient: str
    dose_ng: int
    per_day: bool = True

    @property
    def dose(self) -> str:
        """The dose for people."""
        return format_dose_rate(self.dose_ng) if self.per_day else format_dose(self.dose_ng)

    def says(self, text: str) -> bool:
        """Whether a text is this dose in any unit; QuantityError if it is none."""
        return KINDS["dose_rate" if self.per_day else "dose"].parse(text.strip()) == self.dose_ng

    def named_by(self, text: str) -> bool:
        """Whether a text names this patient and this dose."""
        if not text.startswith(f"{self.patient} "):
            return False
        try:
            return self.says(text.removeprefix(self.patient))
        except QuantityError:
            return False


def ask(context: Context, question: str, meant: Meant, typed: bool) -> None:
    """Go on only if a person says yes, or with `typed` types the dose; `--yes` and `--confirm` stand for both.

    Declined, or UsageProblem where nobody can be asked or `--confirm` names another patient or dose.
    """
    if context.confirmation:
        if not meant.named_by(context.confirmation):
            raise UsageProblem(
                f'--confirm "{context.confirmation}" is not this: {question}', field="--confirm",
                value=context.confirmation, remedy=f'nothing was changed; this is "{meant.patient} {meant.dose}"',
            )  # fmt: skip
        return
    if context.yes or not (typed and context.interactive):
        context.confirm(question)
        return
    context.out.note(question)
    what = "daily dose" if meant.per_day else "dose"
    answer = click.prompt(f"To confirm, type the {what} with its unit", default="", show_default=False, err=True)
    try:
        right = meant.says(answer)
    except QuantityError as error:
        raise Declined(f"not confirmed: {error.message}; nothing was changed") from None
    if not right:
        raise Declined(f'not confirmed: "{answer}" is not {meant.dose}; nothing was changed')


def change(context: Context, question: str, meant: Meant, changes: Changes, starts: bool = False) -> None:
    """The question under a table: the dose has to be typed where delivery `starts` or a change is highlighted."""
    ask(context, question, meant, starts or any(one.highlighted(_share(context)) for one in changes))


def at_terminal(context: Context, question: str, meant: Meant | None, changes: Changes, starts: bool = False) -> None:
    """The same for an order that needs no question in a script: only a person at a terminal is asked.

    Without `meant` there is neither patient nor dose to name, and a yes is enough.
    """
    if meant is None:
        if context.interactive:
            context.confirm(question)
    elif context.interactive or context.confirmation:
        change(context, question, meant, changes, starts)


def program(context: Context, proposal: "Proposal", confirm_warnings: bool) -> bool:
    """Ask for the soft limits overstepped, each named, then for the therapy; True if any were.

    The comparison is to be shown before: `show(context, proposal.changes(), title)`.
    """
    confirmed = overrides.confirm(context, proposal.warnings, confirm_warnings)
    new = proposal.new
    meant = Meant(new["patient"], proposal.dose_ng_per_day)
    after = f", after a bridge of {proposal.bridge.sentence}" if proposal.bridge else ""
    drug = f"{new['drug']} {new['concentration_ug_per_ml']} ug/mL"
    question = f"Program {meant.dose} of {drug} for {new['patient']}{after}?"
    change(context, question, meant, proposal.changes(), proposal.starts)
    return confirmed
