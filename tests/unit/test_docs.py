"""The pages say what is there: files, functions, commands, pins and cases."""

import ast
import re
import shlex
from pathlib import Path

import click
import pytest
from tree import FIRMWARE, HOST, ROOT

from infuser.wire import alarms
from pumpctl import docs, docs_pages, errors, pinout
from pumpctl.cli.main import cli

PAGES = [
    ROOT / "README.md",
    HOST / "README.md",
    *(FIRMWARE / f"{name}.md" for name in ("README", "SAFETY", "HARDWARE")),
]
SAFETY = (FIRMWARE / "SAFETY.md").read_text(encoding="utf-8")
PATH = re.compile(r"`([\w./-]+\.(?:py|md|toml|json))`")
LINK = re.compile(r"\]\(([^)#:]+)\)")
HOP = re.compile(r"^\| `([\w/]+\.py)` \| (`[^|]+`) \|", re.MULTILINE)


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def defined(path: Path) -> set[str]:
    """Functions and methods of a file, the latter as Class.method."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{below.name}" for below in node.body if isinstance(below, ast.FunctionDef)}
    return found


def commands(page: Path) -> list[str]:
    """Every `pumpctl ...` of a page's shell blocks and running text."""
    text = page.read_text(encoding="utf-8")
    lines = [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    told = [line for line in lines if line.startswith("pumpctl ")]
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return told + re.findall(r"`(pumpctl [^`]+)`", prose)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    places = (page.parent, ROOT, ROOT / "tests")
    for name in set(PATH.findall(text)):
        if "/" in name and not name.startswith("/"):
            assert any((place / name).exists() for place in places), name
    for name in set(LINK.findall(text)):
        assert (page.parent / name).exists(), name


def test_every_function_in_the_life_of_a_command_exists() -> None:
    hops = HOP.findall((FIRMWARE / "README.md").read_text(encoding="utf-8"))
    hops = [(file, names) for file, names in hops if not file.startswith("infuser/")]
    assert len(hops) > 30
    for file, names in hops:
        for name in re.findall(r"`([^`]+)`", names):
            assert name in defined(ROOT / file), f"{file}: {name}"


def test_every_module_of_the_firmware_is_in_its_overview() -> None:
    text = (FIRMWARE / "README.md").read_text(encoding="utf-8")
    for path in FIRMWARE.glob("infuser/*/*.py"):
        if path.name != "__init__.py":
            assert f"| `{path.relative_to(FIRMWARE).as_posix()}` |" in text, path.name


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_command_and_option_that_a_page_shows_exists(page: Path) -> None:
    for line in commands(page):
        words = shlex.split(line, comments=True)[1:]
        command: click.Command = cli
        while words and isinstance(command, click.Group) and not words[0].startswith("-"):
            below = command.get_command(click.Context(command), words[0])
            assert below is not None, line
            command, words = below, words[1:]
        options = {name for parameter in command.params for name in parameter.opts} | {"--help"}
        assert {word for word in words if word.startswith("-")} <= options, line


def test_the_hosts_page_lists_every_command_and_every_virtual_one() -> None:
    text = (HOST / "README.md").read_text(encoding="utf-8")
    for name in cli.list_commands(click.Context(cli)):
        assert f"| `pumpctl {name}` |" in text, name
    [row] = re.findall(r"^\| `pumpctl virtual` .*$", text, re.MULTILINE)
    virtual = cli.get_command(click.Context(cli), "virtual")
    assert isinstance(virtual, click.Group)
    shown = {name for name, command in virtual.commands.items() if not command.hidden}
    assert set(re.findall(r"`([\w-]+)`", row)) == shown


def test_the_exit_codes_are_those_of_the_tool() -> None:
    told = re.findall(r"^\| (\d+) \| ", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    codes = (errors.DONE, errors.INTERNAL, errors.USAGE, errors.REFUSED, errors.NO_LINK, errors.UNVERIFIED)
    assert [int(code) for code in told] == [*codes, errors.UNMET, errors.INTERRUPTED]


def test_the_readme_warns_in_its_first_screen() -> None:
    first = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:20]
    assert any(line.startswith("**") and "never be connected to a person" in line for line in first)
    assert any(line.startswith("make demo") for line in first)
    assert any(line.startswith("make test") for line in first)


def test_continuous_integration_runs_the_readmes_command_and_traces_the_cases() -> None:
    ran = re.findall(r"^make (\w+)$", (ROOT / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE)
    assert ran[-2:] == ["test", "trace"]


@pytest.mark.parametrize("name", docs_pages.PAGES)
def test_the_tables_made_from_the_source_are_up_to_date(name: str) -> None:
    text = (FIRMWARE / name).read_text(encoding="utf-8")
    assert set(re.findall(r"<!-- generated: (\S+) -->", text)) == set(docs_pages.PAGES[name])
    assert docs.page(FIRMWARE, name) == text, "run `make docs`"


def test_no_pin_is_used_twice() -> None:
    declared = pinout.pins(FIRMWARE / "infuser" / "hw" / "board.py")
    assert len(set(declared.values())) == len(declared)
    assert set(declared) == set(docs_pages.WIRING)


def test_every_alarm_has_its_reason_and_the_answer_it_is_declared_with() -> None:
    for number, (name, *_) in alarms.ALARMS.items():
        if name == "priming-failed":
            continue  # named among the cases: it is never raised
        [row] = [line for line in SAFETY.splitlines() if line.startswith("| `") and f"`{name}`" in line.split("|")[1]]
        answer = row.split("|")[2].strip()
        off = alarms.answer(number) == alarms.MOTOR_OFF
        assert answer.startswith("motor off") == off, name
        assert answer.startswith("minimum rate") == (alarms.answer(number) == alarms.MINIMUM_RATE), name
