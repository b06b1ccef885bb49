"""First pass over a therapy file: unknown and missing keys, wrong types, spellings of quantities and times.

What it accepts is exactly what the JSON Schema accepts.
"""

import re
from collections.abc import Iterable
from typing import Any

from pumpctl import therapy_keys as keys
from pumpctl.errors import Problem
from pumpctl.nearest import nearest
from pumpctl.quantity import QuantityError

Problems = list[Problem]


def check(document: dict[str, Any]) -> Problems:
    """Everything about the document's shape that is wrong, in the file's order."""
    problems: Problems = []
    unknown_keys("", document, keys.TABLES, problems)
    for name, table in keys.TABLES.items():
        if name in document:
            _table(name, document[name], table, problems)
        elif name in keys.REQUIRED_TABLES:
            problems.append(Problem(name, f"the table [{name}] is missing", True))
    return problems


def _table(name: str, told: Any, table: dict[str, keys.Key], problems: Problems) -> None:
    if not isinstance(told, dict):
        problems.append(Problem(name, f"is {_type_name(told)}, must be a table", True))
        return
    if name in keys.NOT_EMPTY and not told:
        problems.append(Problem(name, f"is empty; give one of {', '.join(table)}, or leave the table out", True))
    unknown_keys(name, told, (*table, "step") if name in keys.STEPS else table, problems)
    _fields(name, told, table, problems)
    if name == "infusion":
        _infusion(told, problems)
    elif name in keys.STEPS and "step" not in told:
        problems.append(Problem(f"{name}.step", f"is missing: {name} has [[{name}.step]] tables", True))
    if name in keys.STEPS and "step" in told:
        _steps(name, told["step"], problems)


def _fields(path: str, told: dict[str, Any], table: dict[str, keys.Key], problems: Problems) -> None:
    for name, key in table.items():
        if name in told:
            _value(f"{path}.{name}", told[name], key, problems)
        elif key.required:
            problems.append(Problem(f"{path}.{name}", f"is missing. {key.about}", True))


def _infusion(told: dict[str, Any], problems: Problems) -> None:
    mode = told.get("mode")
    if mode == "continuous":
        _one_of("infusion", told, problems)
        if "step" in told:
            problems.append(Problem("infusion.step", 'belongs to mode = "flex"', True))
    elif mode == "flex":
        for name in ("dose", "rate"):
            if name in told:
                problems.append(Problem(f"infusion.{name}", 'belongs to mode = "continuous"', True))
        if "step" not in told:
            problems.append(Problem("infusion.step", "is missing: a flex schedule has [[infusion.step]] tables", True))


def _steps(name: str, told: Any, problems: Problems) -> None:
    if not isinstance(told, list) or not told:
        problems.append(Problem(f"{name}.step", f"must be one or more [[{name}.step]] tables", True))
        return
    for number, step in enumerate(told, 1):
        path = f"{name}.step[{number}]"
        if not isinstance(step, dict):
            problems.append(Problem(path, f"is {_type_name(step)}, must be a table", True))
            continue
        unknown_keys(path, step, keys.STEPS[name], problems)
        _fields(path, step, keys.STEPS[name], problems)
        if name == "infusion":
            _one_of(path, step, problems)


def _one_of(path: str, told: dict[str, Any], problems: Problems) -> None:
    given = [name for name in ("dose", "rate") if name in told]
    if len(given) != 1:
        wrong = "both dose and rate are given" if given else "neither dose nor rate is given"
        problems.append(Problem(path, f"{wrong}; give one of them", True))


def unknown_keys(path: str, told: dict[str, Any], known: Iterable[str], problems: Problems) -> None:
    """Name each key of a table that nobody reads, and what was meant."""
    names = list(known)
    for name in told:
        if name not in names:
            near = nearest(name, names)
            hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(names)}"
            problems.append(Problem(f"{path}.{name}".lstrip("."), f"unknown key; {hint}", True))


def _value(path: str, value: Any, key: keys.Key, problems: Problems) -> None:
    wrong = _wrong(value, key.kind)
    if wrong:
        problems.append(Problem(path, wrong, True))


def _wrong(value: Any, kind: str) -> str:
    """What is wrong with a value of a kind; empty if nothing."""
    if kind in keys.LISTS:
        return _wrong_list(value, kind)
    if kind == "count":
        return "" if _whole(value) else f"is {_type_name(value)}, must be a whole number without quotes"
    if kind in keys.QUANTITIES:
        return _wrong_quantity(value, kind)
    if not isinstance(value, str):
        return f"is {_type_name(value)}, must be text in quotes"
    if kind in keys.CHOICES:
        return _near(value, keys.CHOICES[kind])
    if kind == "text":
        if len(value) > keys.TEXT_MAX or not re.fullmatch(keys.TEXT_PATTERN, value):
            return f"must be 1 to {keys.TEXT_MAX} characters on one line, without spaces around them"
        return ""
    return _wrong_time(value, kind)


def _whole(value: Any) -> bool:
    # JSON Schema counts 4.0 among the integers, true among neither.
    return not isinstance(value, bool) and (isinstance(value, int) or (isinstance(value, float) and value.is_integer()))


def _wrong_time(value: str, kind: str) -> str:
    patterns = {"from": keys.FROM_PATTERN, "to": keys.TO_PATTERN, "local": keys.LOCAL_PATTERN}
    if re.fullmatch(patterns[kind], value):
        return ""
    if kind == "local":
        return f'"{value}" is not a local time without offset; write it like "2026-12-02T08:00" or "2026-12-02"'
    return f'"{value}" is not a time, allowed "00:00" to "{"23:59" if kind == "from" else "24:00"}"'


def _wrong_quantity(value: Any, kind: str) -> str:
    kinds = keys.QUANTITIES[kind]
    if not isinstance(value, str):
        return f'is {_type_name(value)} without a unit; write it like "{kinds[0].example}"'
    if any(re.fullmatch(one.pattern, value) for one in kinds):
        return ""
    try:
        kinds[0].parse(value)
    except QuantityError as error:
        return f"{error.message}; {error.remedy}"
    return f'"{value}" is not a {kinds[0].what}'


def _wrong_list(value: Any, kind: str) -> str:
    allowed = keys.LISTS[kind]
    if not isinstance(value, list) or (not value and kind not in keys.MAY_BE_EMPTY):
        what = "days" if kind == "days" else "words"
        return f'must be a list of {what} such as ["{allowed[0]}", "{allowed[1]}"], not {_type_name(value)}'
    for word in value:
        wrong = _near(word, allowed) if isinstance(word, str) else f"has {_type_name(word)} in it, must be {kind}"
        if wrong:
            return wrong
    what = "a day" if kind == "days" else "one of them"
    return f"names {what} twice" if len(set(value)) < len(value) else ""


def _near(value: str, allowed: Iterable[str]) -> str:
    names = list(allowed)
    if value in names:
        return ""
    near = nearest(value.lower(), names)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    return f'"{value}"{hint}, allowed: {", ".join(names)}'


def _type_name(value: Any) -> str:
    names = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list", dict: "a table"}
    return names.get(type(value), "a date or time" if value is not None else "nothing")
