"""What a clinician asks of a titration plan or a taper: hold it, let it go on, cut its dose back."""

from infuser.app import planner
from infuser.app.checks import refuse_other_patient, within
from infuser.core import plan
from infuser.wire import errors, states, units
from infuser.wire.messages import Refusal


def plan_order(pump, request: dict) -> dict:
    """Hold the plan, let it go on, or deliver a lower dose and hold it there."""
    controller = pump.controller
    refuse_other_patient(controller, request["patient"])
    program = controller.schedule.program
    if not program["plan_list"]:
        raise Refusal(errors.NO_PLAN)
    if planner.therapy_ended(controller):
        raise Refusal(errors.NO_PLAN, "plan_list", text="the taper has come to its end")
    action = request["action"]
    within("action", action, states.PLAN_HOLD, states.PLAN_CUT_BACK)
    ledger = controller.ledger
    position, dose = ledger.plan_position, ledger.plan_ng_per_day
    if action == states.PLAN_CUT_BACK:
        dose = request["dose_ng_per_day"]
        _check_dose(controller, dose)
        position = plan.position_of(program, controller.schedule.pattern_ng_per_day, dose)
    held = action != states.PLAN_GO_ON
    # An order that changes nothing must not put off the next dose.
    if held != ledger.plan_held or dose != ledger.plan_ng_per_day:
        planner.note(controller, position, dose, states.BY_COMMAND, request["operator"], held)
    next_min = planner.next_local_min(controller)
    return {
        "position": ledger.plan_position,
        "dose_ng_per_day": ledger.plan_ng_per_day,
        "held": ledger.plan_held,
        "next_ms": pump.wall_of_local_min(next_min),
    }


def _check_dose(controller, dose: int) -> None:
    """A dose cut back is below the present one, and one that the whole pattern can be delivered at."""
    present = controller.ledger.plan_ng_per_day
    slowest = min(controller.schedule.rates())
    low = present * units.THERAPY_MIN_NL_PER_DAY // slowest + 1
    within("dose_ng_per_day", dose, min(low, present), present)
