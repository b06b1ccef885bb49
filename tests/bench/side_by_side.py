"""Eight pumps: what `pumpctl fleet` takes for all of them at once, beside the same one after another."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from figures import Figure
from pull import fill

from infuser.core.journal import SEGMENT_BYTES
from pumpctl import fleet, fleet_tasks, store, virtual
from pumpctl.errors import PumpctlError
from pumpctl.fleet_crew import Crew, Task
from pumpctl.virtual import VirtualPump

PUMPS = 8
SILENT = 4
LOG_BYTES = 6 * SEGMENT_BYTES


class _Unwatched:
    def advance(self, name: str, share: float) -> None:
        pass

    def ended(self, name: str, error: PumpctlError | None) -> None:
        pass

    def stopping(self) -> None:
        pass


def measure(folder: Path) -> list[Figure]:
    """Seconds for a log and for a question, of eight virtual pumps that share this machine's processors."""
    os.environ["PUMPCTL_HOME"] = str(folder / "home")
    files = folder / "files"
    files.mkdir(parents=True)
    fill(files, LOG_BYTES)
    names = [f"fleet{at}" for at in range(PUMPS)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda name: virtual.start(name, speed=0, files=files), names))
    try:
        return _figures(names)
    finally:
        for name in names:
            VirtualPump(name).stop()


def _figures(names: list[str]) -> list[Figure]:
    told = [_figure("logs of eight pumps, pulled", fleet_tasks.pull)]
    told.append(_figure("status of eight pumps", fleet_tasks.status))
    groups = [group for name in names[:SILENT] if (group := VirtualPump(name).paths.process_group())]
    for group in groups:
        os.killpg(group, signal.SIGSTOP)
    try:
        told.append(_figure(f"status of eight pumps, {SILENT} of them silent", fleet_tasks.status, SILENT))
    finally:
        for group in groups:
            os.killpg(group, signal.SIGCONT)
    return told


def _figure(title: str, task: Task, failing: int = 0) -> Figure:
    together_s, alone_s = (_took(task, jobs, failing) for jobs in (PUMPS, 1))
    return Figure(f"{title}, side by side", together_s, "s", "one after another", alone_s)


def _took(task: Task, jobs: int, failing: int) -> float:
    (Path(os.environ["PUMPCTL_HOME"]) / store.FILE_NAME).unlink(missing_ok=True)
    began_s = time.perf_counter()
    with Crew(fleet.members(["fleet*"]), jobs=jobs) as crew:
        crew.each(task, _Unwatched())
        if len(crew.failed) != failing:
            raise SystemExit(f"failed: {[seat.error for seat in crew.failed]}")
        return time.perf_counter() - began_s
