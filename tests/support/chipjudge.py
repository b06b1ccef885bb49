"""What must hold of the pump on the emulated chip after its power failed at one operation of the flash.

Everything is asked over the serial line, by pumpctl's own client, in a process of its own; the promises are those of
tests/power/vm_pump_judge.py.
"""

import os
from pathlib import Path
from typing import Any

from chiplife import Life
from chippapers import PAIRS
from chiptape import Operation, Tape

from infuser.app.memory import RESERVE_STEPS
from infuser.core import session
from infuser.wire import alarms, errors, library, messages, records, states, units
from infuser.wire.messages import Refusal
from pumpctl import logbook
from pumpctl.client import Pump
from pumpctl.exchange import Exchange

_FLIGHT_SLOW, _FLIGHT_FAST = 1, 2 * units.BURST_MAX_STEPS
_FAST_STEPS = 2 * units.PUMP_MAX_NL_PER_DAY * units.PL_PER_NL // (units.STEP_PL_NOMINAL * 86400)
_THERAPY = (states.INFUSING, states.BOLUS, states.MINIMUM_RATE)
_MAY_REFUSE = (errors.NO_PROGRAM, errors.RESERVOIR_EMPTY, errors.CONCENTRATION_MISMATCH, errors.NOT_IN_LIBRARY)
_TOLERANCE_STEPS = 2
_WATCH_MS = 30_000
_NONCE = b"host nonce 16 by"
_TAIL = 60
_WHOLE_MAX = 150


class Violation(Exception):
    """A promise that was not kept."""


def require(holds: Any, text: str) -> None:
    """Violation unless it holds."""
    if not holds:
        raise Violation(text)


def judge(folder: Path, uf2: Path, tape: Tape, number: int, half: bool) -> dict[str, int]:
    """Figures of the life after the cut at an operation that was left out, or done by half. Violation, LinkError."""
    os.environ["PUMPCTL_HOME"] = str(folder / "home")
    operation = tape.operations[number]
    (folder / "flash.img").write_bytes(tape.flash(number, half))
    (folder / "plant.json").write_text(operation.worlds[half])
    return Judge(Life(folder, uf2), tape, operation, half).judge()


