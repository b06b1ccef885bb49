"""A bench of virtual pumps and the installed `pumpctl`, each test with a home of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pumpctl import virtual
from pumpctl.board import requirements
from pumpctl.errors import PumpctlError
from pumpctl.virtual import VirtualPump, launcher

# 2026-01-01 08:00 UTC: what the clock of every virtual pump starts with.
WALL_MS = 1_767_254_400_000
PUMPCTL = Path(sys.executable).parent / "pumpctl"


@dataclass(frozen=True)
class Ran:
    """What a run of `pumpctl` left: exit code and both outputs; `json` is the one document on stdout."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)


@pytest.fixture
def pump_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty PUMPCTL_HOME without any other PUMPCTL_* setting; no pump in it outlives the test."""
    for name in [name for name in os.environ if name.startswith("PUMPCTL_")]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    monkeypatch.setenv("PUMPCTL_HOME", str(home))
    yield home
    for name in virtual.all_names():
        VirtualPump(name).stop()


@pytest.fixture
def bench(pump_home: Path, request: pytest.FixtureRequest) -> Callable[..., VirtualPump]:
    """Starts a virtual pump: bench("a", seed=3). Its time stands still unless a speed is given.

    What runs its firmware is said by pytest's --chip: MicroPython's unix port, or the real image on an emulated chip.
    """
    chip = request.config.getoption("--chip")
    try:
        launcher.micropython() if chip == launcher.VM else requirements.image(None)
    except PumpctlError as error:
        pytest.skip(f"{error.message}; {error.remedy}")

    def start(name: str = virtual.DEFAULT_NAME, *, speed: float = 0, **settings: Any) -> VirtualPump:
        return virtual.start(name, speed=speed, **{"wall_ms": WALL_MS, "chip": chip, **settings})

    return start


@pytest.fixture
def cli(pump_home: Path) -> Callable[..., Ran]:
    """Runs the installed `pumpctl`: cli("status", "--json"). `env` adds to the environment, `stdin` is typed text."""

    def run(*words: object, env: dict[str, str] | None = None, stdin: str = "", timeout_s: float = 120) -> Ran:
        done = subprocess.run(
            [str(PUMPCTL), *map(str, words)],
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            env={**os.environ, **(env or {})},
            timeout=timeout_s,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return run
