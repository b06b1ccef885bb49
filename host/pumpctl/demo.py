"""A month of therapy on a virtual pump, told in plain sentences: what `pumpctl demo` plays.

Everything is real but time and mechanics: the firmware's own files, a serial port, the pump's
file system, the client, the archive and the report.
"""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infuser.wire import alarms, states, units
from pumpctl import operations, program, quantity, report_file, status_view
from pumpctl.client import Pump
from pumpctl.logbook import verify_archive
from pumpctl.logpull import pull
from pumpctl.scratch import private_home
from pumpctl.store import Archive
from pumpctl.virtual import VirtualPump, start

NAME = "demo"
OPERATOR = "demo"
BEGINS_MS = 1_772_434_800_000  # Monday 2 March 2026, 08:00 at UTC+1
UTC_OFFSET_MIN = 60
DAYS = 30
FIRST_FILL_NL = 13 * units.NL_PER_ML
BOLUS_NG = 25 * units.NG_PER_UG
BOLUS_MS = 10 * units.MS_PER_MIN

Advance = Callable[[float], None]


@dataclass
class Stage:
    """Where the play is heard and seen: `tell` a sentence, `table` settings, `progress` of what takes time."""

    tell: Callable[[str], None]
    table: Callable[[list[tuple[str, str, str, str]]], None]
    progress: Callable[[str, float], contextlib.AbstractContextManager[Advance]]


@dataclass
class Play:
    """The pump on the bench, the client that talks to it, and the figures collected on the way."""

    stage: Stage
    bench: VirtualPump
    pump: Pump
    figures: dict[str, Any] = field(default_factory=dict)

    def advance(self, title: str, duration_ms: int, until: str | None = None) -> int:
        """Let virtual time pass; returns the ms that did."""
        before = self.now_ms()
        with self.stage.progress(title, duration_ms) as advance:
            self.bench.advance_ms(duration_ms, until, lambda done, _of: advance(done))
        return self.now_ms() - before

    def now_ms(self) -> int:
        """Virtual time since the pump was first switched on."""
        now: int = self.bench.get()["now_ms"]
        return now


def play(stage: Stage, report_path: Path) -> dict[str, Any]:
    """Play the month and write the report; returns its figures."""
    began_s = time.monotonic()
    with private_home():
        stage.tell("A virtual pump is switched on: the firmware's own files on MicroPython, in virtual time.")
        bench = start(NAME, speed=0, wall_ms=BEGINS_MS)
        try:
            with Pump.open(str(bench.port), operator=OPERATOR) as pump:
                told = _acts(Play(stage, bench, pump), report_path)
        finally:
            bench.stop()
    told["machine_s"] = round(time.monotonic() - began_s, 1)
    stage.tell(f"All this took {told['machine_s']} s. The report: {told['report']}")
    return told


def _acts(act: Play, report_path: Path) -> dict[str, Any]:
    act.pump.set_clock(BEGINS_MS + act.now_ms(), UTC_OFFSET_MIN)
    _fill(act, FIRST_FILL_NL)
    _send(act, program.load(program.example("flex-280ug-evening")))
    _start(act)
    _until_low(act)
    _refill(act)
    _adjust(act)
    _bolus(act)
    _stall(act)
    act.advance("to the end of the month", DAYS * units.MS_PER_DAY - act.now_ms())
    _compare(act)
    _log(act, report_path)
    return act.figures


def _fill(act: Play, volume_nl: int) -> None:
    """Fill an empty pump."""
    act.pump.begin_refill()
    act.bench.fill(volume_nl)
    act.pump.complete_refill(0, volume_nl, 500)
    act.stage.tell(f"It is filled with {quantity.format_volume(volume_nl)} of baclofen at 500 ug/mL.")


def _send(act: Play, therapy: program.Program) -> None:
    proposal = operations.propose(act.pump, therapy)
    act.stage.table([row for row in proposal.rows() if row[3]])
    for warning in proposal.warnings:
        act.stage.tell(f"The pump asks to confirm, and notes who did: {warning}.")
    operations.commit(act.pump, proposal, confirmed=bool(proposal.warnings))
    act.stage.tell("The pump echoed this program and its digest, took it, and held it byte for byte when read back.")


def _start(act: Play) -> None:
    rate = act.pump.resume()["rate_nl_per_day"]
    act.stage.tell(f"The infusion starts at {quantity.format_rate(rate)}.")


def _until_low(act: Play) -> None:
    passed_ms = act.advance("until the first alarm", DAYS * units.MS_PER_DAY, until="alarm")
    status = act.pump.status()
    days = quantity.decimal(passed_ms, units.MS_PER_DAY, 1)
    act.stage.tell(
        f"After {days} days the pump raises {_alarms(status)}: {quantity.format_volume(status['reservoir_nl'])}"
        f" are left; {quantity.format_volume(status['delivered_total_nl'])} were delivered."
    )
    act.figures["low_reservoir_after_ms"] = passed_ms
    act.advance("the pump goes on at its basal rate", units.MS_PER_DAY)


