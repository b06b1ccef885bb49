"""A pump as Python sees it: one method a command.

Replies are those of `pumpctl.replies`: dicts whose fields are typed attributes too, each with its unit in its name.
Every method raises Refused when the pump says no, LinkError when it does not answer; one that
changes something raises UncertainOutcome when nothing tells whether it was carried out.
"""

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self

from infuser.wire import library as libraries
from infuser.wire import messages, states
from infuser.wire import program as programs
from pumpctl import replies
from pumpctl import replies_orders as answers
from pumpctl.errors import PortError, ProtocolMismatch, VerificationError
from pumpctl.exchange import Hello
from pumpctl.logahead import Ahead
from pumpctl.logread import read_log
from pumpctl.orders import Orders
from pumpctl.pending import PendingStore
from pumpctl.ports import Port, reply_within_s, resolve, virtual_name
from pumpctl.transport import Transport, open_transport

Values = dict[str, Any]


class Pump:
    """A pump whose protocol was found to be ours; use it as a context manager."""

    def __init__(
        self,
        transport: Transport,
        *,
        operator: str = "",
        pending: PendingStore | None = None,
        timeout_s: float | None = None,
        tries: int = 3,
    ) -> None:
        self.transport = transport
        try:
            timeout_s = timeout_s or reply_within_s(transport.name)
            self._orders = Orders(transport, operator, pending or PendingStore(), timeout_s=timeout_s, tries=tries)
        except BaseException:
            transport.close()
            raise
        self._ask = self._orders.ask
        self._order = self._orders.order

    @property
    def hello(self) -> Hello:
        """What the pump told about itself."""
        return self._orders.hello

    @property
    def virtual(self) -> bool:
        """Whether it is a virtual pump: its time is its own, and the difference to this machine's tells nothing."""
        return virtual_name(self.transport.name) is not None

    @property
    def settled(self) -> list[str]:
        """What became of a command whose reply was lost in an earlier run, in sentences."""
        return self._orders.settled

    @classmethod
    def open(cls, spec: str | Port | None = None, *, operator: str = "") -> Self:
        """Open a pump and greet it: a device, a URL, a pump's name, or without `spec` the only one there is.

        $PUMPCTL_PORT and the config file count as they do for the commands. PortError, LinkError, ProtocolMismatch.
        """
        port = spec if isinstance(spec, Port) else resolve(spec)
        try:
            pump = cls(open_transport(port.spec), operator=operator)
        except ProtocolMismatch as mismatch:
            name = virtual_name(port.spec)
            if name is not None:
                mismatch.remedy = (
                    "the virtual pump runs the firmware that was there when it was started: "
                    f"`pumpctl virtual stop --name {name}`, then `pumpctl virtual start --name {name}`"
                )
            raise
        if port.serial and pump.hello.serial.lower() != port.serial:
            pump.close()
            raise PortError(
                f"the pump on {port.spec} is {pump.hello.serial}, not {port.name}, which has {port.serial}",
                field="serial", value=pump.hello.serial,
                remedy="connect the right pump, or correct the config file; nothing was sent but a greeting",
            )  # fmt: skip
        return pump

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the port; therapy goes on."""
        self.transport.close()

    # Reading

    def status(self) -> replies.Status:
        """STATUS_FIELDS."""
        return replies.Status(self._ask(messages.STATUS))

    def inspect(self, signal: int = 0) -> replies.Inspected:
        """INSPECT_FIELDS, while nothing is delivered; `signal` 1 to 3 lights a lamp, 4 sounds: with the jumper set."""
        return replies.Inspected(self._ask(messages.INSPECT, signal=signal))

    def read_log(self, from_seq: int, progress: Callable[[int, int, int], None] | None = None) -> Iterator[bytes]:
        """Stored records as raw bytes from `from_seq` to the newest, in pieces as they come.

        A piece ends anywhere; together they are whole records. `progress` gets
        (oldest, next, sequence number reached). Resumable: ask again from the first record not had.
        """
        return read_log(Ahead(self._orders).ask, from_seq, progress)

    def read_program(self) -> bytes:
        """The encoded program in force, checked against the pump's digest; empty if there is none."""
        data, digest = self._read_parts(messages.PROGRAM_READ, "program", programs.ENCODED_MAX)
        if data and programs.digest(data) != digest:
            raise VerificationError("the program read does not have the digest that the pump states")
        return data

    def _read_parts(self, command: int, what: str, most: int) -> tuple[bytes, bytes]:
        """(all of what is read in parts, its digest as the pump states it); VerificationError if it has no end."""
        data = bytearray()
        while True:
            part = self._ask(command, offset=len(data))
            data += part["chunk"]
            if len(data) > most or part["total"] > most:
                told = f"the pump's {what} has {max(len(data), part['total'])} bytes, allowed at most {most}"
                raise VerificationError(told, field="total", value=part["total"], high=most)
            if len(data) >= part["total"]:
                return bytes(data), part["digest"]
            if not part["chunk"]:
                raise VerificationError(f"the pump's {what} ended after {len(data)} of {part['total']} bytes")

    # Programming

    def stage_program(self, data: bytes) -> None:
        """Hand over an encoded program in chunks; it changes nothing until it is committed."""
        for offset in range(0, len(data), messages.CHUNK_MAX):
            chunk = data[offset : offset + messages.CHUNK_MAX]
            self._ask(messages.PROGRAM_STAGE, total=len(data), offset=offset, chunk=chunk)

    def check_program(self) -> replies.Understood:
        """UNDERSTOOD_FIELDS: what the pump makes of the program staged."""
        return replies.Understood(self._ask(messages.PROGRAM_CHECK))

    def commit_program(
        self, digest: bytes, confirmed: bool = False, bridge_nl: int = 0, signature: bytes = b""
    ) -> answers.Committed:
        """Put the staged program of this digest into force; `confirmed` overrides soft limits. digest, state.

        `bridge_nl` is the fluid path in which another concentration still stands; 0: it was flushed. `signature` is
        the prescriber's.
        """
        asked = {"digest": digest, "confirmed": confirmed, "bridge_nl": bridge_nl, "signature": signature}
        return answers.Committed(self._order(messages.PROGRAM_COMMIT, **asked))

    def trust_prescriber(self, modulus: bytes, required: bool) -> answers.PrescriberTrusted:
        """Whose signature programs may carry, and with `required` must; b"" ends it. digest, required."""
        return answers.PrescriberTrusted(self._order(messages.PRESCRIBER, modulus=modulus, required=required))

    def clear_program(self) -> answers.StateTold:
        """Forget the program, for another patient. state."""
        return answers.StateTold(self._order(messages.PROGRAM_CLEAR))

    # Drug library

    def read_library(self) -> bytes:
        """The drug library in force with its signature, as it was sent; checked against the pump's digest."""
        data, digest = self._read_parts(
            messages.LIBRARY_READ, "drug library", libraries.ENCODED_MAX + libraries.SIGNATURE_BYTES
        )
        if libraries.digest(data[: -libraries.SIGNATURE_BYTES]) != digest:
            raise VerificationError("the drug library read does not have the digest that the pump states")
        return data

    def stage_library(self, stored: bytes, progress: Callable[[float], None] | None = None) -> None:
        """Hand over a signed library in chunks; nothing changes until it is committed. `progress` gets bytes sent."""
        for offset in range(0, len(stored), messages.CHUNK_MAX):
            chunk = stored[offset : offset + messages.CHUNK_MAX]
            self._ask(messages.LIBRARY_STAGE, total=len(stored), offset=offset, chunk=chunk)
            if progress is not None:
                progress(offset + len(chunk))

    def commit_library(self, digest: bytes) -> answers.LibraryTaken:
        """Put the staged library of this digest into force, as a whole or not at all. library, version."""
        return answers.LibraryTaken(self._order(messages.LIBRARY_COMMIT, digest=digest))

    def trust_library_key(self, modulus: bytes) -> answers.Trusted:
        """Have the pump trust the key of this modulus; the service jumper must be set. digest."""
        return answers.Trusted(self._order(messages.LIBRARY_TRUST, modulus=modulus))

    # Delivery

    def bolus(self, dose_ng: int, duration_ms: int, patient: str, confirmed: bool = False) -> answers.BolusStarted:
        """Clinician's bolus on top of the basal rate. volume_nl, rate_nl_per_day, ends_ms."""
        asked = {"dose_ng": dose_ng, "duration_ms": duration_ms, "patient": patient, "confirmed": confirmed}
        return answers.BolusStarted(self._order(messages.BOLUS, **asked))

    def cancel_bolus(self) -> answers.BolusCancelled:
        """End a bolus or priming. delivered_nl."""
        return answers.BolusCancelled(self._order(messages.BOLUS_CANCEL))

    def prime(self, volume_nl: int, duration_ms: int, purpose: int = states.PRIMING_CATHETER) -> answers.Priming:
        """Prime, flush or drain, off the patient; draining takes whatever is there. volume_nl, ends_ms."""
        return answers.Priming(
            self._order(messages.PRIME, purpose=purpose, volume_nl=volume_nl, duration_ms=duration_ms)
        )

    def stop(self, resume_after_ms: int = 0, remind_min: int = 0) -> answers.Stopped:
        """Stop delivery, to resume by itself after a time (0: never). state, start_in_ms.

        The alarm long-stop comes after `remind_min`; 0 is the pump's own 30 min.
        """
        return answers.Stopped(self._order(messages.STOP, resume_after_ms=resume_after_ms, remind_min=remind_min))

    def resume(self, delay_ms: int = 0) -> answers.Resumed:
        """Start or resume the programmed infusion, now or after a delay. state, rate_nl_per_day, start_in_ms."""
        return answers.Resumed(self._order(messages.RESUME, delay_ms=delay_ms))

    def temporary_rate(
        self, dose_ng_per_day: int, duration_ms: int, patient: str, confirmed: bool = False
    ) -> answers.TemporaryRate:
        """Another basal rate for a time; a dose of 0 ends it. rate_nl_per_day, ends_ms."""
        asked = {"dose_ng_per_day": dose_ng_per_day, "duration_ms": duration_ms}
        return answers.TemporaryRate(
            self._order(messages.TEMPORARY_RATE, **asked, patient=patient, confirmed=confirmed)
        )

    def order_plan(self, action: int, patient: str, dose_ng_per_day: int = 0) -> answers.PlanTold:
        """Hold the plan of doses, let it go on, or cut back to a dose. position, dose_ng_per_day, held, next_ms."""
        return answers.PlanTold(
            self._order(messages.PLAN_ORDER, action=action, dose_ng_per_day=dose_ng_per_day, patient=patient)
        )

    def minimum_rate(self, on: bool) -> answers.RateTold:
        """Fall to the minimum rate or return from it. state, rate_nl_per_day."""
        return answers.RateTold(self._order(messages.MINIMUM_RATE, on=on))

    # Refill

    def begin_refill(self) -> answers.RefillBegun:
        """Stop for a refill. expected_residual_nl, capacity_nl."""
        return answers.RefillBegun(self._order(messages.REFILL_BEGIN))

    def complete_refill(
        self, measured_residual_nl: int, volume_nl: int, concentration_ug_per_ml: int
    ) -> answers.RefillCompleted:
        """Account for the refill. discrepancy_nl, reservoir_nl, refill_due_ms, state."""
        return answers.RefillCompleted(
            self._order(
                messages.REFILL_COMPLETE,
                measured_residual_nl=measured_residual_nl,
                volume_nl=volume_nl,
                concentration_ug_per_ml=concentration_ug_per_ml,
            )
        )

    def cancel_refill(self) -> answers.StateTold:
        """Give a refill up before anything was drawn or filled. state."""
        return answers.StateTold(self._order(messages.REFILL_CANCEL))

    # Alarms, clock, service

    def acknowledge(self, alarm: int) -> answers.Acknowledged:
        """Acknowledge one alarm. acknowledged: how many."""
        return answers.Acknowledged(self._order(messages.ALARM_ACK, alarm=alarm))

    def pause_audio(self, pause_s: int) -> answers.AudioPaused:
        """Silence alarms for a time; 0 ends the pause. until_ms."""
        return answers.AudioPaused(self._order(messages.AUDIO_PAUSE, pause_s=pause_s))

    def set_clock(self, time_ms: int, utc_offset_min: int) -> answers.ClockSet:
        """Set the wall clock, UTC ms since 1970. time_ms, moved_ms."""
        return answers.ClockSet(self._order(messages.CLOCK_SET, time_ms=time_ms, utc_offset_min=utc_offset_min))

    def calibrate(self, step_pl: int, uncertainty_ppm: int, runs: int) -> answers.Calibrated:
        """Take a measured volume a microstep into use; only while nothing is delivered. step_pl, reservoir_nl."""
        return answers.Calibrated(
            self._order(messages.CALIBRATE, step_pl=step_pl, uncertainty_ppm=uncertainty_ppm, runs=runs)
        )

    def send_keys(self, clinician_key: bytes, service_key: bytes) -> answers.Keyed:
        """Replace both keys, 32 bytes each; the service jumper must be set and nothing delivered. keyed."""
        return answers.Keyed(self._order(messages.KEYS, clinician_key=clinician_key, service_key=service_key))

    def self_test(self) -> answers.SelfTest:
        """Run the self-test. passed, failed_list."""
        return answers.SelfTest(self._order(messages.SELF_TEST))

    def service_repl(self) -> answers.StateTold:
        """Give the port to the MicroPython prompt; the pump answers no more. state."""
        return answers.StateTold(self._order(messages.SERVICE_REPL))
