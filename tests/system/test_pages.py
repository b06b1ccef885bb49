"""Every command block of the pages for people is typed as it stands, in a shell, from the top of the tree."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pages import blocks, unlike
from tree import HOST, ROOT

from pumpctl.errors import PumpctlError
from pumpctl.virtual import launcher

README = ROOT / "README.md"
WITHIN_S = 300
# What host/README.md takes for granted: a pump that infuses, and its log of a day in the archive.
WARD = """pumpctl virtual start --speed 0
pumpctl refill --begin
pumpctl virtual fill 20ml
pumpctl refill --residual 0ml --volume 20ml --concentration 500ug/ml
pumpctl program send host/examples/start-100ug-continuous.toml --confirm-warnings
pumpctl virtual advance 1d
pumpctl log pull"""


@pytest.fixture
def typed(tmp_path: Path, pump_home: Path):
    """Types a line in a folder that looks like the top of the tree but keeps what commands write; gives its output."""
    try:
        launcher.micropython()
    except PumpctlError as error:
        pytest.skip(f"{error.message}; {error.remedy}")
    folder = tmp_path / "tree"
    folder.mkdir()
    for entry in ROOT.iterdir():
        if entry.name in (".venv", "firmware", "host", "tests", "Makefile", "README.md"):
            (folder / entry.name).symlink_to(entry)
    tools = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PUMPCTL_PORT": "bench",
        "PUMPCTL_YES": "1",
    }

    def type_(line: str, expected: int = 0) -> str:
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", line], cwd=folder, env={**os.environ, **tools}, encoding="utf-8",
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=WITHIN_S, check=False,
        )  # fmt: skip
        assert done.returncode == expected, f"{line}\n{done.stdout}"
        assert "Traceback" not in done.stdout, f"{line}\n{done.stdout}"
        return done.stdout

    return type_


def test_the_demo_runs_and_prints_what_the_readme_shows(typed) -> None:
    first, shown = blocks(README)[:2]
    make_demo, make_test = (line for line, _ in first.commands)
    printed = typed(make_demo)
    assert unlike(shown.text, printed) == "", printed
    typed(f"make --dry-run {make_test.split()[1]}")


def test_every_other_command_of_the_readme_ends_as_it_says(typed) -> None:
    for block in blocks(README, "sh")[1:]:
        for line, expected in block.commands:
            # What needs a board is only looked up.
            printed = typed(line.replace("make ", "make --dry-run ", 1) if line.startswith("make ") else line, expected)
            if line == "pumpctl alarms list":
                assert "occlusion-downstream" in printed
            if line == "pumpctl log verify":
                assert "hold" in printed, printed


def test_every_command_of_the_hosts_page_ends_as_it_says(typed) -> None:
    for line in WARD.splitlines():
        typed(line)
    for block in blocks(HOST / "README.md", "sh"):
        for line, expected in block.commands:
            typed(line, expected)


def test_what_the_hosts_page_shows_of_python_runs(typed) -> None:
    programs = blocks(HOST / "README.md", "python")
    assert programs
    for block in programs:
        typed(f"python - <<'END'\n{block.text}\nEND")
