"""Reads scenario files; everything wrong is named with its line, its table and key, and what is allowed."""

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pumpctl.errors import FileProblem, Problem, UsageProblem
from pumpctl.scenario import keys, orders
from pumpctl.scenario.kinds import Key, Wrong, near, type_name

_REMEDY = "correct the file; `pumpctl virtual play --schema` and `--template` show what there is"
_ENTRIES = ("step", "expect")


@dataclass(frozen=True)
class Step:
    """One action: `told` are its other keys; times are ms from the beginning."""

    number: int
    at_ms: int
    action: str
    value: Any
    told: dict[str, Any]
    says: str = ""
    refused: str = ""
    operator: str = ""


@dataclass(frozen=True)
class Expectation:
    """What is to hold at, between or within; `checks` by the names of keys.CHECKS, `written` as in the file."""

    number: int
    mode: str
    begin_ms: int
    end_ms: int
    checks: dict[str, Any]
    told: dict[str, Any]
    written: dict[str, Any]


@dataclass
class Scenario:
    """A scenario file as read."""

    path: Path
    title: str = ""
    cases: tuple[str, ...] = ()
    description: str = ""
    setup: dict[str, Any] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    expectations: list[Expectation] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        """What the files that it names are relative to."""
        return self.path.absolute().parent


