"""`pumpctl bolus`, `stop`, `resume` and `minimum-rate`."""

import functools

import click

from infuser.wire import units
from pumpctl import doses, operations, order_changes, status_parts, timetext
from pumpctl.cli import confirming, overrides
from pumpctl.cli.context import Context, pass_context
from pumpctl.cli.params import DOSE, DURATION
from pumpctl.client import Pump, Values
from pumpctl.comparison import Changes
from pumpctl.errors import UsageProblem
from pumpctl.program import Program
from pumpctl.quantity import format_dose, format_duration, format_rate, format_volume
from pumpctl.status_parts import whole

_STARTED = ("rate_nl_per_day", "start_in_ms")


@click.command()
@click.argument("dose", type=DOSE, required=False)
@click.option("--over", type=DURATION, help='Time in which it is given, for example "10min".')
@click.option("--patient", metavar="ID", help="The patient's identity, compared with the pump's.")
@click.option("--cancel", is_flag=True, help="End the bolus, or the priming, under way.")
@overrides.option
@confirming.options
@pass_context
def bolus(
    context: Context, dose: int | None, over: int | None, patient: str | None, cancel: bool, confirm_warnings: bool
) -> None:
    """Give a clinician's bolus of DOSE on top of the basal rate, or cancel it.

    DOSE is a mass of drug; the pump makes a volume of it by the concentration in force. It refuses (exit code 3) what
    is above the therapy's largest bolus, within its lock-out, above a dose limit, or meant for another patient.
    """
    if cancel:
        _cancel(context, given=(dose, over, patient) != (None, None, None))
        return
    if dose is None or over is None or patient is None:
        missing = [name for name, value in (("DOSE", dose), ("--over", over), ("--patient", patient)) if value is None]
        raise UsageProblem(
            f"{' and '.join(missing)} missing", field=missing[0], remedy="pumpctl bolus 50ug --over 10min --patient ID"
        )
    with context.connect() as pump:
        changes = _compared(context, pump, order_changes.bolus(now := pump.status(), dose, over), now)
        question = f"Give {format_dose(dose)} over {format_duration(over)} to {patient}?"
        confirming.change(context, question, confirming.Meant(patient, dose, per_day=False), changes, starts=True)
        asked = functools.partial(pump.bolus, dose, over, patient)
        reply, warnings = overrides.ordered(context, confirm_warnings, asked)
    offset = now["utc_offset_min"]
    ends = timetext.iso(reply["ends_ms"], offset)
    context.out.result({
        "dose_ng": dose, "duration_ms": over, "patient": patient, "volume_nl": reply["volume_nl"],
        "rate_nl_per_day": reply["rate_nl_per_day"], "ends": ends, "warnings": warnings,
        "changes": confirming.documents(context, changes),
    })  # fmt: skip
    what = f"{format_dose(dose)} ({format_volume(reply['volume_nl'])}) to {patient} over {format_duration(over)}"
    context.out.line(f"Bolus of {what} runs, until {timetext.people(reply['ends_ms'], offset)}.")


def _compared(context: Context, pump: Pump, changes: Changes, now: Values) -> Changes:
    """Show what an order changes."""
    confirming.show(context, changes, ", ".join(filter(None, (f"Pump {pump.hello.serial}", now["patient"]))))
    return changes


def _cancel(context: Context, given: bool) -> None:
    if given:
        raise UsageProblem("--cancel goes alone", field="--cancel", remedy="pumpctl bolus --cancel")
    with context.connect() as pump:
        reply = pump.cancel_bolus()
    context.out.result({"cancelled": True, "delivered_nl": reply["delivered_nl"]})
    context.out.line(f"Cancelled; {format_volume(reply['delivered_nl'])} of it were delivered.")


@click.command()
@click.option("--for", "duration", type=DURATION, help="Resume by itself after this time.")
@click.option("--remind", type=DURATION, help="Alarm after this time, whole minutes.  [default: 30 min]")
@pass_context
def stop(context: Context, duration: int | None, remind: int | None) -> None:
    """Stop delivery at once, without a question; with --for it resumes by itself.

    Needs no key, and works in every state. Stopping is a hazard too: an alarm comes after 30 min, or after --remind.
    """
    remind_min = _whole_minutes(remind)
    if duration is not None and not units.MS_PER_S <= duration <= units.MS_PER_DAY:
        message = f"--for {format_duration(duration)} is not possible, allowed 1 s to 1 d; nothing was stopped"
        raise UsageProblem(message, field="--for", value=duration, low=units.MS_PER_S, high=units.MS_PER_DAY,
                           remedy="stop without --for, or for a day at most")  # fmt: skip
    with context.connect() as pump:
        reply = pump.stop(duration or 0, remind_min)
    state = status_parts.state_name(reply["state"])
    context.out.result({"state": state, "start_in_ms": reply["start_in_ms"], "remind_min": remind_min})
    then = "Withdrawal is a hazard too: resume in time."
    if reply["start_in_ms"]:
        then = f"Therapy resumes by itself in {whole(reply['start_in_ms'])}."
    context.out.line(f"Stopped. State: {state}. {then}")


