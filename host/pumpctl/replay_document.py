"""A replay as a document for scripts."""

from collections.abc import Mapping, Sequence
from typing import Any

from infuser.wire import alarms, messages, records
from pumpctl import timetext
from pumpctl.logchain import Record
from pumpctl.replay_compare import DEVIATES, EQUAL, OPEN, Count, Deviation, Stretch
from pumpctl.replay_course import Event
from pumpctl.replay_run import Played
from pumpctl.report_time import Placed, place

Times = Mapping[int, Placed]


def times(log: Sequence[Record]) -> Times:
    """When each record was, by its number."""
    return {one.record["seq"]: one for one in place(log)}


def document(told: Sequence[Played], at: Times) -> dict[str, Any]:
    """All of it for scripts."""
    deviation = first_deviation(told)
    return {
        "step_for_step": all(one.met for one in told),
        "compared": len(counts(told)),
        **{verdict: number(told, verdict) for verdict in (EQUAL, OPEN, DEVIATES)},
        "first_deviation": _deviation(deviation, at) if deviation else None,
        "parts": [_part(one, at) for one in told],
    }


def _part(one: Played, at: Times) -> dict[str, Any]:
    return {
        "from_first_power_on": one.born,
        "first_seq": one.first["seq"],
        "records_before": one.skipped_records,
        "steps_counted": one.counted,
        "motor_pulses": one.made,
        "pulses_before_power_cuts": one.uncounted,
        "counted_at_stops_and_not_made": one.unmade,
        "clock_set_before_power_cuts": one.clock_sets,
        "stretches": [_stretch(stretch, at) for stretch in one.stretches],
        "not_played": [{"kind": kind, "why": why, "seqs": seqs} for (kind, why), seqs in one.unplayed.items()],
        "stood_in": {alarms.name(alarm): alarms.name(played) for alarm, played in one.stood_in.items()},
        "refused": [
            {"seq": event.members[0]["seq"], "command": _command(event), "code": str(refusal)}
            for event, refusal in one.refused
        ],
        "came_too_late": [event.members[0]["seq"] for event in one.late],
    }


def _command(event: Event) -> str:
    name: str = messages.MESSAGES[event.members[0]["fields"]["command"]][0]
    return name


def _stretch(stretch: Stretch, at: Times) -> dict[str, Any]:
    last = stretch.last or stretch.first
    return {
        "first_seq": stretch.first["seq"],
        "last_seq": last["seq"],
        "from": _iso(stretch.first["seq"], at),
        "to": _iso(last["seq"], at),
        "off_ms": stretch.off_ms,
        "steps_uncertain": stretch.uncertain[0],
        "steps_uncertain_replayed": stretch.uncertain[1],
        "step_for_step": stretch.met,
        "counts": [_count(count) for count in stretch.counts],
        "deviations": [_deviation(one, at) for one in stretch.deviations],
    }


def _count(count: Count) -> dict[str, Any]:
    fields = count.record["fields"]
    other = count.replayed["fields"] if count.replayed else None
    return {
        "seq": count.record["seq"],
        "age_ms": count.record["age_ms"],
        "apart_ms": count.apart_ms,
        "logged": {name: fields[name] for name in records.COUNTER_NAMES},
        "replayed": {name: other[name] for name in records.COUNTER_NAMES} if other else None,
        "programmed_off_nl": fields["programmed_nl"] - other["programmed_nl"] if other else None,
        "open_nl": count.open_nl,
        "motor_pulses": count.pulses,
        "verdict": count.verdict,
    }


def _deviation(one: Deviation, at: Times) -> dict[str, Any]:
    return {
        "seq": one.seq, "time": _iso(one.seq, at), "age_ms": one.age_ms, "what": one.what,
        "logged": one.logged, "replayed": one.replayed,
    }  # fmt: skip


def _iso(seq: int, at: Times) -> str | None:
    return timetext.iso(at[seq].utc_ms, at[seq].offset_min)


def counts(told: Sequence[Played]) -> list[Count]:
    """Every record of counters that was compared."""
    return [count for one in told for stretch in one.stretches for count in stretch.counts]


def number(told: Sequence[Played], verdict: str) -> int:
    """How many of them have a verdict."""
    return sum(count.verdict == verdict for count in counts(told))


def first_deviation(told: Sequence[Played]) -> Deviation | None:
    """The earliest deviation, None without any."""
    return next((one for played in told for stretch in played.stretches for one in stretch.deviations), None)
