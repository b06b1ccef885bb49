"""Giving a visit up: the pump comes to a safe state that is told, and nothing is silently left stopped."""

from collections.abc import Callable

from infuser.wire import states
from pumpctl import status_parts, visit_log
from pumpctl.quantity import format_volume
from pumpctl.store_visits import ABANDONED
from pumpctl.visit import end, standing
from pumpctl.visit_room import Question, Room
from pumpctl.visit_steps import go_on

TOUCHED = Question(
    "touched", "yes", "Was anything drawn from the reservoir, or filled in, that is not accounted for?", "no"
)
GO_ON = Question("resume", "yes", "Let therapy go on, as before?", "no", default=lambda room: False)


def abandon(room: Room) -> list[str]:
    """Close the visit; what the pump does then, in sentences. UsageProblem where nobody can tell what was touched."""
    told: list[str] = []
    for part in (_priming, _refill, _therapy):
        part(room, told.append)
    end(room, ABANDONED)
    return told


def _priming(room: Room, tell: Callable[[str], None]) -> None:
    if room.status()["state"] != states.PRIMING:
        return
    room.talk.confirm("The pump is priming: stop it?")
    given = format_volume(room.pump.cancel_bolus()["delivered_nl"])
    tell(f"Priming was stopped after {given}.")


def _refill(room: Room, tell: Callable[[str], None]) -> None:
    if room.status()["state"] == states.REFILL:
        if room.answer(TOUCHED):
            tell(
                "The pump stays stopped in its refill, because its books no longer say what the reservoir holds:"
                " fill it, then `pumpctl refill --residual VOLUME --volume VOLUME`, then `pumpctl resume`."
            )
            return
        state = room.pump.cancel_refill()["state"]
        tell(f"The refill was given up with nothing drawn or filled; the pump is {status_parts.state_name(state)}.")
    elif "mark" in room.facts and visit_log.refill(room.pump, room.facts["mark"]):
        tell("The refill had been accounted for and stands.")


def _therapy(room: Room, tell: Callable[[str], None]) -> None:
    now = room.status()
    if standing(now) and now["state"] in (states.SUSPENDED, states.IDLE) and room.answer(GO_ON):
        tell(go_on(room))
        now = room.status()
    loud = standing(now)
    if loud:
        tell(f"{loud} {_onward(now['state'])}")
    elif now["state"] in states.DELIVERING:
        tell(f"The pump is {status_parts.state_name(now['state'])}; therapy runs.")


def _onward(state: int) -> str:
    if state == states.REFILL:
        return "Account for the refill first."
    return "Go on with `pumpctl resume`, or begin another visit."
