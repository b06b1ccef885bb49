"""What the commands do, callable from Python with a pump; the command line only asks and prints."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infuser.wire import alarms, states, units
from infuser.wire import program as programs
from pumpctl import bridge as bridges
from pumpctl import keystore, program_changes, program_view, quantity, status_parts, status_view, timetext
from pumpctl.client import Pump
from pumpctl.comparison import HIGHLIGHT_PERMILLE, Change, Row
from pumpctl.errors import Refused, UsageProblem, VerificationError
from pumpctl.nearest import hint
from pumpctl.program import Program, decode, encode

Values = dict[str, Any]

# Priming pace where none is asked for: 1 mL takes 5 minutes.
PRIME_NL_PER_H = 12 * units.NL_PER_ML


def status(pump: Pump) -> Values:
    """The status document of `pumpctl status --json`."""
    return status_view.document(pump.status(), pump.hello)


# Programming


@dataclass(frozen=True)
class Proposal:
    """A program staged on the pump and understood by it, beside the one in force; nothing has changed yet."""

    new: Program
    data: bytes
    old: Program | None
    status: Values
    understood: Values
    bridge_nl: int = 0
    signature: bytes = b""

    @property
    def changes_drug(self) -> bool:
        """Whether the drug before may still stand in the fluid path."""
        return bridges.changes_drug(self.old, self.new)

    @property
    def bridge(self) -> bridges.Bridge | None:
        """The bridge that leads over to this program, None without one."""
        if not self.bridge_nl or self.old is None:
            return None
        return bridges.Bridge(self.old, self.bridge_nl, self.understood["bridge_rate_nl_per_day"])

    @property
    def digest(self) -> bytes:
        """What a confirmation refers to."""
        return programs.digest(self.data)

    @property
    def warnings(self) -> list[str]:
        """Soft limits overstepped; a commit then needs `confirmed`."""
        return [warning["text"] for warning in self.understood["warning_list"]]

    def changes(self) -> list[Change]:
        """Every setting before and after, with refill date and bridge."""
        plan_dose = self.status["plan_dose_ng_per_day"]
        told = program_changes.changes(self.old, self.new, plan_dose)
        told += program_changes.refill(self.status, self.old, self.new, self.understood["refill_due_ms"], plan_dose)
        return told + self.bridge.changes() if self.bridge else told

    def rows(self, highlight_permille: int = HIGHLIGHT_PERMILLE) -> list[Row]:
        """(name, now, new, change) in clinical units; a change over `highlight_permille` carries a mark."""
        return [change.row(highlight_permille) for change in self.changes()]

    @property
    def dose_ng_per_day(self) -> int:
        """Mean daily dose of the new program."""
        return program_view.figures(self.new)["dose_ng_per_day"]

    @property
    def starts(self) -> bool:
        """Whether delivery may begin with it: the pump gives nothing now."""
        return self.status["state"] not in states.DELIVERING


def read_program(pump: Pump) -> Program | None:
    """The program in force, None if there is none."""
    data = pump.read_program()
    return decode(data) if data else None


def program_to_compare(pump: Pump, tell: Callable[[str], None]) -> Program | None:
    """The program in force for a comparison; None too where it cannot be read, which is told and holds no order up."""
    try:
        return read_program(pump)
    except (Refused, VerificationError) as error:
        tell(f"no comparison with the program: {error.message}")
        return None


def propose(
    pump: Pump, program: Program, bridge_nl: int = 0, signature: bytes = b"", bridge_if_needed: bool = False
) -> Proposal:
    """Stage a program and have the pump check it; VerificationError if it understood something else.

    `bridge_nl` is the fluid path in which the drug before stands; UsageProblem if the drug stays the same, or if the
    pump takes only programs with a prescriber's `signature` and there is none. With `bridge_if_needed` the bridge is
    left out where the drug stays the same.
    """
    data = encode(program)
    now = pump.status()
    if now["signed_only"] and not signature:
        raise UsageProblem(
            "the pump takes only programs that the prescriber has signed", field="signature",
            remedy="have the file signed: `pumpctl program sign FILE --key KEY`",
        )  # fmt: skip
    old = read_program(pump)
    if bridge_if_needed and not bridges.changes_drug(old, program):
        bridge_nl = 0
    if bridge_nl and not bridges.changes_drug(old, program):
        remedy = "leave the bridge out: drug and concentration stay what they are"
        raise UsageProblem("there is nothing to bridge", field="bridge", value=bridge_nl, remedy=remedy)
    pump.stage_program(data)
    understood = pump.check_program()
    if understood["digest"] != programs.digest(data):
        raise VerificationError("the pump's digest is not that of the program sent", remedy="send it again")
    for name, value in program_view.figures(program).items():
        if understood[name] != value:
            message = f"the pump understood {name} as {understood[name]}, the file says {value}"
            raise VerificationError(message, field=name, value=understood[name], low=value, high=value)
    return Proposal(program, data, old, now, understood, bridge_nl, signature)


def commit(pump: Pump, proposal: Proposal, confirmed: bool = False) -> int:
    """Put a proposal into force and read it back byte for byte; returns the pump's state."""
    reply = pump.commit_program(proposal.digest, confirmed, proposal.bridge_nl, proposal.signature)
    state: int = reply["state"]
    held = pump.read_program()
    if held != proposal.data:
        raise VerificationError(
            f"the pump holds another program than the one committed: {len(held)} bytes,"
            f" digest {programs.digest_text(programs.digest(held))}",
            remedy="run `pumpctl stop`, then `pumpctl program show`",
        )
    return state


