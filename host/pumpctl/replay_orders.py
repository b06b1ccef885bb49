"""Commands read back out of a log: what was asked of the pump, from the records that the command left."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from infuser.core.ledger import Ledger
from infuser.wire import errors, messages, records, states, units
from infuser.wire import program as programs
from pumpctl.logchain import Record

Values = dict[str, Any]

# Who may act is no part of a therapy: the scratch pump has no keys, of operators, libraries or prescribers.
UNPLAYED = (
    messages.KEYS,
    messages.SIGN_IN,
    messages.LIBRARY_TRUST,
    messages.LIBRARY_COMMIT,
    messages.PRESCRIBER,
    messages.SERVICE_REPL,
)
_TOO_LONG_MS = 1 << 48
_NOBODY = 0xFF


@dataclass(frozen=True)
class Order:
    """A command to be sent again: its request, a program to be staged before it, the answer that the log tells of."""

    command: int
    request_id: int
    values: Values
    staged: bytes = b""
    error: int = errors.OK


def order(members: Sequence[Record], ledger: Ledger) -> Order | None:
    """The command whose records these are, the first of them its COMMAND; None where it cannot be sent again.

    `ledger` is the pump's state before it.
    """
    told = members[0]["fields"]
    command = told["command"]
    if command in UNPLAYED or command not in _VALUES:
        return None
    error = _outcome(members)
    patient = _patient(ledger)
    refused = error not in (errors.OK, errors.BEGUN)
    values = _VALUES[command](members, ledger, patient)
    if refused:
        values |= _to_be_refused(command, members, ledger)
    staged = b""
    if command == messages.PROGRAM_COMMIT and not refused:
        staged = _field(members, records.PROGRAM, "program", b"")
    return Order(command, told["request_id"], {**values, "operator": told["operator"]}, staged, error)


def _outcome(members: Sequence[Record]) -> int:
    error: int = [one for one in members if one["kind"] == records.COMMAND][-1]["fields"]["error"]
    return error


def _patient(ledger: Ledger) -> str:
    patient: str = programs.decode(ledger.program)["patient"] if ledger.program else ""
    return patient


def _last(members: Sequence[Record], kind: int) -> Record | None:
    return next((one for one in reversed(members) if one["kind"] == kind), None)


def _field(members: Sequence[Record], kind: int, name: str, without: Any = 0) -> Any:
    record = _last(members, kind)
    return record["fields"][name] if record else without


def _fields(members: Sequence[Record], kind: int, *names: str) -> Values:
    return {name: _field(members, kind, name) for name in names}


def _nothing(members: Sequence[Record], ledger: Ledger, patient: str) -> Values:
    return {}


def _commit(members: Sequence[Record], ledger: Ledger, patient: str) -> Values:
    data = _field(members, records.PROGRAM, "program", b"")
    bridge_nl = _field(members, records.BRIDGE, "volume_nl")
    # The scratch pump trusts no prescriber's key, and asks for no signature.
    return {"digest": programs.digest(data), "confirmed": True, "bridge_nl": bridge_nl, "signature": b""}


def _bolus(members: Sequence[Record], ledger: Ledger, patient: str) -> Values:
    told = _fields(members, records.BOLUS_STARTED, "dose_ng", "duration_ms")
    return {**told, "patient": patient, "confirmed": True}


def _armed(members: Sequence[Record]) -> tuple[int, int]:
    """(ms until the start, reminder in min) that a command has set, 0 for none."""
    for one in members:
        fields = one["fields"]
        if one["kind"] == records.START_AT and (fields["start_age_ms"] or fields["remind_min"]):
            start_ms = fields["start_age_ms"]
            return (start_ms - one["age_ms"] if start_ms else 0), fields["remind_min"]
    return 0, 0


def _stop(members: Sequence[Record], ledger: Ledger, patient: str) -> Values:
    wait_ms, remind_min = _armed(members)
    return {"resume_after_ms": wait_ms, "remind_min": remind_min}


def _resume(members: Sequence[Record], ledger: Ledger, patient: str) -> Values:
    wait_ms, _ = _armed(members)
    # A start that the program is dated with may lie further ahead than one may ask for: the pump waits for it anyway.
    return {"delay_ms": wait_ms if wait_ms <= units.START_DELAY_MAX_MS else 0}


def _minimum(members: Sequence[Record], ledger: Ledger, patient: str) -> Values:
    return {"on": _field(members, records.STATE, "new") == states.MINIMUM_RATE}


def _refill(members: Sequence[Record], ledger: Ledger, patient: str) -> Values:
    return _fields(members, records.REFILL, "measured_residual_nl", "volume_nl", "concentration_ug_per_ml")


def _prime(members: Sequence[Record], ledger: Ledger, patient: str) -> Values:
    return _fields(members, records.BOLUS_STARTED, "purpose", "volume_nl", "duration_ms")


def _clock(members: Sequence[Record], ledger: Ledger, patient: str) -> Values:
    told = _fields(members, records.CLOCK, "new_ms", "utc_offset_min")
    return {"time_ms": told["new_ms"], "utc_offset_min": told["utc_offset_min"]}


def _temporary(members: Sequence[Record], ledger: Ledger, patient: str) -> Values:
    told = _fields(members, records.TEMPORARY_RATE, "dose_ng_per_day", "duration_ms")
    return {**told, "patient": patient, "confirmed": True}


def _plan(members: Sequence[Record], ledger: Ledger, patient: str) -> Values:
    record = _last(members, records.PLAN)
    if record is None:  # an order that changed nothing
        action, dose = (states.PLAN_HOLD if ledger.plan_held else states.PLAN_GO_ON), 0
    elif record["fields"]["dose_ng_per_day"] != ledger.plan_ng_per_day:
        action, dose = states.PLAN_CUT_BACK, record["fields"]["dose_ng_per_day"]
    else:
        action, dose = (states.PLAN_HOLD if record["fields"]["held"] else states.PLAN_GO_ON), 0
    return {"action": action, "dose_ng_per_day": dose, "patient": patient}


def _calibrate(members: Sequence[Record], ledger: Ledger, patient: str) -> Values:
    return _fields(members, records.CALIBRATION, "step_pl", "uncertainty_ppm", "runs")


def _ack(members: Sequence[Record], ledger: Ledger, patient: str) -> Values:
    return _fields(members, records.ALARM_ACK, "alarm")


def _pause(members: Sequence[Record], ledger: Ledger, patient: str) -> Values:
    return _fields(members, records.AUDIO_PAUSE, "pause_s")


_VALUES: dict[int, Callable[[Sequence[Record], Ledger, str], Values]] = {
    messages.ALARM_ACK: _ack,
    messages.AUDIO_PAUSE: _pause,
    messages.PROGRAM_COMMIT: _commit,
    messages.PROGRAM_CLEAR: _nothing,
    messages.BOLUS: _bolus,
    messages.BOLUS_CANCEL: _nothing,
    messages.STOP: _stop,
    messages.RESUME: _resume,
    messages.MINIMUM_RATE: _minimum,
    messages.REFILL_BEGIN: _nothing,
    messages.REFILL_COMPLETE: _refill,
    messages.REFILL_CANCEL: _nothing,
    messages.PRIME: _prime,
    messages.CLOCK_SET: _clock,
    messages.SELF_TEST: _nothing,
    messages.TEMPORARY_RATE: _temporary,
    messages.PLAN_ORDER: _plan,
    messages.CALIBRATE: _calibrate,
}


def _to_be_refused(command: int, members: Sequence[Record], ledger: Ledger) -> Values:
    """What makes sure that a request is refused: the log does not tell what was wrong with the one that was.

    A bolus refused for its lock-out or a dose window is asked for again, for that is a record of its own.
    """
    if command == messages.BOLUS and _last(members, records.BOLUS_REFUSED):
        return {"dose_ng": _field(members, records.BOLUS_REFUSED, "dose_ng"), "duration_ms": units.MS_PER_H}
    if command == messages.MINIMUM_RATE:
        return {"on": ledger.state not in states.THERAPY}
    return _IMPOSSIBLE.get(command, {})


_IMPOSSIBLE: dict[int, Values] = {
    messages.ALARM_ACK: {"alarm": _NOBODY},
    messages.AUDIO_PAUSE: {"pause_s": 0xFFFF},
    messages.PROGRAM_COMMIT: {"digest": b""},
    messages.BOLUS: {"dose_ng": 0},
    messages.STOP: {"resume_after_ms": _TOO_LONG_MS},
    messages.RESUME: {"delay_ms": _TOO_LONG_MS},
    messages.PRIME: {"purpose": _NOBODY},
    messages.CLOCK_SET: {"time_ms": 0},
    messages.TEMPORARY_RATE: {"dose_ng_per_day": 1},
    messages.PLAN_ORDER: {"action": _NOBODY},
}
