"""`pumpctl program`: check, send, show, read and clear therapies."""

from pathlib import Path

import click

from infuser.wire import program as programs
from infuser.wire import states
from pumpctl import (
    doses,
    eligible,
    library,
    operations,
    prescription,
    program_changes,
    program_view,
    quantity,
    status_parts,
)
from pumpctl import program as therapies
from pumpctl.cli import bridging, confirming, overrides
from pumpctl.cli import prescription as signatures
from pumpctl.cli.context import Context, pass_context
from pumpctl.cli.group import SuggestingGroup
from pumpctl.cli.preview import preview
from pumpctl.client import Pump
from pumpctl.errors import LinkError, UsageProblem
from pumpctl.status_parts import whole

FILE = click.Path(path_type=Path, dir_okay=False)


@click.group(cls=SuggestingGroup)
def program() -> None:
    """Check, send, show and read therapies."""


program.add_command(preview)
program.add_command(signatures.keygen)
program.add_command(signatures.sign)
program.add_command(signatures.trust)


@program.command()
@click.argument("file", type=FILE)
@click.option("--library", "held", type=FILE, help="Drug library that the pump holds.  [default: the one shipped]")
@click.option("--prescriber", type=FILE, help="Public key that must have signed it.")
@signatures.option
@pass_context
def check(context: Context, file: Path, held: Path | None, prescriber: Path | None, signature: Path | None) -> None:
    """Check a therapy file without a pump and say what it means.

    It is held against a drug library too, as the patient's first therapy: what would have to be confirmed is shown.
    With --prescriber its signature is verified, and exit code 5 says that it is not right.
    """
    told = therapies.load(file)
    if prescriber is not None:
        prescription.require(told, prescription.load(file, signature), prescriber)
    against = library.load_any(held) if held else library.starting()
    warnings = eligible.warnings(told, against, str(file))
    context.out.result({
        "file": str(file), "valid": True, "warnings": warnings, "program": program_view.document(told),
        "library": {"name": against["name"], "version": against["version"]},
        "signed": True if prescriber else None,
    })  # fmt: skip
    signed = f", signed with the key of {prescriber}" if prescriber else ""
    context.out.pairs(program_view.lines(told), f"{file}: valid{signed}, digest {_digest(told)}")
    for warning in warnings:
        context.out.note(f"warning, to be confirmed: {warning}")


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
@click.option("--all", "everything", is_flag=True, help="Show the settings that stay as they are too.")
@signatures.option
@overrides.option
@confirming.options
@bridging.bridge_options
@pass_context
def send(
    context: Context,
    file: Path,
    wanted: bool | None,
    everything: bool,
    signature: Path | None,
    confirm_warnings: bool,
    flushed: bool,
    **path: int | None,
) -> None:
    """Send a therapy: the pump checks it, you compare and confirm, it is put into force and read back.

    Nothing changes before you confirm. A change of more than 20 % is marked with `!!`; then, and where delivery
    starts, you type the new daily dose instead of a yes. Afterwards therapy is started where the pump is idle or
    suspended; a pump that already delivers changes over at once.

    Where drug or concentration change, the old drug still stands in the fluid path: --bridge, or the
    catheter, tells how much of it. It is given first, at the old program's mean rate.

    A prescriber's signature goes with it, if FILE.sig is there; a pump may be set to take no therapy without one.
    """
    told = therapies.load(file)
    signed = prescription.load(file, signature)
    bridge_nl = bridging.volume_nl(flushed, **path)
    with context.connect() as pump:
        usual = bridging.if_needed(path["bridge"])
        proposal = operations.propose(pump, told, bridge_nl, signed, usual)
        if usual and proposal.bridge_nl:
            volume = quantity.format_volume(proposal.bridge_nl)
            context.out.note(f"bridge of {volume}: this pump's catheter, as the config file tells it")
        confirming.show(context, proposal.changes(), f"Pump {pump.hello.serial}", everything)
        bridging.confirm_flushed(context, proposal, flushed)
        confirmed = confirming.program(context, proposal, confirm_warnings)
        state = operations.commit(pump, proposal, confirmed)
        untouched = operations.Start(state in states.DELIVERING)
        started = untouched if wanted is False else _start(context, pump, state)
    if started.refused is not None and wanted:
        raise started.refused
    _tell_sent(context, proposal, started)


def _start(context: Context, pump: Pump, state: int) -> operations.Start:
    try:
        return operations.start(pump, state)
    except LinkError:
        context.out.note("The therapy is programmed and verified; whether it was started is another matter:")
        raise


def _tell_sent(context: Context, proposal: operations.Proposal, started: operations.Start) -> None:
    change, refused = program_view.document(proposal.new), started.refused
    context.out.result({
        "programmed": True,
        "verified": True,
        "started": started.runs,
        "start_in_ms": started.start_in_ms,
        "start_refused": refused.document() if refused else None,
        "digest": change["digest"],
        "warnings": proposal.warnings,
        "bridge": proposal.bridge.document() if proposal.bridge else None,
        "signed": bool(proposal.signature),
        "changes": confirming.documents(context, proposal.changes()),
        "old": program_view.document(proposal.old) if proposal.old else None,
        "new": change,
    })  # fmt: skip
    signed = ", with the prescriber's signature" if proposal.signature else ""
    context.out.line(f"Programmed and read back{signed}: digest {_digest(proposal.new)}.")
    if started.runs:
        context.out.line("Therapy runs.")
    elif started.start_in_ms:
        context.out.line(f"Therapy starts by itself in {whole(started.start_in_ms)}.")
    else:
        context.out.line("Therapy does not run; start it with `pumpctl resume`.")
    if refused is not None:
        context.out.note(f"warning: not started: {refused.message}; {refused.remedy}")


@program.command()
@confirming.options
@pass_context
def clear(context: Context) -> None:
    """Take the therapy out of the pump, for another patient or drug."""
    with context.connect() as pump:
        told = operations.read_program(pump)
        if told is None:
            raise UsageProblem("the pump has no therapy to clear")
        dose = doses.dose_in_force(now := pump.status())
        changes = program_changes.changes(told, None, now["plan_dose_ng_per_day"])
        confirming.show(context, changes, f"Pump {pump.hello.serial}")
        meant = confirming.Meant(told["patient"], dose)
        question = f"Clear the therapy of {meant.patient}, {meant.dose}, from pump {pump.hello.serial}?"
        confirming.ask(context, question, meant, typed=True)
        reply = pump.clear_program()
    state = status_parts.state_name(reply["state"])
    context.out.result({
        "cleared": True, "patient": told["patient"], "state": state, "changes": confirming.documents(context, changes),
    })  # fmt: skip
    context.out.line(f"Cleared the therapy of {told['patient']}.")


def _digest(told: therapies.Program) -> str:
    return programs.digest_text(programs.digest(therapies.encode(told)))[:16]