@dataclass(frozen=True)
class Start:
    """What came of starting: therapy `runs`, or starts by itself in `start_in_ms`, or was `refused`."""

    runs: bool
    refused: Refused | None = None
    start_in_ms: int = 0


def start(pump: Pump, state: int) -> Start:
    """Start therapy after a commit where the pump is idle or suspended."""
    if state not in (states.IDLE, states.SUSPENDED):
        return Start(state in states.DELIVERING)
    try:
        reply = pump.resume()
    except Refused as refused:
        return Start(False, refused)
    return Start(reply["state"] in states.DELIVERING, None, reply["start_in_ms"])


# Delivery


def prime_duration_ms(volume_nl: int) -> int:
    """How long a volume takes at the usual pace of priming."""
    return max(units.BOLUS_MIN_MS, volume_nl * units.MS_PER_H // PRIME_NL_PER_H)


def delay_until_ms(status: Values, moment: str) -> int:
    """How long it is until a time by the pump's clock, in whose zone it is unless it names one; UsageProblem."""
    if not status["time_valid"]:
        remedy = "set it: `pumpctl clock set`; or give --in"
        raise UsageProblem("the pump's clock is not set, so that it knows no time", field="--at", remedy=remedy)
    time_ms, _ = timetext.parse(moment, status["utc_offset_min"])
    if time_ms <= status["time_ms"]:
        now = timetext.iso(status["time_ms"], status["utc_offset_min"])
        raise UsageProblem(f"{moment} is past: the pump's clock says {now}", field="--at", value=moment, low=now,
                           remedy="give a time to come")  # fmt: skip
    return time_ms - int(status["time_ms"])


# Alarms


def alarm_code(text: str) -> int:
    """The number of an alarm given by name or number; 0 for `all`."""
    by_name = {"all": 0, **{alarms.name(code): code for code in alarms.ALARMS}}
    if text in by_name:
        return by_name[text]
    if text.isdecimal() and int(text) in alarms.ALARMS:
        return int(text)
    raise UsageProblem(
        f'there is no alarm "{text}"{hint(text, by_name)}',
        field="alarm",
        value=text,
        remedy=f"alarms: {', '.join(by_name)}",
    )


# Clock


def clock(pump: Pump) -> Values:
    """The pump's clock against this machine's: time, valid, utc_offset_min, host_time, ahead_ms (null if not set)."""
    now = pump.status()
    host_ms, offset_min = timetext.now()
    valid = now["time_valid"]
    return {
        "time": timetext.iso(now["time_ms"], now["utc_offset_min"]) if valid else None,
        "valid": valid,
        "utc_offset_min": now["utc_offset_min"],
        "host_time": timetext.iso(host_ms, offset_min),
        "ahead_ms": now["time_ms"] - host_ms if valid else None,
    }


# Self-test


def self_test(pump: Pump) -> Values:
    """Run the self-test: passed, failed (nothing). Refused while something is delivered, or naming what fails."""
    reply = pump.self_test()
    failed = [entry["part"] for entry in reply["failed_list"]]
    if not reply["passed"]:
        raise Refused(
            f"the self-test failed: {', '.join(failed)}", code=0, name="self-test-failed", field="failed",
            value=failed, remedy="repair the parts named, then run it again",
        )  # fmt: skip
    return {"passed": True, "failed": []}


# Keys


def provision_keys(pump: Pump, file: Path | None = None) -> Values:
    """Give the pump two new keys and keep them here, in `file` if one is named. serial, kept_in, digest.

    Refused without the service jumper or while something is delivered.
    """
    keys = keystore.fresh(pump.hello.serial)
    assert keys.clinician is not None and keys.service is not None
    pump.send_keys(keys.clinician, keys.service)
    try:
        kept_in = keystore.save(keys, file)
    except OSError as error:
        raise UsageProblem(
            f"the pump has new keys, but they could not be kept: {error}",
            remedy="leave the service jumper set and give it others: `pumpctl keys provision --file FILE`",
        ) from error
    return {"serial": keys.serial, "kept_in": kept_in, "digest": keys.digest()}


# Refill


def refill_document(reply: Values, utc_offset_min: int) -> Values:
    """A completed refill for scripts."""
    return {
        "discrepancy_nl": reply["discrepancy_nl"],
        "reservoir_nl": reply["reservoir_nl"],
        "refill_due": timetext.iso(reply["refill_due_ms"], utc_offset_min),
        "state": status_parts.state_name(reply["state"]),
    }


def discrepancy_text(discrepancy_nl: int) -> str:
    """What a difference between residual measured and expected means."""
    if not discrepancy_nl:
        return "as expected"
    size = quantity.format_volume(abs(discrepancy_nl))
    return f"{size} more than expected: less was delivered" if discrepancy_nl > 0 else f"{size} less than expected"
