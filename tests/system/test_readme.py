"""The tour in the README is played as it stands, against a virtual pump of its own."""

import re
import shlex

import pytest
from tree import ROOT

from pumpctl.errors import PumpctlError
from pumpctl.virtual import launcher

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def tour() -> list[tuple[list[str], int]]:
    """Words and expected exit code of each command of the tour."""
    found = re.search(r"^## A tour of ten minutes$.*?```sh\n(.*?)```", TEXT, re.MULTILINE | re.DOTALL)
    assert found is not None
    steps = []
    for line in found[1].splitlines():
        words = shlex.split(line, comments=True)
        if words:
            expected = re.search(r"# exit (\d+)", line)
            assert words[0] == "pumpctl", line
            steps.append((words[1:], int(expected[1]) if expected else 0))
    return steps


def test_every_command_of_the_tour_ends_as_the_readme_says(cli, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        launcher.micropython()
    except PumpctlError as error:
        pytest.skip(f"{error.message}; {error.remedy}")
    monkeypatch.chdir(ROOT)
    for words, expected in tour():
        ran = cli("--yes", *words, env={"PUMPCTL_PORT": "bench"})
        assert ran.exit_code == expected, f"pumpctl {' '.join(words)}\n{ran.stdout}{ran.stderr}"
        assert "Traceback" not in ran.stderr
        if words == ["alarms", "list"]:
            assert "occlusion-downstream" in ran.stdout
    assert cli("report", "--json").json["verified"]
