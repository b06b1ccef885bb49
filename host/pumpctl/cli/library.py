"""`pumpctl library`: show, check, sign and send drug libraries, and the key that they are signed with."""

from pathlib import Path

import click

from infuser.wire import program as programs
from pumpctl import library as files
from pumpctl import library_send, library_text, library_view
from pumpctl.cli import confirming, keypair
from pumpctl.cli.context import Context, pass_context
from pumpctl.cli.group import SuggestingGroup
from pumpctl.client import Values
from pumpctl.errors import UsageProblem
from pumpctl.quantity import format_dose_rate

FILE = click.Path(path_type=Path, dir_okay=False)


@click.group(cls=SuggestingGroup)
def library() -> None:
    """Show, check, sign and send drug libraries."""


def _show(context: Context, told: files.DrugLibrary, **more: object) -> None:
    context.out.result({**more, "library": library_view.document(told)})
    context.out.table(library_view.COLUMNS, library_view.rows(told), library_view.title(told))
    context.out.line(f"Source: {told['source']}")


@library.command()
@click.argument("file", type=FILE, required=False)
@pass_context
def show(context: Context, file: Path | None) -> None:
    """Show the pump's drug library, or that of FILE (TOML or signed)."""
    if file is not None:
        _show(context, files.load_any(file), file=str(file))
        return
    with context.connect() as pump:
        told, _ = files.unpack(pump.read_library())
    _show(context, told)


@library.command()
@click.argument("file", type=FILE)
@pass_context
def check(context: Context, file: Path) -> None:
    """Check a library's TOML file, or a signed one, without a pump and show its entries."""
    _show(context, files.load_any(file), file=str(file), valid=True)


@library.command()
@click.option("--starting", is_flag=True, help="The shipped library for intrathecal baclofen instead.")
@click.option("-o", "--output", type=FILE, help="File to write; stdout without it.")
@pass_context
def template(context: Context, starting: bool, output: Path | None) -> None:
    """Write a library to be filled in, each key with what it is for."""
    text = files.STARTING.read_text(encoding="utf-8") if starting else library_text.template()
    if output is not None:
        _write(output, text.encode())
        context.out.note(f"written to {output}")
    else:
        context.out.line(text.rstrip("\n"))
    context.out.result({"toml": text, "file": str(output) if output else None})


@library.command()
@click.argument("name", type=FILE)
@pass_context
def keygen(context: Context, name: Path) -> None:
    """Make a key pair: NAME signs and stays secret, NAME.pub is what a pump trusts."""
    keypair.make(context, name, "libraries", "library trust")


@library.command()
@click.argument("file", type=FILE)
@click.option("--key", type=FILE, required=True, help="Private key to sign with.")
@click.option("-o", "--output", type=FILE, help="Signed file.  [default: FILE with the ending .lib]")
@pass_context
def sign(context: Context, file: Path, key: Path, output: Path | None) -> None:
    """Sign a library's TOML file; a pump takes it if it trusts the key."""
    told = files.load(file)
    target = output or file.with_suffix(files.SUFFIX)
    _write(target, files.sign(told, key))
    context.out.result({"file": str(target), "library": library_view.document(told)})
    context.out.line(f"Signed {library_view.title(told)}: {target}")


@library.command()
@click.argument("file", type=FILE)
@confirming.highlight
@pass_context
def send(context: Context, file: Path) -> None:
    """Send a signed library: compared with the one in force, confirmed, replaced as a whole, read back.

    The pump takes a newer version only, signed with the key that it trusts, and only if the therapy
    in force stays within the new limits.
    """
    told, stored = files.load_signed(file)
    with context.connect() as pump:
        old = library_send.present(pump)
        with context.out.progress("sending", len(stored)) as advance:
            library_send.stage(pump, stored, advance)
        changes = library_view.changes(old, told)
        confirming.show(context, changes, f"Pump {pump.hello.serial}")
        if old is None:
            context.out.note("the pump's own library is missing or damaged")
        context.confirm(f"Put {library_view.title(told)} into force{_over_whom(pump.status())}?")
        library_send.commit(pump, stored)
    context.out.result({
        "sent": True,
        "verified": True,
        "changes": confirming.documents(context, changes),
        "library": library_view.document(told),
    })  # fmt: skip
    context.out.line(f"In force and read back: {library_view.title(told)}.")


def _over_whom(now: Values) -> str:
    """Whose therapy has to stay within the new limits."""
    return f" over {format_dose_rate(now['program_dose_ng_per_day'])} of {now['patient']}" if now["patient"] else ""


@library.command()
@click.option("--key", type=FILE, required=True, help="Public key, or the private one it belongs to.")
@pass_context
def trust(context: Context, key: Path) -> None:
    """Have the pump take libraries signed with this key from now on; its service jumper must be set."""
    from pumpctl import signing

    modulus = signing.modulus(key)
    mark = keypair.mark(modulus)
    with context.connect() as pump:
        now = programs.digest_text(pump.status()["trust_digest"])
        what = f"Trust key {mark[: keypair.SHOWN]} on pump {pump.hello.serial}{keypair.instead(now, mark)}?"
        context.confirm(f"{what} Is its service jumper set?")
        pump.trust_library_key(modulus)
    context.out.result({"trusted": mark, "before": now or None})
    context.out.line(f"The pump trusts key {mark[: keypair.SHOWN]}. Take the service jumper off again.")


@library.command()
@click.option("--save", "output", type=FILE, required=True, help="Signed file to write; a name in .toml gives TOML.")
@pass_context
def read(context: Context, output: Path) -> None:
    """Read the pump's library into a file, signed as it was sent, or as TOML."""
    with context.connect() as pump:
        stored = pump.read_library()
        heading = f"Drug library read from pump {pump.hello.serial}."
    told, _ = files.unpack(stored)
    _write(output, library_text.write(told, heading).encode() if output.suffix == ".toml" else stored)
    context.out.result({"file": str(output), "library": library_view.document(told)})
    context.out.line(f"{library_view.title(told)}: written to {output}")


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise UsageProblem(f"{path}: {error.strerror}", field="file", value=str(path)) from None
