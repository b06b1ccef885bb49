"""`pumpctl bolus`, `stop`, `resume`, `minimum-rate` and `prime`."""

import click

from infuser.wire import states
from pumpctl import operations, timetext
from pumpctl.cli.context import Context, pass_context
from pumpctl.cli.params import DOSE, DURATION, VOLUME
from pumpctl.errors import UsageProblem
from pumpctl.quantity import format_dose, format_duration, format_rate, format_volume


@click.command()
@click.argument("dose", type=DOSE, required=False)
@click.option("--over", type=DURATION, help='Time in which it is given, for example "10min".')
@click.option("--patient", metavar="ID", help="The patient's identity, compared with the pump's.")
@click.option("--cancel", is_flag=True, help="End the bolus, or the priming, under way.")
@pass_context
def bolus(context: Context, dose: int | None, over: int | None, patient: str | None, cancel: bool) -> None:
    """Give a clinician's bolus of DOSE on top of the basal rate, or cancel it."""
    if cancel:
        _cancel(context, given=(dose, over, patient) != (None, None, None))
        return
    if dose is None or over is None or patient is None:
        missing = [name for name, value in (("DOSE", dose), ("--over", over), ("--patient", patient)) if value is None]
        raise UsageProblem(
            f"{' and '.join(missing)} missing", field=missing[0], remedy="pumpctl bolus 50ug --over 10min --patient ID"
        )
    with context.connect() as pump:
        context.confirm(f"Give {format_dose(dose)} over {format_duration(over)} to {patient}?")
        reply = pump.bolus(dose, over, patient)
        offset = pump.status()["utc_offset_min"]
    ends = timetext.iso(reply["ends_ms"], offset)
    context.out.result({
        "dose_ng": dose, "duration_ms": over, "patient": patient, "volume_nl": reply["volume_nl"],
        "rate_nl_per_day": reply["rate_nl_per_day"], "ends": ends,
    })  # fmt: skip
    what = f"{format_dose(dose)} ({format_volume(reply['volume_nl'])}) to {patient} over {format_duration(over)}"
    context.out.line(f"Bolus of {what} runs, until {timetext.people(reply['ends_ms'], offset)}.")


def _cancel(context: Context, given: bool) -> None:
    if given:
        raise UsageProblem("--cancel goes alone", field="--cancel", remedy="pumpctl bolus --cancel")
    with context.connect() as pump:
        reply = pump.cancel_bolus()
    context.out.result({"cancelled": True, "delivered_nl": reply["delivered_nl"]})
    context.out.line(f"Cancelled; {format_volume(reply['delivered_nl'])} of it were delivered.")


@click.command()
@pass_context
def stop(context: Context) -> None:
    """Stop delivery at once, without a question."""
    with context.connect() as pump:
        reply = pump.stop()
    state = states.STATE_NAMES[reply["state"]]
    context.out.result({"state": state})
    context.out.line(f"Stopped. State: {state}. Withdrawal is a hazard too: resume in time.")


@click.command()
@pass_context
def resume(context: Context) -> None:
    """Start or resume the programmed infusion."""
    with context.connect() as pump:
        reply = pump.resume()
    _tell_running(context, reply["state"], reply["rate_nl_per_day"])


@click.command("minimum-rate")
@click.argument("switch", type=click.Choice(["on", "off"]))
@pass_context
def minimum_rate(context: Context, switch: str) -> None:
    """Fall to the program's minimum rate, or return from it."""
    with context.connect() as pump:
        reply = pump.minimum_rate(switch == "on")
    _tell_running(context, reply["state"], reply["rate_nl_per_day"])


def _tell_running(context: Context, state: int, rate_nl_per_day: int) -> None:
    name = states.STATE_NAMES[state]
    context.out.result({"state": name, "rate_nl_per_day": rate_nl_per_day})
    context.out.line(f"State: {name}, {format_rate(rate_nl_per_day)}.")


@click.command()
@click.argument("volume", type=VOLUME)
@click.option("--over", type=DURATION, help="Time in which it is given.  [default: 5 min for each mL]")
@pass_context
def prime(context: Context, volume: int, over: int | None) -> None:
    """Fill the catheter with VOLUME, off the patient; counted as priming, never as therapy."""
    duration_ms = over or operations.prime_duration_ms(volume)
    with context.connect() as pump:
        asked = f"Prime {format_volume(volume)} over {format_duration(duration_ms)}; is the line off the patient?"
        context.confirm(asked)
        reply = pump.prime(volume, duration_ms)
        offset = pump.status()["utc_offset_min"]
    ends = timetext.iso(reply["ends_ms"], offset)
    context.out.result({"volume_nl": reply["volume_nl"], "duration_ms": duration_ms, "ends": ends})
    context.out.line(f"Priming {format_volume(reply['volume_nl'])}, until {timetext.people(reply['ends_ms'], offset)}.")
