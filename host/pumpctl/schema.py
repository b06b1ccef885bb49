"""The JSON Schema of therapy files, for editors; made from the table that the loader uses.

`python -m pumpctl.schema` rewrites therapy.schema.json beside this file.
"""

import json
from pathlib import Path
from typing import Any

from pumpctl import therapy_keys as keys

PATH = Path(__file__).with_name("therapy.schema.json")
_TIMES = {"from": keys.FROM_PATTERN, "to": keys.TO_PATTERN, "local": keys.LOCAL_PATTERN}
_ONE_RATE = [
    {"required": ["dose"], "not": {"required": ["rate"]}},
    {"required": ["rate"], "not": {"required": ["dose"]}},
]


def schema() -> dict[str, Any]:
    """The schema as a JSON document."""
    tables = {name: _table(name, table) for name, table in keys.TABLES.items()}
    for name, step in keys.STEPS.items():
        tables[name]["properties"]["step"] = _steps(f"{name}.step", step)
    tables["plan"]["required"].append("step")
    tables["infusion"]["properties"]["step"]["items"]["oneOf"] = _ONE_RATE
    tables["infusion"]["oneOf"] = [_continuous(), _flex()]
    for name in keys.NOT_EMPTY:
        tables[name]["minProperties"] = 1
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Therapy of the bench infusion pump",
        "description": "Every quantity is text with its unit. Ranges are checked by `pumpctl program check`.",
        "type": "object",
        "properties": tables,
        "required": list(keys.REQUIRED_TABLES),
        "additionalProperties": False,
    }


def _continuous() -> dict[str, Any]:
    return {"properties": {"mode": {"const": "continuous"}, "step": False}, "oneOf": _ONE_RATE}


def _flex() -> dict[str, Any]:
    return {"properties": {"mode": {"const": "flex"}, "dose": False, "rate": False}, "required": ["step"]}


def _steps(name: str, step: dict[str, keys.Key]) -> dict[str, Any]:
    return {"description": keys.ABOUT[name], "type": "array", "minItems": 1, "items": _table(name, step)}


def _table(name: str, table: dict[str, keys.Key]) -> dict[str, Any]:
    return {
        "description": keys.ABOUT[name],
        "type": "object",
        "properties": {key: {"description": about.about, **_value(about.kind)} for key, about in table.items()},
        "required": [key for key, about in table.items() if about.required],
        "additionalProperties": False,
    }


def _value(kind: str) -> dict[str, Any]:
    if kind == "text":
        return {"type": "string", "maxLength": keys.TEXT_MAX, "pattern": keys.TEXT_PATTERN}
    if kind in keys.CHOICES:
        return {"enum": list(keys.CHOICES[kind])}
    if kind in keys.LISTS:
        least = 0 if kind in keys.MAY_BE_EMPTY else 1
        return {"type": "array", "items": {"enum": list(keys.LISTS[kind])}, "minItems": least, "uniqueItems": True}
    if kind == "count":
        return {"type": "integer"}
    if kind in _TIMES:
        return {"type": "string", "pattern": _TIMES[kind]}
    kinds = keys.QUANTITIES[kind]
    pattern = kinds[0].pattern if len(kinds) == 1 else "|".join(f"({one.pattern})" for one in kinds)
    return {"type": "string", "pattern": pattern, "examples": [one.example for one in kinds]}


def text() -> str:
    """The schema as it stands in the file."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
