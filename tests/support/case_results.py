"""A pytest plugin: which test shows which case, and how each ended, as JSON for `make trace`."""

import json
import os
from pathlib import Path

import pytest

PLACE = Path(__file__).resolve().parents[2] / ".build" / "cases.json"


def label(items: list[pytest.Item]) -> None:
    """Let the report of each test carry the cases it is marked with; a report reaches the process that writes."""
    for item in items:
        for mark in item.iter_markers("case"):
            item.user_properties.extend(("case", case) for case in mark.args)


class CaseResults:
    """Collects reports and writes them when the run is over. Only one process of a run may have it."""

    def __init__(self, place: Path = PLACE) -> None:
        self.place = place
        self.cases: dict[str, dict[str, str]] = {}
        self.files: dict[str, dict[str, str]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        file = report.nodeid.split("::")[0].removeprefix("tests/")
        self._note(self.files.setdefault(file, {}), report)
        for name, case in report.user_properties:
            if name == "case":
                self._note(self.cases.setdefault(str(case), {}), report)

    @staticmethod
    def _note(outcomes: dict[str, str], report: pytest.TestReport) -> None:
        """A test has failed if any of its phases has; what else it did its call tells, or the skip before it."""
        if report.failed:
            outcomes[report.nodeid] = "failed"
        elif report.when == "call" or report.skipped:
            outcomes.setdefault(report.nodeid, report.outcome)

    def pytest_sessionfinish(self) -> None:
        if not self.files:
            return
        self.place.parent.mkdir(exist_ok=True)
        beside = self.place.with_suffix(f".{os.getpid()}")
        beside.write_text(json.dumps({"cases": self.cases, "files": self.files}, indent=1), encoding="utf-8")
        beside.replace(self.place)
