"""Scenarios played, as tables for people and as a document for scripts."""

from collections.abc import Sequence
from typing import Any

from infuser.wire import units
from pumpctl.scenario.play import Played
from pumpctl.scenario.watching import Verdict

MET, NOT_MET, DONE = "met", "NOT MET", "done"
COLUMNS = ("AT", "EXPECTED", "SEEN", "VERDICT")
STYLES = {MET: "green", NOT_MET: "bold red"}


def document(played: Sequence[Played]) -> dict[str, Any]:
    """All of it for scripts."""
    return {"met": all(one.met for one in played), "scenarios": [_scenario(one) for one in played]}


def _scenario(one: Played) -> dict[str, Any]:
    return {
        "file": str(one.scenario.path),
        "title": one.scenario.title,
        "case": list(one.scenario.cases),
        "met": one.met,
        "lasted_ms": one.lasted_ms,
        "verdicts": [
            {
                "kind": verdict.kind, "number": verdict.number, "at_ms": verdict.at_ms,
                "expected": verdict.expected, "seen": verdict.seen, "met": verdict.met,
            }
            for verdict in one.verdicts
        ],
    }  # fmt: skip


def title(one: Played) -> str:
    """The headline of a scenario's table."""
    cases = f" ({', '.join(one.scenario.cases)})" if one.scenario.cases else ""
    return f"{one.scenario.path.name}: {one.scenario.title}{cases}"


def rows(one: Played) -> list[tuple[str, str, str, str]]:
    """The verdicts of a scenario in the order of time."""
    return [(_moment(verdict.at_ms), verdict.expected, verdict.seen, word(verdict)) for verdict in one.verdicts]


def word(verdict: Verdict) -> str:
    """The verdict in a word; a step that was carried out as told is no verdict on the pump."""
    if verdict.met:
        return DONE if verdict.kind == "step" and verdict.seen == "done" else MET
    return NOT_MET


def _moment(at_ms: int) -> str:
    seconds = max(0, at_ms) // units.MS_PER_S
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    return f"{f'{days} d ' if days else ''}{hours:02d}:{minutes:02d}:{seconds % 60:02d}"


def summary(played: Sequence[Played]) -> str:
    """One line over all."""
    bad = [one.scenario.path.name for one in played if not one.met]
    count = f"{len(played)} scenario{'' if len(played) == 1 else 's'}"
    return f"{count}: everything as expected." if not bad else f"{count}, not as expected: {', '.join(bad)}."
