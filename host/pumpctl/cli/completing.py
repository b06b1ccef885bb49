"""What a shell offers for a value: pumps, alarms, faults, archived serial numbers, files by their ending.

Everything here is asked for at a press of the tab key: it is quick, and where it fails nothing is offered.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    Item = CompletionItem[Any]
else:  # Generic only in later versions of click.
    Item = CompletionItem
Offer = Callable[[], Iterable[tuple[str, str]]]


def attach(path: str, command: click.Command) -> None:
    """Give the parameters of the command called `path` their completion; for all others click's own stands."""
    for param in command.params:
        name = (param.name or "").removeprefix("shared_")
        offer = _FACTS.get((path, name)) or _BY_NAME.get(name)
        endings = _ENDINGS.get((path, name)) or _ENDINGS_BY_NAME.get(name)
        if path.startswith("virtual ") and name in ("name", "names"):
            offer = virtual_names
        if endings:
            _complete(param, _files(endings))
        elif offer is not None and not isinstance(param.type, click.Choice):
            _complete(param, _values(offer))


def _complete(param: click.Parameter, complete: Callable[[click.Context, str], list[Item]]) -> None:
    param.shell_complete = complete  # type: ignore[assignment]


def _values(offer: Offer) -> Callable[[click.Context, str], list[Item]]:
    def complete(ctx: click.Context, incomplete: str) -> list[Item]:
        try:
            found = list(offer())
        except Exception:
            return []  # a broken config file, an archive that is locked: a shell's line is no place to say so
        return [CompletionItem(value, help=about or None) for value, about in found if value.startswith(incomplete)]

    return complete


def _files(endings: tuple[str, ...]) -> Callable[[click.Context, str], list[Item]]:
    """Files with these endings and folders; whatever there is where none fits."""

    def complete(ctx: click.Context, incomplete: str) -> list[Item]:
        found = _fitting(incomplete, endings)
        if len(found) == 1 and found[0].endswith(os.sep):
            found = _fitting(found[0], endings) or found
        return [CompletionItem(name) for name in found] or [CompletionItem(incomplete, type="file")]

    return complete


def _fitting(incomplete: str, endings: tuple[str, ...]) -> list[str]:
    folder, _, start = incomplete.rpartition(os.sep)
    folder = folder + os.sep if os.sep in incomplete else ""
    try:
        entries = sorted(Path(folder or ".").expanduser().iterdir())
    except OSError:
        return []
    return [
        f"{folder}{entry.name}{os.sep if entry.is_dir() else ''}"
        for entry in entries
        if entry.name.startswith(start) and (start.startswith(".") or not entry.name.startswith("."))
        and (entry.is_dir() or entry.name.endswith(endings))
    ]  # fmt: skip


def pumps() -> Iterable[tuple[str, str]]:
    """Names of the config file, running virtual pumps, boards."""
    from pumpctl import config, ports

    named = config.load().pumps
    found = {name: pump.port or f"serial {pump.serial}" for name, pump in named.items() if pump.port or pump.serial}
    for port in ports.find():
        found.setdefault(port.name, port.description)
    return found.items()


def virtual_names() -> Iterable[tuple[str, str]]:
    """Every virtual pump, running or not."""
    from pumpctl import virtual

    running = {pump.name for pump in virtual.running()}
    return [(name, "runs" if name in running else "stopped") for name in virtual.all_names()]


def alarms() -> Iterable[tuple[str, str]]:
    """The pump's alarms."""
    from infuser.wire import alarms

    return [(alarms.name(code), "") for code in alarms.ALARMS]


def faults() -> Iterable[tuple[str, str]]:
    """The faults of virtual pumps."""
    from pumpctl.fault_names import FAULTS

    return FAULTS.items()


def serials() -> Iterable[tuple[str, str]]:
    """Pumps of the archive."""
    from pumpctl import paths
    from pumpctl.store import FILE_NAME, Archive

    if not (paths.data_dir() / FILE_NAME).exists():
        return []
    with Archive() as archive:
        return [(serial, "") for serial in archive.serials()]


def commands() -> Iterable[tuple[str, str]]:
    """The tool's commands, for `config show`."""
    from pumpctl.cli.main import COMMANDS

    return [(name, about) for name, (_, _, about) in COMMANDS.items()]


_FLEET = ("status", "pull", "verify", "selftest", "clock", "library")
_BY_NAME: dict[str, Offer] = {"port": pumps, "serial": serials, "serials": serials, "pump": serials, "alarm": alarms}
_FACTS: dict[tuple[str, str], Offer] = {
    ("virtual fault", "fault_name"): faults,
    ("program preview", "like"): pumps,
    ("config show", "command"): commands,
    ("calibrate", "virtual_scale"): virtual_names,
    **{(f"fleet {name}", option): pumps for name in _FLEET for option in ("only", "excluded")},
}
_ENDINGS_BY_NAME = {"held": (".lib", ".toml"), "prescriber": (".pub",), "signature": (".sig",), "scale": (".csv",)}
_ENDINGS = {
    **{(f"program {name}", "file"): (".toml",) for name in ("check", "preview", "send", "show", "sign")},
    ("program sign", "key"): (".key",),
    ("program trust", "key"): (".pub", ".key"),
    ("library check", "file"): (".toml", ".lib"),
    ("library show", "file"): (".toml", ".lib"),
    ("library sign", "file"): (".toml",),
    ("library sign", "key"): (".key",),
    ("library send", "file"): (".lib",),
    ("library trust", "key"): (".pub", ".key"),
    **{(f"log {name}", "file"): (".bin",) for name in ("verify", "replay", "export")},
    ("log replay", "libraries"): (".lib", ".toml"),
    ("virtual play", "files"): (".toml",),
    ("keys provision", "file"): (".json",),
    ("fleet library", "file"): (".lib",),
    ("titrate", "source"): (".toml",),
    **{(f"visit {name}", "file"): (".toml",) for name in ("refill", "implant", "adjust", "change-drug", "resume")},
    **{(f"visit {name}", "therapy"): (".toml",) for name in ("implant", "change-drug")},
    ("visit implant", "library"): (".lib",),
}
