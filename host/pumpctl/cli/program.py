"""`pumpctl program`: check, send, show, read and clear therapies."""

from pathlib import Path

import click

from infuser.wire import program as programs
from infuser.wire import states
from pumpctl import operations, program_view, quantity
from pumpctl import program as therapies
from pumpctl.cli.context import Context, pass_context
from pumpctl.cli.group import SuggestingGroup
from pumpctl.client import Pump
from pumpctl.errors import LinkError, Refused, UsageProblem

FILE = click.Path(path_type=Path, dir_okay=False)


@click.group(cls=SuggestingGroup)
def program() -> None:
    """Check, send, show and read therapies."""


@program.command()
@click.argument("file", type=FILE)
@pass_context
def check(context: Context, file: Path) -> None:
    """Check a therapy file without a pump and say what it means."""
    told = therapies.load(file)
    context.out.result({"file": str(file), "valid": True, "program": program_view.document(told)})
    context.out.pairs(program_view.lines(told), f"{file}: valid, digest {_digest(told)}")


@program.command()
@click.argument("file", type=FILE, required=False)
@pass_context
def show(context: Context, file: Path | None) -> None:
    """Show the pump's therapy in clinical units, or that of FILE."""
    if file is not None:
        told: therapies.Program | None = therapies.load(file)
    else:
        with context.connect() as pump:
            told = operations.read_program(pump)
    context.out.result({"program": program_view.document(told) if told else None})
    if told:
        context.out.pairs(program_view.lines(told), f"digest {_digest(told)}")
    else:
        context.out.line("No therapy is programmed.")


@program.command()
@click.option("-o", "--output", type=FILE, help="File to write; stdout without it.")
@pass_context
def read(context: Context, output: Path | None) -> None:
    """Read the pump's therapy as a therapy file."""
    with context.connect() as pump:
        told = operations.read_program(pump)
        heading = f"Therapy read from pump {pump.hello.serial}."
    if told is None:
        raise UsageProblem("the pump has no therapy to read", remedy="send one: `pumpctl program send FILE`")
    text = therapies.dumps(told, heading)
    if output is not None:
        output.write_text(text, encoding="utf-8")
        context.out.note(f"written to {output}")
    else:
        context.out.line(text.rstrip("\n"))
    context.out.result({"toml": text, "program": program_view.document(told), "file": str(output) if output else None})


@program.command(short_help="Send a therapy: checked, compared, confirmed, read back.")
@click.argument("file", type=FILE)
@click.option("--start/--no-start", "wanted", default=None, help="Start therapy after it.  [default: start if allowed]")
@click.option("--confirm-warnings", is_flag=True, help="Take values outside soft limits; logged by the pump.")
@pass_context
def send(context: Context, file: Path, wanted: bool | None, confirm_warnings: bool) -> None:
    """Send a therapy: the pump checks it, you compare and confirm, it is put into force and read back.

    Nothing changes before you confirm. Afterwards therapy is started where the pump is idle or
    suspended; a pump that already delivers changes over at once.
    """
    told = therapies.load(file)
    with context.connect() as pump:
        proposal = operations.propose(pump, told)
        context.out.table(("SETTING", "NOW", "NEW", "CHANGE"), proposal.rows(), f"Pump {pump.hello.serial}", True)
        confirmed = _confirm(context, proposal, confirm_warnings)
        state = operations.commit(pump, proposal, confirmed)
        if wanted is False:
            started, refused = state in states.DELIVERING, None
        else:
            started, refused = _start(context, pump, state)
    if refused is not None and wanted:
        raise refused
    _tell_sent(context, proposal, started, refused)


def _start(context: Context, pump: Pump, state: int) -> tuple[bool, Refused | None]:
    try:
        return operations.start(pump, state)
    except LinkError:
        context.out.note("The therapy is programmed and verified; whether it was started is another matter:")
        raise


def _confirm(context: Context, proposal: operations.Proposal, confirm_warnings: bool) -> bool:
    """Ask for the soft limits overstepped, each on its own, then for the therapy; True if any were."""
    for warning in proposal.warnings:
        context.out.note(f"warning: {warning}")
    if proposal.warnings and not confirm_warnings:
        if context.yes:
            remedy = "check the values, then give --confirm-warnings too"
            raise UsageProblem(f"outside a soft limit: {'; '.join(proposal.warnings)}", remedy=remedy)
        context.confirm("Take values outside the soft limits?")
    new = proposal.new
    dose = quantity.format_dose_rate(program_view.figures(new)["dose_ng_per_day"])
    context.confirm(f"Program {dose} of {new['drug']} {new['concentration_ug_per_ml']} ug/mL for {new['patient']}?")
    return bool(proposal.warnings)


def _tell_sent(context: Context, proposal: operations.Proposal, started: bool, refused: Refused | None) -> None:
    change = program_view.document(proposal.new)
    context.out.result({
        "programmed": True,
        "verified": True,
        "started": started,
        "start_refused": refused.document() if refused else None,
        "digest": change["digest"],
        "warnings": proposal.warnings,
        "old": program_view.document(proposal.old) if proposal.old else None,
        "new": change,
    })  # fmt: skip
    context.out.line(f"Programmed and read back: digest {_digest(proposal.new)}.")
    if started:
        context.out.line("Therapy runs.")
    else:
        context.out.line("Therapy does not run; start it with `pumpctl resume`.")
    if refused is not None:
        context.out.note(f"warning: not started: {refused.message}; {refused.remedy}")


@program.command()
@pass_context
def clear(context: Context) -> None:
    """Take the therapy out of the pump, for another patient or drug."""
    with context.connect() as pump:
        told = operations.read_program(pump)
        if told is None:
            raise UsageProblem("the pump has no therapy to clear")
        context.confirm(f"Clear the therapy of {told['patient']} from pump {pump.hello.serial}?")
        reply = pump.clear_program()
    context.out.result({"cleared": True, "patient": told["patient"], "state": states.STATE_NAMES[reply["state"]]})
    context.out.line(f"Cleared the therapy of {told['patient']}.")


def _digest(told: therapies.Program) -> str:
    return programs.digest_text(programs.digest(therapies.encode(told)))[:16]
