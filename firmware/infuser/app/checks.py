"""Checks that several commands share; each refuses or does nothing."""

from infuser.wire import errors, records, states
from infuser.wire.messages import Refusal


def within(field: str, value: int, low: int, high: int) -> None:
    """Refuse a value outside low..high."""
    if not low <= value <= high:
        raise Refusal(errors.OUT_OF_RANGE, field, value, low, high)


def wrong_state(state: int) -> Refusal:
    """The refusal of a command that the present state does not allow."""
    return Refusal(errors.WRONG_STATE, "state", state, text=states.STATE_NAMES[state])


def refuse_other_patient(controller, patient: str) -> None:
    """Refuse a command for another patient than the program's (EC15), or without a program."""
    if not controller.schedule:
        raise Refusal(errors.NO_PROGRAM)
    if patient != controller.schedule.program["patient"]:
        raise Refusal(errors.PATIENT_MISMATCH, "patient", text="the pump is programmed for another patient")


def refuse_unconfirmed(warnings: list, confirmed: bool) -> None:
    """Refuse what oversteps a soft limit and nobody has confirmed, naming the first of the warnings (EC2)."""
    if warnings and not confirmed:
        raise Refusal(errors.CONFIRMATION_NEEDED, warnings[0]["field"], text=warnings[0]["text"])


def note_overrides(recorder, warnings: list, operator: str) -> None:
    """Journal who overstepped which soft limit, one record each."""
    for warning in warnings:
        recorder.note(records.OVERRIDE, field=warning["field"], text=warning["text"], operator=operator)
