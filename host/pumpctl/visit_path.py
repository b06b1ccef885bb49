"""The fluid path in a visit: priming by the catheter's dimensions, and the bridge between two drugs."""

import time
from dataclasses import replace

from infuser.wire import states, units
from pumpctl import operations, status_view, tubing, visit_log
from pumpctl import visit_questions as ask
from pumpctl import visit_steps as steps
from pumpctl.errors import UsageProblem, VerificationError
from pumpctl.quantity import format_duration, format_volume
from pumpctl.visit_room import Question, Room, Step

_LOOK_S = 0.25
# A pump whose own time does not move is a virtual one that stands still.
_STILL_LOOKS = 12
_LENGTH_MAX_UM = 2_000_000
_WHOLE_PERCENT = 99


def _outright(room: Room) -> bool:
    """Whether the path's volume is told outright, or that there is none to tell."""
    return bool(room.preview_answer(PRIME if room.visit.kind == "implant" else BRIDGE)) or (
        room.visit.kind == "change-drug" and bool(room.preview_answer(FLUSHED))
    )


def _by_catheter(room: Room) -> bool:
    return not _outright(room)


def path_nl(room: Room) -> int:
    """The volume of the path, outright or by the catheter; 0 where it was flushed."""
    if _outright(room):
        return 0 if room.visit.kind == "change-drug" and room.preview_answer(FLUSHED) else int(
            room.preview_answer(PRIME if room.visit.kind == "implant" else BRIDGE))  # fmt: skip
    length, lumen, dead = (room.preview_answer(question) for question in (LENGTH, LUMEN, DEAD_SPACE))
    return tubing.path_nl(int(length or 0), int(lumen or 0), int(dead or 0))


def _check_length(room: Room, value: int) -> None:
    ask.within(
        "catheter_length", value, 10_000, _LENGTH_MAX_UM, lambda um: f"{um // 10_000} cm", "60 to 110 cm are usual"
    )


def _check_lumen(room: Room, value: int) -> None:
    ask.within("lumen", value, 1000, 100_000_000, lambda told: f"{told} pL/mm", 'for example "2.2ul/cm"')


def _check_outright(room: Room, value: int) -> None:
    if value and room.visit.kind == "change-drug" and room.preview_answer(FLUSHED):
        raise UsageProblem(
            "flushed and a bridge are both given", field="bridge", value=value, remedy="give one of them"
        )
    high = units.PRIMING_MAX_NL if room.visit.kind == "implant" else units.BRIDGE_MAX_NL
    ask.within(
        PRIME.key if room.visit.kind == "implant" else BRIDGE.key,
        value,
        0,
        high,
        format_volume,
        "0.1 to 0.5 mL are usual",
    )


def _check_dead_space(room: Room, value: int) -> None:
    high = units.PRIMING_MAX_NL if room.visit.kind == "implant" else units.BRIDGE_MAX_NL
    ask.within("dead_space", value, 0, high, format_volume, "it is told in the pump's papers")
    length, lumen = (room.preview_answer(question) for question in (LENGTH, LUMEN))
    if length and lumen:
        total = tubing.path_nl(int(length), int(lumen), value)
        ask.within("fluid path", total, 1, high, format_volume, "check catheter_length, lumen and dead_space")


LENGTH = Question(
    "catheter_length", "length", "Length of the catheter", "60cm", check=_check_length, asked=_by_catheter
)
LUMEN = Question(
    "lumen", "volume_per_length", "What the catheter holds a length", "2.2ul/cm", check=_check_lumen, asked=_by_catheter
)
DEAD_SPACE = Question(
    "dead_space", "volume", "What stands between reservoir and catheter", "0.26ml", default=lambda room: 0,
    check=_check_dead_space, asked=_by_catheter,
)  # fmt: skip
PRIME = Question(
    "prime_volume", "volume", "Volume to prime with, instead of the catheter's dimensions", "200ul",
    default=lambda room: 0, check=_check_outright, quiet=True,
)  # fmt: skip
BRIDGE = Question(
    "bridge", "volume", "Volume in which the drug before still stands, instead of the catheter's dimensions", "0.3ml",
    default=lambda room: 0, check=_check_outright, quiet=True,
)  # fmt: skip
FLUSHED = Question(
    "flushed", "yes", "Whether the fluid path was flushed with the new drug, so that there is no bridge", "no",
    default=lambda room: False,
)  # fmt: skip
_CATHETER = (LENGTH, LUMEN, DEAD_SPACE)


# Priming


def _primed(room: Room) -> tuple[int, int]:
    """(volume wanted, volume primed so far by the pump's log), nL."""
    total = path_nl(room)
    told = visit_log.priming(room.pump, room.facts["mark"])
    return total, told[1] if told else 0


def prime(room: Room) -> None:
    """Prime what is still to be primed, and wait for its end."""
    if room.status()["state"] != states.PRIMING:
        total, primed = _primed(room)
        rest = total - primed
        so_far = f" (the rest; {format_volume(primed)} are primed)" if primed else ""
        lasts = operations.prime_duration_ms(rest)
        room.talk.confirm(
            f"Prime {format_volume(rest)}{so_far} over {format_duration(lasts)}; is the line off the patient?"
        )
        room.pump.prime(rest, lasts)
    room.talk.progress("Priming", lambda advance: _wait(room, advance))
    total, primed = _primed(room)
    if primed * 100 < total * _WHOLE_PERCENT:
        present = ", ".join(status_view.alarm_name(one["alarm"]) for one in room.status()["alarm_list"]) or "none"
        raise VerificationError(
            f"priming ended after {format_volume(primed)} of {format_volume(total)}; alarms: {present}",
            field="prime_volume", value=primed, low=total,
            remedy="remove the cause, acknowledge the alarm, then `pumpctl visit resume` primes the rest",
        )  # fmt: skip


def is_primed(room: Room) -> bool:
    """Whether the pump's log has the whole volume primed since the visit began."""
    if room.status()["state"] == states.PRIMING:
        return False
    total, primed = _primed(room)
    return primed > 0 and primed * 100 >= total * _WHOLE_PERCENT


def _wait(room: Room, advance: steps.Advance) -> None:
    still, age_ms = 0, -1
    while True:
        now = room.status()
        if now["state"] != states.PRIMING:
            return
        for bolus in now["bolus_list"]:
            advance(bolus["delivered_nl"] / max(1, bolus["volume_nl"]))
        still = still + 1 if now["age_ms"] == age_ms else 0
        age_ms = now["age_ms"]
        if still > _STILL_LOOKS:
            raise UsageProblem(
                "the pump's time stands still while it primes", field="speed",
                remedy="a virtual pump: `pumpctl virtual speed 60`; then `pumpctl visit resume`",
            )  # fmt: skip
        time.sleep(_LOOK_S)


PRIMING = Step("prime", "prime the catheter", prime, "The line is off the patient; look for drops at its end.",
               (PRIME, *_CATHETER), holds=is_primed)  # fmt: skip


# Bridge


def bridge(room: Room) -> None:
    """The new program is compared, confirmed and put into force, after the bridge."""
    volume = path_nl(room)
    steps.put_into_force(room, volume, flushed=not volume)
    steps.note_due(room)


BRIDGING = Step("program", "put the new therapy into force, after a bridge", bridge,
                "The drug before still stands in the fluid path: it is given first, at its own rate.",
                (FLUSHED, BRIDGE, *_CATHETER), holds=steps.in_force)  # fmt: skip
# A pump never filled has no residual to measure.
NEW_RESIDUAL = replace(ask.RESIDUAL, default=lambda room: 0)
