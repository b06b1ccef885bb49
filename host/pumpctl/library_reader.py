"""Reads a drug library's TOML document into the wire's fields, noting everything that is wrong."""

import re
from datetime import date, datetime
from typing import Any

from infuser.wire import codec, units
from infuser.wire import library as libraries
from infuser.wire.messages import Refusal
from pumpctl import refusal
from pumpctl.errors import Problem, UsageProblem
from pumpctl.library_keys import ENTRY, HEAD, PATHS, REQUIRED, Key
from pumpctl.quantity import Kind
from pumpctl.therapy_shape import unknown_keys

_EPOCH = date(1970, 1, 1)
_TEXT_MAX = {"name": 60, "source": 200, "drug": 60}
_ISSUED_MIN, _ISSUED_MAX = date(2020, 1, 1), date(2099, 12, 31)
Problems = list[Problem]


def read(document: dict[str, Any]) -> tuple[dict[str, Any], Problems]:
    """(library, problems); the library is whole only where there are none."""
    problems: Problems = []
    unknown_keys("", document, (*HEAD, "entry"), problems)
    library: dict[str, Any] = {
        "format": libraries.FORMAT,
        "name": _text("name", document, problems),
        "version": _count("version", document, problems),
        "issued_min": _issued(document, problems),
        "source": _text("source", document, problems),
        "entry_list": [],
    }
    for name in HEAD:
        if name not in document:
            problems.append(Problem(name, f"is missing. {HEAD[name]}", True))
    entries = document.get("entry")
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        problems.append(Problem("entry", "must be one or more [[entry]] tables", True))
        return library, problems
    library["entry_list"] = [_entry(f"entry[{number}]", entry, problems) for number, entry in enumerate(entries, 1)]
    return library, problems


def problem(refused: Refusal) -> Problem:
    """What the pump's own check finds wrong, by the file's key."""
    path, key = refused.field.removesuffix("_list"), None
    entry = re.fullmatch(r"entry_list\[(\d+)\]\.(\w+)", refused.field)
    if entry:
        key = ENTRY[PATHS[entry[2]]]
        path = f"entry[{int(entry[1]) + 1}].{PATHS[entry[2]]}"
    if refused.text:
        return Problem(path, refused.text)
    field = key.field if key else path
    value, low, high = (refusal.shown(field, number) for number in (refused.value, refused.low, refused.high))
    inside = "; a soft limit lies inside the hard one, a shorter window inside a longer one" if key else ""
    return Problem(path, f"{value} is out of range, allowed {low} to {high}{inside}")


def _entry(path: str, told: dict[str, Any], problems: Problems) -> dict[str, Any]:
    unknown_keys(path, told, ENTRY, problems)
    for name in REQUIRED:
        if name not in told:
            problems.append(Problem(f"{path}.{name}", f"is missing. {ENTRY[name].about}", True))
    return {key.field: _value(f"{path}.{name}", name, key, told, problems) for name, key in ENTRY.items()}


def _value(path: str, name: str, key: Key, told: dict[str, Any], problems: Problems) -> Any:
    if key.kind == "text":
        return _text(name, told, problems, path)
    if key.kind == "flag":
        value = told.get(name, False)
        if not isinstance(value, bool):
            problems.append(Problem(path, "must be true or false", True))
        return value
    if key.kind == "count":
        return _count(name, told, problems, path)
    assert isinstance(key.kind, Kind)
    return _quantity(path, told.get(name), key, key.kind, problems)


def _quantity(path: str, value: Any, key: Key, kind: Kind, problems: Problems) -> int:
    if value is None:
        return 0
    if not isinstance(value, str):
        problems.append(Problem(path, f'must be a {kind.what} with its unit in quotes, like "{kind.example}"', True))
        return 0
    try:
        size = kind.parse(value)
    except UsageProblem as error:
        problems.append(Problem(path, f"{error.message}; {error.remedy}", True))
        return 0
    if size % key.scale:
        problems.append(Problem(path, f'"{value}" is not a whole number of minutes'))
    return size // key.scale


def _text(name: str, told: dict[str, Any], problems: Problems, path: str = "") -> str:
    value = told.get(name, "")
    if name not in told:
        return ""
    most = _TEXT_MAX[name]
    if not isinstance(value, str) or not re.fullmatch(r"\S(.*\S)?", value) or len(value.encode()) > most:
        wrong = f"must be text of 1 to {most} bytes on one line, without spaces around it"
        problems.append(Problem(path or name, wrong, True))
        return ""
    return value


def _count(name: str, told: dict[str, Any], problems: Problems, path: str = "") -> int:
    value = told.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= codec.BOUNDS["u32"][1]:
        problems.append(Problem(path or name, "must be a whole number without quotes", True))
        return 0
    return value


def _issued(told: dict[str, Any], problems: Problems) -> int:
    value = told.get("issued", _EPOCH)
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value)
        except ValueError:
            value = None
    if isinstance(value, datetime) or not isinstance(value, date):
        problems.append(Problem("issued", "must be a day such as 2026-11-01", True))
        return 0
    if "issued" in told and not _ISSUED_MIN <= value <= _ISSUED_MAX:
        problems.append(Problem("issued", f"{value} is out of range, allowed {_ISSUED_MIN} to {_ISSUED_MAX}"))
    return (value - _EPOCH).days * units.MIN_PER_DAY
