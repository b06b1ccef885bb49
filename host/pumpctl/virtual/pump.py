"""A virtual pump from the outside: start it, let time pass, break it, look inside, stop it."""

import contextlib
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

from pumpctl.errors import LinkError, UsageProblem
from pumpctl.fault_names import FAULTS
from pumpctl.nearest import hint
from pumpctl.virtual import control, daemon, launcher
from pumpctl.virtual.paths import DEFAULT_NAME, PumpPaths, all_names

STOP_WITHIN_S = 12
KILL_WITHIN_S = 3
_POLL_S = 0.01


class VirtualPump:
    """Handle of the virtual pump `name`, running or not; every call is a round trip to its supervisor.

    All methods raise LinkError when the pump does not run, UsageProblem when it declines.
    """

    def __init__(self, name: str = DEFAULT_NAME) -> None:
        self.paths = PumpPaths(name)
        self.name = name

    @property
    def port(self) -> Path:
        """The serial port, to be opened like any other; stays the same over resets and restarts."""
        return self.paths.port

    @property
    def running(self) -> bool:
        return self.paths.process_group() is not None

    @property
    def emulated(self) -> bool:
        """Whether its firmware runs on an emulated chip, which is slow while it is busy."""
        return self.paths.exists() and launcher.chip_of(self.paths) == launcher.RP2040

    def status(self) -> dict[str, Any]:
        """The supervisor's view: state ("starting", "running", "failed"), speed, boots, reset_cause, failure."""
        return control.ask(self.paths, {"op": "status"}, within_s=10)

    def get(self) -> dict[str, Any]:
        """Plant truth: what the mechanics did, whatever the firmware believes."""
        return control.ask(self.paths, {"op": "get"})

    def advance_ms(
        self, duration_ms: int, until: str | None = None, progress: control.Progress | None = None
    ) -> dict[str, Any]:
        """Lets virtual time pass, with `until="alarm"` at most to the next alarm: `now_ms`, `stopped_by`.

        Only an alarm of a higher priority than those signalled when the order is given counts.
        What the firmware has to write to its flash at that instant moves time on by those few ms.
        """
        return control.ask(self.paths, {"op": "advance", "ms": duration_ms, "until": until}, progress)

    def set_speed(self, speed: float) -> dict[str, Any]:
        """Virtual seconds a second; at 0 time moves only by `advance_ms`."""
        return control.ask(self.paths, {"op": "speed", "value": speed})

    def fault(self, name: str, on: bool = True, value: Any = None) -> dict[str, Any]:
        """Switches a fault; some take a `value`, such as the pressure of an occlusion."""
        told = {} if value is None else {"value": value}
        return control.ask(self.paths, {"op": "fault", "name": name, "on": on, **told})

    def faults(self) -> dict[str, Any]:
        """All faults by name: the value of one that is on, False for one that is off."""
        return {**dict.fromkeys(FAULTS, False), **self.get()["faults"]}

    def set(self, name: str, value: Any) -> dict[str, Any]:
        """Sets a quantity of the plant, such as the battery's voltage."""
        return control.ask(self.paths, {"op": "set", "name": name, "value": value})

    def press(self, button: str, duration_ms: int = 200) -> dict[str, Any]:
        """Presses the "patient" or the "stop" button."""
        return control.ask(self.paths, {"op": "press", "button": button, "ms": duration_ms})

    def measure(self) -> dict[str, Any]:
        """What an oscilloscope has seen since it was read last; on an emulated chip alone: see board.oscilloscope."""
        return control.ask(self.paths, {"op": "measure"})

    def set_flash_times(self, erase_us: int, program_us: int) -> None:
        """How long an operation of an emulated chip's flash takes from now on."""
        control.ask(self.paths, {"op": "flash-times", "erase_us": erase_us, "program_us": program_us})

    def signals(self) -> list[list[Any]]:
        """The last 256 changes at lamps and sounder: [us since power-on, name, level or Hz], oldest first."""
        told: list[list[Any]] = control.ask(self.paths, {"op": "signals"})["signals"]
        return told

    def power_cut(self, off_ms: int = 0) -> dict[str, Any]:
        """Cuts the power at this instant, for `off_ms` of virtual time; returns when the firmware is up again."""
        return control.ask(self.paths, {"op": "power-cut", "off_ms": off_ms})

    def fill(self, volume_nl: int) -> dict[str, Any]:
        """The technician's hands: the reservoir holds `volume_nl` afterwards."""
        return control.ask(self.paths, {"op": "fill", "volume_nl": volume_nl})

    def drain(self) -> dict[str, Any]:
        """The technician's hands: the reservoir is empty afterwards."""
        return control.ask(self.paths, {"op": "drain"})

    def stop(self) -> None:
        """Ends the pump and keeps its state; hard, if it does not obey. Nothing to do if it stands still."""
        if not self.running:
            return
        with contextlib.suppress(LinkError):
            control.ask(self.paths, {"op": "stop"}, within_s=5)
            if self.ends_within(STOP_WITHIN_S):
                return
        for number in (signal.SIGTERM, signal.SIGKILL):
            group = self.paths.process_group()
            if group is None:
                break
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, number)
            if self.ends_within(KILL_WITHIN_S):
                break
        self.paths.port.unlink(missing_ok=True)
        self.paths.socket.unlink(missing_ok=True)

    def remove(self) -> None:
        """Deletes all state of a pump that does not run: flash, plant, logs."""
        if self.running:
            raise UsageProblem(
                f"virtual pump '{self.name}' is running",
                field="name",
                value=self.name,
                remedy=f"stop it first: `pumpctl virtual stop --name {self.name}`",
            )
        if not self.paths.exists():
            raise unknown(self.name)
        shutil.rmtree(self.paths.directory)

    def reset(self) -> bool:
        """Back to a pump fresh from the bench, same settings; starts it again (True) if it was running."""
        if not self.paths.exists():
            raise unknown(self.name)
        was_running = self.running
        self.stop()
        for file in (self.paths.flash, self.paths.plant, self.paths.vm_log, self.paths.log):
            file.unlink(missing_ok=True)
        if was_running:
            start(self.name)
        return was_running

    def ends_within(self, seconds: float) -> bool:
        """Whether it stands still before so much real time has passed."""
        end_s = time.monotonic() + seconds
        while self.running:
            if time.monotonic() > end_s:
                return False
            time.sleep(_POLL_S)
        return True


