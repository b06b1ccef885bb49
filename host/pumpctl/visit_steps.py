"""Steps that several visits share: look, stop, residual, fill, account, program, resume, log, summary."""

import time
from collections.abc import Callable

from infuser.wire import alarms, states
from infuser.wire import program as programs
from pumpctl import doses, operations, order_changes, status_parts, status_view, visit_facts, visit_log
from pumpctl import program as therapies
from pumpctl import visit_questions as ask
from pumpctl.client import Values
from pumpctl.errors import Refused, UsageProblem
from pumpctl.quantity import format_dose_rate, format_volume
from pumpctl.visit_room import Room, Step

Advance = Callable[[float], None]
# Alarms whose cause a refill takes away.
_MENDED = (alarms.RESERVOIR_LOW, alarms.RESERVOIR_EMPTY)
_LOOKS, _LOOK_S = 6, 0.5


# Look


def look(room: Room) -> None:
    """What the pump does and holds now goes into the visit, and before the person's eyes; nothing is changed."""
    visit_facts.survey(room)
    room.visit.patient = room.facts["patient"]


def show_status(room: Room) -> None:
    """The status before the person's eyes."""
    visit_facts.survey(room)
    room.talk.pairs([(name, value) for name, value in room.facts["status"]], f"Pump {room.visit.serial}")
    for told in room.facts["alarms"]:
        room.talk.tell(f"alarm: {told}")
    if room.facts["clock_off"]:
        room.talk.tell(room.facts["clock_off"])


def need_program(room: Room) -> None:
    """UsageProblem where the pump has no therapy."""
    if not room.facts["program"]:
        raise UsageProblem(
            "the pump has no therapy", remedy="`pumpctl visit implant` gives it its first", field="program"
        )


# Refill


def refilled(room: Room) -> bool:
    """Whether the pump has accounted for a refill since the visit began; its figures are then taken over."""
    told = visit_log.refill(room.pump, room.facts["mark"])
    if told is None:
        return False
    if not ask.accounted(room):
        volume, who = format_volume(told["volume_nl"]), told["operator"]
        room.talk.tell(f"The pump has accounted for a refill of {volume} since this visit began, by {who}.")
    filled = {"residual": told["measured_residual_nl"], "volume": told["volume_nl"],
              "concentration": told["concentration_ug_per_ml"]}  # fmt: skip
    for key, value in filled.items():
        mine = room.visit.answers.get(key)
        if mine is not None and mine != value:
            room.talk.tell(f"The pump has accounted for another {key} than this visit was told; the pump's counts.")
    now = room.status()
    room.visit.answers.update(filled)
    room.facts.update(accounted=True, expected_nl=told["expected_residual_nl"], refilled_by=told["operator"])
    _after(room, now["reservoir_nl"], status_view.refill_due(now["refill_due_ms"], now))
    return True


def _after(room: Room, reservoir_nl: int, due: str) -> None:
    room.facts.update(filled_nl=reservoir_nl, new_refill_due=due)


def stopped(room: Room) -> bool:
    """Whether the pump stands in its refill, or has already accounted for it."""
    return room.status()["state"] == states.REFILL or refilled(room)


def stop(room: Room) -> None:
    """The pump stops for the refill."""
    facts = room.facts
    dose = f", {format_dose_rate(facts['dose_ng_per_day'])}" if facts["dose_ng_per_day"] else ""
    whose = f" of {facts['patient']}{dose}" if facts["program"] else ""
    room.talk.confirm(f"Stop pump {room.visit.serial}{whose} for the refill?")
    facts.update(visit_facts.course(room.status()))
    room.keep()
    facts["expected_nl"] = room.pump.begin_refill()["expected_residual_nl"]
    room.talk.tell(f"The pump is stopped; expected residual {format_volume(facts['expected_nl'])}.")


