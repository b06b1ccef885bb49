"""Commands that stop delivery or lessen it: always in memory, so that they work with a full heap and a broken flash."""

from infuser.app.checks import within
from infuser.wire import errors, states, units
from infuser.wire.messages import Refusal


def stop(pump, request: dict) -> dict:
    """Stop the motor; always possible. What to do afterwards is checked first, and never keeps it running."""
    controller = pump.controller
    wanted_ms = request["resume_after_ms"]
    remind_min = request["remind_min"]
    sound = wanted_ms <= units.MS_PER_DAY and remind_min <= units.STOP_REMINDER_MAX_MIN
    controller.stop(states.BY_COMMAND)
    pump.watch.count_stop()
    if not sound:
        within("resume_after_ms", wanted_ms, 0, units.MS_PER_DAY)
        within("remind_min", remind_min, 0, units.STOP_REMINDER_MAX_MIN)
    if controller.state == states.SUSPENDED and (wanted_ms or remind_min):
        start_ms = pump.timebase.age_ms() + wanted_ms if wanted_ms else 0
        controller.arm(start_ms, remind_min, request["operator"])
    return {"state": controller.state, "start_in_ms": pump.start_in_ms()}


def bolus_cancel(pump, request: dict) -> dict:
    """End the boluses or the priming under way."""
    if pump.controller.state not in (states.BOLUS, states.PRIMING):
        raise Refusal(errors.NO_BOLUS)
    return {"delivered_nl": pump.controller.end_bolus(states.BY_COMMAND)}


def minimum_rate(pump, request: dict) -> dict:
    """Fall to the minimum rate, or return from it (UC4, UC5)."""
    pump.controller.minimum_rate(request["on"], states.BY_COMMAND)
    return {"state": pump.controller.state, "rate_nl_per_day": pump.controller.basal_nl_per_day()}
