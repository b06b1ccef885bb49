"""Commands of a refill: begin, complete, cancel."""

from infuser.app.checks import within, wrong_state
from infuser.wire import errors, states, units
from infuser.wire.messages import Refusal


def refill_begin(pump, request: dict) -> dict:
    """Stop delivery for a refill and tell the residual volume expected."""
    controller = pump.controller
    if controller.state in (states.SERVICE, states.SELF_TEST):
        raise wrong_state(controller.state)
    if controller.state != states.REFILL:
        controller.stop(states.BY_REFILL)
        controller.enter(states.REFILL, states.BY_REFILL)
    return {"expected_residual_nl": controller.account.reservoir_nl(), "capacity_nl": units.RESERVOIR_CAPACITY_NL}


def _need_refill(controller) -> None:
    if controller.state != states.REFILL:
        raise Refusal(errors.NO_REFILL)


def refill_complete(pump, request: dict) -> dict:
    """Take the measured residual and the new volume; therapy resumes by command."""
    controller = pump.controller
    _need_refill(controller)
    within("measured_residual_nl", request["measured_residual_nl"], 0, units.RESERVOIR_CAPACITY_NL)
    within("volume_nl", request["volume_nl"], units.NL_PER_ML, units.RESERVOIR_CAPACITY_NL)
    concentration = request["concentration_ug_per_ml"]
    within("concentration_ug_per_ml", concentration, 1, units.CONCENTRATION_MAX_UG_PER_ML)
    expected_nl = controller.account.reservoir_nl()
    residual_nl = request["measured_residual_nl"]
    controller.note_refill(residual_nl, request["volume_nl"], concentration, request["operator"])
    _leave_refill(controller)
    return {
        "discrepancy_nl": request["measured_residual_nl"] - expected_nl,
        "reservoir_nl": controller.account.reservoir_nl(),
        "refill_due_ms": controller.refill_due_ms(),
        "state": controller.state,
    }


def _leave_refill(controller) -> None:
    controller.enter(states.SUSPENDED if controller.schedule else states.IDLE, states.BY_REFILL)


def refill_cancel(pump, request: dict) -> dict:
    """Leave the refill with the reservoir as it was."""
    _need_refill(pump.controller)
    _leave_refill(pump.controller)
    return {"state": pump.controller.state}
