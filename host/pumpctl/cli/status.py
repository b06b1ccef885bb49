"""`pumpctl status` and `pumpctl selftest`: what the pump is doing, and whether it is sound."""

import contextlib
import time

import click

from infuser.wire import units
from pumpctl import operations, status_view
from pumpctl.cli import streams
from pumpctl.cli.context import Context, pass_context
from pumpctl.cli.output import moves_cursor, plain_table
from pumpctl.cli.params import DURATION
from pumpctl.client import Pump
from pumpctl.errors import UsageProblem


@click.command()
@click.option("--watch", is_flag=True, help="Show it again and again until Ctrl-C.")
@click.option("--interval", type=DURATION, default="2s", show_default=True, help="Time between two looks.")
@pass_context
def status(context: Context, watch: bool, interval: int) -> None:
    """Show what the pump is doing: state, alarms, therapy, rate, what was delivered, reservoir, clock, log.

    Asking changes nothing, so that it is always safe. Doses are in ug, volumes in uL or mL; with --json in ng and nL.
    """
    if watch and context.json:
        raise UsageProblem("--watch has no single JSON document", remedy="run `pumpctl status --json` repeatedly")
    with context.connect() as pump:
        if watch:
            with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C is how a watch ends
                _watch(context, pump, interval / units.MS_PER_S)
            return
        now = pump.status()
        context.out.result(status_view.document(now, pump.hello))
        context.out.pairs(status_view.lines(now, pump.hello))


def _watch(context: Context, pump: Pump, interval_s: float) -> None:
    terminal = moves_cursor()
    while True:
        shown = plain_table(("", ""), status_view.lines(pump.status(), pump.hello))
        if terminal:
            click.clear()
        context.out.line(shown if terminal else shown + "\n")
        if streams.gone():
            return
        time.sleep(interval_s)


@click.command()
@pass_context
def selftest(context: Context) -> None:
    """Run the pump's self-test; possible while nothing is delivered.

    Memory, firmware, stored files, drug library, sensors, sounder and lamps are tried; the motor does not move. Exit
    code 3 names the parts that failed, or says that the pump delivers.
    """
    with context.connect() as pump:
        context.out.result(operations.self_test(pump))
    context.out.line("The self-test passed.")
