"""A replay for people and for scripts: a line for each stretch, the first deviation, what was not played, the verdict."""

from collections.abc import Mapping, Sequence
from typing import Any

from infuser.wire import alarms, records, states
from pumpctl import quantity, timetext
from pumpctl.logchain import Record
from pumpctl.replay_compare import DEVIATES, EQUAL, OPEN, Count, Deviation, Stretch
from pumpctl.replay_run import Played
from pumpctl.report_text import plural
from pumpctl.report_time import Placed, place

Times = Mapping[int, Placed]
COLUMNS = ("FROM", "TO", "COMPARED", "EQUAL", "OPEN", "STEPS LOGGED", "REPLAYED", "MOTOR", "VERDICT")
MET, NOT_MET = "step for step", "DEVIATES"
STYLES = {MET: "green", NOT_MET: "bold red"}


def times(log: Sequence[Record]) -> Times:
    """When each record was, by its number."""
    return {one.record["seq"]: one for one in place(log)}


def document(told: Sequence[Played], at: Times) -> dict[str, Any]:
    """All of it for scripts."""
    first = _first(told)
    return {
        "step_for_step": all(one.met for one in told),
        "compared": len(_counts(told)),
        **{verdict: _number(told, verdict) for verdict in (EQUAL, OPEN, DEVIATES)},
        "first_deviation": _deviation(first, at) if first else None,
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
        "saved_for_power_cuts": one.saved,
        "stretches": [_stretch(stretch, at) for stretch in one.stretches],
        "not_played": [{"kind": kind, "why": why, "seqs": seqs} for (kind, why), seqs in one.unplayed.items()],
        "stood_in": {alarms.name(alarm): alarms.name(played) for alarm, played in one.stood_in.items()},
        "came_too_late": [event.members[0]["seq"] for event in one.late],
    }


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


def _when(seq: int, at: Times) -> str:
    return timetext.people(at[seq].utc_ms, at[seq].offset_min)


def _counts(told: Sequence[Played]) -> list[Count]:
    return [count for one in told for stretch in one.stretches for count in stretch.counts]


def _number(told: Sequence[Played], verdict: str) -> int:
    return sum(count.verdict == verdict for count in _counts(told))


def _first(told: Sequence[Played]) -> Deviation | None:
    return next((one for played in told for stretch in played.stretches for one in stretch.deviations), None)


# For people


def rows(told: Sequence[Played], at: Times) -> list[tuple[str, ...]]:
    """A line for each stretch between two power-ons."""
    return [_row(stretch, at) for one in told for stretch in one.stretches]


def _row(stretch: Stretch, at: Times) -> tuple[str, ...]:
    counts = stretch.counts
    verdicts = [count.verdict for count in counts]
    last = counts[-1] if counts else None
    replayed = last.replayed if last else None
    pulses = [count.pulses for count in counts if count.pulses is not None]
    return (
        _when(stretch.first["seq"], at),
        _when((stretch.last or stretch.first)["seq"], at),
        str(len(counts)),
        str(verdicts.count(EQUAL)),
        str(verdicts.count(OPEN)),
        str(last.steps) if last else "-",
        str(sum(replayed["fields"][name] for name in records.COUNTER_NAMES)) if replayed else "-",
        str(pulses[-1]) if pulses else "-",
        MET if stretch.met else NOT_MET,
    )


def notes(told: Sequence[Played], at: Times) -> list[str]:
    """What a reader must know of how the log was played."""
    lines = []
    for one in told:
        if not one.born:
            began = f"from record {one.first['seq']}, {_when(one.first['seq'], at)}"
            lines.append(f"Played {began}: in the state of a snapshot; what stood between two microsteps is open.")
        for stretch in one.stretches:
            lines += _power_on(stretch, at)
        for alarm, played in one.stood_in.items():
            lines.append(f"The alarm {alarms.name(alarm)} was played as {alarms.name(played)}: both stop the motor.")
        for (kind, why), seqs in one.unplayed.items():
            lines.append(f"Not played: {plural(len(seqs), 'record', 'records')} of kind {kind}, {_seqs(seqs)}: {why}.")
        for event in one.late:
            lines.append(f"Not played at its age: record {event.members[0]['seq']}, for the scratch pump was busy.")
        lines += _motor(one)
    return lines


def _power_on(stretch: Stretch, at: Times) -> list[str]:
    logged, replayed = stretch.uncertain
    if not stretch.off_ms and not logged and not replayed:
        return []
    off = quantity.format_duration(stretch.off_ms // 1000 * 1000) if stretch.off_ms else "an unknown time"
    doubt = f"{plural(logged, 'microstep is', 'microsteps are')} in doubt by the log, {replayed} in the replay"
    return [f"Without power for {off} until {_when(stretch.first['seq'], at)}: {doubt}; in no counter of either."]


def _motor(one: Played) -> list[str]:
    cut = f", {one.uncounted} of them before power cuts and in no counter" if one.uncounted else ""
    lines = [f"The scratch pump counts {one.counted} microsteps in the end; its motor was given {one.made} pulses{cut}."]
    if one.saved:
        lines.append(
            f"Before {plural(one.saved, 'power cut', 'power cuts')} it was made to save its counters at the age of the"
            " log's last sign of life."
        )
    return lines


def _seqs(seqs: Sequence[int]) -> str:
    shown = ", ".join(map(str, seqs[:5]))
    return f"{'number' if len(seqs) == 1 else 'numbers'} {shown}{', ...' if len(seqs) > 5 else ''}"


def verdict(told: Sequence[Played], at: Times) -> str:
    """What came of it, in a sentence or two."""
    first = _first(told)
    total, equal, left = len(_counts(told)), _number(told, EQUAL), _number(told, OPEN)
    if first is not None:
        return f"NOT step for step. First deviation: {sentence(first, at)}"
    if not left:
        return f"Step for step: all {total} records of counters are equal in every bucket."
    return (
        f"Step for step: {equal} of {total} records of counters are equal in every bucket,"
        f" {left} differ by no more than the log leaves open."
    )


def sentence(one: Deviation, at: Times) -> str:
    """A deviation for people."""
    where = f"record {one.seq}, {_when(one.seq, at)}"
    if one.replayed is None:
        return f"{where}: the replayed pump has nothing like it ({one.what})."
    if one.what in states.BUCKET_NAMES:
        return f"{where}: {one.what}, {one.logged} microsteps logged, {one.replayed} replayed."
    return f"{where}: {one.what}, {one.logged} logged, {one.replayed} replayed."
