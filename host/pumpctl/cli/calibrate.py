"""`pumpctl calibrate`: weigh what the pump dispenses and take the volume of its microstep from that."""

from typing import TYPE_CHECKING

import click

from infuser.wire import units
from pumpctl import accuracy_scale, calibration, operations
from pumpctl.accuracy_scale import format_mass
from pumpctl.calibration import RUNS_MAX, RUNS_MIN, Calibration, Run, format_step
from pumpctl.cli import confirming
from pumpctl.cli.context import Context, pass_context
from pumpctl.cli.params import DURATION, VOLUME, QuantityType
from pumpctl.cli.weights import Source
from pumpctl.quantity import format_duration, format_volume

if TYPE_CHECKING:
    from pumpctl.calibration_run import Order, Passing, Scale
    from pumpctl.client import Pump, Values

DENSITY = QuantityType(accuracy_scale.DENSITY_KIND)


@click.command()
@click.option("--runs", type=click.IntRange(RUNS_MIN, RUNS_MAX), help="How many volumes to weigh.  [default: 5]")
@click.option("--volume", type=VOLUME, default=units.NL_PER_ML, help="Dispensed a run, up to 5 mL.  [default: 1ml]")
@click.option("--over", type=DURATION, help="Time in which it is dispensed.  [default: 5 min for each mL]")
@click.option("--weights", metavar="LIST", help="Net weights of the runs, as 996.1mg,997.2mg; - reads one a line.")
@click.option(
    "--density",
    type=DENSITY,
    default=accuracy_scale.WATER_UG_PER_ML,
    help="Of what is weighed.  [default: 0.9982mg/ul, water at 20 C]",
)
@click.option("--virtual-scale", metavar="NAME", help="Weigh under this virtual pump; its time is moved as needed.")
@confirming.highlight
@pass_context
def calibrate(
    context: Context,
    runs: int | None,
    volume: int,
    over: int | None,
    weights: str | None,
    density: int,
    virtual_scale: str | None,
) -> None:
    """Calibrate the volume of a microstep by weighing, with the line off the patient.

    The pump, idle or suspended, dispenses one volume after the other; you weigh each. Shown are the mean,
    its uncertainty and the value in force; nothing changes before you confirm. A value more than 10 % from
    nominal is not taken. In air a balance shows 0.105 % too little: --density 0.9971mg/ul allows for it.
    """
    from pumpctl import calibration_view, device_changes
    from pumpctl.calibration_run import Order, check_order, check_ready

    source = Source(runs, weights, virtual_scale)
    count = source.count(context.interactive)
    order = Order(volume, operations.prime_duration_ms(volume) if over is None else over, density)
    check_order(order)
    scale, passing = source.scale(context, count, density)
    with context.connect() as pump:
        now = pump.status()
        check_ready(now, order, count)
        what = f"{count} times {format_volume(volume)} over {format_duration(order.duration_ms)} each"
        context.confirm(f"Dispense {what} for weighing; is the line off the patient?")
        told = Calibration([_run(context, pump, order, number, count, scale, passing) for number in _numbers(count)])
        _show(context, told, now)
        calibration.check(told)
        changes = device_changes.calibration(told, now)
        confirming.show(context, changes, f"Pump {pump.hello.serial}")
        whose = f" for {now['patient']}" if now["patient"] else ""
        steps = f"{format_step(told.step_pl)} a microstep{whose} from now on, not {format_step(now['step_pl'])}"
        context.confirm(f"Reckon with {steps}?")
        reply = pump.calibrate(told.step_pl, told.uncertainty_ppm, count)
    document = calibration_view.document(told, now, reply)
    context.out.result({**document, "changes": confirming.documents(context, changes)})
    left = format_volume(reply["reservoir_nl"])
    context.out.line(f"Calibrated: {format_step(reply['step_pl'])} a microstep; the reservoir is taken to hold {left}.")


def _numbers(count: int) -> range:
    return range(1, count + 1)


def _run(
    context: Context, pump: "Pump", order: "Order", number: int, count: int, scale: "Scale", passing: "Passing"
) -> Run:
    from pumpctl.calibration_run import dispense

    scale.tare(number)
    with context.out.progress(f"run {number} of {count}", order.duration_ms) as advance:
        steps = dispense(pump, order, passing, advance)
    run = Run(steps, scale.weigh(number), order.density_ug_per_ml)
    context.out.note(f"run {number}: {run.steps} microsteps, {format_mass(run.mass_ng)}")
    calibration.check_weighed(run, number)
    return run


def _show(context: Context, told: Calibration, now: "Values") -> None:
    """What a person needs to decide."""
    from pumpctl import calibration_view

    context.out.table(calibration_view.COLUMNS, calibration_view.rows(told), needed=True)
    context.out.table(("", ""), calibration_view.summary(told, now), needed=True)
    for hint in calibration_view.hints(told, now):
        context.out.note(hint)
