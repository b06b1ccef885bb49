"""`pumpctl temporary-rate`: another basal rate for a time."""

import functools

import click

from pumpctl import doses, order_changes, timetext
from pumpctl.cli import confirming, overrides
from pumpctl.cli.context import Context, pass_context
from pumpctl.cli.params import DOSE_ASKED, DURATION
from pumpctl.dose_asked import DoseAsked
from pumpctl.errors import UsageProblem
from pumpctl.quantity import format_dose_rate, format_duration, format_rate

_EXAMPLE = "pumpctl temporary-rate 80ug/d --for 4h --patient ID"


@click.command("temporary-rate")
@click.argument("dose", metavar="DOSE_RATE", type=DOSE_ASKED, required=False)
@click.option("--for", "duration", type=DURATION, help='How long, for example "4h"; then the program goes on.')
@click.option("--patient", metavar="ID", help="The patient's identity, compared with the pump's.")
@click.option("--end", is_flag=True, help="End the temporary rate now.")
@overrides.option
@confirming.options
@pass_context
def temporary_rate(
    context: Context,
    dose: DoseAsked | None,
    duration: int | None,
    patient: str | None,
    end: bool,
    confirm_warnings: bool,
) -> None:
    """Give another basal rate for a time, as a daily dose or as a share of the rate now: 80ug/d, 80%.

    The pump returns to the program by itself. Boluses go on as programmed.
    """
    if end:
        _end(context, patient, given=(dose, duration) != (None, None))
        return
    if dose is None or duration is None or patient is None:
        told = (("DOSE_RATE", dose), ("--for", duration), ("--patient", patient))
        missing = [name for name, value in told if value is None]
        raise UsageProblem(f"{' and '.join(missing)} missing", field=missing[0], remedy=_EXAMPLE)
    with context.connect() as pump:
        now = pump.status()
        wanted = doses.temporary_dose(now, dose)
        instead = f"instead of {format_dose_rate(now['dose_ng_per_day'])} now"
        changes = order_changes.temporary(now, wanted, duration)
        confirming.show(context, changes, f"Pump {pump.hello.serial}, {now['patient']}")
        asked = f"Give {doses.volume_rate(now, wanted)} for {format_duration(duration)} to {patient}, {instead}?"
        confirming.change(context, asked, confirming.Meant(patient, wanted), changes)
        order = functools.partial(pump.temporary_rate, wanted, duration, patient)
        reply, warnings = overrides.ordered(context, confirm_warnings, order)
    offset = now["utc_offset_min"]
    context.out.result({
        "dose_ng_per_day": wanted, "duration_ms": duration, "patient": patient,
        "rate_nl_per_day": reply["rate_nl_per_day"], "ends": timetext.iso(reply["ends_ms"], offset),
        "warnings": warnings, "changes": confirming.documents(context, changes),
    })  # fmt: skip
    until = timetext.people(reply["ends_ms"], offset)
    context.out.line(
        f"Temporary rate of {format_dose_rate(wanted)} ({format_rate(reply['rate_nl_per_day'])}), until {until}."
    )


def _end(context: Context, patient: str | None, given: bool) -> None:
    if given:
        raise UsageProblem("--end goes without a dose and a time", field="--end", remedy="pumpctl temporary-rate --end")
    with context.connect() as pump:
        now = pump.status()
        # To end a temporary rate, nobody need be named.
        whose = patient or str(now["patient"])
        changes = order_changes.temporary_end(now, confirming.read_program(context, pump))
        confirming.show(context, changes, f"Pump {pump.hello.serial}, {now['patient']}")
        dose = doses.dose_in_force(now)
        asked = f"End the temporary rate of {whose} and return to the program, {format_dose_rate(dose)}?"
        confirming.change(context, asked, confirming.Meant(whose, dose), changes)
        reply = pump.temporary_rate(0, 0, whose)
    context.out.result({
        "ended": True, "patient": whose, "rate_nl_per_day": reply["rate_nl_per_day"],
        "changes": confirming.documents(context, changes),
    })  # fmt: skip
    context.out.line(f"Ended; the program runs at {format_rate(reply['rate_nl_per_day'])}.")
