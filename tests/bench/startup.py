"""How long a person waits for the tool to begin: beside Python alone and another tool for the same boards."""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from figures import Figure

from pumpctl import virtual

RUNS = 15
BIN = Path(sys.executable).parent
PASS = (sys.executable, "-c", "pass")
PEER = (str(BIN / "mpremote"), "--help")
# Figures to stay below, ms.
GOALS_MS = {"pumpctl --help": 300, "pumpctl status": 500}


def measure(folder: Path) -> list[Figure]:
    """`pumpctl --help`, and `status` of a running virtual pump, each beside Python alone, mpremote and its goal."""
    env = {**os.environ, "PUMPCTL_HOME": str(folder)}
    pump = _started(folder)
    try:
        tool = str(BIN / "pumpctl")
        commands = {"python -c pass": PASS, "mpremote --help": PEER, "pumpctl --help": (tool, "--help"),
                    "pumpctl status": (tool, "status")}  # fmt: skip
        took: dict[str, list[float]] = {name: [] for name in commands}
        # In turn, so that whatever else the machine does falls on all alike.
        for _ in range(RUNS):
            for name, words in commands.items():
                took[name].append(_once_ms(words, env))
    finally:
        pump.stop()
    median = {name: statistics.median(each) for name, each in took.items()}
    found = []
    for name in ("pumpctl --help", "pumpctl status"):
        for peer in ("python -c pass", "mpremote --help"):
            found.append(Figure(name, median[name], "ms", peer, median[peer]))
        found.append(Figure(name, median[name], "ms", "goal", GOALS_MS[name]))
    return found


def _started(folder: Path) -> virtual.VirtualPump:
    before = os.environ.get("PUMPCTL_HOME")
    os.environ["PUMPCTL_HOME"] = str(folder)
    try:
        return virtual.start("startup", speed=0)
    finally:
        if before is None:
            del os.environ["PUMPCTL_HOME"]
        else:
            os.environ["PUMPCTL_HOME"] = before


def _once_ms(words: tuple[str, ...], env: dict[str, str]) -> float:
    began_s = time.perf_counter()
    subprocess.run(words, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=True)
    return (time.perf_counter() - began_s) * 1e3
