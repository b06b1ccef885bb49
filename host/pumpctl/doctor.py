"""What `pumpctl doctor` looks at: the table of checks, and how they are run so that none can hang or hurt.

A check gets the Scene and tells findings. It changes nothing, opens no port that another process holds and asks a pump
only for what needs no session.
"""

import importlib
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pumpctl.errors import PumpctlError

if TYPE_CHECKING:
    from pumpctl.doctor_looks import Look
    from pumpctl.ports import Port

OK, WARNING, PROBLEM, SKIPPED = "ok", "warning", "problem", "skipped"
LIMIT_S = 15.0


@dataclass(frozen=True)
class Finding:
    """What a check found: how bad it is, in one sentence, and what mends it, if possible a command as it is typed.

    `pump` is the name of the pump that it is about, if it is about one.
    """

    level: str
    text: str
    mend: str = ""
    pump: str = ""


@dataclass
class Scene:
    """What all checks look at: the ports meant, and what each pump told when it was asked, once.

    `bad_config` is why the config file was left out of finding the ports.
    """

    ports: "Sequence[Port]" = ()
    unknown_port: PumpctlError | None = None
    looks: "Sequence[Look]" = ()
    bad_config: PumpctlError | None = None
    findings: dict[str, list[Finding]] = field(default_factory=dict)


# name -> (module, function, what it is about), in the order of the table. A function gets the Scene.
CHECKS = {
    "python": ("pumpctl.doctor_machine", "python", "Python's version"),
    "packages": ("pumpctl.doctor_machine", "packages", "versions of the packages that pumpctl needs"),
    "time": ("pumpctl.doctor_machine", "host_time", "this machine's clock and time zone"),
    "terminal": ("pumpctl.doctor_machine", "terminal", "encoding, width and colours"),
    "settings": ("pumpctl.doctor_settings", "variables", "environment variables PUMPCTL_..."),
    "config": ("pumpctl.doctor_settings", "config", "the config file"),
    "micropython": ("pumpctl.doctor_tools", "micropython", "the MicroPython that virtual pumps run on"),
    "mpy-cross": ("pumpctl.doctor_tools", "mpy_cross", "the compiler that `pumpctl flash` uses"),
    "browser": ("pumpctl.doctor_tools", "browser", "what prints reports as PDF"),
    "keyring": ("pumpctl.doctor_keys", "keyring", "where keys are kept"),
    "key files": ("pumpctl.doctor_keys", "key_files", "who may read the keys"),
    "archive": ("pumpctl.doctor_files", "archive", "the archive of pulled logs"),
    "disk": ("pumpctl.doctor_files", "disk", "room for the archive"),
    "pending": ("pumpctl.doctor_files", "pending", "commands whose outcome is not known"),
    "virtual pumps": ("pumpctl.doctor_virtual", "virtual_pumps", "virtual pumps that ended badly"),
    "permissions": ("pumpctl.doctor_ports", "permissions", "access to serial ports"),
    "busy ports": ("pumpctl.doctor_ports", "busy", "ports that another program holds"),
    "boards": ("pumpctl.doctor_ports", "boards", "boards without the pump's firmware"),
    "pumps": ("pumpctl.doctor_pumps", "answers", "whether each pump answers"),
    "firmware": ("pumpctl.doctor_pumps", "firmware", "firmware and protocol against this tool's"),
    "alarms": ("pumpctl.doctor_pumps", "alarms_present", "alarms that stand"),
    "drug library": ("pumpctl.doctor_pumps", "drug_library", "version and age of each drug library"),
    "clock": ("pumpctl.doctor_pumps", "clock", "each pump's clock against this machine's"),
    "keys": ("pumpctl.doctor_pumps", "keys", "whether the keys of each pump are here"),
}


def run(scene: Scene, limit_s: float = LIMIT_S) -> None:
    """Fill `scene.findings` in the table's order: checks run side by side, and one that does not end is told so."""
    told: dict[str, list[Finding]] = {}
    threads = {name: threading.Thread(target=_check, args=(name, scene, told), daemon=True) for name in CHECKS}
    for thread in threads.values():
        thread.start()
    end_s = time.monotonic() + limit_s
    for name, thread in threads.items():
        thread.join(max(0.0, end_s - time.monotonic()))
        late = [Finding(WARNING, f"did not end within {limit_s:g} s", "run it again when the machine is less busy")]
        scene.findings[name] = told.get(name, late)


def _check(name: str, scene: Scene, told: dict[str, list[Finding]]) -> None:
    module, function, _ = CHECKS[name]
    try:
        check: Callable[[Scene], Iterable[Finding]] = getattr(importlib.import_module(module), function)
        told[name] = list(check(scene)) or [Finding(SKIPPED, "nothing to look at")]
    except PumpctlError as error:
        told[name] = [Finding(PROBLEM, error.message, error.remedy)]
    except Exception as error:  # a check that fails is a finding, not the end of the others
        told[name] = [Finding(WARNING, f"could not be checked: {type(error).__name__}: {error}")]
