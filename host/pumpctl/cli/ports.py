"""`pumpctl ports`: the pumps within reach."""

from dataclasses import asdict

import click

from pumpctl import ports as discovery
from pumpctl.cli.context import Context, pass_context


@click.command()
@pass_context
def ports(context: Context) -> None:
    """List the pumps within reach, real and virtual.

    NAME is what --port takes: a board's serial port, a virtual pump's name, or the name that the config file gives to
    the board with this serial number (see `pumpctl config --help`).
    """
    found = discovery.find()
    context.out.result({"ports": [asdict(port) for port in found]})
    if found:
        rows = [(port.name, port.kind, port.spec, discovery.what(port)) for port in found]
        context.out.table(("NAME", "KIND", "PORT", "WHAT"), rows)
    else:
        context.out.line("No pump found. Connect a board, or start a virtual pump: pumpctl virtual start")
