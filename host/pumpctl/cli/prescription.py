"""`pumpctl program keygen`, `sign` and `trust`: a prescriber's signature on a therapy."""

from pathlib import Path

import click

from infuser.wire import program as programs
from pumpctl import prescription, program_view
from pumpctl import program as therapies
from pumpctl.cli import keypair
from pumpctl.cli.context import Context, pass_context
from pumpctl.errors import UsageProblem

FILE = click.Path(path_type=Path, dir_okay=False)
option = click.option(
    "--signature", "signature", type=FILE, help="The prescriber's signature.  [default: FILE.sig, where it is there]"
)


@click.command()
@click.argument("name", type=FILE)
@pass_context
def keygen(context: Context, name: Path) -> None:
    """Make a prescriber's key pair: NAME signs and stays secret, NAME.pub is what a pump trusts."""
    keypair.make(context, name, "therapies", "program trust")


@click.command()
@click.argument("file", type=FILE)
@click.option("--key", type=FILE, required=True, help="The prescriber's private key.")
@click.option("-o", "--output", type=FILE, help="Signature to write.  [default: FILE.sig]")
@pass_context
def sign(context: Context, file: Path, key: Path, output: Path | None) -> None:
    """Sign a therapy file as its prescriber: read what it means first, for that is what is signed.

    The signature holds for the therapy as the pump gets it; comments and spelling of the file may change.
    """
    told = therapies.load(file)
    context.out.table(("", ""), program_view.lines(told), f"{file}: to be signed", True)
    context.confirm(f"Sign this therapy of {told['patient']}?")
    target = output or prescription.beside(file)
    signed = prescription.sign(told, key)
    try:
        target.write_bytes(signed)
    except OSError as error:
        raise UsageProblem(f"{target}: {error.strerror}", field="output", value=str(target)) from None
    context.out.result({"file": str(target), "program": program_view.document(told)})
    context.out.line(f"Signed the therapy of {told['patient']}: {target}")


@click.command(short_help="Set whose signature the pump takes programs with.")
@click.option("--key", type=FILE, help="The prescriber's public key, or the private one it belongs to.")
@click.option("--required", is_flag=True, help="Take no program without the signature.")
@click.option("--none", "ends", is_flag=True, help="No prescriber any more: take programs without a signature.")
@pass_context
def trust(context: Context, key: Path | None, required: bool, ends: bool) -> None:
    """Set whose signature programs may carry, and with --required must; the pump's service jumper must be set.

    A program with a signature that is not right is refused in either case. The therapy in force stays.
    """
    if (key is None) != ends or (ends and required):
        raise UsageProblem("either a key or its end is to be told", field="--key", remedy="give --key KEY, or --none")
    modulus = b""
    if key is not None:
        from pumpctl import signing

        modulus = signing.modulus(key)
    mark = keypair.mark(modulus) if modulus else ""
    with context.connect() as pump:
        now = programs.digest_text(pump.status()["prescriber_digest"])
        context.confirm(f"{_question(pump.hello.serial, now, mark, required)} Is its service jumper set?")
        pump.trust_prescriber(modulus, required)
    context.out.result({"prescriber": mark or None, "required": required, "before": now or None})
    only = "takes only programs signed with" if required else "knows the prescriber's"
    shown = f"{only} key {mark[: keypair.SHOWN]}" if mark else "takes programs without a signature"
    context.out.line(f"The pump {shown}. Take the service jumper off again.")


def _question(serial: str, now: str, mark: str, required: bool) -> str:
    if not mark:
        return f"Have pump {serial} take programs without a signature?"
    key = f"key {mark[: keypair.SHOWN]}{keypair.instead(now, mark)}"
    return f"Have pump {serial} {'take only programs signed with' if required else 'know the prescriber by'} {key}?"
