"""A replay for people: a line for each stretch, what was not played, and the verdict."""

from collections.abc import Sequence

from infuser.wire import alarms, messages, records, states
from pumpctl import quantity, timetext
from pumpctl.replay_compare import EQUAL, OPEN, Deviation, Stretch
from pumpctl.replay_document import Times, counts, first_deviation, number
from pumpctl.replay_run import Played
from pumpctl.report_text import plural

COLUMNS = ("FROM", "TO", "COMPARED", "EQUAL", "OPEN", "STEPS LOGGED", "REPLAYED", "MOTOR", "VERDICT")
MET, NOT_MET = "step for step", "DEVIATES"
STYLES = {MET: "green", NOT_MET: "bold red"}


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
        for event, refusal in one.refused:
            name = messages.MESSAGES[event.members[0]["fields"]["command"]][0]
            why = f"{refusal}: {refusal.text}" if refusal.text else str(refusal)
            lines.append(
                f"Refused by the scratch pump, not by the log's: record {event.members[0]['seq']}, {name} ({why})."
            )
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
    if one.unmade:
        cut += f"; {plural(one.unmade, 'microstep', 'microsteps')} counted as made when it was stopped"
    lines = [
        f"The scratch pump counts {one.counted} microsteps in the end; its motor was given {one.made} pulses{cut}."
    ]
    if one.clock_sets:
        cuts = plural(one.clock_sets, "power cut", "power cuts")
        lines.append(
            f"Before {cuts} its clock was set to that of the log, at the age of the last sign of life there: so both go"
            " on from the same counters and the same time."
        )
    return lines


def _seqs(seqs: Sequence[int]) -> str:
    shown = ", ".join(map(str, seqs[:5]))
    return f"{'number' if len(seqs) == 1 else 'numbers'} {shown}{', ...' if len(seqs) > 5 else ''}"


def verdict(told: Sequence[Played], at: Times) -> str:
    """What came of it, in a sentence or two."""
    first = first_deviation(told)
    total, equal, left = len(counts(told)), number(told, EQUAL), number(told, OPEN)
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


def _when(seq: int, at: Times) -> str:
    return timetext.people(at[seq].utc_ms, at[seq].offset_min)
