"""Starts the supervisor of a virtual pump as a daemon and waits for its report."""

import json
import os
import select
import subprocess
import sys
from typing import Any

from pumpctl.virtual.paths import PumpPaths

START_WITHIN_S = 60


def launch(paths: PumpPaths) -> dict[str, Any]:
    """Starts the daemon; its report ("ok", "error", "log_tail") once the firmware idles or is known not to."""
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
        ready, _, _ = select.select([hear], [], [], START_WITHIN_S)
        data = os.read(hear, 1 << 16) if ready else b""
    finally:
        os.close(hear)
        if tell >= 0:
            os.close(tell)
    if data:
        report: dict[str, Any] = json.loads(data)
        return report
    tail = paths.log.read_text(errors="replace")[-2000:]
    error = "its supervisor ended at once" if ready else f"its firmware did not answer within {START_WITHIN_S} s"
    return {"ok": False, "error": error, "log_tail": tail}
