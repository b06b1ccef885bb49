"""What the commands share that make and install the keys of drug libraries and of prescribers."""

from pathlib import Path

from infuser.wire import program as programs
from pumpctl.cli.context import Context

SHOWN = 16


def make(context: Context, name: Path, signs: str, install: str) -> None:
    """A key pair at NAME and NAME.pub; says what it `signs` and which command has a pump trust it."""
    from pumpctl import signing

    public = signing.keygen(name)
    context.out.result({"private_key": str(name), "public_key": str(public)})
    context.out.line(f"{name} signs {signs}; keep it where nobody else can read it.")
    context.out.line(f"{public} is for the pumps: `pumpctl {install} --key {public}`")


def mark(modulus: bytes) -> str:
    """The digest by which people and logs name a key."""
    return programs.digest_text(programs.digest(modulus))


def instead(now: str, wanted: str) -> str:
    """What is no longer trusted then, for a question; empty if nothing changes."""
    return f", no longer {now[:SHOWN]}" if now and now != wanted else ""
