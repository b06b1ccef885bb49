"""Which processes hold a serial port: by /proc on Linux, by lsof elsewhere, by nobody's word on Windows."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_SAID_S = 5.0
_COMMAND_MAX = 60
# What plays a virtual pump keeps the pump's own end of its port open.
_VIRTUAL = "-m pumpctl.virtual "


@dataclass(frozen=True)
class Holder:
    """A process that has a port open; `command` is how it was started."""

    pid: int
    command: str

    def __str__(self) -> str:
        shown = self.command if len(self.command) <= _COMMAND_MAX else self.command[: _COMMAND_MAX - 3] + "..."
        return f"{shown} (process {self.pid})"


def holders(port: str) -> list[Holder]:
    """Other processes that have `port` open, those that lock it first; empty where none is seen or may be seen."""
    try:
        path = os.path.realpath(port, strict=True)
    except OSError:
        return []
    found = [*_lockers(path), *_openers(path)] if _PROC.joinpath("locks").exists() else _by_lsof(path)
    told = [Holder(pid, command) for pid in dict.fromkeys(found) if (command := _command(pid)) and pid != os.getpid()]
    return [one for one in told if _VIRTUAL not in f"{one.command} "]


def told(port: str) -> str:
    """Who holds a port, for an error's remedy; empty if nobody is seen."""
    found = [str(one) for one in holders(port)]
    return "" if not found else f"held by {', '.join(found)}"


def rivals(port: str) -> str:
    """What to do about other processes that read from a port of ours; empty if there are none."""
    by = told(port)
    return f"the port is {by} too, which takes the pump's answers: end that program, then try again" if by else ""


def look(port: str) -> str:
    """A command that shows who holds a port where this user may not see it."""
    return f"Get-Process, or the other program's own list ({port})" if sys.platform == "win32" else f"sudo lsof {port}"


def _lockers(path: str) -> list[int]:
    """Those that hold an exclusive lock on the file, as pyserial and mpremote take."""
    told = os.stat(path)
    where = f"{os.major(told.st_dev):02x}:{os.minor(told.st_dev):02x}:{told.st_ino}"
    found = []
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in _PROC.joinpath("locks").read_text(encoding="ascii").splitlines():
            words = line.split()
            if words[1] == "FLOCK" and words[5] == where:
                found.append(int(words[4]))
    return found


def _openers(path: str) -> list[int]:
    return [pid for pid in _pids() if path in _opened(pid)]


def _pids() -> Iterator[int]:
    with contextlib.suppress(OSError):
        yield from (int(entry) for entry in os.listdir(_PROC) if entry.isdecimal())


def _opened(pid: int) -> set[str]:
    """What a process has open; nothing of one that is another user's, or has ended."""
    found = set()
    with contextlib.suppress(OSError):
        folder = f"{_PROC}/{pid}/fd"
        for number in os.listdir(folder):
            with contextlib.suppress(OSError):
                found.add(os.readlink(f"{folder}/{number}"))
    return found


def _by_lsof(path: str) -> list[int]:
    return [int(word) for word in _said("lsof", "-t", path).split() if word.isdecimal()]


def _said(*command: str) -> str:
    """What a program says; nothing where it is missing, fails or takes its time."""
    program = shutil.which(command[0])
    if program is None:
        return ""
    try:
        ran = subprocess.run(
            [program, *command[1:]], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
            timeout=_SAID_S, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ran.stdout


def _command(pid: int) -> str:
    """How a process was started, its program without the folder; empty if it has ended."""
    if not _PROC.joinpath("locks").exists():
        return _said("ps", "-o", "command=", "-p", str(pid)).strip()
    try:
        words = _PROC.joinpath(str(pid), "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    except OSError:
        return ""
    return " ".join([os.path.basename(words[0]), *words[1:]]).strip() or "a process"
