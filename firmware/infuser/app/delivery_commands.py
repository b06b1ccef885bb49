"""Commands that start, change and stop delivery."""

from infuser.app.checks import within, wrong_state
from infuser.wire import alarms, errors, states, units
from infuser.wire.messages import Refusal


def bolus(pump, request: dict) -> dict:
    """Give a clinician's bolus, after every limit on it is checked."""
    controller = pump.controller
    schedule = controller.schedule
    if not schedule:
        raise Refusal(errors.NO_PROGRAM)
    if request["patient"] != schedule.program["patient"]:
        raise Refusal(errors.PATIENT_MISMATCH, "patient", text="the pump is programmed for another patient")
    if controller.state == states.BOLUS:
        raise Refusal(errors.BOLUS_ACTIVE)
    if controller.state != states.INFUSING:
        raise wrong_state(controller.state)
    if controller.ledger.alarms.answer() >= alarms.BASAL_ONLY:
        raise Refusal(
            errors.RESERVOIR_LOW, "reservoir_nl", controller.reservoir_nl(), schedule.program["low_reservoir_nl"]
        )
    _check_bolus_size(pump, schedule, request)
    volume_nl = schedule.volume_nl(request["dose_ng"])
    controller.begin_bolus(volume_nl, request["dose_ng"], request["duration_ms"], request["operator"])
    ends_ms = pump.wall_ms()
    return {
        "volume_nl": volume_nl,
        "rate_nl_per_day": units.bolus_rate_nl_per_day(volume_nl, request["duration_ms"]),
        "ends_ms": ends_ms + request["duration_ms"] if ends_ms else 0,
    }


def _check_bolus_size(pump, schedule, request: dict) -> None:
    controller = pump.controller
    within("dose_ng", request["dose_ng"], 1, schedule.program["bolus_max_ng"])
    within("duration_ms", request["duration_ms"], units.BOLUS_MIN_MS, units.BOLUS_MAX_MS)
    volume_nl = schedule.volume_nl(request["dose_ng"])
    within("volume_nl", volume_nl, 1, min(units.BOLUS_MAX_NL, controller.reservoir_nl()))
    rate = units.bolus_rate_nl_per_day(volume_nl, request["duration_ms"])
    within("rate_nl_per_day", rate, 1, units.PRIMING_MAX_NL_PER_DAY - units.THERAPY_MAX_NL_PER_DAY)
    lockout_ms = schedule.program["bolus_lockout_min"] * units.MS_PER_MIN
    if controller.bolus_at_ms is not None:
        since_ms = pump.timebase.uptime_ms() - controller.bolus_at_ms
        if since_ms < lockout_ms:
            raise Refusal(errors.LOCK_OUT, "since_bolus_ms", since_ms, lockout_ms, units.MS_PER_DAY * 365)
    room_nl = units.steps_volume_nl(controller.delivery.guard.room_steps(), controller.delivery.meter.step_pl)
    if volume_nl > room_nl:
        room_ng = max(0, units.dose_ng(room_nl, schedule.concentration))
        raise Refusal(errors.DOSE_LIMIT, "dose_ng", request["dose_ng"], 1, room_ng)


def bolus_cancel(pump, request: dict) -> dict:
    """End the bolus or priming under way."""
    if pump.controller.state not in (states.BOLUS, states.PRIMING):
        raise Refusal(errors.NO_BOLUS)
    return {"delivered_nl": pump.controller.end_bolus(states.BY_COMMAND)}


def stop(pump, request: dict) -> dict:
    """Stop the motor; always possible."""
    pump.controller.stop(states.BY_COMMAND)
    return {"state": pump.controller.state}


def resume(pump, request: dict) -> dict:
    """Start or resume the programmed infusion."""
    if not pump.controller.delivering():
        pump.test_sounder()
        pump.watch.restart_flow()  # before the motor starts: with microsteps under way no position can be agreed
    pump.controller.resume()
    return {"state": pump.controller.state, "rate_nl_per_day": pump.controller.basal_nl_per_day()}


def minimum_rate(pump, request: dict) -> dict:
    """Fall to the minimum rate, or return from it (UC4, UC5)."""
    pump.controller.minimum_rate(request["on"], states.BY_COMMAND)
    return {"state": pump.controller.state, "rate_nl_per_day": pump.controller.basal_nl_per_day()}


def prime(pump, request: dict) -> dict:
    """Fill the catheter; counted as priming, never as therapy (UC9)."""
    controller = pump.controller
    if controller.state not in (states.IDLE, states.SUSPENDED):
        raise wrong_state(controller.state)
    most_nl = min(units.PRIMING_MAX_NL, controller.reservoir_nl())
    within("volume_nl", request["volume_nl"], 1, most_nl)
    within("duration_ms", request["duration_ms"], units.BOLUS_MIN_MS, units.BOLUS_MAX_MS)
    rate = units.bolus_rate_nl_per_day(request["volume_nl"], request["duration_ms"])
    within("rate_nl_per_day", rate, 1, units.PRIMING_MAX_NL_PER_DAY)
    controller.begin_priming(request["volume_nl"], request["duration_ms"], request["operator"])
    ends_ms = pump.wall_ms()
    return {"volume_nl": request["volume_nl"], "ends_ms": ends_ms + request["duration_ms"] if ends_ms else 0}
