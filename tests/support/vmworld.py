"""Runs scripts on MicroPython with the virtual pump's stand-ins around them and the firmware on the path."""

import contextlib
import json
import os
import pty
import socket
import subprocess
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pumpctl.virtual import launcher

DEVICE = launcher.device_start().parent
WALL_MS = 1_767_225_600_000  # 2026-01-01
_MARK = "RESULT "


class World:
    """A pump's flash and plant in a folder. Each run is a power-on; `code` and `errors` tell how the last one ended."""

    def __init__(self, folder: Path, **config: Any) -> None:
        self.folder = folder
        self.config: dict[str, Any] = {
            "flash": str(folder / "flash.img"),
            "plant": str(folder / "plant.json"),
            "control_fd": -1,
            "reset_cause": "power-on",
            "serial": "e66100000000c0de",
            "wall_ms": WALL_MS,
            "speed": 0,
            "seed": 1,
            "crystal_ppm": 0,
            "firmware_dirs": [str(path) for path in launcher.firmware_dirs()],
            **config,
        }
        self.code = 0
        self.errors = ""

    def run(
        self, script: str, stdin: int | None = None, within_s: float = 60, heap: str = launcher.HEAP, **config: Any
    ) -> Any:
        """What the script leaves in `result`, None if its life ended early; a script's error is an AssertionError.

        A script that is large itself may take more heap than a Pico has.
        """
        settings = self._settings(config)
        (self.folder / "script.py").write_text(script)
        program = self.folder / "run.py"
        program.write_text(
            f"import sys\nsys.path.insert(0, {str(DEVICE)!r})\nimport json, start\nstart.HERE = {str(DEVICE)!r}\n"
            f"start.power_on(json.load(open({str(settings)!r})))\n"
            f"sys.path.append({str(self.folder)!r})\nstart.live(lambda: __import__('script'))\n"
            f"print({_MARK!r} + json.dumps(sys.modules['script'].result))\n"
        )
        with _silent_line() as silence:
            done = subprocess.run(
                [launcher.micropython(), "-X", f"heapsize={heap}", str(program)],
                stdin=silence if stdin is None else stdin,
                capture_output=True,
                text=True,
                timeout=within_s,
            )
        self.code, self.errors = done.returncode, done.stderr
        assert self.code in (0, 42, 43, 44), done.stdout + done.stderr
        for line in done.stdout.splitlines():
            if line.startswith(_MARK):
                return json.loads(line.removeprefix(_MARK))
        return None

    def plant(self) -> dict[str, Any]:
        """The plant as it was saved last."""
        told: dict[str, Any] = json.loads((self.folder / "plant.json").read_text())
        return told

    @contextlib.contextmanager
    def running(self, main: str, **config: Any) -> Iterator["Running"]:
        """The virtual pump as its supervisor starts it, but with `main` as the source of its main.py."""
        firmware = self.folder / "firmware"
        firmware.mkdir(exist_ok=True)
        (firmware / "main.py").write_text(main)
        dirs = [str(firmware), *self.config["firmware_dirs"]]
        ours, theirs = socket.socketpair()
        master, slave = pty.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        settings = self._settings({"control_fd": theirs.fileno(), "firmware_dirs": dirs, **config})
        with (self.folder / "vm.log").open("ab") as log:
            process = subprocess.Popen(
                [launcher.micropython(), "-X", f"heapsize={launcher.HEAP}", str(DEVICE / "start.py"), str(settings)],
                stdin=master,
                stdout=master,
                stderr=log,
                pass_fds=(theirs.fileno(),),
            )
        theirs.close()
        ours.settimeout(60)
        try:
            yield Running(process, ours, slave)
        finally:
            ours.close()
            process.kill()
            self.code = process.wait()
            os.close(master)
            os.close(slave)

    def _settings(self, config: dict[str, Any]) -> Path:
        path = self.folder / "config.json"
        path.write_text(json.dumps({**self.config, **config}))
        return path


class Running:
    """A running virtual pump: its control channel and its serial line."""

    def __init__(self, process: "subprocess.Popen[bytes]", control: socket.socket, line: int) -> None:
        self.process = process
        self.line = line
        self._control = control
        self._answers = control.makefile("rb")

    def ask(self, op: str, **request: Any) -> dict[str, Any]:
        """The last line of the answer; without an "ok" in it if the pump ended before."""
        return self.lines(op, **request)[-1]

    def lines(self, op: str, **request: Any) -> list[dict[str, Any]]:
        """All lines of the answer."""
        self.send(op, **request)
        told: list[dict[str, Any]] = []
        for line in self._answers:
            told.append(json.loads(line))
            if "ok" in told[-1]:
                return told
        return [*told, {}]

    def send(self, op: str, **request: Any) -> None:
        """Give an order without waiting for its answer."""
        self._control.sendall(json.dumps({"op": op, **request}).encode() + b"\n")

    def hang_up(self) -> None:
        """Close the control channel, as a supervisor does that has died."""
        self._answers.close()
        self._control.close()

    def ended(self) -> int:
        """Exit code, once the pump has ended."""
        return self.process.wait(60)


@contextlib.contextmanager
def _silent_line() -> Iterator[int]:
    """The reading end of a line on which nothing ever comes."""
    reading, writing = os.pipe()
    try:
        yield reading
    finally:
        os.close(reading)
        os.close(writing)
