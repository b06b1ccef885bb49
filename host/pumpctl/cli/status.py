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


# The parts of pumpctl.bringup_parts, which `--help` need not load; a test compares them.
PARTS = (
    "usb", "memory", "temperature", "clock", "encoder", "supply", "outlet", "inlet", "air", "cover", "limit-full",
    "limit-empty", "patient-button", "stop-button", "lamp-red", "lamp-yellow", "lamp-cyan", "sounder", "jumper",
    "motor", "reset",
)  # fmt: skip


@click.command()
@click.option("--bring-up", is_flag=True, help="Try a new board part by part, with your hands.")
@click.option(
    "--only",
    metavar="PART",
    type=click.Choice(PARTS),
    multiple=True,
    help="With --bring-up: this part; may be repeated.",
)
@click.option(
    "--skip",
    metavar="PART",
    type=click.Choice(PARTS),
    multiple=True,
    help="With --bring-up: not this part; for what is not fitted.",
)
@click.option(
    "--within",
    type=DURATION,
    default="30s",
    show_default=True,
    help="With --bring-up: how long your hands have for each thing.",
)
@pass_context
def selftest(context: Context, bring_up: bool, only: tuple[str, ...], skip: tuple[str, ...], within: int) -> int | None:
    """Run the pump's self-test; possible while nothing is delivered.

    Memory, firmware, stored files, drug library, sensors, sounder and lamps are tried; the motor does not move. Exit
    code 3 names the parts that failed, or says that the pump delivers.

    --bring-up walks through a new board: for each part it says what to do, waits until the pump reads it, and says
    which wire to look at if it does not. Exit code 6 if a part failed. The motor turns for 10 uL, once you confirm.

    \b
    Parts: usb, memory, temperature, clock, encoder, supply, outlet, inlet,
    air, cover, limit-full, limit-empty, patient-button, stop-button,
    lamp-red, lamp-yellow, lamp-cyan, sounder, jumper, motor, reset.
    """
    if not bring_up and (only or skip):
        raise UsageProblem("--only and --skip are about --bring-up", remedy="add --bring-up")
    if bring_up:
        from pumpctl.cli import bringup

        return bringup.run(context, only, skip, within)
    with context.connect() as pump:
        context.out.result(operations.self_test(pump))
    context.out.line("The self-test passed.")
    return None
