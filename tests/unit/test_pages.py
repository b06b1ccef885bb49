"""The files that the pages show are what they are said to be."""

from pathlib import Path

import pytest
from pages import Block, blocks, unlike
from tree import HOST, ROOT

from pumpctl import errors, program
from pumpctl.cli import main

SHOWN = [block for page in (ROOT / "README.md", HOST / "README.md") for block in blocks(page, "toml")]


@pytest.mark.parametrize("block", SHOWN, ids=lambda block: block.heading.replace(" ", "-"))
def test_a_file_that_a_page_shows_is_valid(
    block: Block, tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "shown.toml"
    if block.heading == "The config file":
        path = home / "config.toml"
        path.write_text(block.text, encoding="utf-8")
        assert main.run(["config", "check"]) == errors.DONE, capsys.readouterr().err
    elif block.heading == "Scenarios":  # played by tests/system/test_scenarios.py
        assert block.text.count("[[expect]]") > 1
    else:
        path.write_text(block.text, encoding="utf-8")
        assert program.load(path)["patient"] == "BENCH-001"


def test_what_is_not_printed_is_found() -> None:
    assert unlike("a 1\n...\nb 2.5 s", "x\na 1\ny\nz\nb 31.0 s\n") == ""
    assert unlike("path: .../x.html", "path: /tmp/x.html\n") == ""
    assert unlike("a 1\nb 2", "b 2\na 1\n") == "b 2"
    assert unlike("b 2", "b 3\n") == "b 2"
