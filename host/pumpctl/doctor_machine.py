"""Doctor's checks of this machine: Python, packages, clock and zone, terminal."""

import locale
import os
import platform
import re
import shutil
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import metadata

from pumpctl import __version__
from pumpctl.doctor import OK, PROBLEM, WARNING, Finding, Scene

_PYTHON_MIN = (3, 11)
_WIDTH_MIN = 80
# What a frame needs, and what stands for a character that would act on the terminal.
_NEEDED = "\u2500\ufffd"


def python(scene: Scene) -> Iterator[Finding]:
    """Whether this Python is new enough."""
    found = f"{platform.python_version()} at {sys.executable}, {platform.platform(terse=True)}"
    if sys.version_info >= _PYTHON_MIN:
        yield Finding(OK, found)
    else:
        yield Finding(PROBLEM, f"{found}; 3.11 or newer is needed", "python3.11 -m pip install ./host")


def packages(scene: Scene) -> Iterator[Finding]:
    """Whether every package is there in a version that will do."""
    try:
        told = metadata.distribution("pumpctl")
    except metadata.PackageNotFoundError:
        yield Finding(PROBLEM, "pumpctl runs from a folder and is not installed", "python -m pip install ./host")
        return
    wanting = [text for line in told.requires or () for text in _wanting(line)]
    for text, package in wanting:
        yield Finding(PROBLEM, text, f'{sys.executable} -m pip install --upgrade "{package}"')
    if told.version != __version__:
        text = f"installed as version {told.version}, the code that runs is {__version__}"
        yield Finding(WARNING, text, f"{sys.executable} -m pip install --editable ./host")
    elif not wanting:
        yield Finding(OK, f"pumpctl {__version__}, all of what it needs is there")


def _wanting(line: str) -> list[tuple[str, str]]:
    """(what is wrong, what to install) of a requirement; nothing if it is met, or only for some systems or extras."""
    needed, _, condition = line.partition(";")
    name, low = re.match(r"\s*([A-Za-z0-9._-]+)(?:[^>]*>=\s*([0-9.]+))?", needed).groups()  # type: ignore[union-attr]
    if condition:
        return []
    try:
        found = metadata.version(name)
    except metadata.PackageNotFoundError:
        return [(f"{name} is not installed", needed.strip())]
    if low and _numbers(found) < _numbers(low):
        return [(f"{name} {found} is too old: {low} or newer is needed", needed.strip())]
    return []


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.split("+")[0])[:4])


def host_time(scene: Scene) -> Iterator[Finding]:
    """Whether this machine's clock can be right, for a pump's clock is set by it; and its zone."""
    from pumpctl import library, library_text

    here = datetime.now(UTC).astimezone()
    issued = datetime.fromisoformat(str(library_text.issued(library.starting()))[:10]).replace(tzinfo=UTC)
    told = f"{here:%Y-%m-%d %H:%M} {here.tzname()} (UTC{here.isoformat()[-6:]})"
    if here < issued:
        text = f"{told} is before this tool was made ({issued:%Y-%m-%d}): the clock is wrong, and pumps are set by it"
        yield Finding(PROBLEM, text, "sudo timedatectl set-ntp true")
    elif os.environ.get("TZ") and time.tzname == ("UTC", "UTC") and os.environ["TZ"] not in ("UTC", "UTC0", "Etc/UTC"):
        yield Finding(WARNING, f"{told}: TZ={os.environ['TZ']} may be no zone that this system knows", "unset TZ")
    else:
        yield Finding(OK, told)


def terminal(scene: Scene) -> Iterator[Finding]:
    """Whether tables can be shown as they are meant."""
    encoding = (getattr(sys.stdout, "encoding", None) or locale.getpreferredencoding(False)).lower()
    width = shutil.get_terminal_size((_WIDTH_MIN, 24)).columns
    try:
        _NEEDED.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        text = f"the encoding {encoding} has no frames, and marks for hidden characters are missing"
        yield Finding(WARNING, text, "export PYTHONUTF8=1")
    if width < _WIDTH_MIN:
        yield Finding(WARNING, f"{width} columns wide: tables are folded", f"widen it to {_WIDTH_MIN} columns")
    colours = "no colours (NO_COLOR)" if os.environ.get("NO_COLOR") else "colours"
    if os.environ.get("TERM") == "dumb":
        colours = "no colours (TERM=dumb)"
    shown = f"{encoding}, {width} columns, {colours}" if sys.stdout.isatty() else f"{encoding}, output to no terminal"
    yield Finding(OK, shown)
