"""`pumpctl completion`: the script that has a shell complete commands, options and values."""

import os
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from pumpctl.cli.context import Context, pass_context
from pumpctl.errors import Internal
from pumpctl.wholefile import writing

SHELLS = ("bash", "zsh", "fish")


def place(shell: str) -> Path:
    """The file from which a shell takes the script."""
    home = Path.home()
    if shell == "bash":
        data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
        user = os.environ.get("BASH_COMPLETION_USER_DIR")
        return (Path(user) if user else data / "bash-completion") / "completions" / "pumpctl"
    if shell == "zsh":
        return Path(os.environ.get("ZDOTDIR") or home) / ".zfunc" / "_pumpctl"
    return Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "fish" / "completions" / "pumpctl.fish"


_THEN = {
    "bash": "It is there in the next shell if the package bash-completion is installed; else add to ~/.bashrc: . {}",
    "zsh": "Once, in ~/.zshrc: fpath=({} $fpath); autoload -U compinit; compinit",
    "fish": "It is there in the next shell.",
}


def script(shell: str) -> str:
    """The script as click makes it."""
    kind = get_completion_class(shell)
    if kind is None:
        raise Internal(f"click has no completion for {shell}")
    root = click.get_current_context().find_root().command
    return kind(root, {}, "pumpctl", "_PUMPCTL_COMPLETE").source()


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.option("--install", is_flag=True, help="Write it where the shell looks for it, and say what else is needed.")
@pass_context
def completion(context: Context, shell: str, install: bool) -> None:
    """Print the script that has SHELL complete pumpctl's commands, options and values.

    Values too: running pumps, names of the config file, alarms, faults, archived serial numbers, files by their
    ending. For this shell alone: eval "$(pumpctl completion bash)".
    """
    text = script(shell)
    if not install:
        context.out.result({"shell": shell, "script": text, "file": None})
        context.out.line(text.rstrip("\n"))
        return
    file = place(shell)
    file.parent.mkdir(parents=True, exist_ok=True)
    with writing(file) as to:
        to.write(text.encode())
    then = _THEN[shell].format(file.parent if shell == "zsh" else file)
    context.out.result({"shell": shell, "script": text, "file": str(file), "then": then})
    context.out.line(f"Written to {file}.")
    context.out.note(then)
