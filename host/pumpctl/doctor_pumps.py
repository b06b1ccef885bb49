"""Doctor's checks of each pump that answers: firmware, alarms, drug library, clock, keys."""

import dataclasses
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

from infuser.wire import alarms, states, units
from pumpctl import (
    __version__,
    alarm_texts,
    keystore,
    library,
    library_text,
    library_view,
    status_parts,
    status_view,
    timetext,
)
from pumpctl.doctor import OK, PROBLEM, WARNING, Finding, Scene
from pumpctl.doctor_looks import Look
from pumpctl.errors import ProtocolMismatch, PumpctlError

Values = dict[str, Any]
# Labels change; a library that is older deserves a look at the one in force.
_LIBRARY_OLD = timedelta(days=2 * 365)
_CLOCK_FINE_MS = 5_000
_CLOCK_WRONG_MS = 10 * units.MS_PER_MIN


def _each(scene: Scene, judge: Callable[[Look], Iterator[Finding]]) -> Iterator[Finding]:
    for one in scene.looks:
        for finding in judge(one):
            yield dataclasses.replace(finding, pump=one.name)


def _each_status(scene: Scene, judge: Callable[[Look, Values], Iterator[Finding]]) -> Iterator[Finding]:
    return _each(scene, lambda one: judge(one, one.status) if one.status is not None else iter(()))


def answers(scene: Scene) -> Iterator[Finding]:
    """Whether each pump answers; one whose port is held is told under `busy ports`."""
    if scene.unknown_port is not None:
        yield Finding(PROBLEM, scene.unknown_port.message, scene.unknown_port.remedy)
    elif not scene.looks:
        yield Finding(WARNING, "no pump is connected", "connect a board, or pumpctl virtual start")
    yield from _each(scene, _answers)


def _answers(one: Look) -> Iterator[Finding]:
    if one.held_by:
        yield Finding(WARNING, "was not asked: another program holds its port")
    elif one.hello is not None and one.error is None and one.status is not None:
        yield Finding(OK, status_parts.state_name(one.status["state"]))
    elif one.error is not None and not isinstance(one.error, ProtocolMismatch) and not one.prompt:
        yield Finding(PROBLEM, one.error.message, one.error.remedy)


def firmware(scene: Scene) -> Iterator[Finding]:
    """Whether firmware and tool are of one version, and speak the same protocol."""
    return _each(scene, _firmware)


def _firmware(one: Look) -> Iterator[Finding]:
    if isinstance(one.error, ProtocolMismatch):
        yield Finding(PROBLEM, one.error.message, one.error.remedy)
    elif one.hello is not None and one.hello.firmware != __version__:
        text = f"{one.hello.firmware}, this tool is {__version__}; the protocol is the same"
        yield Finding(WARNING, text, f"pumpctl flash --port {one.name}")
    elif one.hello is not None:
        yield Finding(OK, f"{one.hello.firmware}, as this tool")


def alarms_present(scene: Scene) -> Iterator[Finding]:
    """Alarms that stand, and a pump that stands still with a therapy in it."""
    return _each_status(scene, _alarms)


def _alarms(one: Look, status: Values) -> Iterator[Finding]:
    for alarm in status["alarm_list"]:
        code = alarm["alarm"]
        told = f": {alarm_texts.text(code)}" if code in alarms.ALARMS else ""
        level = WARNING if alarm["priority"] == alarms.LOW else PROBLEM
        yield Finding(
            level, f"{status_view.alarm_name(code)}{told}", f"pumpctl alarms list --port {one.name}   (tells how)"
        )
    if status["state"] in (states.SUSPENDED, states.ALARM_STOPPED):
        state = status_parts.state_name(status["state"])
        yield Finding(WARNING, f"therapy stands still ({state})", f"pumpctl status --port {one.name}")
    elif not status["alarm_list"]:
        yield Finding(OK, "none")


def drug_library(scene: Scene) -> Iterator[Finding]:
    """Whether each pump's library is there, not behind the shipped one of its name, and not old."""
    return _each_status(scene, _library)


