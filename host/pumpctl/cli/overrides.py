"""Soft limits at the command line: shown, confirmed apart from everything else, never by `--yes` alone."""

from collections.abc import Callable, Sequence

import click

from infuser.wire import errors as wire_errors
from pumpctl.cli.context import Context
from pumpctl.client import Values
from pumpctl.errors import Refused, UsageProblem

option = click.option(
    "--confirm-warnings", is_flag=True, help="Take values outside soft limits; the pump logs each with the operator."
)


def confirm(context: Context, warnings: Sequence[str], given: bool) -> bool:
    """Ask for the soft limits overstepped; True if there are any. Declined or UsageProblem if they are not taken."""
    for warning in warnings:
        context.out.note(f"warning: {warning}")
    if warnings and not given:
        if context.yes or context.confirmation:
            remedy = "check the values, then give --confirm-warnings too"
            raise UsageProblem(f"outside a soft limit: {'; '.join(warnings)}", remedy=remedy)
        context.confirm(f"Override {'it' if len(warnings) == 1 else 'all of them'}, logged as by {context.who}?")
    return bool(warnings)


def ordered(context: Context, given: bool, order: Callable[[bool], Values]) -> tuple[Values, list[str]]:
    """(the pump's reply, soft limits overridden) of an order, which is sent again where the pump asks to confirm it."""
    try:
        return order(False), []
    except Refused as refused:
        if refused.code != wire_errors.CONFIRMATION_NEEDED:
            raise
        warnings = [refused.reason]
    confirm(context, warnings, given)
    return order(True), warnings
