"""What a shell offers at a press of the tab key, asked as the shell asks: by the real command, and by bash itself."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from pumpctl.cli import main

PUMPCTL = Path(sys.executable).parent / "pumpctl"
Ask = Callable[..., list[str]]


@pytest.fixture
def ask(pump_home: Path) -> Ask:
    """Words after `pumpctl`, the last of them unfinished -> what is offered."""

    def offered(*words: str) -> list[str]:
        env = {**os.environ, "_PUMPCTL_COMPLETE": "bash_complete", "COMP_WORDS": " ".join(["pumpctl", *words]),
               "COMP_CWORD": str(len(words))}  # fmt: skip
        told = subprocess.run([str(PUMPCTL)], env=env, capture_output=True, text=True, check=True, timeout=30)
        assert told.stderr == ""
        return [line.partition(",")[2] for line in told.stdout.splitlines() if line]

    return offered


@pytest.fixture
def offered(pump_home: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """The command's path, the name of a parameter, and its unfinished value -> what is offered, in this process."""
    monkeypatch.setenv("_PUMPCTL_COMPLETE", "bash_complete")

    def of(path: str, name: str, incomplete: str) -> list[str]:
        command: click.Command = main.cli
        for word in path.split():
            assert isinstance(command, click.Group)
            below = command.get_command(click.Context(command), word)
            assert below is not None
            command = below
        [param] = [param for param in command.params if param.name == name]
        return [item.value for item in param.shell_complete(click.Context(command), incomplete)]

    return of


def test_commands_and_options_are_offered(ask: Ask) -> None:
    assert ask("al") == ["alarms"]
    assert ask("program", "s") == ["send", "show", "sign"]
    assert ask("status", "--in") == ["--interval"]


def test_names_that_are_always_the_same(offered: Ask) -> None:
    assert offered("alarms ack", "alarm", "reservoir-l") == ["reservoir-low"]
    assert offered("log show", "alarm", "sta") == ["stall"]
    assert offered("virtual fault", "fault_name", "skip") == ["skip-steps"]


def test_files_are_offered_by_their_ending_with_the_folders_on_the_way(
    offered: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "work" / "deep").mkdir(parents=True)
    for name in ("ward.toml", "ward.lib", "ward.txt", "deep/other.toml", ".hidden.toml"):
        (tmp_path / "work" / name).touch()
    monkeypatch.chdir(tmp_path)
    assert offered("program check", "file", "w") == ["work/deep/", "work/ward.toml"]
    assert offered("program send", "file", "work/") == ["work/deep/", "work/ward.toml"]
    assert offered("program send", "file", "work/d") == ["work/deep/other.toml"]
    assert offered("library send", "file", "work/wa") == ["work/ward.lib"]
    assert offered("library send", "file", "work/nothing") == ["work/nothing"], "left to the shell"


def test_pumps_within_reach_and_archived_ones_are_offered(
    ask: Ask, offered: Ask, bench, cli, pump_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench("left")
    (pump_home / "config.toml").write_text('[pump.ward1]\nport = "/dev/ttyACM7"\n[pump.lab]\nserial = "aa01"\n')
    assert ask("--port", "''") == ["ward1", "lab", "left"]
    assert ask("status", "-p", "l") == ["lab", "left"]
    assert offered("virtual stop", "name", "le") == ["left"]
    assert offered("report", "serials", "") == []
    monkeypatch.delenv("_PUMPCTL_COMPLETE")
    serial = cli("-p", "left", "log", "pull", "--json").json["serial"]
    monkeypatch.setenv("_PUMPCTL_COMPLETE", "bash_complete")
    assert offered("report", "serials", "") == offered("log show", "serial", "") == [serial]
    (pump_home / "config.toml").write_text("nonsense")
    assert offered("status", "shared_port", "") == []


def test_bash_with_the_installed_script_completes(pump_home: Path, tmp_path: Path, cli) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash")
    ran = cli("completion", "bash", "--install", env={"XDG_DATA_HOME": str(tmp_path / "data"), "HOME": str(tmp_path)})
    file = tmp_path / "data" / "bash-completion" / "completions" / "pumpctl"
    assert ran.exit_code == 0 and f"Written to {file}." in ran.stdout and "bash-completion" in ran.stderr
    typed = "COMP_WORDS=(pumpctl alarms ac); COMP_CWORD=2; _pumpctl_completion pumpctl; echo ${COMPREPLY[@]}"
    env = {**os.environ, "PATH": f"{PUMPCTL.parent}{os.pathsep}{os.environ['PATH']}"}
    told = subprocess.run(
        [bash, "--norc", "-c", f". {file}; {typed}"], env=env, capture_output=True, text=True, check=True
    )
    assert told.stdout == "ack\n"


@pytest.mark.parametrize(
    ("shell", "place", "mark"),
    [("zsh", ".zfunc/_pumpctl", "#compdef pumpctl"), ("fish", "fish/completions/pumpctl.fish", "complete --no-files")],
)
def test_zsh_and_fish_get_their_script_where_they_look(
    pump_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shell: str, place: str, mark: str
) -> None:
    monkeypatch.setenv("ZDOTDIR", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert main.run(["completion", shell, "--install"]) == 0
    assert mark in (tmp_path / place).read_text(encoding="utf-8")