def _library(one: Look, status: Values) -> Iterator[Finding]:
    shipped, held = library.starting(), one.library
    if held is None:
        text = "missing or damaged: the pump infuses nothing"
        yield Finding(PROBLEM, text, f"pumpctl library send FILE.lib --port {one.name}")
        return
    told = f"version {held['version']} of {library_text.issued(held)}"
    show = f"pumpctl library show --port {one.name}"
    if held["name"] != shipped["name"]:
        told = f"{held['name']}, {told}"
    elif held["version"] < shipped["version"]:
        mend = "pumpctl library template --starting -o ward.toml; sign it; pumpctl fleet library ward.lib"
        yield Finding(WARNING, f"{told} is behind the shipped version {shipped['version']}", mend)
        return
    elif held["version"] == shipped["version"] and library_view.digest_text(held) != library_view.digest_text(shipped):
        yield Finding(WARNING, f"{told} has the shipped one's name and version, and other limits", show)
        return
    age = _age(held)
    if age > _LIBRARY_OLD:
        yield Finding(WARNING, f"{told} is {age.days // 365} years old: compare it with the label in force", show)
    else:
        yield Finding(OK, told)


def _age(held: Values) -> timedelta:
    try:
        return date.today() - date.fromisoformat(str(library_text.issued(held))[:10])
    except ValueError:
        return timedelta()


def clock(scene: Scene) -> Iterator[Finding]:
    """How far each clock is off, and whether it is in this machine's zone."""
    return _each_status(scene, _clock)


def _clock(one: Look, status: Values) -> Iterator[Finding]:
    mend = f"pumpctl clock set --port {one.name}"
    if one.ahead_ms is None:
        yield Finding(PROBLEM, "not set: a daily pattern falls back to its mean", mend)
        return
    off_ms = abs(one.ahead_ms)
    way = "ahead" if one.ahead_ms > 0 else "behind"
    told = f"{_rounded(off_ms)} {way}" if off_ms > _CLOCK_FINE_MS else "right"
    here_min = timetext.now()[1]
    if status["utc_offset_min"] != here_min:
        told += f", {status['utc_offset_min']:+d} min from UTC where this machine has {here_min:+d}"
    if one.port.kind == "virtual" and off_ms > _CLOCK_FINE_MS:
        yield Finding(OK, f"{told}; a virtual pump has a time of its own")
    elif off_ms > _CLOCK_WRONG_MS:
        yield Finding(PROBLEM, told, mend)
    elif off_ms > _CLOCK_FINE_MS or status["utc_offset_min"] != here_min:
        yield Finding(WARNING, told, mend)
    else:
        yield Finding(OK, told)


def _rounded(off_ms: int) -> str:
    """To the minute from two minutes on: pumps that are off alike are told together."""
    whole_ms = units.MS_PER_MIN if off_ms >= 2 * units.MS_PER_MIN else units.MS_PER_S
    return status_parts.whole(off_ms // whole_ms * whole_ms)


def keys(scene: Scene) -> Iterator[Finding]:
    """Whether this machine can sign in where that is needed."""
    return _each_status(scene, _keys)


def _keys(one: Look, status: Values) -> Iterator[Finding]:
    assert one.hello is not None
    try:
        held, where = keystore.found(one.hello.serial)
    except PumpctlError as error:
        yield Finding(PROBLEM, error.message, error.remedy)
        return
    if not status["keyed"] and held is not None:
        text = "no keys on the pump, so that those kept here are of no use"
        yield Finding(WARNING, text, f"pumpctl keys forget --port {one.name}")
    elif not status["keyed"]:
        yield Finding(OK, "none: open to everybody")
    elif held is None:
        text = "none of the pump's keys is here: its therapy cannot be changed from here"
        yield Finding(WARNING, text, "export PUMPCTL_KEY_FILE=FILE")
    else:
        yield Finding(OK, f"{' and '.join(held.roles())} in {where}")
