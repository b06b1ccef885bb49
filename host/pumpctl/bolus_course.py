"""Boluses of a log as they went: when each began and ended, what was given of it and why it ended."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from infuser.wire import records, states


@dataclass(frozen=True)
class Bolus:
    """A bolus as it was given; ms by the caller's clock, `end_ms` None: still running at the end of the log."""

    bucket: int
    start_ms: int
    dose_ng: int
    asked_nl: int = 0
    duration_ms: int = 0
    operator: str = ""
    end_ms: int | None = None
    steps: int = 0
    volume_nl: int = 0
    reason: int = states.DONE


def boluses(log: Iterable[tuple[int, dict[str, Any]]]) -> list[Bolus]:
    """The boluses of (ms, record) in the order in which they began; priming is none."""
    given: list[Bolus] = []
    open_at: dict[int, int] = {}
    for ms, record in log:
        told = record["fields"]
        if record["kind"] == records.BOLUS_STARTED and told["bucket"] != states.PRIME:
            open_at[told["bucket"]] = len(given)
            asked = (told["dose_ng"], told["volume_nl"], told["duration_ms"], told["operator"])
            given.append(Bolus(told["bucket"], ms, *asked))
        elif record["kind"] == records.BOLUS_ENDED and told["bucket"] in open_at:
            at = open_at.pop(told["bucket"])
            ended = {name: told[name] for name in ("steps", "volume_nl", "reason")}
            given[at] = replace(given[at], end_ms=ms, **ended)
    return given