def _refill(act: Play) -> None:
    expected_nl = act.pump.begin_refill()["expected_residual_nl"]
    measured_nl: int = act.bench.drain()["drained_nl"]
    act.bench.fill(units.RESERVOIR_CAPACITY_NL)
    reply = act.pump.complete_refill(measured_nl, units.RESERVOIR_CAPACITY_NL, 500)
    act.pump.resume()
    act.figures["residual_discrepancy_nl"] = reply["discrepancy_nl"]
    act.stage.tell(
        f"Refill: {quantity.format_volume(expected_nl)} expected, {quantity.format_volume(measured_nl)} drawn"
        f" ({operations.discrepancy_text(reply['discrepancy_nl'])}), 20 mL filled in; therapy resumes."
    )


def _adjust(act: Play) -> None:
    """Ten percent more, within the label's increments."""
    therapy = program.decode(act.pump.read_program())
    for step in therapy["step_list"]:
        step["dose_ng_per_day"] = step["dose_ng_per_day"] * 11 // 10
    act.stage.tell("The dose is raised by 10 %; therapy is not interrupted by it.")
    _send(act, therapy)


def _bolus(act: Play) -> None:
    patient = act.pump.status()["patient"]
    before = _clinician_steps(act.pump)
    volume_nl = act.pump.bolus(BOLUS_NG, BOLUS_MS, patient)["volume_nl"]
    act.advance("a clinician's bolus", BOLUS_MS + units.MS_PER_MIN)
    given_nl = units.steps_volume_nl(_clinician_steps(act.pump) - before, units.STEP_PL_NOMINAL)
    act.figures["bolus_nl"] = given_nl
    act.stage.tell(
        f"A clinician's bolus of {quantity.format_dose(BOLUS_NG)} ({quantity.format_volume(volume_nl)}) over 10 min:"
        f" {quantity.format_volume(given_nl)} in whole microsteps were given on top of the basal rate."
    )


def _stall(act: Play) -> None:
    act.advance("a quiet day", units.MS_PER_DAY)
    lost = _lost_steps(act.bench)
    act.bench.fault("stall")
    act.advance("the motor is stuck", units.MS_PER_DAY, until="alarm")
    missing_nl = units.steps_volume_nl(_lost_steps(act.bench) - lost, units.STEP_PL_NOMINAL)
    status = act.pump.status()
    act.figures["stall_missing_nl"] = missing_nl
    act.stage.tell(
        f"The motor is blocked: the pump raises {_alarms(status)} before 1 uL has gone missing:"
        f" {quantity.format_volume(missing_nl)}. It keeps trying."
    )
    act.advance("the technician comes", 20 * units.MS_PER_MIN)
    act.bench.fault("stall", on=False)
    act.pump.acknowledge(alarms.STALL)
    act.stage.tell("The drive is freed and the alarm acknowledged; nothing that was missed is made up for.")


def _compare(act: Play) -> None:
    status = act.pump.status()
    truth = act.bench.get()
    act.figures |= {
        "days": DAYS,
        "steps_total": status["steps_total"],
        "steps_made": truth["steps_made"],
        "delivered_total_nl": status["delivered_total_nl"],
        "heap_free_bytes": truth["heap_free"],
    }
    act.stage.tell(
        f"After {DAYS} days the pump counts {status['steps_total']} microsteps, its motor was given"
        f" {truth['steps_made']}; {quantity.format_volume(status['delivered_total_nl'])} were delivered."
    )


def _log(act: Play, report_path: Path) -> None:
    with Archive() as archive:
        with act.stage.progress("pulling the log", 1) as advance:
            pulled = pull(act.pump, archive, progress=lambda done, of: advance(done / max(1, of)))
        verdict = verify_archive(archive, pulled.log)
    findings = [str(finding) for finding in verdict.findings]
    chain = "every checksum and every link of the chain holds" if not findings else "; ".join(findings)
    act.stage.tell(f"The log is pulled: {pulled.count} records; {chain}.")
    told = report_file.write(verdict.records, pulled.log.serial, report_path, findings=findings)
    act.figures |= {"log_records": pulled.count, "log_verified": not findings, "report": told["path"]}
    for sentence in told["sentences"]:
        act.stage.tell(sentence)


def _alarms(status: dict[str, Any]) -> str:
    return " and ".join(f'the alarm "{status_view.alarm_name(alarm["alarm"])}"' for alarm in status["alarm_list"])


def _clinician_steps(pump: Pump) -> int:
    steps: int = pump.status()["bucket_list"][states.CLINICIAN_BOLUS]["steps"]
    return steps


def _lost_steps(bench: VirtualPump) -> int:
    truth = bench.get()
    lost: int = truth["steps_made"] - truth["motor_steps"]
    return lost
