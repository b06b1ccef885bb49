"""The visits of a new pump and of another drug: implant and change-drug."""

from dataclasses import replace
from pathlib import Path

from infuser.wire import program as programs
from pumpctl import (
    keystore,
    library,
    library_send,
    operations,
    quantity,
    status_parts,
    timetext,
    visit_end,
    visit_facts,
    visit_path,
)
from pumpctl import visit_questions as ask
from pumpctl import visit_steps as steps
from pumpctl.errors import UsageProblem
from pumpctl.visit_room import Question, Room, Step
from pumpctl.visit_therapy import LIBRARY, THERAPY


def _new(room: Room) -> None:
    steps.show_status(room)
    if room.facts["program"]:
        raise UsageProblem(
            f"the pump has a therapy already, of {room.facts['pump_patient']}", field="program",
            remedy="another visit is for that patient; for another one, `pumpctl program clear` first",
        )  # fmt: skip


def _self_test(room: Room) -> None:
    operations.self_test(room.pump)
    room.talk.tell("The self-test passed.")


# Clock

SET_CLOCK = Question(
    "set_clock", "yes", "Set the pump's clock to this machine's time and zone", "yes", default=lambda room: True
)


def _clock(room: Room) -> None:
    if room.visit.answers[SET_CLOCK.key]:
        moved = room.pump.set_clock(*timetext.now())["moved_ms"]
        room.talk.tell(f"The pump's clock moved by {quantity.format_duration(moved)}.")


# Drug library


def _library(room: Room) -> None:
    file = room.visit.answers[LIBRARY.key]
    if file:
        _, stored = library.load_signed(Path(file))
        if library.digest(stored) != room.status()["library_digest"]:
            library_send.stage(room.pump, stored)
            room.talk.confirm(f"Put drug library {file} into force?")
            library_send.commit(room.pump, stored)
    now = room.status()
    own = now["library_digest"] == programs.digest(library.encode(library.starting()))
    room.talk.tell(f"Drug library: {status_parts.library(now)}{', as shipped' if own else ''}.")


# Keys

KEYS = Question(
    "keys", "yes", "Give the pump keys, so that only who holds them may change its therapy (service jumper set)", "no",
    default=lambda room: False,
)  # fmt: skip


def _keys(room: Room) -> None:
    keyed = room.status()["keyed"]
    serial = room.visit.serial
    if not room.visit.answers[KEYS.key]:
        room.talk.tell("The pump keeps its keys." if keyed else "The pump has no keys: it obeys whoever talks to it.")
    elif keyed and keystore.found(serial)[0]:
        room.talk.tell(f"The pump has keys, kept in {keystore.found(serial)[1]}.")
    else:
        room.talk.confirm(f"Give pump {serial} new keys? Keys kept elsewhere open it no more.")
        room.talk.tell(f"The pump has new keys, kept in {operations.provision_keys(room.pump)['kept_in']}.")


def _program(room: Room) -> None:
    steps.put_into_force(room)
    steps.note_due(room)


_ANYWAY = replace(ask.RESUME, words="Whether therapy starts at the end", default=lambda room: True)
_LOOK = Step("look", "look at the pump and the patient", steps.look, "Read the patient's identity from the patient.",
             (LIBRARY, THERAPY, ask.PATIENT), before=_new, renew=visit_facts.renew, reckoned=True)  # fmt: skip

IMPLANT = (
    _LOOK,
    Step("self-test", "test the pump", _self_test, "Listen for the sounder and look at the three lamps.", changes=True),
    Step("clock", "set the clock", _clock, questions=(SET_CLOCK,)),
    Step("library", "drug library", _library),
    Step("keys", "keys", _keys, questions=(KEYS,)),
    replace(steps.STOP, title="stop the pump for the filling"),
    replace(steps.RESIDUAL, title="what is in the reservoir before", hands="A new pump is empty; else draw all of it.",
            questions=(ask.LIMIT_SHARE, ask.LIMIT_VOLUME, visit_path.NEW_RESIDUAL, ask.ACCEPT)),
    steps.FILL,
    replace(steps.ACCOUNT, title="account for the filling"),
    visit_path.PRIMING,
    Step("program", "put the first therapy into force", _program, holds=steps.in_force),
    replace(steps.RESUME, title="start therapy", questions=(_ANYWAY,)),
    visit_end.LOG,
    visit_end.SUMMARY,
)  # fmt: skip


# Another drug


def _running(room: Room) -> None:
    steps.show_status(room)
    steps.need_program(room)


CHANGE_DRUG = (
    replace(_LOOK, questions=(THERAPY, ask.PATIENT), before=_running),
    steps.STOP,
    steps.RESIDUAL,
    steps.FILL,
    steps.ACCOUNT,
    visit_path.BRIDGING,
    steps.RESUME,
    visit_end.LOG,
    visit_end.SUMMARY,
)
