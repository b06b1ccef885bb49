"""What `pumpctl doctor` shows: a table within 80 columns, and the commands that mend, unfolded for copying."""

import textwrap
from collections.abc import Iterable
from typing import Any

from pumpctl.doctor import CHECKS, PROBLEM, SKIPPED, WARNING, Finding, Scene

COLUMNS = ("CHECK", "", "FOUND")
_TEXT_WIDTH = 50
_NAMED_MOST = 3
Lines = list[tuple[str, str, str]]


def document(scene: Scene) -> dict[str, Any]:
    """All findings for scripts."""
    told = [
        {
            "check": name, "about": CHECKS[name][2], "pump": one.pump or None, "level": one.level, "text": one.text,
            "mend": one.mend or None,
        }
        for name, findings in scene.findings.items()
        for one in findings
    ]  # fmt: skip
    problems, warnings = (sum(one["level"] == level for one in told) for level in (PROBLEM, WARNING))
    return {"sound": not problems, "problems": problems, "warnings": warnings, "checks": told}


def rows(scene: Scene, every: bool = False) -> Lines:
    """(check, level, what was found) under COLUMNS; what was skipped only if `every` finding is wanted."""
    return [
        (name if not at else "", level, "\n".join(_wrapped(text)))
        for name, findings in scene.findings.items()
        for at, (level, text) in enumerate(_together(one for one in findings if every or one.level != SKIPPED))
    ]


def _together(findings: Iterable[Finding]) -> list[tuple[str, str]]:
    """(level, text); what is the same on several pumps is told once."""
    alike: dict[tuple[str, str], list[str]] = {}
    for one in findings:
        alike.setdefault((one.level, one.text), []).append(one.pump)
    return [(level, f"{_pumps(names)}{text}") for (level, text), names in alike.items()]


def _pumps(names: list[str]) -> str:
    named = [name for name in names if name]
    if not named:
        return ""
    return f"{len(named)} pumps: " if len(named) > _NAMED_MOST else f"{', '.join(named)}: "


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _TEXT_WIDTH, break_on_hyphens=False) or [""]


def mends(scene: Scene) -> list[str]:
    """For each check that found something, how to mend it, problems first."""
    told = []
    for level, title in ((PROBLEM, "To mend the problems:"), (WARNING, "To mend what is warned of:")):
        of_level = [
            (name, one.mend) for name, findings in scene.findings.items() for one in findings
            if one.level == level and one.mend
        ]  # fmt: skip
        if of_level:
            told += ["", title, *(f"  {name}: {mend}" for name, mend in dict.fromkeys(of_level))]
    return told


def summary(scene: Scene) -> str:
    """How many of each, in words."""
    told = document(scene)
    return f"{_many(told['problems'], 'problem')}, {_many(told['warnings'], 'warning')}.".capitalize()


def _many(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'' if count == 1 else 's'}"
