"""Every case is traced to its modules and tests, and whatever breaks the chain is told."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tree import ROOT

from pumpctl import case_tests, trace
from pumpctl.case_tests import Results
from pumpctl.cases import CASES
from pumpctl.hazards import HAZARDS

_CONFTEST = """
import sys
from pathlib import Path
sys.path.insert(0, {support!r})
from case_results import CaseResults, label

def pytest_configure(config):
    config.addinivalue_line("markers", "case(id): a case")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(CaseResults(Path({place!r})))

def pytest_collection_modifyitems(items):
    label(items)
"""
_TESTS = """
import pytest

@pytest.mark.case("EC1")
@pytest.mark.case("EC3")
def test_a():
    pass

@pytest.mark.parametrize("word", [pytest.param("x", marks=pytest.mark.case("EC1")), "y"])
def test_b(word):
    assert word == "y"

@pytest.mark.case("EC9")
def test_c():
    pytest.skip("not here")

@pytest.fixture
def broken():
    yield
    raise OSError

@pytest.mark.case("EC10")
def test_d(broken):
    pass
"""


def small_tree(root: Path, tests: str) -> Path:
    """A tree with one test file and no firmware."""
    (root / "tests").mkdir()
    (root / "tests" / "test_one.py").write_text(tests)
    return root


def faults(root: Path, results: Results | None = None) -> list[str]:
    return list(trace.faults(root, trace.lines(root, results or Results())))


def test_every_case_has_a_test_and_every_module_that_is_named_exists() -> None:
    assert faults(ROOT) == []


def test_all_cases_of_the_requirements_are_declared_once_and_in_order() -> None:
    wanted = [f"UC{n}" for n in range(1, 10)] + [f"EC{n}" for n in range(1, 25)] + ["R6.6"]
    assert [case.id for case in CASES] == wanted
    assert [hazard.id for hazard in HAZARDS] == [f"H{n + 1}" for n in range(len(HAZARDS))]


def test_a_case_without_a_test_a_module_that_is_missing_and_a_mark_of_no_case_are_told(tmp_path: Path) -> None:
    told = faults(small_tree(tmp_path, _TESTS + '\n@pytest.mark.case("EC99")\ndef test_e():\n    pass\n'))
    assert "EC2: no test shows it" in told
    assert not any(fault == "EC1: no test shows it" for fault in told)
    assert "R6.6: firmware/infuser/core/journal.py does not exist" in told
    assert "EC99: test_one.py is marked with it, and it is not declared" in told
    assert any(fault.startswith("H") and fault.endswith("has no tests") for fault in told)


def test_marks_are_found_at_tests_parameters_and_whole_modules(tmp_path: Path) -> None:
    small_tree(tmp_path, _TESTS + '\npytestmark = [pytest.mark.case("UC2")]\n')
    assert set(case_tests.marked(tmp_path)) == {"EC1", "EC3", "EC9", "EC10", "UC2"}


def test_a_scenario_shows_the_cases_that_it_names(tmp_path: Path) -> None:
    small_tree(tmp_path, _TESTS)
    (tmp_path / "tests" / "system").mkdir()
    (tmp_path / "tests" / case_tests.SCENARIO_TESTS).write_text("def test_all():\n    pass\n")
    scenarios = tmp_path / "host" / "examples" / "scenarios"
    scenarios.mkdir(parents=True)
    (scenarios / "air.toml").write_text('case = ["EC12"]\n')
    assert case_tests.marked(tmp_path)["EC12"] == {case_tests.SCENARIO_TESTS}


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_run_tells_how_the_tests_of_each_case_ended(tmp_path: Path, workers: str) -> None:
    small_tree(tmp_path, _TESTS)
    place = tmp_path / "told" / "cases.json"
    support = str(Path(__file__).parents[1] / "support")
    (tmp_path / "conftest.py").write_text(_CONFTEST.format(support=support, place=str(place)))
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n",
        workers,
        "--rootdir",
        str(tmp_path),
        "-c",
        "/dev/null",
        "tests",
    ]
    # Options meant for the run that this test is part of, such as -x, would stop that of its tree early.
    env = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, timeout=120, check=False)
    told = case_tests.read_results(place)
    one = "tests/test_one.py::"
    assert told.cases["EC1"] == {f"{one}test_a": "passed", f"{one}test_b[x]": "failed"}
    assert told.cases["EC3"] == {f"{one}test_a": "passed"}
    assert told.cases["EC9"] == {f"{one}test_c": "skipped"}
    assert told.cases["EC10"] == {f"{one}test_d": "failed"}, "its teardown did"
    assert len(told.files["test_one.py"]) == 5
    broken = faults(tmp_path, told)
    assert f"EC1: {one}test_b[x] failed" in broken and f"EC10: {one}test_d failed" in broken


def test_the_outcome_of_a_case_is_that_of_its_worst_test() -> None:
    assert case_tests.worst(["passed", "skipped"]) == "skipped"
    assert case_tests.worst(["passed", "failed", "skipped"]) == "failed"
    assert case_tests.worst([]) == "not run"


def test_the_table_is_printed_as_text_and_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = tmp_path / "cases.json"
    results.write_text('{"cases": {"EC1": {"tests/unit/test_lockout.py::test_x": "passed"}}, "files": {}}')
    trace.main([str(ROOT), "--results", str(results)])
    assert "EC1   passed 1 of 1    a bolus is asked for within its lock-out" in capsys.readouterr().out
    trace.main([str(ROOT), "--results", str(results), "--json"])
    told = json.loads(capsys.readouterr().out)
    assert [case["id"] for case in told["cases"]][:2] == ["UC1", "UC2"]
    with pytest.raises(SystemExit, match="2"):
        trace.main(["--results", str(tmp_path / "none")])