def residual(room: Room) -> None:
    """The discrepancy is told; one over the limits has been measured again and accepted."""
    answers = room.visit.answers
    while not ask.accounted(room) and ask.discrepancy(room).over and not answers.get(ask.ACCEPT.key):
        for key in (ask.RESIDUAL.key, ask.ACCEPT.key):
            answers.pop(key, None)
            room.visit.given.pop(key, None)
        room.answer(ask.RESIDUAL)
        if ask.discrepancy(room).over:
            room.answer(ask.ACCEPT)
    if not ask.accounted(room):
        room.talk.tell(f"Residual: {ask.discrepancy(room).sentence}.")


def nothing(room: Room) -> None:
    """The step is done with the hands, or with its answers."""


def account(room: Room) -> None:
    """The pump takes residual, volume and concentration into its books."""
    answers = room.visit.answers
    now, program = room.status(), held_program(room)
    given = {
        "residual_nl": answers["residual"],
        "volume_nl": answers["volume"],
        "concentration_ug_per_ml": answers["concentration"],
    }
    dose = doses.dose_in_force(now) if program else 0
    whose = f" of {room.facts['patient']}{f', {format_dose_rate(dose)}' if dose else ''}"
    question = f"Account for this refill{whose}: {order_changes.refill_words(given)}?"
    changes = order_changes.refill(now, program, room.facts["expected_nl"], given)
    room.talk.order(question, now["patient"], dose, changes, False)
    reply = room.pump.complete_refill(answers["residual"], answers["volume"], answers["concentration"])
    now = room.status()
    room.facts["accounted"] = True
    room.facts["expected_nl"] = answers["residual"] - reply["discrepancy_nl"]
    _after(room, reply["reservoir_nl"], status_view.refill_due(reply["refill_due_ms"], now))


STOP = Step("stop", "stop the pump for the refill", stop, "Have syringe, needle and the new drug ready.",
            holds=stopped, until="account", changes=True)  # fmt: skip
RESIDUAL = Step("residual", "draw and measure the residual", residual,
                "Draw all that is in the reservoir; read the volume off the syringe.",
                (ask.LIMIT_SHARE, ask.LIMIT_VOLUME, ask.RESIDUAL, ask.ACCEPT), needless=ask.accounted)  # fmt: skip
FILL = Step("fill", "fill the new drug in", nothing,
            "The reservoir is empty now: fill slowly, without air; keep the vial to read its concentration.",
            (ask.VOLUME, ask.CONCENTRATION), needless=ask.accounted)  # fmt: skip
ACCOUNT = Step("account", "account for the refill", account, holds=refilled)


# Program


def before(room: Room) -> therapies.Program | None:
    """The program that was in force when the visit began."""
    held = room.facts["program"]
    return therapies.decode(bytes.fromhex(held)) if held else None


def held_program(room: Room) -> therapies.Program | None:
    """The program in force for a comparison, None without one that can be read."""
    return operations.program_to_compare(room.pump, room.talk.tell)


def wanted(room: Room) -> therapies.Program:
    """The program that this visit puts into force."""
    return therapies.decode(bytes.fromhex(room.facts["program_new"]))


def want(room: Room, program: therapies.Program) -> None:
    """The program that this visit is to put into force."""
    room.facts["program_new"] = therapies.encode(program).hex()


def in_force(room: Room) -> bool:
    """Whether the pump holds the program wanted, by its digest."""
    data = bytes.fromhex(room.facts.get("program_new", ""))
    return bool(data) and room.status()["program_digest"] == programs.digest(data)


def put_into_force(room: Room, bridge_nl: int = 0, flushed: bool = False) -> None:
    """Stage, compare side by side, confirm, commit and read back; nothing where it is in force already."""
    if in_force(room):
        return
    signature = bytes.fromhex(room.facts.get("signature", ""))
    proposal = operations.propose(room.pump, wanted(room), bridge_nl, signature)
    confirmed = room.talk.program(proposal, flushed)
    operations.commit(room.pump, proposal, confirmed)


def note_due(room: Room) -> None:
    """The refill's due time as the pump reckons it now."""
    now = room.status()
    room.facts["new_refill_due"] = status_view.refill_due(now["refill_due_ms"], now)
    room.talk.tell(f"Refill due: {room.facts['new_refill_due']}.")


