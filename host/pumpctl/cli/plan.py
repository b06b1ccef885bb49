"""`pumpctl plan`: the plan of doses by which a therapy rises or falls, and the orders that change its course."""

import click

from infuser.wire import states
from pumpctl import doses, operations, order_changes
from pumpctl.cli import confirming
from pumpctl.cli.context import Context, pass_context
from pumpctl.cli.group import SuggestingGroup
from pumpctl.cli.params import DOSE_ASKED
from pumpctl.client import Pump, Values
from pumpctl.dose_asked import DoseAsked
from pumpctl.errors import UsageProblem
from pumpctl.quantity import format_dose_rate

_PATIENT = click.option(
    "--patient", metavar="ID", required=True, help="The patient's identity, compared with the pump's."
)


@click.group(cls=SuggestingGroup)
def plan() -> None:
    """Show the plan of doses in the pump, hold it, let it go on, or cut back."""


@plan.command(short_help="Show every step with its date.")
@pass_context
def show(context: Context) -> None:
    """Show every step of the plan with its date, and which dose is in force."""
    with context.connect() as pump:
        now = pump.status()
        program = operations.read_program(pump) if now["plan_length"] else None
    context.out.result(doses.plan_document(program, now))
    if program is None:
        context.out.line("The program has no plan of doses.")
        return
    context.out.table(("STEP", "FROM", "DOSE", "NOW"), doses.plan_rows(program, now), doses.plan_title(program, now))


@plan.command(short_help="Stay at the dose in force.")
@_PATIENT
@confirming.options
@pass_context
def hold(context: Context, patient: str) -> None:
    """Stay at the dose in force; the dates to come wait until the plan goes on."""
    with context.connect() as pump:
        now = _planned(pump)
        _order(context, pump, now, states.PLAN_HOLD, patient, f"Hold the plan of {patient} at {_dose(now)}?")


@plan.command("go-on")
@_PATIENT
@confirming.options
@pass_context
def go_on(context: Context, patient: str) -> None:
    """Let a plan that was held go on."""
    with context.connect() as pump:
        now = _planned(pump)
        _order(context, pump, now, states.PLAN_GO_ON, patient, f"Let the plan of {patient} go on from {_dose(now)}?")


@plan.command("cut-back", short_help="Go back to a lower dose and hold the plan.")
@click.argument("dose", metavar="DOSE_RATE", type=DOSE_ASKED)
@_PATIENT
@confirming.options
@pass_context
def cut_back(context: Context, dose: DoseAsked, patient: str) -> None:
    """Go back to a lower daily dose, such as 90ug/d or 80% of the one in force, and hold the plan there."""
    with context.connect() as pump:
        now = _planned(pump)
        wanted = doses.planned_dose(now, dose)
        question = f"Cut the dose of {patient} back from {_dose(now)} to {doses.volume_rate(now, wanted)}?"
        _order(context, pump, now, states.PLAN_CUT_BACK, patient, question, wanted)


def _planned(pump: Pump) -> Values:
    """The status of a pump that has a plan; UsageProblem before anybody is asked about one that is not there."""
    now = pump.status()
    if not now["plan_length"]:
        raise UsageProblem("the program in the pump has no plan of doses", remedy="see it: `pumpctl program show`")
    return now


def _dose(now: Values) -> str:
    return format_dose_rate(doses.dose_in_force(now))


def _order(
    context: Context, pump: Pump, now: Values, action: int, patient: str, question: str, dose_ng_per_day: int = 0
) -> None:
    """Compare, ask and order; the dose that is named is the one that holds afterwards."""
    changes = order_changes.plan_order(now, action, dose_ng_per_day)
    confirming.show(context, changes, f"Pump {pump.hello.serial}, {now['patient']}")
    meant = confirming.Meant(patient, dose_ng_per_day or doses.dose_in_force(now))
    confirming.change(context, question, meant, changes)
    reply = pump.order_plan(action, patient, dose_ng_per_day)
    document = doses.order_document(action, patient, reply, now["utc_offset_min"])
    context.out.result({**document, "changes": confirming.documents(context, changes)})
    context.out.line(doses.order_sentence(reply, now["utc_offset_min"]))
