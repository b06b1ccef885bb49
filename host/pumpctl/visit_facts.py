"""What a visit finds when it begins, and what of it somebody else has changed when it is gone on with."""

from infuser.wire import states, units
from pumpctl import doses, quantity, status_parts, status_view, timetext
from pumpctl import program as therapies
from pumpctl.client import Values
from pumpctl.visit import moment
from pumpctl.visit_room import Room

# A refill date is not told to the minute.
_CLOCK_OFF_MS = 10 * units.MS_PER_MIN


def survey(room: Room) -> None:
    """The facts that a visit begins with, kept once."""
    if "mark" in room.facts:
        return
    now = room.status()
    room.facts.update(
        mark=now["log_next"],
        begun=moment(now),
        firmware=room.pump.hello.firmware,
        state=status_parts.state_name(now["state"]),
        expected_nl=now["reservoir_nl"],
        reservoir_nl=now["reservoir_nl"],
        refill_due=status_view.refill_due(now["refill_due_ms"], now),
        alarms=[alarm_text(one) for one in now["alarm_list"]],
        status=[list(row) for row in status_view.lines(now, room.pump.hello)],
        clock_off=clock_off(now, room.pump.virtual),
        **course(now),
        **_programmed(now, room.pump.read_program()),
    )


def clock_off(now: Values, virtual: bool = False) -> str:
    """What is to be said of the pump's clock, by which each date of a visit is; empty if it is as here."""
    if not now["time_valid"]:
        return "The pump's clock is not set: it knows no refill date. Set it: `pumpctl clock set`."
    ahead_ms = now["time_ms"] - timetext.now()[0]
    if virtual or abs(ahead_ms) < _CLOCK_OFF_MS:
        return ""
    size = quantity.format_duration(abs(ahead_ms) // units.MS_PER_MIN * units.MS_PER_MIN)
    way = "ahead of" if ahead_ms > 0 else "behind"
    return f"The pump's clock is {size} {way} this machine's, and every date is by the pump's: `pumpctl clock set`."


def course(now: Values) -> Values:
    """The facts on what therapy did before it is stopped, to which it returns at the end."""
    return {
        # An alarm's stop, as of an empty reservoir, is none that anybody wanted to last.
        "ran": now["state"] in (*states.DELIVERING, states.ALARM_STOPPED) or bool(now["start_in_ms"]),
        # An alarm's own minimum rate is the pump's to take up again, and to leave.
        "reduced": now["state"] == states.MINIMUM_RATE and now["stop_reason"] == states.BY_COMMAND,
        "start_in_ms": now["start_in_ms"],
        "start_at_ms": now["time_ms"] + now["start_in_ms"],
    }


def _programmed(now: Values, held: bytes) -> Values:
    """The facts that rest on the program in force."""
    program = therapies.decode(held) if held else None
    return {
        "patient": now["patient"],
        "pump_patient": now["patient"],
        "drug": now["drug"],
        "alarm_volume_nl": program["low_reservoir_nl"] if program else now["low_reservoir_nl"],
        "fill_concentration": now["concentration_ug_per_ml"],
        "dose_ng_per_day": doses.dose_in_force(now),
        "signed_only": now["signed_only"],
        "planned": bool(now["plan_length"]),
        "plan_dose_ng_per_day": now["plan_dose_ng_per_day"],
        "program": held.hex(),
    }


def renew(room: Room) -> bool:
    """Whether others have programmed the pump since the visit began; the facts are then those of their program."""
    facts = room.facts
    held = room.pump.read_program()
    if held.hex() in (facts["program"], facts.get("program_new")):
        return False
    if any(step.name in room.visit.done and (step.name in ("program", "alarm-volume")) for step in room.steps):
        room.talk.tell("Others have programmed the pump since this visit did; their program stands.")
        return False
    facts.update(_programmed(room.status(), held))
    facts.pop("program_new", None)
    room.talk.tell("Others have programmed the pump since this visit began: what was reckoned from it comes again.")
    return True


def alarm_text(alarm: Values) -> str:
    """An alarm in one phrase."""
    told = status_view.alarm_document(alarm, 0)
    return f"{told['id']} ({told['priority']}): {told['text']}"
