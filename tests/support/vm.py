"""Runs a script on the MicroPython VM with the firmware on its path and a Pico's measure of heap."""

import os
import subprocess
from pathlib import Path

from pumpctl.virtual.launcher import HEAP, micropython

ROOT = Path(__file__).resolve().parents[2]
FIRMWARE = ROOT / "firmware"


def run_vm(script: Path, *arguments: object, heap: str = HEAP, timeout_s: float = 120) -> str:
    """What `script` printed; an AssertionError with its traceback if it failed."""
    done = subprocess.run(
        [micropython(), "-X", f"heapsize={heap}", str(script), *map(str, arguments)],
        env={**os.environ, "MICROPYPATH": str(FIRMWARE)},
        capture_output=True,
        text=True,
        timeout=timeout_s,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