def set_alarm_volume(room: Room) -> None:
    """The alarm volume is part of the program: changed, it is a program like any other."""
    data = room.pump.read_program()
    level = room.visit.answers[ask.ALARM_VOLUME.key]
    program = therapies.decode(data)
    if program["low_reservoir_nl"] != level:
        want(room, {**program, "low_reservoir_nl": level})
        put_into_force(room)
    note_due(room)


ALARM_VOLUME = Step("alarm-volume", "alarm volume and refill date", set_alarm_volume, questions=(ask.ALARM_VOLUME,))


# Resume


def runs(room: Room) -> bool:
    """Whether therapy runs as it is to, or starts by itself."""
    now = room.status()
    half_way = room.facts["reduced"] and now["state"] in states.THERAPY and bool(room.visit.answers.get(ask.RESUME.key))
    return (now["state"] in states.DELIVERING or bool(now["start_in_ms"])) and not half_way


def _settled(room: Room) -> Values:
    """The status once the pump has had time to see that the reservoir is filled; not later than after some looks."""
    for _ in range(_LOOKS):
        now = room.status()
        if not any(one["alarm"] in _MENDED and one["active"] for one in now["alarm_list"]):
            break
        time.sleep(_LOOK_S)
    return now


def resume(room: Room) -> None:
    """Therapy goes on, unless it is to stay stopped."""
    if not room.visit.answers[ask.RESUME.key]:
        why = "as it was before" if not room.facts.get("ran") else "as asked"
        room.talk.tell(f"Therapy stays stopped, {why}.")
        return
    for one in _settled(room)["alarm_list"]:
        if one["alarm"] in _MENDED and not one["active"] and not one["acknowledged"]:
            room.talk.confirm(f"Acknowledge {status_view.alarm_name(one['alarm'])}, whose cause is gone?")
            room.pump.acknowledge(one["alarm"])
    try:
        room.talk.tell(go_on(room))
    except Refused as refused:
        raise Refused(
            f"therapy was not started: {refused.message}", code=refused.code, name=refused.name, reason=refused.reason,
            field=refused.field, value=refused.value, low=refused.low, high=refused.high,
            remedy=f"{refused.remedy}; then `pumpctl visit resume`",
        ) from refused  # fmt: skip


def go_on(room: Room) -> str:
    """Therapy as it was before the visit stopped it: at the minimum rate, or when it was to start by itself; in words.

    Refused, Declined or UsageProblem where it does not.
    """
    now, program, facts = room.status(), held_program(room), room.facts
    reduced = program is not None and bool(facts.get("reduced"))
    # Whatever became of the clock meanwhile, not later than it was to be.
    delay_ms = min(facts.get("start_in_ms", 0), max(0, facts.get("start_at_ms", 0) - now["time_ms"]))
    if reduced and program:
        dose, changes = order_changes.minimum_dose(now, program), order_changes.minimum(now, program, True)
    else:
        dose, changes = doses.dose_in_force(now), order_changes.start(now, program, delay_ms)
    as_before = ", the minimum rate as before," if reduced else ""
    when = f" by itself in {status_parts.whole(delay_ms)}" if delay_ms else ""
    drug = f"{now['drug']} {now['concentration_ug_per_ml']} ug/mL"
    question = f"Start {format_dose_rate(dose)}{as_before} of {drug} for {now['patient']}{when}?"
    room.talk.order(question, now["patient"], dose, changes, True)
    wait_ms = 0 if now["state"] in states.DELIVERING else room.pump.resume(delay_ms)["start_in_ms"]
    if not reduced:
        return f"Therapy runs{f' in {status_parts.whole(wait_ms)}, by itself' if wait_ms else ''}."
    room.pump.minimum_rate(True)
    return "Therapy runs at the minimum rate, as before; `pumpctl minimum-rate off` returns to the program."


RESUME = Step("resume", "let therapy go on", resume, questions=(ask.RESUME,), holds=runs, changes=True)