class Judge:
    """One life after a cut."""

    def __init__(self, life: Life, tape: Tape, operation: Operation, half: bool) -> None:
        self.life = life
        self.tape = tape
        self.truth = operation.truth
        self.made = operation.made[half]
        self.figures: dict[str, int] = {}
        self.newest = 0  # record before this life's first
        self.own: list[dict[str, Any]] = []  # this life's records
        self.before = states.IDLE

    def judge(self) -> dict[str, int]:
        """All of it."""
        with self.life.client() as pump:
            self.pump = pump
            self.check_serial(pump)
            self.check_log()
            self.check_counts()
            told = pump.status()
            self.check_state(told)
            self.check_contents(told)
            self.sign_in(told)
            self.ask_again(told)
            self.go_on()
        self.figures["boot-ms"] = self.booted_ms
        return self.figures

    def check_serial(self, pump: Pump) -> None:
        """The pump has come up."""
        self.booted_ms = int(self.life.chip.now_ns // 1_000_000)
        require(pump.hello.serial == self.life.bench.flash.serial.hex(), f"serial number {pump.hello.serial}")
        self.life.run_ms(4000)

    def check_log(self) -> None:
        """One chain, each record of before as it was written, none lost that was known to be kept, none torn."""
        stored, log = self.truth.stored, self.tape.log
        first = 1 if stored <= _WHOLE_MAX else stored - _TAIL
        raw = b"".join(self.pump.read_log(first))
        if first == 1:
            verdict = logbook.verify_raw(raw)
            require(not verdict.findings, f"the log: {verdict.findings[:1]}")
        before: list[dict[str, Any]] = []
        at, chain = 0, None
        while at < len(raw):
            size = records.size_at(raw, at)
            one = raw[at : at + size]
            record = records.decode(one, chain)
            chain = record["chain"]
            at += size
            if self.own or one != log.get(record["seq"]):
                self.own.append(record)
            else:
                before.append(record)
        if sum(one["kind"] == records.BOOT for one in before + self.own) == 1:
            # The first start was cut off and made once more: what it stores may be the same to the byte.
            self.own, before = before + self.own, []
        require(self.own, "this start is not in the log")
        begins = self.own[0]["kind"] in (records.BOOT, records.SNAPSHOT)
        require(begins, f"record {self.own[0]['seq']} is another one")
        self.newest = self.own[0]["seq"] - 1
        require(self.newest >= stored, f"record {stored} is lost, the newest is {self.newest}")
        require(not before or before[-1]["seq"] == self.newest, "records are missing before this start")
        self.figures["record-newer"] = self.newest - stored
        self.boot = boot = next(one["fields"] for one in self.own if one["kind"] == records.BOOT)
        require(boot["cause"] == "power-on", f"the start's cause is {boot['cause']}")
        require(not boot["torn_bytes"], f"{boot['torn_bytes']} bytes of a torn record")
        loud = [one["fields"] for one in self.own if one["kind"] == records.FAULT and not one["fields"]["masked"]]
        require(not loud, f"faults: {loud}")
        changes = [one["fields"]["new"] for one in before if one["kind"] == records.STATE]
        known = [state for state in changes if state != states.SELF_TEST]
        self.before = known[-1] if known else states.IDLE
        if changes and changes[-1] == states.SELF_TEST and len(changes) > 1:
            self.before = changes[-2]

    def check_counts(self) -> None:
        """Each microstep made is counted or uncertain; none is counted that was not handed to the drive."""
        uncertain = self.boot["steps_uncertain"]
        told = next(one["fields"] for one in self.own if one["kind"] == records.DELIVERY)
        counted = sum(told[name] for name in records.COUNTER_NAMES)
        beyond = self.made - counted
        kind = "fast" if self.truth.fast else "slow"
        self.figures[f"uncertain-{kind}"] = uncertain
        self.figures[f"made-not-counted-{kind}"] = beyond
        require(beyond <= uncertain, f"{beyond} microsteps made beyond the count, {uncertain} uncertain")
        flight = _FLIGHT_FAST if self.truth.fast else _FLIGHT_SLOW
        require(beyond >= -flight, f"{-beyond} microsteps counted that were not made")
        most = _FAST_STEPS if self.truth.fast else RESERVE_STEPS
        require(uncertain <= most, f"{uncertain} microsteps are uncertain")

    def check_state(self, told: dict[str, Any]) -> None:
        """Therapy goes on and somebody is told; a bolus does not."""
        require(not told["bolus_list"], "a bolus is still under way after the power cut")
        present = [entry["alarm"] for entry in told["alarm_list"]]
        if self.before in _THERAPY:
            expected = states.MINIMUM_RATE if self.before == states.MINIMUM_RATE else states.INFUSING
            require(alarms.POWER_RESTORED in present, "nothing tells of the power cut")
        elif self.before in (states.REFILL, states.ALARM_STOPPED):
            expected = self.before
        else:
            expected = states.SUSPENDED if told["program_digest"] else states.IDLE
        names = states.STATE_NAMES
        where = f"state {names[told['state']]} after a power cut in {names[self.before]}"
        # A start that was ordered for later may have come meanwhile.
        require(told["state"] == expected or self.before == states.SUSPENDED and told["state"] in _THERAPY, where)
        self.figures[f"from-{names[self.before]}"] = 1

    def check_contents(self, told: dict[str, Any]) -> None:
        """Program, library and keys are whole, each the old one or the new one."""
        held = self.pump.read_program()
        require(held in self.truth.programs, f"the program of {len(held)} bytes is neither the old nor the new one")
        if len(self.truth.programs) > 1:
            self.figures["program-new" if held == self.truth.programs[-1] else "program-old"] = 1
        stored = self.pump.read_library()
        digest = library.digest(stored[: -library.SIGNATURE_BYTES])
        require(digest in self.truth.libraries, "the drug library is neither the old nor the new one")
        require(told["trust_digest"] in self.truth.trusted, "the trusted key is neither the old nor the new one")

    def sign_in(self, told: dict[str, Any]) -> None:
        """The clinician's and the service's key that the pump takes are of one pair, the old or the new."""
        self.link = Exchange(self.life.line, timeout_s=1200.0, tries=1)
        self.link.hello()
        require(told["keyed"] or -1 in self.truth.keys, "the keys are gone")
        if not told["keyed"]:
            return
        takes = []
        for number in [number for number in self.truth.keys if number >= 0]:
            clinician, service = PAIRS[number]
            got = (self._takes(messages.ROLE_CLINICIAN, clinician), self._takes(messages.ROLE_SERVICE, service))
            require(got[0] == got[1], f"half of pair {number} is taken: {got}")
            if all(got):
                takes.append(number)
                break
        require(takes, "neither the old nor the new keys are taken")

    def _takes(self, role: int, key: bytes) -> bool:
        self.link.sign_with(None)
        self.life.run_ms(3000)  # after a failed attempt the pump hears none for a while
        nonce = self.link.ask(messages.CHALLENGE, {"role": role, "host_nonce": _NONCE})["pump_nonce"]
        attempt = (key, role, self.pump.hello.serial, _NONCE, nonce)
        try:
            self.link.ask(messages.SIGN_IN, {"proof": session.proof(*attempt), "operator": "judge"})
        except Refusal:
            return False
        self.link.sign_with(session.session_key(*attempt))
        return True

    def ask_again(self, told: dict[str, Any]) -> None:
        """What the pump knows of is not done again; what was answered is known."""
        if not self.truth.order:
            return
        _, command, request_id = messages.decode_head(self.truth.order)
        known = self.link.ask(messages.OUTCOME, {"request_id": request_id})["known"]
        name = messages.MESSAGES[command][0]
        require(known or not self.truth.answered, f"{name} was answered and is forgotten")
        self.figures["known" if known else "unknown"] = 1
        if not known:
            return
        try:
            self.link.ask(command, messages.decode_request(self.truth.order), request_id)
        except Refusal as refused:
            require(refused.code in (errors.ALREADY_DONE, errors.BEGUN), f"{name} repeated: {refused}")
        else:
            raise Violation(f"{name} repeated is answered anew")
        now = self.link.ask(messages.STATUS, {})
        require(not now["bolus_list"], f"{name} was done twice")
        for bucket in (states.PATIENT_BOLUS, states.CLINICIAN_BOLUS, states.PRIME):
            same = now["bucket_list"][bucket]["steps"] == told["bucket_list"][bucket]["steps"]
            require(same, f"{states.BUCKET_NAMES[bucket]} after the cut")

    def go_on(self) -> None:
        """Acknowledged, therapy runs at its rate, each microstep counted."""
        ask = self.link.ask
        ask(messages.ALARM_ACK, {"alarm": 0, "operator": "judge"})
        now = ask(messages.STATUS, {})
        if now["state"] == states.REFILL:
            ask(messages.REFILL_CANCEL, {"operator": "judge"})
        if now["state"] not in states.DELIVERING:
            try:
                ask(messages.RESUME, {"delay_ms": 0, "operator": "judge"})
            except Refusal as refused:
                require(refused.code in _MAY_REFUSE, f"resume: {refused} {refused.field} {refused.text}")
                self.figures["not-startable"] = 1
        self.life.run_ms(6000)
        before, made = ask(messages.STATUS, {}), self.life.plant.steps_made
        self.life.run_ms(_WATCH_MS)
        after = ask(messages.STATUS, {})
        made = self.life.plant.steps_made - made
        counted = after["steps_total"] - before["steps_total"]
        require(abs(made - counted) <= _FLIGHT_SLOW, f"{made} made, {counted} counted after the cut")
        if before["rate_nl_per_day"] == after["rate_nl_per_day"]:
            passed_ms = after["age_ms"] - before["age_ms"]
            due = after["rate_nl_per_day"] * units.PL_PER_NL * passed_ms // (units.STEP_PL_NOMINAL * units.MS_PER_DAY)
            require(abs(counted - due) <= _TOLERANCE_STEPS, f"{counted} counted, {due} due")
            self.figures["delivering" if due else "standing"] = 1
