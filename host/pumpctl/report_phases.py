"""Times in which something else than the program's own rate ran: a temporary rate, a bridge."""

from collections.abc import Sequence
from dataclasses import dataclass

from infuser.wire import records
from pumpctl.report_text import dose, volume
from pumpctl.report_time import Placed

TEMPORARY_RATE = "temporary rate"
BRIDGE = "bridge"
KINDS = (TEMPORARY_RATE, BRIDGE)


@dataclass(frozen=True)
class Phase:
    """One such time, local ms; `what` says how much of it there was."""

    kind: str
    what: str
    start_ms: int
    end_ms: int


def phases(placed: Sequence[Placed], start_ms: int, end_ms: int) -> list[Phase]:
    """The phases of a log that touch the period, clipped to it, in order of their end."""
    open_: dict[str, tuple[str, int]] = {}
    found: list[Phase] = []

    def close(kind: str, at_ms: int) -> None:
        what, since_ms = open_.pop(kind, ("", at_ms))
        if what and at_ms > start_ms and since_ms < end_ms:
            found.append(Phase(kind, what, max(since_ms, start_ms), min(at_ms, end_ms)))

    for one in placed:
        begun = _begun(one)
        if begun is None:
            continue
        kind, what = begun
        close(kind, one.local_ms)
        if what:
            open_[kind] = (what, one.local_ms)
    for kind in list(open_):
        close(kind, end_ms)
    return found


def _begun(one: Placed) -> tuple[str, str] | None:
    """(kind, what begins, empty if it ends) at a record; None if it is about neither."""
    told = one.fields
    if one.kind == records.TEMPORARY_RATE:
        return TEMPORARY_RATE, f"{dose(told['dose_ng_per_day'])} a day" if told["dose_ng_per_day"] else ""
    if one.kind == records.PROGRAM:  # a program takes the place of a temporary rate, without a record of its own
        return TEMPORARY_RATE, ""
    if one.kind == records.BRIDGE:
        return BRIDGE, f"{volume(told['volume_nl'])} of the drug before" if told["volume_nl"] else ""
    return None