def start(
    name: str = DEFAULT_NAME,
    *,
    speed: float | None = None,
    seed: int | None = None,
    crystal_ppm: int | None = None,
    wall_ms: int | None = None,
    micropython: str | None = None,
    files: Path | None = None,
    chip: str | None = None,
    uf2: Path | None = None,
    bare: bool | None = None,
    boot: Path | None = None,
) -> VirtualPump:
    """Starts the virtual pump `name` in the background and returns once its firmware answers.

    A pump that existed before keeps its flash, its mechanics and every setting that is None here.
    `wall_ms` (ms since 1970, UTC) is what a new pump's clock starts with, `files` a folder with what is
    on its flash already. `chip` "rp2040" runs the image `uf2` on an emulated chip instead of the firmware on the unix
    port; a `bare` one has nothing on its flash but what is put there over its port, and `boot` is a program that runs
    before the firmware, such as a measuring probe. UsageProblem: it runs already, or there is no MicroPython;
    LinkError: its firmware does not come up.
    """
    try:
        import fcntl  # noqa: F401
    except ImportError:
        raise UsageProblem(
            "virtual pumps need Linux or macOS", field="virtual", value=sys.platform,
            remedy="connect a board; or work in WSL, where virtual pumps run",
        ) from None  # fmt: skip
    pump = VirtualPump(name)
    if pump.running:
        _refuse_second_start(pump)
    settings = {
        "speed": speed, "seed": seed, "crystal_ppm": crystal_ppm, "wall_ms": wall_ms,
        "files": None if files is None else str(files.absolute()),
        "chip": chip, "uf2": None if uf2 is None else str(uf2.absolute()), "bare": bare,
        "boot": None if boot is None else str(boot.absolute()),
    }  # fmt: skip
    config = launcher.new_config(pump.paths, {**settings, "micropython": micropython})
    pump.paths.directory.mkdir(parents=True, exist_ok=True)
    launcher.install(pump.paths, config)
    launcher.write_config(pump.paths, config)
    pump.paths.vm_log.unlink(missing_ok=True)
    report = daemon.launch(pump.paths, launcher.READY_WITHIN_S[config["chip"]])
    if not report["ok"]:
        if not pump.ends_within(KILL_WITHIN_S):
            pump.stop()
        raise control.failed(pump.paths, report["error"], report["log_tail"])
    return pump


def running() -> list[VirtualPump]:
    """The virtual pumps that run, by name."""
    return [pump for pump in map(VirtualPump, all_names()) if pump.running]


def unknown(name: str) -> UsageProblem:
    return UsageProblem(
        f"there is no virtual pump '{name}'{hint(name, all_names())}",
        field="name",
        value=name,
        remedy="`pumpctl virtual list` shows those that exist",
    )


def _refuse_second_start(pump: VirtualPump) -> None:
    """Lets a start go on where the pump has failed, or all that runs is a VM whose supervisor was killed."""
    usable = False
    with contextlib.suppress(LinkError):
        usable = pump.status()["state"] != "failed"
    if not usable:
        pump.stop()
        return
    raise UsageProblem(
        f"virtual pump '{pump.name}' runs already, at {pump.port}",
        field="name",
        value=pump.name,
        remedy="use it, stop it with `pumpctl virtual stop`, or start another one under another --name",
    )
