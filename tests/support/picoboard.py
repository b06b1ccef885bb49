"""A Pico on the bench: a drive while its button is held, then MicroPython's prompt, restarts and its application.

The prompt is MicroPython's VM with a littlefs in a file; `port` is a link to where the board is to be found. What a
started application prints says which one it is; one that is listed in `pumps` is then found at the port given there.
"""

import os
import pty
import signal
import subprocess
import threading
import time
import tty
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from pumpctl.virtual.launcher import micropython

VM_BOARD = Path(__file__).parent.parent / "system" / "vm_board.py"
INFO = "UF2 Bootloader v3.0\r\nModel: Raspberry Pi RP2\r\nBoard-ID: RPI-RP2\r\n"
SOFT_RESET, RESET = 0, -signal.SIGHUP


class PicoBoard:
    """The board; a context manager, within which it has power."""

    def __init__(self, folder: Path, pumps: Mapping[str, str], *, bootsel_bytes: int = 0, runs: str = "") -> None:
        """With `bootsel_bytes` it waits as a drive until an image of that size is on it; else a pump runs on it that
        answers at the port `runs`, or it is at its prompt."""
        folder.mkdir(parents=True, exist_ok=True)
        self.image = folder / "flash.img"
        self.port = folder / "ttyACM0"
        self.drive = folder / "RPI-RP2"
        self.started: list[str] = []
        self._pumps = pumps
        self._awaited_bytes = bootsel_bytes
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self._process: subprocess.Popen[bytes] | None = None
        self._on = True
        self._thread = threading.Thread(target=self._live)
        if bootsel_bytes:
            self.drive.mkdir()
            (self.drive / "INFO_UF2.TXT").write_text(INFO)
        elif runs:
            self._link(runs)
        else:
            self._spawn()

    def leave(self) -> None:
        """The pump that runs ends, and MicroPython's prompt is there."""
        self._spawn()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._on = False
        self._thread.join()
        if self._process:
            self._process.kill()
            self._process.wait()
        os.close(self._slave)
        os.close(self._master)

    def _live(self) -> None:
        while self._on and self._awaited_bytes:
            time.sleep(0.02)
            if sum(path.stat().st_size for path in self.drive.glob("*.uf2")) == self._awaited_bytes:
                (self.drive / "INFO_UF2.TXT").unlink()
                self._awaited_bytes = 0
                self._spawn()
        while self._on:
            time.sleep(0.02)
            code = self._process.poll() if self._process else None
            if code == SOFT_RESET:
                os.write(self._master, b"soft reboot\r\n")
                self._spawn()
                os.write(self._slave, b"\r\x01")  # a Pico stays in raw mode
            elif code == RESET:
                self.port.unlink()
                self._start()

    def _spawn(self) -> None:
        command = [micropython(), "-i", str(VM_BOARD), str(self.image), "prompt", "0", "pico"]
        self._process = subprocess.Popen(command, stdin=self._master, stdout=self._master, stderr=self._master)
        self._link(os.ttyname(self._slave))

    def _start(self) -> None:
        """The application starts: it runs on where `pumps` says, or has ended at the prompt."""
        command = [micropython(), str(VM_BOARD), str(self.image), "boot", "0", "pico"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode == RESET:
            return self._start()
        self.started.append((done.stdout + done.stderr).strip().splitlines()[-1])
        pump = self._pumps.get(self.started[-1])
        if pump is None:
            self._spawn()
        else:
            self._process = None
            self._link(pump)
        return None

    def _link(self, where: str) -> None:
        draft = self.port.with_suffix(".new")
        draft.symlink_to(where)
        draft.replace(self.port)
