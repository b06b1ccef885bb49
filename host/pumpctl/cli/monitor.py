"""`pumpctl monitor`: one pump on the whole screen of a terminal."""

import os
import shutil
import sys

import click

from infuser.wire import units
from pumpctl import monitor_draw, monitor_plot, monitor_view
from pumpctl.cli.context import Context, pass_context
from pumpctl.cli.params import DURATION
from pumpctl.errors import UsageProblem
from pumpctl.quantity import format_duration

_LOW_MS, _HIGH_MS = 500, units.MS_PER_MIN
_PLAIN_WIDTH = 100


@click.command(short_help="Watch a pump on the whole screen, with keys to act.")
@click.option("--interval", type=DURATION, default="2s", show_default=True, help="Time between two looks.")
@click.option("--once", is_flag=True, help="Print one screen as plain text, as is done in a pipe.")
@pass_context
def monitor(context: Context, interval: int, once: bool) -> None:
    """Watch a pump: state and rate, delivered today against the plan, limits, reservoir, alarms, log.

    Keys: a acknowledges, p pauses the sound, s stops at once, r resumes after you confirmed patient and dose, l shows
    the log, ? explains, q quits. The terminal must have 80 x 24 characters or more. While it runs it holds the pump's
    port, so that other commands find it busy. What is shown without an answer of the pump is marked as not live.
    """
    if not _LOW_MS <= interval <= _HIGH_MS:
        allowed = f"allowed {format_duration(_LOW_MS)} to {format_duration(_HIGH_MS)}"
        raise UsageProblem(
            f"--interval {format_duration(interval)} is not possible, {allowed}", field="--interval", value=interval,
            low=_LOW_MS, high=_HIGH_MS, remedy="pumpctl monitor --interval 2s",
        )  # fmt: skip
    if once or context.json or not _full_screen():
        _print(context)
        return
    from pumpctl import monitor_app, ports

    def find() -> str:
        return ports.resolve(context.port).spec

    last = monitor_app.run(context.resolve().spec, context.who, interval / units.MS_PER_S, _glyphs(), find)
    if last.kind == "uncertain":
        context.out.note(last.text)


def _full_screen() -> bool:
    """Whether there is a terminal that a screen can be drawn on and keys come from."""
    streams = (sys.stdin, sys.stdout, sys.stderr)
    return all(stream.isatty() for stream in streams) and os.environ.get("TERM", "") != "dumb"


def _glyphs() -> monitor_plot.Glyphs:
    utf = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    return monitor_plot.UNICODE if utf else monitor_plot.ASCII


def _print(context: Context) -> None:
    from pumpctl.monitor_look import Reader

    reader = Reader()
    with context.connect() as pump:
        look = reader.look(pump)
    context.out.result(monitor_view.document(look, reader.problem))
    width = shutil.get_terminal_size((_PLAIN_WIDTH, 24)).columns if sys.stdout.isatty() else _PLAIN_WIDTH
    scene = monitor_draw.Scene(look, problem=reader.problem)
    context.out.line(monitor_draw.once(scene, max(width, monitor_draw.MIN_WIDTH), _glyphs()))
