"""Where a replay begins: with the pump's first power-on, or in the state that a snapshot of its log holds.

A snapshot is the whole ledger. Written into the flash of a scratch pump with the counters of the next record of
counters, it is what the firmware takes up by itself when it is switched on, as after a power cut.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from infuser.core import segments
from infuser.core.checkpoint import Checkpoint
from infuser.core.journal import FIRST_SEQ
from infuser.core.ledger import Ledger
from infuser.wire import codec, records, states, units
from infuser.wire import library as libraries
from pumpctl import library as files
from pumpctl.errors import VerificationError
from pumpctl.logchain import Record
from pumpctl.replay_fractions import fractions_pl
from pumpctl.replay_slack import Slack

# From power-on to the first tick: self-test, and what is written before.
_START_MS = 400
# One of the two files in which a pump keeps its drug library.
_LIBRARY_FILE = "lib0"
_ALONE_MS = 3 * units.MS_PER_S
_TICK_MS = 4 * units.MS_PER_S


@dataclass
class Start:
    """State before record `at` of a section, when the scratch pump is switched on at `wall_ms` with `files`.

    `slack` says what is not known of that state.
    """

    at: int
    ledger: Ledger
    wall_ms: int
    files: dict[str, bytes] = field(default_factory=dict)
    slack: Slack = field(default_factory=Slack)


class _Flash:
    """Files by name, as hw.storage.Files keeps them."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}

    def read(self, name: str) -> bytes | None:
        """The bytes of a file, None without it."""
        return self.held.get(name)

    def overwrite(self, name: str, data: bytes) -> None:
        """Replace a file."""
        self.held[name] = data


def begin(section: Sequence[Record], held: Sequence[bytes] = ()) -> Start | None:
    """The earliest place of a section without gaps from which it can be replayed; None if there is none.

    `held` are drug libraries, encoded, that the log's pump may have had besides the one that a pump begins with.
    """
    first = section[0]
    if first["seq"] == FIRST_SEQ:
        at = next((at for at, one in enumerate(section) if one["kind"] == records.BOOT), None)
        if at is not None:
            return _born(section, at)
    ledger: Ledger | None = None
    for at, record in enumerate(section):
        if record["kind"] == records.SNAPSHOT and ledger is None:
            ledger = _restored(record)
        if ledger is None:
            continue
        apply(ledger, record)
        if record["kind"] == records.DELIVERY and _alone(section, at) and _settled(ledger):
            return _taken_up(section, at, ledger, held)
    return None


def apply(ledger: Ledger, record: Record) -> None:
    """Take a record into account; VerificationError if it is sound as a record, but no pump can have written it."""
    try:
        ledger.apply(record["kind"], record["fields"], record["time_ms"], record["age_ms"])
    except (LookupError, ValueError) as error:
        raise impossible(record, error) from error


def impossible(record: Record, error: Exception) -> VerificationError:
    """The error for a record that tells of an alarm, a command or a program that does not exist."""
    message = f"record {record['seq']} says what no pump of this firmware does ({error})"
    return VerificationError(message, field="record", value=record["seq"], remedy="pull the log again")


def _restored(snapshot: Record) -> Ledger | None:
    """The ledger of a snapshot, None where another firmware wrote it."""
    ledger = Ledger()
    try:
        ledger.restore(snapshot["fields"]["ledger"])
    except codec.CodecError:
        return None
    return ledger


def _born(section: Sequence[Record], at: int) -> Start:
    ledger = Ledger()
    for record in section[:at]:
        apply(ledger, record)
    record = section[at]
    wall_ms = record["time_ms"] - record["age_ms"] if record["time_ms"] else 0
    return Start(at, ledger, wall_ms - wall_ms % units.MS_PER_S)


def _alone(section: Sequence[Record], at: int) -> bool:
    """Whether nothing else happened while a pump would start."""
    age_ms = section[at]["age_ms"]
    before = at == 0 or section[at - 1]["age_ms"] <= age_ms - _ALONE_MS
    return before and at + 1 < len(section) and section[at + 1]["age_ms"] >= age_ms + _ALONE_MS


def _settled(ledger: Ledger) -> bool:
    return not ledger.bolus_list and ledger.state not in (states.SELF_TEST, states.PRIMING, states.SERVICE)


def _taken_up(section: Sequence[Record], at: int, ledger: Ledger, held: Sequence[bytes]) -> Start:
    record = section[at]
    fields = record["fields"]
    # Who may act is not played again: the scratch pump has no keys, of operators, libraries or prescribers.
    ledger.keys_digest = ledger.trust_digest = ledger.prescriber_digest = b""
    ledger.signed_only = False
    ahead_ms = record["time_ms"] - record["age_ms"]
    running = ledger.state in states.DELIVERING
    on_ms = record["age_ms"] - (_START_MS if running else 0)
    wall_ms = 0
    if record["time_ms"]:
        # The clock chip counts whole seconds.
        wall_ms = (on_ms + ahead_ms + units.MS_PER_S // 2) // units.MS_PER_S * units.MS_PER_S
        on_ms = wall_ms - ahead_ms
    seq = record["seq"] + 1
    stored = records.encode(records.SNAPSHOT, record["boot"], seq, wall_ms, on_ms, {"ledger": ledger.snapshot()},
                            records.CHAIN_START)  # fmt: skip
    flash = _Flash()
    flash.held[segments.name_of(seq)] = stored
    Checkpoint(flash).save(_counters(section, at, seq, on_ms, wall_ms))
    library = _library(ledger.library_digest, held)
    if library:
        flash.held[_LIBRARY_FILE] = library
    slack = Slack(step_pl=fields["step_pl"], rate_nl_per_day=fields["rate_nl_per_day"])
    if running:
        slack.open_for(_TICK_MS + units.MS_PER_S, fields["rate_nl_per_day"])
    slack.open_pl += units.PL_PER_NL
    slack.forget()
    return Start(at + 1, ledger, wall_ms, flash.held, slack)


def _counters(section: Sequence[Record], at: int, seq: int, age_ms: int, time_ms: int) -> dict[str, object]:
    fields = section[at]["fields"]
    counters = {name: fields[name] for name in records.COUNTER_NAMES}
    fractions = dict(zip(records.FRACTION_NAMES, fractions_pl(section, at), strict=True))
    return {
        "event_seq": seq,
        **counters,
        **fractions,
        "steps_reserved": sum(counters.values()),
        "basal_acc_rem": 0,
        "age_ms": age_ms,
        "time_ms": time_ms,
        "window_min": 0,
        "minutes": b"",
    }


def _library(digest: bytes, held: Sequence[bytes]) -> bytes:
    """The library of a digest as it stands on the flash, b"" if it is not known here."""
    for encoded in (files.encode(files.starting()), *held):
        if libraries.digest(encoded) == digest:
            # What is on the flash was verified when it came: its signature is not looked at again.
            return encoded + bytes(libraries.SIGNATURE_BYTES)
    return b""
