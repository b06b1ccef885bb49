"""Writes a program as a therapy file, exact to the ng and nL."""

import json
from typing import Any

from infuser.wire import program as programs
from infuser.wire import units
from pumpctl import week
from pumpctl.quantity import decimal
from pumpctl.therapy_keys import DAYS


def write(program: dict[str, Any], heading: str = "") -> str:
    """TOML that `pumpctl.program.loads` turns into the same program."""
    lines = [f"# {line}".rstrip() for line in heading.splitlines()]
    lines += ["", "[patient]", f"id = {_text(program['patient'])}"]
    lines += ["", "[drug]", f"name = {_text(program['drug'])}"]
    lines += [f'concentration = "{program["concentration_ug_per_ml"]}ug/ml"']
    lines += _infusion(program)
    if program["bolus_max_ng"]:
        lines += ["", "[bolus]", f'max = "{_ug(program["bolus_max_ng"])}"']
        lines += [f'lockout = "{_minutes(program["bolus_lockout_min"])}"']
    volume = decimal(program["low_reservoir_nl"], units.NL_PER_ML, 6)
    lines += ["", "[reservoir]", f'alarm_volume = "{volume}ml"']
    if program["dose_max_ng_per_day"]:
        lines += ["", "[limits]", f'dose_max = "{_ug(program["dose_max_ng_per_day"])}/d"']
    return "\n".join(lines).lstrip("\n") + "\n"


def _infusion(program: dict[str, Any]) -> list[str]:
    lines = ["", "[infusion]", f'mode = "{programs.MODE_NAMES[program["mode"]]}"']
    continuous = program["mode"] == programs.CONTINUOUS
    if continuous:
        lines.append(f'dose = "{_ug(program["step_list"][0]["dose_ng_per_day"])}/d"')
    lines.append(f'minimum = "{_ug(program["minimum_ng_per_day"])}/d"')
    if not continuous:
        for step in week.from_wire(program["step_list"]):
            lines += ["", *_step(step)]
    return lines


def _step(step: week.Step) -> list[str]:
    begin, end = week.clock_text(step.start_min), week.clock_text(step.end_min)
    lines = ["[[infusion.step]]", f'from = "{begin}"', f'to = "{end}"']
    if len(step.days) < 7:
        lines.append(f"days = [{', '.join(_text(DAYS[day]) for day in step.days)}]")
    lines.append(f'rate = "{_ug(step.dose_ng_per_day)}/d"')
    return lines


def _ug(dose_ng: int) -> str:
    return f"{decimal(dose_ng, units.NG_PER_UG, 3)}ug"


def _minutes(minutes: int) -> str:
    return f"{minutes // 60}h" if minutes and minutes % 60 == 0 else f"{minutes}min"


def _text(text: str) -> str:
    # A JSON string is a TOML basic string, but for DEL, which JSON leaves as it is.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