def _whole_minutes(remind: int | None) -> int:
    """The reminder in minutes, 0 for the pump's own; UsageProblem if it is not a whole number of them."""
    if remind is None:
        return 0
    minutes, rest = divmod(remind, units.MS_PER_MIN)
    if rest or not 1 <= minutes <= units.STOP_REMINDER_MAX_MIN:
        high = units.STOP_REMINDER_MAX_MIN * units.MS_PER_MIN
        allowed = f"allowed 1 min to {format_duration(high)} in whole minutes; nothing was stopped"
        raise UsageProblem(
            f"--remind {format_duration(remind)} is not possible, {allowed}",
            field="--remind", value=remind, low=units.MS_PER_MIN, high=high, remedy="pumpctl stop --remind 15min",
        )  # fmt: skip
    return minutes


@click.command()
@click.option("--in", "delay", type=DURATION, help='Start by itself after this time, for example "2h".')
@click.option("--at", "moment", metavar="ISO", help="Start by itself at this time, by the pump's clock.")
@confirming.options
@pass_context
def resume(context: Context, delay: int | None, moment: str | None) -> None:
    """Start or resume the programmed infusion, now or by itself later.

    At a terminal you type the daily dose that starts. A script is not asked for a start at once: what is programmed
    was confirmed when it was sent.

    Refused (exit code 3) without a therapy for the drug that was filled in, with an empty reservoir, or while an alarm
    that stops the motor stands.
    """
    if delay is not None and moment is not None:
        raise UsageProblem("--in and --at are both given", field="--at", remedy="give one of them")
    with context.connect() as pump:
        now = pump.status()
        delay_ms = delay or 0
        if moment is not None:
            delay_ms = operations.delay_until_ms(now, moment)
        program = confirming.read_program(context, pump)
        changes = _compared(context, pump, order_changes.start(now, program, delay_ms), now)
        _ask_start(context, now, delay_ms if (delay, moment) != (None, None) else None, changes)
        reply = pump.resume(delay_ms)
    told = _tell_armed if reply["start_in_ms"] else _tell_running
    told(context, reply, changes)


def _ask_start(context: Context, now: Values, delay_ms: int | None, changes: Changes) -> None:
    """Ask for a start now, None, or after a delay; without a program there is none, and the pump says so."""
    dose = doses.dose_in_force(now)
    meant = confirming.Meant(now["patient"], dose)
    when = "" if delay_ms is None else f" by itself in {whole(delay_ms)}"
    question = f"Start {meant.dose} for {meant.patient}{when}?"
    if delay_ms is not None:
        confirming.change(context, question, meant, changes, starts=True)
    elif dose:
        confirming.at_terminal(context, question, meant, changes, starts=True)


def _tell_armed(context: Context, reply: Values, changes: Changes) -> None:
    name = status_parts.state_name(reply["state"])
    context.out.result({
        "state": name, **{key: reply[key] for key in _STARTED}, "changes": confirming.documents(context, changes),
    })  # fmt: skip
    wait = whole(reply["start_in_ms"])
    context.out.sentence(f"State: {name}. Therapy starts by itself in {wait}; `pumpctl stop` prevents it.")


@click.command("minimum-rate")
@click.argument("switch", type=click.Choice(["on", "off"]))
@confirming.options
@pass_context
def minimum_rate(context: Context, switch: str) -> None:
    """Fall to the program's minimum rate, or return from it; asks at a terminal only.

    The minimum is the therapy's own: the gentlest rate still safe, for when less is wanted and stopping is not.
    """
    on = switch == "on"
    with context.connect() as pump:
        now = pump.status()
        program = confirming.read_program(context, pump)
        changes = order_changes.minimum(now, program, on) if program else []
        if program:
            _compared(context, pump, changes, now)
            _ask_minimum(context, now, program, on, changes)
        reply = pump.minimum_rate(on)
    _tell_running(context, reply, changes)


def _ask_minimum(context: Context, now: Values, program: Program, on: bool, changes: Changes) -> None:
    dose = order_changes.minimum_dose(now, program) if on else doses.dose_in_force(now)
    meant = confirming.Meant(now["patient"], dose)
    way = "Fall to the minimum rate" if on else "Return to the program"
    confirming.at_terminal(context, f"{way}, {meant.dose}, for {meant.patient}?", meant, changes)


def _tell_running(context: Context, reply: Values, changes: Changes) -> None:
    name, rate = status_parts.state_name(reply["state"]), reply["rate_nl_per_day"]
    started = {key: reply[key] for key in _STARTED if key in reply}
    context.out.result({"state": name, **started, "changes": confirming.documents(context, changes)})
    context.out.line(f"State: {name}, {format_rate(rate)}.")
