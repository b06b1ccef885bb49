"""Doctor's checks of what a user has set: environment variables and the config file."""

import os
from collections.abc import Iterator

from pumpctl.doctor import OK, PROBLEM, SKIPPED, WARNING, Finding, Scene
from pumpctl.nearest import nearest

PREFIX = "PUMPCTL_"
# Those that no option stands behind.
_OWN = ("PUMPCTL_HOME", "PUMPCTL_CONFIG", "PUMPCTL_KEY_FILE", "PUMPCTL_DEBUG", "PUMPCTL_BROWSER", "PUMPCTL_JSON")


def variables(scene: Scene) -> Iterator[Finding]:
    """Names that nothing reads, with the nearest one; and what is set."""
    known = known_variables()
    ours = sorted(name for name in os.environ if name.startswith(PREFIX))
    for name in ours:
        if name not in known:
            near = nearest(name, known)
            mend = f'export {near[0]}="${name}"; unset {name}' if near else f"unset {name}"
            yield Finding(PROBLEM, f"{name} is read by nothing{f'; did you mean {near[0]}?' if near else ''}", mend)
    if os.environ.get("PUMPCTL_YES"):
        yield Finding(WARNING, "PUMPCTL_YES is set: every question is answered yes, unasked", "unset PUMPCTL_YES")
    read = [name for name in ours if name in known]
    yield Finding(OK, f"set: {', '.join(read)}" if read else "none is set")


def known_variables() -> list[str]:
    """Every variable that pumpctl reads: those of each option of each command, and some of its own."""
    import click

    from pumpctl.cli.group import every_command
    from pumpctl.cli.main import cli
    from pumpctl.cli.virtual_name import ENVIRONMENT

    found = {*_OWN, ENVIRONMENT}
    for path, command in {"": cli, **every_command(cli)}.items():
        prefix = "_".join(["PUMPCTL", *path.split()]).upper().replace("-", "_")
        for option in command.params:
            if isinstance(option, click.Option) and option.name and option.allow_from_autoenv:
                named = option.envvar or f"{prefix}_{option.name.upper()}"
                found.update([named] if isinstance(named, str) else named)
    return sorted(found)


def config(scene: Scene) -> Iterator[Finding]:
    """Whether every line of the config file can be used; its own errors tell file and line."""
    from pumpctl import config as configs
    from pumpctl.cli import settings
    from pumpctl.cli.group import every_command
    from pumpctl.cli.main import cli

    if scene.bad_config is not None:
        first, *rest = (line.strip() for line in scene.bad_config.lines()[:-1])
        yield Finding(PROBLEM, f"{first}: {'; '.join(rest)}" if rest else first, _CHECK)
        return
    told = configs.load()
    problems = settings.check_names(told, "", cli)
    for path, command in every_command(cli).items():
        problems += settings.check(told, path, command)
    for problem in problems:
        yield Finding(PROBLEM, f"{told.file}: {problem}", _CHECK)
    if not problems:
        yield Finding(OK, f"{told.file}: sound") if told.file.exists() else Finding(SKIPPED, f"none at {told.file}")


_CHECK = "pumpctl config check   (correct the lines that it names)"
