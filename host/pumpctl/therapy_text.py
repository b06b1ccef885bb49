"""Writes a program as a therapy file, exact to the ng and nL."""

import json
from typing import Any

from infuser.wire import program as programs
from infuser.wire import units
from pumpctl import therapy_patient, therapy_times, week
from pumpctl.quantity import decimal
from pumpctl.therapy_keys import CHOICES, DAYS

Program = dict[str, Any]


def write(program: Program, heading: str = "") -> str:
    """TOML that `pumpctl.program.loads` turns into the same program."""
    lines = [f"# {line}".rstrip() for line in heading.splitlines()]
    lines += ["", "[patient]", f"id = {_text(program['patient'])}", *_patient(program), *_screening(program)]
    lines += ["", "[drug]", f"name = {_text(program['drug'])}"]
    lines += [f'concentration = "{program["concentration_ug_per_ml"]}ug/ml"']
    for part in (_infusion, _bolus, _patient_bolus, _periodic_bolus, _start, _plan):
        lines += part(program)
    volume = decimal(program["low_reservoir_nl"], units.NL_PER_ML, 6)
    lines += ["", "[reservoir]", f'alarm_volume = "{volume}ml"', *_limits(program)]
    return "\n".join(lines).lstrip("\n") + "\n"


def _patient(program: Program) -> list[str]:
    lines = []
    if program["age_years"] != programs.AGE_NOT_TOLD:
        lines.append(f'age = "{program["age_years"]}y"')
    if program["weight_hg"]:
        lines.append(f'weight = "{decimal(program["weight_hg"], 10, 1)}kg"')
    if program["indication"]:
        lines.append(f"indication = {_word('indication', program['indication'])}")
    told = therapy_patient.document(program)
    for key in ("contraindications", "cautions"):
        if told[key]:
            lines.append(f"{key} = [{', '.join(_text(name) for name in told[key])}]")
    return lines


def _screening(program: Program) -> list[str]:
    if not program["screening_response"]:
        return []
    response = _word("response", program["screening_response"])
    return ["", "[screening]", f'dose = "{_ug(program["screening_ng"])}"', f"response = {response}"]


def _word(kind: str, value: int) -> str:
    return _text(next(word for word, number in CHOICES[kind].items() if number == value))


def _infusion(program: Program) -> list[str]:
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


def _bolus(program: Program) -> list[str]:
    if not program["bolus_max_ng"]:
        return []
    lockout = _minutes(program["bolus_lockout_min"])
    return ["", "[bolus]", f'max = "{_ug(program["bolus_max_ng"])}"', f'lockout = "{lockout}"']


def _patient_bolus(program: Program) -> list[str]:
    if not program["patient_bolus_ng"]:
        return []
    return [
        "",
        "[patient_bolus]",
        f'dose = "{_ug(program["patient_bolus_ng"])}"',
        f'duration = "{_minutes(program["patient_bolus_min"])}"',
        f'lockout = "{_minutes(program["patient_lockout_min"])}"',
        f"per_day = {program['patient_boluses_per_day']}",
    ]


def _periodic_bolus(program: Program) -> list[str]:
    if not program["periodic_bolus_ng"]:
        return []
    return [
        "",
        "[periodic_bolus]",
        f'dose = "{_ug(program["periodic_bolus_ng"])}"',
        f'duration = "{_minutes(program["periodic_bolus_min"])}"',
        f'every = "{_minutes(program["periodic_interval_min"])}"',
    ]


def _start(program: Program) -> list[str]:
    return ["", "[start]", f'at = "{therapy_times.iso(program["start_min"])}"'] if program["start_min"] else []


def _plan(program: Program) -> list[str]:
    if not program["plan_list"]:
        return []
    lines = ["", "[plan]"]
    if program["plan_increase_permille"]:
        lines.append(f'increase_max = "{decimal(program["plan_increase_permille"], 10, 1)}%"')
    for step in program["plan_list"]:
        lines += ["", "[[plan.step]]", f'at = "{therapy_times.iso(step["at_min"])}"']
        lines.append(f'dose = "{_ug(step["dose_ng_per_day"])}/d"')
    return lines


def _limits(program: Program) -> list[str]:
    limits = (
        ("dose_max_1h", program["dose_max_1h_ng"], ""),
        ("dose_max_4h", program["dose_max_4h_ng"], ""),
        ("dose_max", program["dose_max_ng_per_day"], "/d"),
    )
    lines = [f'{key} = "{_ug(limit)}{per}"' for key, limit, per in limits if limit]
    return ["", "[limits]", *lines] if lines else []


def _ug(dose_ng: int) -> str:
    return f"{decimal(dose_ng, units.NG_PER_UG, 3)}ug"


def _minutes(minutes: int) -> str:
    return f"{minutes // 60}h" if minutes and minutes % 60 == 0 else f"{minutes}min"


def _text(text: str) -> str:
    # A JSON string is a TOML basic string, but for DEL, which JSON leaves as it is.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
