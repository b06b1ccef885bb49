"""Programming in two steps: stage and check, then commit what was confirmed by its digest."""

from infuser.app import planner
from infuser.app.checks import note_overrides, refuse_unconfirmed, within, wrong_state
from infuser.app.prescriber import Prescriber
from infuser.core import prescription
from infuser.wire import errors, states, units
from infuser.wire import program as programs
from infuser.wire.messages import Refusal


def _schedule(pump, data: bytes):
    """(schedule, warnings) of a program that this pump may deliver to its patient; Refusal says why it may not."""
    schedule = prescription.stored(data)
    program = schedule.program
    present = pump.controller.schedule
    if present and present.program["patient"] != program["patient"]:
        raise Refusal(errors.PATIENT_MISMATCH, "patient", text="the pump is programmed for another patient")
    ledger = pump.controller.ledger
    concentration = program["concentration_ug_per_ml"]
    held = ledger.fill_concentration
    if ledger.filled_nl and held != concentration:
        raise Refusal(errors.CONCENTRATION_MISMATCH, "concentration_ug_per_ml", concentration, held, held)
    entry = pump.library.entry_for(program)
    prescription.check_against(schedule, entry)
    before_ng_per_day, since_ms = _in_force(pump, program["drug"])
    return schedule, prescription.warnings(schedule, entry, before_ng_per_day, since_ms)


def _in_force(pump, drug: str):
    """(daily dose in ng, ms since it was set) of the therapy so far; (0, 0) without one of this drug."""
    controller = pump.controller
    present = controller.schedule
    if not present or present.program["drug"] != drug or planner.therapy_ended(controller):
        return 0, 0
    ledger = controller.ledger
    set_ms = max(ledger.program_age_ms, ledger.plan_age_ms)
    return present.dose_ng_per_day(), pump.timebase.age_ms() - set_ms


def _other_drug(pump, program: dict) -> bool:
    """Whether the fluid path holds something else than the program is for."""
    present = pump.controller.schedule
    if not present:
        return False
    names = ("drug", "concentration_ug_per_ml")
    return any(present.program[name] != program[name] for name in names)


def _check_bridge(pump, program: dict, bridge_nl: int) -> None:
    """A bridge goes with a change of the drug or its concentration, of a pump that stands."""
    if not bridge_nl:
        return
    other = _other_drug(pump, program)
    within("bridge_nl", bridge_nl, 0, units.BRIDGE_MAX_NL if other else 0)
    # A power cut may have come between the note of a bridge and its program: then it is ordered again.
    ledger = pump.controller.ledger
    if ledger.bridge_nl and pump.controller.schedule.concentration == ledger.fill_concentration:
        raise Refusal(errors.BRIDGE_ACTIVE, "bridge_nl", pump.controller.ledger.bridge_nl)


def check(pump, request: dict) -> dict:
    """Say what the staged program means, in figures the pump would deliver."""
    data = pump.staging.whole()
    schedule, warnings = _schedule(pump, data)
    understood = schedule.figures()
    understood["digest"] = programs.digest(data)
    understood["refill_due_ms"] = pump.controller.refill_due_ms(schedule)
    other = _other_drug(pump, schedule.program)
    understood["bridge_rate_nl_per_day"] = pump.controller.basal.given_last().mean_nl_per_day if other else 0
    understood["warning_list"] = warnings
    return understood


def commit(pump, request: dict) -> dict:
    """Put the staged program into force if its digest is the one confirmed."""
    data = pump.staging.whole()
    if programs.digest(data) != request["digest"]:
        raise Refusal(errors.DIGEST_MISMATCH, "digest")
    if pump.controller.state in (states.PRIMING, states.REFILL):
        raise wrong_state(pump.controller.state)
    prescriber = Prescriber(pump.hardware.files, pump.recorder)
    prescriber.check(data, request["signature"])
    schedule, warnings = _schedule(pump, data)
    bridge_nl = request["bridge_nl"]
    _check_bridge(pump, schedule.program, bridge_nl)
    refuse_unconfirmed(warnings, request["confirmed"])
    if _other_drug(pump, schedule.program):
        _change_drug(pump.controller, bridge_nl)
    note_overrides(pump.recorder, warnings, request["operator"])
    if request["signature"]:
        prescriber.note(data)
    pump.controller.change_program(data, bool(warnings), request["operator"])
    pump.staging.clear()
    return {"digest": pump.controller.ledger.digest(), "state": pump.controller.state}


def _change_drug(controller, bridge_nl: int) -> None:
    """Note what the fluid path still holds, before the program that tells its dose is gone; 0 nL is a flushed path."""
    if controller.delivering():
        raise wrong_state(controller.state)
    if bridge_nl:
        controller.basal.begin_bridge(bridge_nl, states.BY_PROGRAM)
    elif controller.ledger.bridge_nl:
        controller.basal.end_bridge(states.BY_PROGRAM)


def clear(pump, request: dict) -> dict:
    """Take the program out of force, for another patient or drug; only while nothing is delivered."""
    controller = pump.controller
    if controller.delivering() or controller.state == states.REFILL:
        raise wrong_state(controller.state)
    controller.change_program(b"", False, request["operator"])
    if controller.state == states.SUSPENDED:
        controller.enter(states.IDLE, states.BY_PROGRAM)
    return {"state": controller.state}
