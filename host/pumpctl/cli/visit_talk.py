"""A visit at the terminal, or unattended: steps shown, questions asked, programs compared and confirmed."""

from collections.abc import Callable, Sequence
from typing import Any

import click

from pumpctl import operations, visit_answers
from pumpctl.cli import bridging, confirming
from pumpctl.cli.context import Context
from pumpctl.cli.output import PROMPT, folded
from pumpctl.comparison import Change
from pumpctl.errors import UsageProblem
from pumpctl.printable import printable
from pumpctl.visit_questions import shown
from pumpctl.visit_room import Question, Row


class Terminal:
    """Asks a person where there is one; without a terminal every answer must have been given."""

    def __init__(self, context: Context, confirm_warnings: bool) -> None:
        self._context = context
        self._confirm_warnings = confirm_warnings

    @property
    def interactive(self) -> bool:
        """Whether there is a person to ask."""
        return self._context.interactive

    @property
    def overrides(self) -> bool:
        """Whether `--confirm-warnings` was given, or a person can be asked."""
        return self._confirm_warnings or (self._context.interactive and not self._context.yes)

    def step(self, number: int, of: int, title: str, hands: str, then: str) -> None:
        """The head of a step."""
        self.tell(f"\nStep {number} of {of}: {title}.")
        if hands:
            self.tell(f"  {hands}")
        if then and self.interactive:
            self.tell(f"  Next: {then}.")

    def tell(self, text: str) -> None:
        """On stderr: the result alone goes to stdout."""
        self._context.out.note(text)

    def pairs(self, rows: Sequence[Row], title: str) -> None:
        """A table that a person needs in order to decide."""
        self._context.out.table(("", ""), rows, title, True)

    def ask(self, question: Question, words: str, default: Any) -> Any:
        """The answer in the visit's units; one that cannot be read is asked for again."""
        if default is not None and self._context.yes:
            return default
        words = folded(printable(words, "\n"), PROMPT)
        if question.kind == "yes":
            return click.confirm(words, default=default, err=True)
        offered = None if default is None else shown(question, default)
        while True:
            typed: str = click.prompt(words, default=offered, err=True)
            if default is not None and typed == offered:
                return default
            try:
                return visit_answers.read(question, typed)
            except UsageProblem as wrong:
                for line in wrong.lines():
                    self.tell(line)

    def confirm(self, question: str) -> None:
        """Go on only if a person says yes, or `--yes` was given."""
        self._context.confirm(question)

    def order(self, question: str, patient: str, dose_ng_per_day: int, changes: list[Change], starts: bool) -> None:
        """Compared and confirmed as the command of its own does it."""
        confirming.show(self._context, changes, "Now and new")
        if dose_ng_per_day:
            meant = confirming.Meant(patient, dose_ng_per_day)
            confirming.change(self._context, question, meant, changes, starts)
        else:
            self._context.confirm(question)

    def program(self, proposal: operations.Proposal, flushed: bool) -> bool:
        """Compared and confirmed as `program send` does it."""
        confirming.show(self._context, proposal.changes(), "Program now and new")
        bridging.confirm_flushed(self._context, proposal, flushed)
        return confirming.program(self._context, proposal, self._confirm_warnings)

    def progress(self, title: str, work: Callable[[Callable[[float], None]], Any]) -> Any:
        """Work with its progress on stderr."""
        with self._context.out.progress(title, 1.0) as advance:
            return work(advance)