def load(path: Path) -> Scenario:
    """The scenario of a file. FileProblem lists everything wrong with it."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise FileProblem(str(path), [Problem("", f"not UTF-8 text at byte {error.start}")], _REMEDY) from None
    except OSError as error:
        raise UsageProblem(f"{path}: {error.strerror}", field="file", value=str(path)) from None
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FileProblem(str(path), [Problem("", f"not TOML: {error}")], _REMEDY) from None
    reader = _Reader(text, document)
    scenario = reader.read(path)
    if reader.problems:
        raise FileProblem(str(path), reader.problems, _REMEDY)
    return scenario


class _Reader:
    """One file: its text, for the lines, and its document."""

    def __init__(self, text: str, document: dict[str, Any]) -> None:
        self.problems: list[Problem] = []
        self._lines = text.splitlines()
        self._document = document

    def read(self, path: Path) -> Scenario:
        told = {name: value for name, value in self._document.items() if name not in keys.TABLES}
        top = self._values("", told, keys.TOP, tuple(keys.TABLES))
        setup = self._values("setup", self._document.get("setup", {}), keys.SETUP)
        scenario = Scenario(path, top.get("title", ""), top.get("case", ()), top.get("description", ""), setup)
        before_ms = 0
        for number, entry in self._entries("step"):
            step = self._step(number, entry, before_ms)
            if step is not None:
                before_ms = step.at_ms
                scenario.steps.append(step)
        for number, entry in self._entries("expect"):
            expectation = self._expectation(number, entry)
            if expectation is not None:
                scenario.expectations.append(expectation)
        if not (scenario.expectations or any(step.refused for step in scenario.steps) or self.problems):
            self._problem("expect", "there is nothing expected: a scenario has [[expect]] tables")
        return scenario

    def _entries(self, name: str) -> list[tuple[int, dict[str, Any]]]:
        told = self._document.get(name, [])
        if not isinstance(told, list) or not all(isinstance(entry, dict) for entry in told):
            self._problem(name, f"is {type_name(told)}, must be [[{name}]] tables")
            return []
        return list(enumerate(told, 1))

    def _step(self, number: int, entry: dict[str, Any], before_ms: int) -> Step | None:
        path = f"step[{number}]"
        given = [name for name in keys.ACTIONS if name in entry]
        if len(given) != 1:
            wrong = f"both {given[0]} and {given[1]} are given" if given else "there is no action"
            self._problem(path, f"{wrong}; give one of {', '.join(keys.ACTIONS)}")
            return None
        action = given[0]
        first, others = keys.ACTIONS[action]
        table = {**keys.STEP, action: first, **others}
        further = {name: value for name, value in entry.items() if name not in table} if action == "command" else {}
        told = self._values(path, {name: entry[name] for name in entry if name not in further}, table)
        if action == "command" and "command" in told and not self._take(path, orders.check, told["command"], further):
            return None
        at_ms = self._moment(path, told, before_ms)
        if action not in told or at_ms is None:
            return None
        rest = {name: value for name, value in told.items() if name in others}
        common = {name: told.get(name, "") for name in ("says", "refused", "operator")}
        return Step(number, at_ms, action, told[action], {**rest, **further}, **common)

    def _moment(self, path: str, told: dict[str, Any], before_ms: int) -> int | None:
        if "at" in told and "after" in told:
            self._problem(path, "both at and after are given; give one of them")
            return None
        if "at" in told:
            at_ms: int = told["at"]
            return at_ms
        return before_ms + int(told.get("after", 0))

    def _expectation(self, number: int, entry: dict[str, Any]) -> Expectation | None:
        path = f"expect[{number}]"
        told = self._values(path, entry, {**keys.EXPECT, **keys.CHECKS})
        modes = [name for name in keys.SPAN if name in entry]
        if len(modes) != 1:
            self._problem(path, f"give one of {', '.join(keys.SPAN)}, not {' and '.join(modes) or 'none of them'}")
            return None
        if not any(name in entry for name in keys.CHECKS):
            self._problem(path, f"expects nothing; give one of {', '.join(keys.CHECKS)}")
        if "flow" in entry and modes != ["between"]:
            self._problem(f"{path}.flow", 'is measured over a span; give between = ["1h", "2h"]')
        if modes[0] not in told:
            return None
        begin_ms, end_ms = (told["at"],) * 2 if modes == ["at"] else told[modes[0]]
        checks = {name: told[name] for name in keys.CHECKS if name in told}
        return Expectation(number, modes[0], begin_ms, end_ms, checks, told, entry)

    def _values(self, path: str, told: Any, table: dict[str, Key], others: tuple[str, ...] = ()) -> dict[str, Any]:
        """The values of a table that could be read; the rest is noted."""
        if not isinstance(told, dict):
            self._problem(path, f"is {type_name(told)}, must be a table")
            return {}
        values = {}
        for name, value in told.items():
            if name not in table:
                self._problem(f"{path}.{name}", f"unknown key; {near(name, [*table, *others])}")
                continue
            try:
                values[name] = table[name].kind.read(value)
            except Wrong as wrong:
                self._problem(f"{path}.{name}{'.' if wrong.at else ''}{wrong.at}", wrong.text)
        for name, key in table.items():
            if key.required and name not in told:
                self._problem(f"{path}.{name}", f"is missing. {key.about}")
        return values

    def _take(self, path: str, check: Any, *told: Any) -> bool:
        try:
            check(*told)
        except Wrong as wrong:
            self._problem(f"{path}.{wrong.at}", wrong.text)
            return False
        return True

    def _problem(self, path: str, message: str) -> None:
        path = path.lstrip(".")
        self.problems.append(Problem(f"line {self._line(path)}, {path}", message))

    def _line(self, path: str) -> int:
        """The line of a key, or of the table where the key is not found; 1 for what is missing at the top."""
        table, _, key = path.partition(".")
        entry = re.fullmatch(r"(\w+)\[(\d+)\]", table)
        head = rf"\s*\[\[{entry[1]}\]\]" if entry else rf"\s*\[{re.escape(table)}\]"
        starts = [at for at, line in enumerate(self._lines, 1) if re.match(head, line)]
        number = int(entry[2]) if entry else 1
        if len(starts) < number:
            table_line, key = 0, path
        else:
            table_line = starts[number - 1]
        wanted = re.compile(rf'\s*"?{re.escape(key.split(".")[0])}"?\s*[=.]')
        for at in range(table_line, len(self._lines)):
            if at > table_line - 1 and re.match(r"\s*\[", self._lines[at]):
                break
            if key and wanted.match(self._lines[at]):
                return at + 1
        return table_line or 1
