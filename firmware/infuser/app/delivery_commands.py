"""Commands that start and change delivery."""

from infuser.app import readiness
from infuser.app.checks import note_overrides, refuse_other_patient, refuse_unconfirmed, within, wrong_state
from infuser.core import druglibrary
from infuser.wire import alarms, errors, records, states, units
from infuser.wire.messages import Refusal


def bolus(pump, request: dict) -> dict:
    """Give a clinician's bolus, after every limit on it is checked."""
    controller = pump.controller
    schedule = controller.schedule
    refuse_other_patient(controller, request["patient"])
    if controller.ledger.bolus(states.CLINICIAN_BOLUS):
        raise Refusal(errors.BOLUS_ACTIVE)
    if controller.state not in states.THERAPY:
        raise wrong_state(controller.state)
    if controller.ledger.alarms.answer() >= alarms.BASAL_ONLY:
        raise Refusal(
            errors.RESERVOIR_LOW,
            "reservoir_nl",
            controller.account.reservoir_nl(),
            schedule.program["low_reservoir_nl"],
        )
    _refuse_while_bridging(controller)
    warnings = _check_bolus(pump, schedule, request)
    refuse_unconfirmed(warnings, request["confirmed"])
    note_overrides(pump.recorder, warnings, request["operator"])
    volume_nl = schedule.volume_nl(request["dose_ng"])
    duration_ms = request["duration_ms"]
    controller.begin_bolus(states.CLINICIAN_BOLUS, volume_nl, request["dose_ng"], duration_ms, request["operator"])
    return {
        "volume_nl": volume_nl,
        "rate_nl_per_day": units.bolus_rate_nl_per_day(volume_nl, duration_ms),
        "ends_ms": pump.wall_after(duration_ms),
    }


def _refuse_while_bridging(controller) -> None:
    if controller.ledger.bridge_nl:
        raise Refusal(errors.BRIDGE_ACTIVE, "bridge_nl", controller.ledger.bridge_nl)


def _check_bolus(pump, schedule, request: dict) -> list:
    """Hold a bolus against every hard limit; returns the soft ones that it oversteps."""
    controller = pump.controller
    entry = pump.library.entry_for(schedule.program)
    within("dose_ng", request["dose_ng"], 1, schedule.program["bolus_max_ng"])
    druglibrary.check_bolus(entry, request["dose_ng"])
    within("duration_ms", request["duration_ms"], units.BOLUS_MIN_MS, units.BOLUS_MAX_MS)
    volume_nl = schedule.volume_nl(request["dose_ng"])
    within("volume_nl", volume_nl, 1, min(units.BOLUS_MAX_NL, controller.account.reservoir_nl()))
    rate = units.bolus_rate_nl_per_day(volume_nl, request["duration_ms"])
    within("rate_nl_per_day", rate, 1, units.PUMP_MAX_NL_PER_DAY - units.THERAPY_MAX_NL_PER_DAY)
    lockout_ms = schedule.program["bolus_lockout_min"] * units.MS_PER_MIN
    if controller.ledger.clinician_age_ms:
        since_ms = pump.timebase.age_ms() - controller.ledger.clinician_age_ms
        if since_ms < lockout_ms:
            _refuse_bolus(controller, request["dose_ng"], errors.LOCK_OUT)
            raise Refusal(errors.LOCK_OUT, "since_bolus_ms", since_ms, lockout_ms, units.MS_PER_DAY * 365)
    room_nl = controller.boluses.room_nl()
    if volume_nl > room_nl:
        _refuse_bolus(controller, request["dose_ng"], errors.DOSE_LIMIT)
        room_ng = units.dose_ng(room_nl, schedule.concentration)
        raise Refusal(errors.DOSE_LIMIT, "dose_ng", request["dose_ng"], 1, room_ng)
    return druglibrary.bolus_warnings(entry, request["dose_ng"])


def _refuse_bolus(controller, dose_ng: int, error: int) -> None:
    controller.boluses.refuse(states.CLINICIAN_BOLUS, error, dose_ng, controller.ledger.periodic_age_ms)


def resume(pump, request: dict) -> dict:
    """Start or resume the programmed infusion, now or later."""
    within("delay_ms", request["delay_ms"], 0, units.START_DELAY_MAX_MS)
    delay_ms = max(request["delay_ms"], _wait_for_start_ms(pump))
    if delay_ms:
        _check_start(pump.controller)
        pump.controller.arm(pump.timebase.age_ms() + delay_ms, 0, request["operator"])
    else:
        pump.start_therapy(states.BY_COMMAND)
    return {
        "state": pump.controller.state,
        "rate_nl_per_day": pump.controller.basal_nl_per_day(),
        "start_in_ms": pump.start_in_ms(),
    }


