"""What the pump itself recorded since a visit began: the witness of what was done, whatever became of the replies."""

from typing import Any

from infuser.wire import records, states
from pumpctl.client import Pump
from pumpctl.errors import VerificationError
from pumpctl.logchain import Record


def since(pump: Pump, mark: int) -> list[Record]:
    """The pump's records from number `mark` on; VerificationError where they are not sound or no longer there."""
    now = pump.status()
    if not now["log_oldest"] <= mark <= now["log_next"]:
        raise VerificationError(
            f"the pump's log no longer holds what was done since the visit began: it has records {now['log_oldest']} to"
            f" {now['log_next'] - 1}, the visit began at {mark}",
            field="log", remedy="`pumpctl visit abandon`; look at `pumpctl log show` and at the pump, then begin anew",
        )  # fmt: skip
    if mark == now["log_next"]:
        return []
    raw = b"".join(pump.read_log(mark))
    found, at = [], 0
    try:
        while at < len(raw):
            size = records.size_at(raw, at)
            found.append(records.decode(raw[at : at + size]))
            at += size
    except records.RecordError as error:
        raise VerificationError(f"the pump's log is damaged: {error}", remedy="run `pumpctl log verify`") from None
    return [one for one in found if one["seq"] >= mark]


def refill(pump: Pump, mark: int) -> dict[str, Any] | None:
    """Fields of the last refill accounted for since `mark`. A pump that finds itself empty notes one of no volume."""
    found = [one["fields"] for one in since(pump, mark) if one["kind"] == records.REFILL and one["fields"]["volume_nl"]]
    return found[-1] if found else None


def priming(pump: Pump, mark: int) -> tuple[int, int] | None:
    """(volume asked for, volume primed) in nL of the catheter since `mark`, None if it was never begun."""
    asked_nl = primed_nl = 0
    begun = False
    for one in since(pump, mark):
        told = one["fields"]
        if one["kind"] == records.BOLUS_STARTED and told["bucket"] == states.PRIME:
            begun = told["purpose"] == states.PRIMING_CATHETER
            asked_nl = max(asked_nl, told["volume_nl"]) if begun else asked_nl
        elif one["kind"] == records.BOLUS_ENDED and told["bucket"] == states.PRIME and begun:
            primed_nl += told["volume_nl"]
    return (asked_nl, primed_nl) if asked_nl else None


def bridge_nl(pump: Pump, mark: int) -> int | None:
    """Volume of the bridge begun since `mark`, nL; None without one."""
    found = [one["fields"]["volume_nl"] for one in since(pump, mark) if one["kind"] == records.BRIDGE]
    return max(found) if found else None
