"""What must be in order before the motor may start; each check refuses or does nothing."""

from infuser.app import planner
from infuser.wire import alarms, errors, units
from infuser.wire.messages import Refusal


def refuse_if_unready(controller) -> None:
    """Refusal unless there is a program for what the reservoir holds."""
    if not controller.schedule:
        raise Refusal(errors.NO_PROGRAM)
    if planner.therapy_ended(controller):
        raise Refusal(errors.NO_PROGRAM, "plan_list", text="the taper has come to its end; send a new program")
    controller.basal.library.entry_for(controller.schedule.program)  # verified, and it has the drug (EC16, EC19)
    held = controller.ledger.fill_concentration
    if controller.ledger.filled_nl and held != controller.schedule.concentration:
        programmed = controller.schedule.concentration
        raise Refusal(errors.CONCENTRATION_MISMATCH, "concentration_ug_per_ml", programmed, held, held)


def refuse_if_unsafe(controller, but: int = 0) -> None:
    """Refusal if a part of the pump or an alarm (`but` one) forbids that the motor runs."""
    for entry in controller.ledger.alarms.entries:
        if entry["alarm"] != but and alarms.answer(entry["alarm"]) == alarms.MOTOR_OFF:
            raise Refusal(errors.ALARM_PRESENT, "alarm", entry["alarm"], text=alarms.name(entry["alarm"]))
    if controller.ledger.alarms.active(alarms.SOUNDER_FAILED):
        raise Refusal(errors.SOUNDER_FAILED)
    if controller.recorder.failure:
        raise Refusal(errors.STORAGE, text=controller.recorder.failure)
    if controller.account.reservoir_steps() == 0:
        raise Refusal(
            errors.RESERVOIR_EMPTY, "reservoir_nl", controller.account.reservoir_nl(), 1, units.RESERVOIR_CAPACITY_NL
        )
