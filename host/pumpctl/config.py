"""The config file in TOML: defaults of the tool, of its commands and of single pumps, each with its line.

What a command's own section may hold is known to the command line alone: see `pumpctl.cli.settings`.
"""

import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from pumpctl import paths
from pumpctl.each_time import REFUSED, spelt
from pumpctl.errors import FileProblem, Problem
from pumpctl.nearest import nearest
from pumpctl.quantity import KINDS, QuantityError

GLOBAL_KEYS = {
    "port": "Pump to talk to where none is named: a device, socket://HOST:PORT or a pump's name.",
    "operator": "Who acts, for the pump's log.",
}
# Of a pump: key -> (kind of quantity, "" for text; what it is). The last three feed `prime` and `program send`.
PUMP_KEYS = {
    "port": ("", "Device or socket://HOST:PORT that it is on."),
    "serial": ("", "Its serial number, by which its USB port is found; another pump there is refused."),
    "operator": ("", "Who acts on this pump."),
    "catheter_length": ("length", 'Length of its catheter, for example "60cm".'),
    "lumen": ("volume_per_length", 'What the catheter holds a length, for example "2.2ul/cm".'),
    "dead_space": ("volume", "What stands between reservoir and catheter."),
}
_WHERE_FROM = ("port", "serial", "operator")
_REMEDY = "correct the file: `pumpctl config template` shows what there is, `pumpctl config check` checks all of it"


@dataclass(frozen=True)
class Setting:
    """One value of the file and where it stands there."""

    key: str
    value: Any
    line: int


@dataclass(frozen=True)
class KnownPump:
    """A pump that the file names: where it is, and its own defaults; without port and serial it is a virtual one."""

    name: str
    settings: Mapping[str, Setting]

    def text(self, key: str) -> str:
        """A setting that is text, empty if it is not told."""
        return str(self.settings[key].value) if key in self.settings else ""

    @property
    def port(self) -> str:
        """Device or URL."""
        return self.text("port")

    @property
    def serial(self) -> str:
        """As USB ports tell it: small letters."""
        return self.text("serial").lower()

    def defaults(self) -> dict[str, Setting]:
        """What it tells about options of commands, by the parameter's name."""
        return {key: one for key, one in self.settings.items() if key not in _WHERE_FROM}


