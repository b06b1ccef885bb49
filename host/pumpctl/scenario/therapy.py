"""Therapies of a scenario: of a file, of a table, or of a table over the set-up's therapy."""

import json
import tomllib
from typing import Any

from pumpctl import program as programs
from pumpctl.scenario.reader import Scenario

Values = dict[str, Any]
_FILE = 0  # which kind of keys.THERAPY


def of_setup(scenario: Scenario) -> programs.Program | None:
    """The program with which the scenario begins; FileProblem if its therapy is not right."""
    if "therapy" not in scenario.setup:
        return None
    return programs.loads(text(scenario, scenario.setup["therapy"]), f"{scenario.path}: therapy")


def text(scenario: Scenario, told: tuple[int, Any]) -> str:
    """A therapy file's text for what a scenario tells."""
    kind, value = told
    if kind == _FILE:
        return (scenario.folder / str(value)).read_text(encoding="utf-8")
    return "".join(f"{name} = {_literal(one)}\n" for name, one in value.items())


def changed(scenario: Scenario, told: tuple[int, Any]) -> str:
    """The same for a step, whose table tells only what differs from the set-up's therapy."""
    kind, value = told
    if kind == _FILE or "therapy" not in scenario.setup:
        return text(scenario, told)
    base = tomllib.loads(text(scenario, scenario.setup["therapy"]))
    return text(scenario, (kind, _merged(base, value)))


def _merged(base: Values, over: Values) -> Values:
    told = dict(base)
    for name, value in over.items():
        before = told.get(name)
        told[name] = _merged(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return told


def _literal(value: Any) -> str:
    """A value as TOML writes it in one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(name)} = {_literal(one)}" for name, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_literal, value)) + "]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str | bool | int | float) else str(value)
