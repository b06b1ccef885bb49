"""`pumpctl refill`: begin, measure the residual, fill, complete; guided or by options."""

import click

from infuser.wire import states
from pumpctl import doses, operations, order_changes, status_parts, status_view
from pumpctl.cli import confirming
from pumpctl.cli.context import Context, pass_context
from pumpctl.cli.params import CONCENTRATION, VOLUME, QuantityType
from pumpctl.client import Pump, Values
from pumpctl.comparison import Change
from pumpctl.errors import PumpctlError, UsageProblem
from pumpctl.quantity import format_volume


@click.command()
@click.option("--begin", "only_begin", is_flag=True, help="Only stop the pump for a refill and tell the residual.")
@click.option("--cancel", is_flag=True, help="Give up a refill begun, before anything was drawn or filled.")
@click.option("--residual", type=VOLUME, help="Volume drawn from the reservoir, as measured.")
@click.option("--volume", type=VOLUME, help="Volume filled in.")
@click.option("--concentration", type=CONCENTRATION, help="Of the new drug.  [default: the program's, if any]")
@confirming.options
@pass_context
def refill(
    context: Context,
    only_begin: bool,
    cancel: bool,
    residual: int | None,
    volume: int | None,
    concentration: int | None,
) -> None:
    """Guide a refill: the pump stops, you draw and measure the residual, fill, and it accounts for it.

    A refill that was begun is continued by calling this again. Unattended:
    `refill --begin`, then `refill --residual 1.8ml --volume 20ml --yes`.
    """
    if not (only_begin or cancel):
        _check_unattended(context, residual, volume)
    with context.connect() as pump:
        if cancel:
            _tell_state(context, pump.cancel_refill()["state"])
            return
        if not only_begin:
            concentration = _concentration(context, pump, concentration)
        begun = pump.begin_refill()
        context.out.note(f"The pump is stopped; expected residual {format_volume(begun['expected_residual_nl'])}.")
        if only_begin:
            context.out.result(begun)
            return
        try:
            reply, filled = _complete(context, pump, begun, residual, volume, concentration)
        except (click.Abort, PumpctlError):
            context.out.note("The pump stays stopped in its refill: call this again, or `pumpctl refill --cancel`.")
            raise
        now = pump.status()
        document = {**operations.refill_document(reply, now["utc_offset_min"]), "changes": reply["changes"]}
    context.out.result(document)
    context.out.pairs([
        ("residual", operations.discrepancy_text(reply["discrepancy_nl"])),
        ("reservoir", format_volume(reply["reservoir_nl"])),
        ("refill due", status_view.refill_due(reply["refill_due_ms"], now)),
        ("state", document["state"]),
    ], "Refill accounted for.")  # fmt: skip
    if now["concentration_ug_per_ml"] not in (0, filled):
        context.out.note(
            f"The program is for {now['concentration_ug_per_ml']} ug/mL, the reservoir holds {filled} ug/mL: before"
            " therapy goes on, send a program for it, `pumpctl program send FILE --bridge 0.3ml`."
        )
    elif reply["state"] == states.SUSPENDED:
        context.out.note("Therapy is stopped; go on with `pumpctl resume`.")


def _check_unattended(context: Context, residual: int | None, volume: int | None) -> None:
    """Refuse before the pump is stopped what nobody could be asked for afterwards."""
    if context.interactive:
        return
    given = (("--residual", residual), ("--volume", volume), ("--yes", context.yes or context.confirmation or None))
    missing = [name for name, value in given if value is None]
    if missing:
        raise UsageProblem(
            f"{', '.join(missing)} missing, and there is no terminal to ask at",
            field=missing[0],
            remedy="pumpctl refill --residual 1.8ml --volume 20ml --yes",
        )


def _concentration(context: Context, pump: Pump, given: int | None) -> int | None:
    """What was given, else the program's; UsageProblem, with nothing changed, where nobody can be asked for it."""
    concentration: int | None = given or pump.status()["concentration_ug_per_ml"] or None
    if concentration is None and not context.interactive:
        raise UsageProblem(
            "--concentration is missing, and the pump has no program to take it from; nothing was changed",
            field="--concentration",
            remedy="pumpctl refill --residual 0ml --volume 20ml --concentration 500ug/ml --yes",
        )
    return concentration


def _complete(
    context: Context, pump: Pump, begun: Values, residual: int | None, volume: int | None, concentration: int | None
) -> tuple[Values, int]:
    """(the pump's reply, the concentration filled in)."""
    expected, capacity = (format_volume(begun[name]) for name in ("expected_residual_nl", "capacity_nl"))
    residual = _given(context, residual, f"Volume drawn, expected {expected}", VOLUME, "--residual")
    volume = _given(context, volume, f"Volume filled in, at most {capacity}", VOLUME, "--volume")
    concentration = _given(context, concentration, "Concentration of the new drug", CONCENTRATION, "--concentration")
    changes = _compare(context, pump, begun, residual, volume, concentration)
    reply = pump.complete_refill(residual, volume, concentration)
    return {**reply, "changes": confirming.documents(context, changes)}, concentration


def _compare(
    context: Context, pump: Pump, begun: Values, residual: int, volume: int, concentration: int
) -> list[Change]:
    """Show what the refill changes and ask, naming the patient and the dose that goes on; without a program neither."""
    now, program = pump.status(), confirming.read_program(context, pump)
    given = {"residual_nl": residual, "volume_nl": volume, "concentration_ug_per_ml": concentration}
    changes = order_changes.refill(now, program, begun["expected_residual_nl"], given)
    confirming.show(context, changes, f"Pump {pump.hello.serial}")
    told = order_changes.refill_words(given)
    if program is None:
        context.confirm(f"Account for this refill: {told}?")
        return changes
    meant = confirming.Meant(program["patient"], doses.dose_in_force(now))
    question = f"Account for this refill of {meant.patient}, {meant.dose}: {told}?"
    confirming.change(context, question, meant, changes)
    return changes


def _given(context: Context, value: int | None, question: str, kind: QuantityType, option: str) -> int:
    asked: int = context.ask(question, kind, option) if value is None else value
    return asked


def _tell_state(context: Context, state: int) -> None:
    name = status_parts.state_name(state)
    context.out.result({"cancelled": True, "state": name})
    context.out.line(f"Refill given up. State: {name}.")