@dataclass(frozen=True)
class Config:
    """What the file says; empty where there is none."""

    file: Path
    top: Mapping[str, Setting] = field(default_factory=dict)
    pumps: Mapping[str, KnownPump] = field(default_factory=dict)
    sections: Mapping[str, Any] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Whether it says nothing."""
        return not (self.top or self.pumps or self.sections)

    def text(self, key: str) -> str:
        """A global setting that is text, empty if it is not told."""
        return str(self.top[key].value) if key in self.top else ""

    def section(self, path: str) -> dict[str, Setting]:
        """What the section of a command holds, `program send` being `[program.send]`; tables below it left out."""
        told: Any = self.sections
        for name in path.split():
            told = told.get(name) if isinstance(told, dict) else None
        if not isinstance(told, dict):
            return {}
        dotted = ".".join(path.split())
        return {key: self._setting(f"{dotted}.{key}", value) for key, value in told.items() if type(value) is not dict}

    def line(self, key: str) -> int:
        """Where a key or table stands, 0 if that is not known."""
        return self.lines.get(key, 0)

    def place(self, one: Setting) -> str:
        """File and line, as editors take them."""
        return f"{self.file}:{one.line}" if one.line else str(self.file)

    def pump_on(self, spec: str, serial: str = "") -> KnownPump | None:
        """The pump that is called `spec`, or is on this port, or has this serial number."""
        if spec in self.pumps:
            return self.pumps[spec]
        by_serial = [one for one in self.pumps.values() if serial and one.serial == serial.lower()]
        by_port = [one for one in self.pumps.values() if one.port == spec and one.serial in ("", serial.lower())]
        return next(iter(by_serial + by_port), None)

    def _setting(self, key: str, value: Any) -> Setting:
        return Setting(key, value, self.line(key))


def leave_out(yes: bool) -> None:
    """Have `load` find nothing from now on: for what must not fail by a slip in a file, such as a stop."""
    global _left_out
    _left_out = yes


_left_out = False


def load() -> Config:
    """The config file as it is now. FileProblem lists what is wrong with it."""
    file = paths.config_file()
    if _left_out:
        return Config(file)
    try:
        told = file.stat()
    except (FileNotFoundError, NotADirectoryError):
        if os.environ.get("PUMPCTL_CONFIG"):
            missing = Problem("", "there is no such file")
            raise FileProblem(str(file), [missing], "correct PUMPCTL_CONFIG, or unset it") from None
        return Config(file)
    return _load(file, told.st_mtime_ns, told.st_size)


@lru_cache(maxsize=4)
def _load(file: Path, mtime_ns: int, size: int) -> Config:
    import tomllib

    try:
        text = file.read_text(encoding="utf-8")
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FileProblem(str(file), [Problem("", f"not TOML: {error}")], _REMEDY) from None
    except OSError as error:
        raise FileProblem(str(file), [Problem("", error.strerror or str(error))], "make it readable") from None
    lines = _lines_of(text)
    found = Config(file, sections=document, lines=lines)
    problems: list[Problem] = []
    top = {key: document.pop(key) for key in list(document) if not isinstance(document[key], dict)}
    for key, value in top.items():
        _check(problems, found, key, value, GLOBAL_KEYS, "")
    pumps = document.pop("pump", {})
    for name, told in pumps.items():
        _check_pump(problems, found, name, told)
    _check_twice(problems, found, pumps)
    fail(found, problems)
    return Config(
        file,
        {key: found._setting(key, value) for key, value in top.items()},
        {name: _pump(found, name, told) for name, told in pumps.items()},
        document,
        lines,
    )


def fail(of: Config, problems: list[Problem]) -> None:
    """FileProblem, if there are any."""
    if problems:
        raise FileProblem(str(of.file), problems, _REMEDY)


def wrong(of: Config, key: str, message: str) -> Problem:
    """A problem with the line where it is."""
    line = of.line(key)
    return Problem(f"line {line}, {key}" if line else key, message)


def unknown(key: str, known: Collection[str]) -> str:
    """What is said about a key that there is not."""
    near = nearest(spelt(key), map(spelt, known))
    hint = f"did you mean {near[0]}? " if near else ""
    return f"unknown key; {hint}allowed: {', '.join(known) or 'none'}"


def _pump(of: Config, name: str, told: Mapping[str, Any]) -> KnownPump:
    return KnownPump(name, {spelt(key): of._setting(f"pump.{name}.{key}", value) for key, value in told.items()})


def _check_pump(problems: list[Problem], of: Config, name: str, told: Any) -> None:
    if not isinstance(told, dict):
        problems.append(
            wrong(of, f"pump.{name}", 'is no table; write [pump.NAME], then port = "..." or serial = "..."')
        )
        return
    for key, value in told.items():
        _check(problems, of, f"pump.{name}.{key}", value, PUMP_KEYS, PUMP_KEYS.get(spelt(key), ("", ""))[0])


def _check_twice(problems: list[Problem], of: Config, pumps: Mapping[str, Any]) -> None:
    """One pump must not have two names: which defaults are its own would not be known."""
    seen: dict[tuple[str, str], str] = {}
    for name, told in pumps.items():
        for key in ("port", "serial"):
            value = told.get(key) if isinstance(told, dict) else None
            if isinstance(value, str) and value:
                first = seen.setdefault((key, value.lower()), name)
                if first != name:
                    problems.append(wrong(of, f"pump.{name}.{key}", f"is that of pump.{first}; a pump has one name"))


def _check(problems: list[Problem], of: Config, key: str, value: Any, known: Collection[str], kind: str) -> None:
    last = key.rpartition(".")[2]
    if spelt(last) in REFUSED:
        problems.append(wrong(of, key, f"may not be set by a file: {REFUSED[spelt(last)]}"))
    elif spelt(last) not in known:
        problems.append(wrong(of, key, unknown(last, known)))
    elif not isinstance(value, str) or not value:
        example = f', for example "{KINDS[kind].example}"' if kind else ""
        problems.append(wrong(of, key, f"must be text in quotes{example}"))
    elif kind:
        try:
            KINDS[kind].parse(value)
        except QuantityError as error:
            problems.append(wrong(of, key, f"{error.message}; {error.remedy}"))


_TABLE = re.compile(r"\s*\[+\s*([^\]#]+?)\s*\]+\s*(?:#.*)?")
_KEY = re.compile(r"\s*([A-Za-z0-9_.\"' -]+?)\s*=")


def _lines_of(text: str) -> dict[str, int]:
    """Dotted key or table -> the line where it stands."""
    found: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if head := _TABLE.fullmatch(line):
            table = _plain(head[1])
            found.setdefault(table, number)
        elif key := _KEY.match(line):
            found.setdefault(".".join(part for part in (table, _plain(key[1])) if part), number)
    return found


def _plain(dotted: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in dotted.split("."))
