"""Which pumps a fleet command means: those attached, narrowed by name or serial number; and what is no pump's port."""

import contextlib
import fnmatch
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pumpctl import ports
from pumpctl.errors import PortError, UsageProblem


@dataclass(frozen=True)
class Member:
    """An attached pump; `serial` is what is known of its serial number without opening the port, perhaps nothing."""

    port: ports.Port
    serial: str = ""

    @property
    def name(self) -> str:
        """What a person calls it."""
        return self.port.name


@dataclass(frozen=True)
class Skipped:
    """A serial port that is left alone, and why."""

    port: str
    why: str


def members(only: Sequence[str] = (), excluded: Sequence[str] = (), also: Sequence[str] = ()) -> list[Member]:
    """The attached pumps and the ports `also` named, as patterns of name or serial number choose them.

    PortError if none is attached, UsageProblem if a pattern fits none: a slip of the pen must not act on other pumps.
    """
    found = [Member(port, _serial(port)) for port in [*ports.find(), *map(ports.resolve, also)]]
    found = list({member.port.spec: member for member in reversed(found)}.values())[::-1]
    if not found:
        remedy = "connect a board, or start a virtual pump: `pumpctl virtual start`"
        raise PortError("no pump found", field="port", remedy=remedy)
    for pattern in (*only, *excluded):
        if not any(_fits(member, [pattern]) for member in found):
            names = ", ".join(_called(member) for member in found)
            raise UsageProblem(
                f'no attached pump is called "{pattern}"', field="pattern", value=pattern, remedy=f"attached: {names}"
            )
    chosen = [one for one in found if (not only or _fits(one, only)) and not _fits(one, excluded)]
    if not chosen:
        raise UsageProblem("no pump is left to act on", field="--except", remedy="leave fewer of them out")
    return chosen


def skipped() -> list[Skipped]:
    """Serial ports that cannot be a pump's, for they are no Raspberry Pi board's."""
    from serial.tools import list_ports

    return [
        Skipped(found.device, f"{_described(found.description)}: not a Raspberry Pi board")
        for found in sorted(list_ports.comports(), key=lambda found: str(found.device))
        if found.vid != ports.PICO_VENDOR
    ]


def _described(text: str | None) -> str:
    return text if text and text != "n/a" else "serial port"


def _serial(port: ports.Port) -> str:
    if port.serial or port.kind != "virtual":
        return port.serial
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        return str(json.loads(Path(port.spec).with_name("config.json").read_text(encoding="utf-8"))["serial"])
    return ""


def _fits(member: Member, patterns: Iterable[str]) -> bool:
    called = [text.lower() for text in (member.name, member.port.spec, member.serial) if text]
    return any(fnmatch.fnmatchcase(text, pattern.lower()) for pattern in patterns for text in called)


def _called(member: Member) -> str:
    return f"{member.name} ({member.serial})" if member.serial else member.name
