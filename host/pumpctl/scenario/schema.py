"""The JSON Schema of scenario files and a template, from the tables that the reader uses."""

from typing import Any

import click

from pumpctl.scenario import keys, orders
from pumpctl.scenario.kinds import Key


def schema() -> dict[str, Any]:
    """The schema as a JSON document."""
    top = _table(keys.TOP)
    top["properties"] |= {
        "setup": {"description": keys.TABLES["setup"], **_table(keys.SETUP)},
        "step": _several("step", {"oneOf": [*_actions(), *_commands()]}),
        "expect": _several("expect", _expect()),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Scenario for a virtual bench infusion pump",
        "description": "Every quantity is text with its unit; times are counted from the beginning.",
        **top,
    }


def _table(table: dict[str, Key]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: {"description": key.about, **key.kind.schema()} for name, key in table.items()},
        "required": [name for name, key in table.items() if key.required],
        "additionalProperties": False,
    }


def _several(name: str, items: dict[str, Any]) -> dict[str, Any]:
    return {"description": keys.TABLES[name], "type": "array", "items": items}


def _actions() -> list[dict[str, Any]]:
    told = []
    for name, (key, others) in keys.ACTIONS.items():
        if name != "command":
            told.append({**_table({**keys.STEP, name: key, **others}), "required": [name]})
    return [{**one, "not": {"required": ["at", "after"]}} for one in told]


def _commands() -> list[dict[str, Any]]:
    told = []
    for path, command in orders.commands().items():
        one = _table(keys.STEP)
        one["properties"]["command"] = {"const": path}
        for name, parameter in orders.parameters(command).items():
            flag = isinstance(parameter, click.Option) and parameter.is_flag
            about = getattr(parameter, "help", None)
            one["properties"][name] = {
                "type": "boolean" if flag else ["string", "integer"],
                **({"description": about} if about else {}),
            }
        told.append({**one, "required": ["command"], "not": {"required": ["at", "after"]}})
    return told


def _expect() -> dict[str, Any]:
    return {
        **_table({**keys.EXPECT, **keys.CHECKS}),
        "oneOf": [{"required": [name]} for name in keys.SPAN],
        "anyOf": [{"required": [name]} for name in keys.CHECKS],
    }


_EXAMPLE = """\
# A scenario: what is done to a virtual pump, when, and what is expected of it.
# Times count from the beginning; every quantity has its unit. Play it: pumpctl virtual play FILE

title = "A bolus is given on top of the basal rate"
case = ["UC3"]
description = "A clinician orders 20 ug over 5 minutes; the pump goes on at its basal rate afterwards."

[setup]
reservoir = "20ml"
clock = "2026-01-01T08:00:00+00:00"

[setup.therapy]
patient = { id = "BENCH-001" }
drug = { name = "baclofen", concentration = "500ug/ml" }
infusion = { mode = "continuous", dose = "100ug/d", minimum = "25ug/d" }
bolus = { max = "50ug", lockout = "4h" }

[[step]]
at = "1h"
command = "bolus"
dose = "20ug"
over = "5min"

[[step]]
after = "30min"
says = "the lock-out of 4 h has not passed"
command = "bolus"
dose = "20ug"
over = "5min"
refused = "lock-out"

[[expect]]
at = "1h 2min"
state = "bolus"

[[expect]]
at = "2h"
state = "infusing"
alarms = []
bucket = "clinician-bolus"
counted = "40ul"
accounting = "exact"
"""


def template() -> str:
    """A scenario that plays, followed by every key there is."""
    lines = [_EXAMPLE, "# All keys. In [setup]:"]
    lines += [_about(name, key) for name, key in keys.SETUP.items()]
    lines += ["# In [[step]], one action and what belongs to it:"]
    for name, (key, others) in keys.ACTIONS.items():
        lines += [_about(name, key), *("  " + _about(other, one) for other, one in others.items())]
    lines += ["# In every [[step]]:", *(_about(name, key) for name, key in keys.STEP.items())]
    lines += ["# In [[expect]], one of at, between and within, and any of these:"]
    lines += [_about(name, key) for name, key in {**keys.EXPECT, **keys.CHECKS}.items()]
    return "\n".join(line if line.startswith(("#", "title")) or line == _EXAMPLE else f"#{line}" for line in lines)


def _about(name: str, key: Key) -> str:
    return f"#   {name}: {key.about}"
