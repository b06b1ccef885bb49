"""`pumpctl program preview`: runs a therapy ahead on the firmware itself, before any pump gets it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pumpctl import preview_order
from pumpctl import program as therapies
from pumpctl.cli.context import Context, pass_context
from pumpctl.cli.params import VOLUME

if TYPE_CHECKING:
    from pumpctl.preview_outcome import Outcome

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(short_help="Run a therapy ahead on the firmware, in virtual time.")
@click.argument("file", type=FILE)
@click.option(
    "--days", type=click.IntRange(1, preview_order.DAYS_MAX), default=30, show_default=True, help="How far ahead."
)
@click.option("--reservoir", "--fill", "reservoir", type=VOLUME, help="What it holds at the start.  [default: 20 mL]")
@click.option("--start", metavar="TIME", help="When therapy starts, ISO 8601.  [default: now]")
@click.option("--as", "like", metavar="PUMP", help="Take reservoir, clock and zone from this pump as it is now.")
@click.option(
    "--boluses", type=click.Choice(preview_order.CHOICES), default=preview_order.BOTH, show_default=True,
    help="Whether the patient takes no bolus, every bolus allotted, or one run of each.",
)  # fmt: skip
@click.option("--library", "held", type=FILE, help="Drug library that the pump holds.  [default: the one shipped]")
@click.option("--html", type=FILE, help="Write the figures as a page.")
@click.option("--svg", type=FILE, help="Write the figures as one SVG file.")
@pass_context
def preview(
    context: Context, file: Path, days: int, reservoir: int | None, start: str | None, like: str | None, boluses: str,
    held: Path | None, html: Path | None, svg: Path | None,
) -> None:  # fmt: skip
    """Run a therapy ahead on the very firmware that will deliver it, in virtual time.

    Scratch virtual pumps play it, one without any patient's bolus and one with every bolus that
    lock-out and daily allowance permit. Shown are the dose of each day, boluses, changes of dose, alarms
    and when to refill. No real pump is touched. A preview ends with the reservoir; what was given
    before its start is not known to it.
    """
    from pumpctl import library as libraries
    from pumpctl import preview as previews
    from pumpctl import preview_figures, preview_text
    from pumpctl.preview_outcome import Outcome

    own = libraries.load_any(held) if held else None
    order = preview_order.Order(therapies.load(file), *_begin(start, like, reservoir), days, own)
    with context.out.progress(f"{days} d ahead", 1) as advance:
        runs = previews.run(order, boluses, advance)
    outcomes = {kind: Outcome(order, run) for kind, run in runs.items()}
    _write(outcomes, file, html, svg)
    context.out.result({"file": str(file), **preview_figures.document(order, outcomes)})
    for warning in next(iter(runs.values())).warnings:
        context.out.note(f"warning: {warning}")
    heads = [preview_text.head(kind, of) for kind, of in outcomes.items()]
    context.out.table(preview_text.day_columns(outcomes), preview_text.day_rows(outcomes), _title(order))
    context.out.table(("", *heads), preview_text.total_rows(outcomes))
    for line in preview_text.sentences(outcomes):
        context.out.sentence(line)


def _begin(start: str | None, like: str | None, reservoir: int | None) -> tuple[int, int, int]:
    """(start as UTC ms, zone in minutes, nL in the reservoir) as told, else as the pump named, else now and full."""
    from infuser.wire import units
    from pumpctl import timetext

    now_ms, offset_min = timetext.now()
    start_ms, left_nl = now_ms - now_ms % units.MS_PER_MIN, units.RESERVOIR_CAPACITY_NL
    if like is not None:
        status = _status(like)
        left_nl = status["reservoir_nl"]
        if status["time_valid"]:
            start_ms, offset_min = status["time_ms"], status["utc_offset_min"]
    if start is not None:
        start_ms, offset_min = timetext.parse(start)
    return start_ms, offset_min, left_nl if reservoir is None else reservoir


def _status(name: str) -> dict[str, Any]:
    from pumpctl import ports
    from pumpctl.client import Pump

    with Pump.open(ports.resolve(name).spec) as pump:
        return pump.status()


def _title(order: preview_order.Order) -> str:
    from pumpctl import quantity, timetext

    begin = timetext.people(order.start_ms, order.utc_offset_min)
    return f"{order.program['patient']}: {order.days} d from {begin} with {quantity.format_volume(order.reservoir_nl)}"


def _write(outcomes: "dict[str, Outcome]", file: Path, html: Path | None, svg: Path | None) -> None:
    from pumpctl import preview_plot

    if html is not None:
        html.write_text(preview_plot.page(outcomes, f"Preview of {file.name}"), encoding="utf-8")
    if svg is not None:
        svg.write_text(preview_plot.svg(outcomes), encoding="utf-8")
