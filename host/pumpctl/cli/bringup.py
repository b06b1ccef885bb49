"""`pumpctl selftest --bring-up`: the person at the board, and what is printed for them."""

from collections.abc import Sequence

import click

from pumpctl import bringup
from pumpctl.cli.context import Context
from pumpctl.client import Pump
from pumpctl.errors import DONE, UNMET

_STYLES = {bringup.PASSED: "green", bringup.FAILED: "bold red", bringup.SKIPPED: "dim"}


class _AtTheBoard:
    """Asks where there is a person; `--yes` answers what is confirmed, never what somebody must have seen."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def tell(self, text: str) -> None:
        self._context.out.note(text)

    def saw(self, question: str) -> bool | None:
        if self._context.yes or not self._context.interactive:
            return None
        return click.confirm(f"  {question}", err=True)

    def confirm(self, question: str) -> None:
        self._context.confirm(question)

    def after(self, part: str, failure: str) -> str:
        self.tell(f"  failed: {failure}")
        if self._context.yes or not self._context.interactive:
            return bringup.GO_ON
        return bringup.AGAIN if click.confirm("  Try it again", default=True, err=True) else bringup.GO_ON


def run(context: Context, only: Sequence[str], leave_out: Sequence[str], within_ms: int) -> int:
    """Walk through the parts; exit code 6 if one failed. What was found is shown after Ctrl-C and a lost link too."""
    from pumpctl.bringup_parts import PARTS

    parts = bringup.chosen(PARTS, only, leave_out)
    port = context.resolve()
    hands = _AtTheBoard(context)
    found: list[bringup.Result] = []

    def tell(result: bringup.Result) -> None:
        found.append(result)
        if result.result != bringup.FAILED:
            hands.tell(f"  {result.result}: {result.seen}")

    walk = bringup.Walk(lambda: Pump.open(port, operator=context.who), hands, within_ms / 1000)
    ended = False
    try:
        walk.run(parts, tell)
        ended = True
    finally:
        walk.close()
        if ended or found:
            context.out.table(bringup.COLUMNS, bringup.rows(found), styles=_STYLES)
    context.out.result(bringup.document(found))
    for line in bringup.summary(found):
        context.out.sentence(line)
    return DONE if bringup.document(found)["passed"] else UNMET
