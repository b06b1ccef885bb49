"""What a fleet command shows: one row a pump, those that failed among them, in 80 columns."""

from collections.abc import Callable, Sequence
from typing import Any

from pumpctl import quantity, status_parts, status_view, timetext
from pumpctl.fleet_crew import Crew, Seat

Values = dict[str, Any]
STATUS_COLUMNS = ("PUMP", "STATE", "DOSE NOW", "RESERVOIR", "REFILL DUE", "ALARMS")
NOTHING = "-"
_FAILED = {"link": "no answer", "protocol-mismatch": "other version", "verification": "unsound"}


def document(crew: Crew, skipped: Sequence[Any]) -> Values:
    """The one document of a fleet command."""
    return {
        "pumps": [seat.document() for seat in crew.seats],
        "done": len(crew.able),
        "failed": len(crew.failed),
        "skipped": [{"port": one.port, "why": one.why} for one in skipped],
    }


def rows(crew: Crew, row: Callable[[Seat], Sequence[str]], width: int) -> list[list[str]]:
    """A row for each pump: its name and what `row` tells of it; of one that failed only that."""
    told = []
    for seat in crew.seats:
        cells = (
            [f"failed: {_FAILED.get(seat.error.kind, seat.error.kind)}"] if seat.error is not None else list(row(seat))
        )
        told.append([seat.name, *cells, *[NOTHING] * (width - 1 - len(cells))])
    return told


def failures(crew: Crew) -> list[str]:
    """Each failure in lines: what happened on which pump, how to mend it, and the exit code that it has by itself."""
    told = []
    for seat in crew.failed:
        assert seat.error is not None
        first, *rest = seat.error.lines()
        told.append(f"{seat.name}: {first} (exit code {seat.error.exit_code})")
        told += [f"  {line}" for line in rest]
    return told


def status(seat: Seat) -> list[str]:
    """State, dose, reservoir, refill date and alarms of a pump, under STATUS_COLUMNS."""
    now = seat.result["reply"]
    alarms = [status_view.alarm_name(alarm["alarm"]) for alarm in now["alarm_list"]]
    return [
        status_parts.state_name(now["state"]),
        quantity.format_dose_rate(now["dose_ng_per_day"]),
        quantity.format_volume(now["reservoir_nl"]),
        status_view.refill_due(now["refill_due_ms"], now)[:10],
        "\n".join(alarms) or "none",
    ]


def difference(ahead_ms: int | None) -> str:
    """How far a pump's clock is from this machine's."""
    if ahead_ms is None:
        return "not set"
    if abs(ahead_ms) < 1000:
        return "less than 1 s"
    return f"{status_parts.whole(abs(ahead_ms))} {'ahead' if ahead_ms >= 0 else 'behind'}"


def clock(seat: Seat) -> list[str]:
    """Time, difference and zone of a pump's clock."""
    told = seat.result
    return [(told["time"] or NOTHING)[:16].replace("T", " "), difference(told["ahead_ms"]), zone(told)]


def zone(told: Values) -> str:
    """The pump's offset from UTC, and this machine's where it is another."""
    here = timetext.now()[1]
    pump, host = _offset(told["utc_offset_min"]), _offset(here)
    return pump if pump == host else f"{pump}, here {host}"


def _offset(minutes: int) -> str:
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def version(library: Values | None) -> str:
    """Name and version of a drug library."""
    return f"{library['name']}, version {library['version']}" if library else "missing or damaged"
