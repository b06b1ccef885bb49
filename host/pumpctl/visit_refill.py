"""The refill visit: residual, discrepancy, filling, alarm volume, and therapy goes on."""

from pumpctl import visit_end, visit_facts
from pumpctl import visit_questions as ask
from pumpctl import visit_steps as steps
from pumpctl.visit_room import Room, Step


def _look(room: Room) -> None:
    steps.look(room)


def _ready(room: Room) -> None:
    steps.show_status(room)
    steps.need_program(room)


REFILL = (
    Step("look", "look at the pump and the patient", _look, "Read the patient's identity from the patient.",
         (ask.PATIENT,), before=_ready, renew=visit_facts.renew),
    steps.STOP,
    steps.RESIDUAL,
    steps.FILL,
    steps.ACCOUNT,
    steps.ALARM_VOLUME,
    steps.RESUME,
    visit_end.LOG,
    visit_end.SUMMARY,
)  # fmt: skip
