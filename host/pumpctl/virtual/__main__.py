"""The daemon behind a virtual pump: `python -m pumpctl.virtual NAME HOME REPORT_FD`, see daemon.launch()."""

import asyncio
import contextlib
import fcntl
import os
import sys
import time
from pathlib import Path

from pumpctl.virtual.paths import PumpPaths
from pumpctl.virtual.supervisor import Supervisor

_LOCK_TRIES = 50
_LOCK_PAUSE_S = 0.02


def _take_lock(paths: PumpPaths) -> int:
    """File descriptor of the pid file, locked for as long as this process or its VM lives."""
    lock_fd = os.open(paths.pid, os.O_RDWR | os.O_CREAT, 0o644)
    for _ in range(_LOCK_TRIES):
        # Whoever asks whether the pump runs holds the lock for an instant.
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(lock_fd, 0)
            os.write(lock_fd, str(os.getpgrp()).encode())
            return lock_fd
        time.sleep(_LOCK_PAUSE_S)
    raise SystemExit(f"virtual pump '{paths.name}' already runs")


def main() -> None:
    """Runs as a daemon: the starter waits for the first process only, and is left no zombie."""
    if os.fork():
        os._exit(0)
    paths = PumpPaths(sys.argv[1], Path(sys.argv[2]))
    lock_fd = _take_lock(paths)
    paths.socket.unlink(missing_ok=True)
    asyncio.run(Supervisor(paths, lock_fd).run(int(sys.argv[3])))


if __name__ == "__main__":
    main()
