"""Doctor's checks of what a user has set: environment variables and the config file."""

import difflib
import importlib
import importlib.util
import os
from collections.abc import Iterator

from pumpctl.doctor import OK, PROBLEM, SKIPPED, WARNING, Finding, Scene

PREFIX = "PUMPCTL_"
# Those that no option stands behind.
_OWN = ("PUMPCTL_HOME", "PUMPCTL_CONFIG", "PUMPCTL_KEY_FILE", "PUMPCTL_DEBUG", "PUMPCTL_BROWSER", "PUMPCTL_JSON")


def variables(scene: Scene) -> Iterator[Finding]:
    """Names that nothing reads, with the nearest one; and what is set."""
    known = known_variables()
    ours = sorted(name for name in os.environ if name.startswith(PREFIX))
    for name in ours:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
            mend = f'export {near[0]}="${name}"; unset {name}' if near else f"unset {name}"
            yield Finding(PROBLEM, f"{name} is read by nothing{f'; did you mean {near[0]}?' if near else ''}", mend)
    if os.environ.get("PUMPCTL_YES"):
        yield Finding(WARNING, "PUMPCTL_YES is set: every question is answered yes, unasked", "unset PUMPCTL_YES")
    read = [name for name in ours if name in known]
    yield Finding(OK, f"set: {', '.join(read)}" if read else "none is set")


def known_variables() -> list[str]:
    """Every variable that pumpctl reads: one for each option of each command, and some of its own."""
    import click

    from pumpctl.cli.main import cli

    found = list(_OWN)

    def walk(command: click.Command, prefix: str) -> None:
        for option in command.params:
            if isinstance(option, click.Option) and option.name and option.allow_from_autoenv:
                found.append(f"{prefix}_{option.name.upper()}")
                named = option.envvar
                found.extend([named] if isinstance(named, str) else named or ())
        if isinstance(command, click.Group):
            context = click.Context(command)
            for name in command.list_commands(context):
                below = command.get_command(context, name)
                if below is not None:
                    walk(below, f"{prefix}_{name.upper().replace('-', '_')}")

    walk(cli, PREFIX.rstrip("_"))
    return sorted(set(found))


def config(scene: Scene) -> Iterator[Finding]:
    """Whether the config file, where this version has one, can be read; its own errors tell file and line."""
    if importlib.util.find_spec("pumpctl.config") is None:
        yield Finding(SKIPPED, "this version reads no config file")
        return
    told = importlib.import_module("pumpctl.config").load()
    yield Finding(OK, f"{told.file}: sound" if told.file.exists() else f"none at {told.file}")
