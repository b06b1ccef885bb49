"""The therapy in force in a few clinical lines, for the first page."""

from typing import Any

from infuser.wire import program as programs
from pumpctl import program_view
from pumpctl.report_data import Report
from pumpctl.report_text import in_print

_NONE = ("none", "-", "")


def lines(report: Report) -> list[tuple[str, str]]:
    """(what, in words) of the therapy in force at the end of the period; empty without a program."""
    program = report.program
    if program is None:
        return []
    plan_ng = report.doses[-1].plan_ng_per_day if report.doses else 0
    told = dict(program_view.lines(program, plan_ng))
    rows = [("dose", _dose(program, told))]
    rows += [
        (name, _joined(told[name]))
        for name in ("patient bolus", "periodic bolus", "bolus", "dose limit", "minimum rate")
        if told[name] not in _NONE
    ]
    names = {"bolus": "clinician bolus"}
    return [(names.get(name, name), in_print(" ".join(words.split()))) for name, words in rows]


def _joined(words: str) -> str:
    """What the terminal sets below each other or apart, in one line."""
    return words.replace("\n", ", ").replace("  ", ", ")


def _dose(program: dict[str, Any], told: dict[str, str]) -> str:
    mode = programs.MODE_NAMES[program["mode"]]
    steps = [line.replace("  ", " ") for line in told["steps"].split("\n")]
    shown = f": {'; '.join(steps)}" if program["mode"] == programs.FLEX and len(steps) <= 6 else ""
    plan = "; a plan changes it" if program["plan_list"] else ""
    return f"{told['dose per day']} ({told['volume per day']}), {mode}{shown}{plan}"
