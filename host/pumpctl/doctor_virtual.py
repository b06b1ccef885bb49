"""Doctor's check of virtual pumps: those that run well, and what is left of those that ended badly."""

import importlib.util
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pumpctl.doctor import OK, PROBLEM, SKIPPED, WARNING, Finding, Scene
from pumpctl.errors import LinkError, PumpctlError

if TYPE_CHECKING:
    from pumpctl.virtual import VirtualPump

_ANSWER_S = 3.0


def virtual_pumps(scene: Scene) -> Iterator[Finding]:
    """Supervisors that are dead, hang, or whose firmware failed; pumps whose firmware is not this tool's."""
    if importlib.util.find_spec("fcntl") is None:
        yield Finding(SKIPPED, "this system has no virtual pumps")
        return
    from pumpctl import virtual

    pumps = [virtual.VirtualPump(name) for name in virtual.all_names()]
    told = [finding for pump in pumps for finding in _judged(pump)]
    yield from told
    running = [pump.name for pump in pumps if pump.running]
    if not told:
        yield Finding(OK if pumps else SKIPPED, f"{len(running)} running, {len(pumps) - len(running)} stopped")


def _judged(pump: "VirtualPump") -> Iterator[Finding]:
    stop = f"pumpctl virtual stop --name {pump.name}"
    again = f"{stop}, then pumpctl virtual start --name {pump.name}"
    if not pump.running:
        # A port or socket that is still there belongs to a supervisor that was killed.
        if pump.port.is_symlink() or pump.paths.socket.exists():
            text = "its supervisor was killed; flash and mechanics are kept"
            yield Finding(WARNING, text, f"pumpctl virtual start --name {pump.name}", pump.name)
        return
    from pumpctl.virtual import control

    try:
        told = control.ask(pump.paths, {"op": "status"}, within_s=_ANSWER_S)
    except LinkError as error:
        yield Finding(PROBLEM, error.message, again, pump.name)
        return
    except PumpctlError as error:
        yield Finding(PROBLEM, error.message, error.remedy, pump.name)
        return
    if told.get("state") == "failed":
        failure = str(told.get("failure", "")).splitlines()
        text = f"its firmware failed{': ' + failure[0] if failure else ''}"
        yield Finding(PROBLEM, text, f"{again}; see {pump.paths.vm_log}", pump.name)
    elif _outdated(pump):
        yield Finding(WARNING, "runs firmware that is not this tool's", again, pump.name)


def _outdated(pump: "VirtualPump") -> bool:
    """Whether the copy of the firmware that it runs differs from the one here."""
    from pumpctl import firmware_files

    try:
        contents = {path: source.read_bytes() for path, source in firmware_files.application().items()}
        held = (pump.paths.application / firmware_files.IMAGE_LIST).read_bytes()
    except (OSError, json.JSONDecodeError):
        return False
    return held != firmware_files.image_list(contents)
