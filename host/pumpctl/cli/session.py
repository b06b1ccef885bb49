"""`pumpctl keys`: the keys with which a clinician and the service sign in to a pump."""

from pathlib import Path

import click

from pumpctl import device_changes, keystore
from pumpctl.cli import confirming
from pumpctl.cli.context import Context, pass_context
from pumpctl.cli.group import SuggestingGroup
from pumpctl.errors import UsageProblem
from pumpctl.operations import provision_keys

KEY_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group(cls=SuggestingGroup)
def keys() -> None:
    """Give a pump its keys, and see which ones are here.

    A pump without keys obeys everybody. On one with keys a clinician's key programs and runs therapy, the service's
    key calibrates and updates too; reading and stopping need none. The commands sign in by themselves.
    """


@keys.command()
@click.option("--file", type=KEY_FILE, help="Keep them in this file, for PUMPCTL_KEY_FILE.  [default: the keyring]")
@pass_context
def provision(context: Context, file: Path | None) -> None:
    """Make two new keys, send them to the pump and keep them here; the service jumper must be set."""
    with context.connect() as pump:
        serial = pump.hello.serial
        now = pump.status()
        held, _ = keystore.found(serial)
        changes = device_changes.keys(now, held.digest() if held else "")
        confirming.show(context, changes, f"Pump {serial}")
        whose = f" (of {now['patient']})" if now["patient"] else ""
        context.confirm(f"Replace the keys of pump {serial}{whose}? Keys kept elsewhere open it no more.")
        told = provision_keys(pump, file)
    context.out.result({**told, "changes": confirming.documents(context, changes)})
    context.out.line(f"Pump {serial} has new keys, kept in {told['kept_in']}.")


@keys.command()
@pass_context
def show(context: Context) -> None:
    """Show which keys of the pump are here; never the keys themselves."""
    with context.connect() as pump:
        serial, keyed = pump.hello.serial, pump.status()["keyed"]
    held, where = keystore.found(serial)
    roles, digest = (held.roles(), held.digest()) if held else ([], "")
    context.out.result(
        {"serial": serial, "pump_keyed": keyed, "roles": roles, "kept_in": where or None, "digest": digest or None}
    )
    rows = [
        ("pump", f"{serial}, {'has keys' if keyed else 'has no keys'}"),
        ("keys here", ", ".join(roles) or "none"),
        ("kept in", where or "-"),
        ("digest", digest or "-"),
    ]
    context.out.pairs(rows)


@keys.command()
@click.argument("serial", required=False)
@pass_context
def forget(context: Context, serial: str | None) -> None:
    """Remove a pump's keys from this machine; the pump keeps its own. SERIAL serves where it is out of reach."""
    if serial is None:
        with context.connect() as pump:
            serial = pump.hello.serial
    context.confirm(f"Remove the keys of pump {serial} from this machine?")
    if not keystore.forget(serial):
        raise UsageProblem(f"no keys of pump {serial} are kept here", value=serial, remedy="see `pumpctl keys show`")
    context.out.result({"serial": serial, "forgotten": True})
    context.out.line(f"The keys of pump {serial} are gone from this machine.")
