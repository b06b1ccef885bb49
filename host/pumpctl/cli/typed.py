"""Which port was typed with this very command; one from the environment or a config file is a default, no choice."""

import click
from click.core import ParameterSource

from pumpctl.cli.context import Context


def port(context: Context) -> str | None:
    """The port given by --port on the command line, before or after the command; None for a default."""
    at = click.get_current_context()
    while True:
        if any(at.get_parameter_source(name) is ParameterSource.COMMANDLINE for name in ("port", "shared_port")):
            return context.port
        if at.parent is None:
            return None
        at = at.parent
