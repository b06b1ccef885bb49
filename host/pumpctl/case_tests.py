"""Finds the tests that show a case: by their marks in the source, and by what a run of them told."""

import ast
import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

# Every scenario names its cases itself; this file plays them all.
SCENARIO_TESTS = "system/test_scenarios.py"
PASSED, FAILED, SKIPPED, NOT_RUN = "passed", "failed", "skipped", "not run"
_WORST_FIRST = (FAILED, NOT_RUN, SKIPPED, PASSED)


def marked(root: Path) -> dict[str, set[str]]:
    """Case id -> test files below `tests` of the tree at `root` that are marked with it, read without running them."""
    tests = root / "tests"
    found: dict[str, set[str]] = {}
    for path in sorted(tests.rglob("test_*.py")):
        for case in _marks(path):
            found.setdefault(case, set()).add(path.relative_to(tests).as_posix())
    if (tests / SCENARIO_TESTS).exists():
        for path in sorted((root / "host" / "examples" / "scenarios").glob("*.toml")):
            for case in tomllib.loads(path.read_text(encoding="utf-8")).get("case", ()):
                found.setdefault(case, set()).add(SCENARIO_TESTS)
    return found


def _marks(path: Path) -> Iterator[str]:
    """Arguments of every `pytest.mark.case(...)` of a file: at a test, a parameter or the whole module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.case":
            yield from (str(given.value) for given in node.args if isinstance(given, ast.Constant))


def has_tests(path: Path) -> bool:
    """Whether a file exists and defines a test."""
    if not path.exists():
        return False
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(isinstance(node, ast.FunctionDef) and node.name.startswith("test_") for node in ast.walk(tree))


@dataclass
class Results:
    """Outcome by node id of the tests of each case, and of the tests of each file (path below `tests`)."""

    cases: dict[str, dict[str, str]] = field(default_factory=dict)
    files: dict[str, dict[str, str]] = field(default_factory=dict)

    def of(self, case: str, files: set[str]) -> dict[str, str]:
        """Tests that ran for a case: those marked with it, and all tests of `files`."""
        ran = dict(self.cases.get(case, {}))
        for file in files:
            ran |= self.files.get(file, {})
        return ran


def read_results(path: Path) -> Results:
    """What the last run of pytest left at `path`; nothing if there is no such file."""
    if not path.exists():
        return Results()
    told = json.loads(path.read_text(encoding="utf-8"))
    return Results(told["cases"], told["files"])


def worst(outcomes: list[str]) -> str:
    """One word for many outcomes."""
    return next((outcome for outcome in _WORST_FIRST if outcome in outcomes), NOT_RUN)
