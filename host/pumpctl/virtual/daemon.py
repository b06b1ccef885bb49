"""Starts the supervisor of a virtual pump as a daemon and waits for its report."""

import json
import os
import select
import subprocess
import sys
from typing import Any

from pumpctl.virtual.paths import PumpPaths

_MORE_S = 30  # than the firmware has to get ready: for the processes around it


def launch(paths: PumpPaths, ready_within_s: float) -> dict[str, Any]:
    """Starts the daemon; its report ("ok", "error", "log_tail") once the firmware idles or is known not to."""
    within_s = ready_within_s + _MORE_S
    hear, tell = os.pipe()
    try:
        with paths.log.open("wb") as log:
            subprocess.run(
                [sys.executable, "-P", "-m", "pumpctl.virtual", paths.name, str(paths.directory.parent), str(tell)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(tell,),
                start_new_session=True,
                cwd=paths.directory,
                check=False,
            )
        os.close(tell)
        tell = -1
        ready, _, _ = select.select([hear], [], [], within_s)
        data = os.read(hear, 1 << 16) if ready else b""
    finally:
        os.close(hear)
        if tell >= 0:
            os.close(tell)
    if data:
        report: dict[str, Any] = json.loads(data)
        return report
    tail = paths.log.read_text(errors="replace")[-2000:]
    error = "its supervisor ended at once" if ready else f"its firmware did not answer within {within_s:g} s"
    return {"ok": False, "error": error, "log_tail": tail}
