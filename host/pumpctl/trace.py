"""From each case, hazard and threat to its modules and tests, and whether these passed: `make trace`.

`python -m pumpctl.trace` prints the table and exits with 1 where a case has no test, a test is marked with a case
that is not declared, a module or file does not exist, or a test failed in the run that `--results` tells of.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pumpctl import case_tests
from pumpctl.case_tests import FAILED, NOT_RUN, Results
from pumpctl.cases import CASES
from pumpctl.hazards import HAZARDS
from pumpctl.threats import THREATS

RESULTS = Path(".build/cases.json")


@dataclass(frozen=True)
class Line:
    """One case, hazard or threat: modules below `firmware/` or in `host/`, tests below `tests/`, what ran by node."""

    id: str
    requirement: str
    modules: tuple[str, ...]
    tests: tuple[str, ...]
    ran: dict[str, str]

    @property
    def outcome(self) -> str:
        """The worst outcome with how many tests ended so, and how many there are."""
        if not self.ran:
            return NOT_RUN
        word = case_tests.worst(list(self.ran.values()))
        return f"{word} {Counter(self.ran.values())[word]} of {len(self.ran)}"


def lines(root: Path, results: Results) -> list[Line]:
    """All cases, hazards and threats of the tree at `root`, in the order in which they are declared."""
    marked = case_tests.marked(root)
    found = []
    for case in CASES:
        ran = results.of(case.id, set())
        # A mark that is only made while tests are collected is known from the run.
        files = marked.get(case.id, set()) | {_file(node) for node in ran}
        modules = tuple(f"infuser/{module}" for module in case.modules)
        found.append(Line(case.id, case.requirement, modules, tuple(sorted(files)), ran))
    for hazard in (*HAZARDS, *THREATS):
        files = set(hazard.tests)
        ran = results.of(hazard.id, files)
        tests = tuple(sorted(files | marked.get(hazard.id, set())))
        found.append(Line(hazard.id, hazard.hazard, hazard.modules, tests, ran))
    return found


def _file(node: str) -> str:
    return node.split("::")[0].removeprefix("tests/")


def faults(root: Path, traced: Sequence[Line]) -> Iterator[str]:
    """Every way in which the chain from case to code to test is broken, one sentence each."""
    declared = {line.id for line in traced}
    for case, files in sorted(case_tests.marked(root).items()):
        if case not in declared:
            yield f"{case}: {', '.join(sorted(files))} is marked with it, and it is not declared"
    for line in traced:
        if not line.tests:
            yield f"{line.id}: no test shows it"
        for module in line.modules:
            path = module if module.startswith("host/") else f"firmware/{module}"
            if not (root / path).exists():
                yield f"{line.id}: {path} does not exist"
        for file in line.tests:
            if not case_tests.has_tests(root / "tests" / file):
                yield f"{line.id}: tests/{file} has no tests"
    shown = {node: [line.id for line in traced if node in line.ran] for node in _failed(traced)}
    for node, ids in sorted(shown.items()):
        yield f"{', '.join(ids)}: {node} failed"


def _failed(traced: Sequence[Line]) -> set[str]:
    return {node for line in traced for node, outcome in line.ran.items() if outcome == FAILED}


def text(traced: Sequence[Line]) -> str:
    """The table for a terminal."""
    out = []
    for line in traced:
        out.append(f"{line.id:<5} {line.outcome:<16} {line.requirement}")
        out.append(f"      code  {', '.join(line.modules)}")
        out.append(f"      tests {', '.join(line.tests) or 'none'}")
    return "\n".join(out)


def document(traced: Sequence[Line], broken: Sequence[str]) -> str:
    """The same as one JSON document."""
    told = [
        {"id": line.id, "requirement": line.requirement, "modules": line.modules, "tests": line.tests, "ran": line.ran}
        for line in traced
    ]
    return json.dumps({"cases": told, "faults": broken}, indent=1)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 if every case is traced to code and tests, and no test of it failed."""
    parser = argparse.ArgumentParser(prog="python -m pumpctl.trace", description=__doc__)
    parser.add_argument(
        "root", nargs="?", type=Path, default=Path(), help="the source tree; default the present folder"
    )
    parser.add_argument("--results", type=Path, help=f"what the last run of the tests told; default {RESULTS}")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of the table")
    options = parser.parse_args(arguments)
    place = options.results or options.root / RESULTS
    if options.results and not place.exists():
        parser.error(f"{place} does not exist; `make test` writes it")
    traced = lines(options.root, case_tests.read_results(place))
    broken = list(faults(options.root, traced))
    print(document(traced, broken) if options.json else text(traced))
    for fault in broken:
        print(fault, file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