def _check_start(controller) -> None:
    """Refusal if therapy cannot be started by a command in the present state."""
    if controller.state not in (states.IDLE, states.SUSPENDED):
        raise Refusal(errors.WRONG_STATE, "state", controller.state, text="a start can be put off when idle")
    readiness.refuse_if_unready(controller)
    readiness.refuse_if_unsafe(controller)


def _wait_for_start_ms(pump) -> int:
    """Time until the start that the program is dated with, 0 if it has come or there is none."""
    controller = pump.controller
    schedule = controller.schedule
    start_min = schedule.program["start_min"] if schedule else 0
    if not start_min:
        return 0
    if not controller.clock.valid:
        raise Refusal(errors.CLOCK_LOST, "start_min", start_min)
    wait_ms = start_min * units.MS_PER_MIN - controller.clock.local_ms(pump.timebase.age_ms())
    return max(0, wait_ms)


def temporary_rate(pump, request: dict) -> dict:
    """Another basal dose for a time; 0 goes back to the program."""
    controller = pump.controller
    refuse_other_patient(controller, request["patient"])
    if controller.state not in states.THERAPY:
        raise wrong_state(controller.state)
    dose = request["dose_ng_per_day"]
    if dose:
        warnings = _check_temporary(pump, dose, request["duration_ms"])
        refuse_unconfirmed(warnings, request["confirmed"])
        note_overrides(pump.recorder, warnings, request["operator"])
    controller.recorder.note(
        records.TEMPORARY_RATE,
        dose_ng_per_day=dose,
        duration_ms=request["duration_ms"] if dose else 0,
        reason=states.BY_COMMAND,
        operator=request["operator"],
    )
    controller.refresh()
    ends_ms = pump.wall_after(request["duration_ms"]) if dose else 0
    return {"rate_nl_per_day": controller.basal_nl_per_day(), "ends_ms": ends_ms}


def _check_temporary(pump, dose: int, duration_ms: int) -> list:
    """Hold a temporary dose against every hard limit; returns the soft ones that it oversteps."""
    controller = pump.controller
    _refuse_while_bridging(controller)
    schedule = controller.schedule
    concentration = schedule.concentration
    most = schedule.program["dose_max_ng_per_day"] or units.DOSE_MAX_NG_PER_DAY
    high = min(most, units.DOSE_MAX_NG_PER_DAY, units.dose_ng(units.THERAPY_MAX_NL_PER_DAY, concentration))
    low = -(-units.THERAPY_MIN_NL_PER_DAY * concentration // units.NL_PER_UL)
    within("dose_ng_per_day", dose, low, high)
    within("duration_ms", duration_ms, units.MS_PER_MIN, units.TEMPORARY_MAX_MS)
    entry = pump.library.entry_for(schedule.program)
    druglibrary.check_rate(entry, dose)
    return druglibrary.rate_warnings(entry, dose)


def prime(pump, request: dict) -> dict:
    """Prime the catheter, flush the fluid path or drain the reservoir: off the patient, never therapy (UC8, UC9)."""
    controller = pump.controller
    if controller.state not in (states.IDLE, states.SUSPENDED):
        raise wrong_state(controller.state)
    purpose = request["purpose"]
    within("purpose", purpose, states.PRIMING_CATHETER, states.DRAINING)
    volume_nl = request["volume_nl"]
    if purpose == states.DRAINING:
        volume_nl = controller.account.reservoir_nl()
        within("reservoir_nl", volume_nl, 1, units.RESERVOIR_CAPACITY_NL)
    else:
        within("volume_nl", volume_nl, 1, min(units.PRIMING_MAX_NL, controller.account.reservoir_nl()))
    within("duration_ms", request["duration_ms"], units.BOLUS_MIN_MS, units.BOLUS_MAX_MS)
    rate = units.bolus_rate_nl_per_day(volume_nl, request["duration_ms"])
    within("rate_nl_per_day", rate, 1, units.PRIMING_MAX_NL_PER_DAY)
    controller.begin_priming(purpose, volume_nl, request["duration_ms"], request["operator"])
    return {"volume_nl": volume_nl, "ends_ms": pump.wall_after(request["duration_ms"])}
