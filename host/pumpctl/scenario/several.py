"""Plays several scenarios side by side, each on a scratch pump of its own; nothing of the user's is touched."""

import contextlib
import fnmatch
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from pumpctl.errors import PumpctlError, UsageProblem
from pumpctl.scenario import therapy
from pumpctl.scenario.play import Played, length_ms, play
from pumpctl.scenario.reader import Scenario, load
from pumpctl.scratch import private_home
from pumpctl.virtual import VirtualPump

Progress = Callable[[float], None]


def chosen(paths: Sequence[Path], pattern: str | None) -> list[Scenario]:
    """The scenarios of these files and of the folders among them whose name, title or case fits; FileProblem."""
    files = [file for path in paths for file in (sorted(path.glob("*.toml")) if path.is_dir() else [path])]
    found = [load(file) for file in files]
    fit = [one for one in found if pattern is None or _fits(one, pattern)]
    if not fit:
        remedy = "a pattern such as 'EC1*' is held against file names, titles and cases"
        raise UsageProblem("there is no scenario to play", field="--only", value=pattern, remedy=remedy)
    for one in fit:
        therapy.of_setup(one)
    return fit


def _fits(one: Scenario, pattern: str) -> bool:
    names = (one.path.stem, one.path.name, one.title, *one.cases)
    return any(fnmatch.fnmatchcase(name.lower(), pattern.lower()) for name in names)


def play_all(
    scenarios: Sequence[Scenario], *, seed: int = 1, jobs: int = 0, keep: str | None = None,
    progress: Progress | None = None,
) -> list[Played]:  # fmt: skip
    """Play them, `jobs` at a time; `progress` gets the share done of all. With `keep` the only one keeps its pump."""
    if keep is not None:
        _check_keep(scenarios, keep)
    bar = _Bar([max(1, length_ms(one)) for one in scenarios], progress)
    with contextlib.ExitStack() as held:
        if keep is None:
            held.enter_context(private_home())
        held.enter_context(_nobody_to_ask())
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="pumpctl-play-")))
        pool = held.enter_context(ThreadPoolExecutor(jobs or os.cpu_count() or 1))
        futures = [
            pool.submit(_played, one, keep or f"play-{at + 1}", folder, seed, bar.of(at), keep is not None)
            for at, one in enumerate(scenarios)
        ]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
        finally:
            # On a failure or Ctrl-C the others must not go on to their ends.
            bar.end()
            for future in futures:
                future.cancel()
        errors = [error for one in futures if not one.cancelled() and (error := one.exception()) is not None]
        for error in sorted(errors, key=lambda one: isinstance(one, Cancelled)):
            raise error
        return [future.result() for future in futures]


def _played(one: Scenario, *told: Any) -> Played:
    """Play one; an error names the file."""
    try:
        return play(one, *told)
    except PumpctlError as error:
        error.message = f"{one.path}: {error.message}"
        raise


def _check_keep(scenarios: Sequence[Scenario], name: str) -> None:
    if len(scenarios) != 1:
        remedy = "name one file, or choose one with --only"
        raise UsageProblem(
            f"{len(scenarios)} scenarios and one pump to keep", field="--keep", value=name, remedy=remedy
        )
    if VirtualPump(name).paths.exists():
        remedy = f"choose another name, or `pumpctl virtual remove {name}`"
        raise UsageProblem(f"there is a virtual pump '{name}' already", field="--keep", value=name, remedy=remedy)


@contextlib.contextmanager
def _nobody_to_ask() -> Iterator[None]:
    """A command of a step must not ask the person who plays the scenario."""
    before = sys.stdin
    with open(os.devnull, encoding="utf-8") as nobody:
        sys.stdin = nobody
        try:
            yield
        finally:
            sys.stdin = before


class Cancelled(Exception):
    """The play was given up while this scenario was under way."""


class _Bar:
    """Adds up the progress of several threads; after `end` each stops where it next reports."""

    def __init__(self, lengths_ms: Sequence[int], progress: Progress | None) -> None:
        self._lengths_ms = lengths_ms
        self._done_ms = [0] * len(lengths_ms)
        self._progress = progress
        self._lock = threading.Lock()
        self._ended = threading.Event()

    def of(self, at: int) -> Callable[[int], None]:
        """What scenario `at` calls with the ms that it has played."""

        def advance(done_ms: int) -> None:
            if self._ended.is_set():
                raise Cancelled
            with self._lock:
                self._done_ms[at] = min(max(0, done_ms), self._lengths_ms[at])
                if self._progress is not None:
                    self._progress(sum(self._done_ms) / sum(self._lengths_ms))

        return advance

    def end(self) -> None:
        self._ended.set()
