"""Plays the shares of a campaign on every core, or on a Dask cluster, and sums up what came of them.

A share is a first seed and a count. What plays it is named by module and function, for a worker that has only the
source tree: `function(first_seed, count, **options)` returns an object with `failures` (text by seed), `add(other)`
and `summary()`. A cluster's workers need the tree and its .venv's packages at the same path.
"""

import argparse
import importlib
import os
import random
import sys
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

ROOT = Path(__file__).resolve().parents[2]
PLACES = [str(ROOT / place) for place in ("tests/campaign", "tests/support", "firmware", "host")]
SEEDS = 1 << 30
TELL_S = 60  # a log is told so often how far it is
ANSWER_S = 10  # for so long a scheduler may stay silent


class Tally(Protocol):
    """What came of some seeds."""

    failures: dict[int, str]

    def add(self, other: Any) -> None: ...
    def summary(self) -> str: ...


@dataclass(frozen=True)
class Play:
    """What plays a share."""

    module: str
    function: str
    options: dict[str, Any] = field(default_factory=dict)


def options(parser: argparse.ArgumentParser, count: int | None = None) -> None:
    """The options that all campaigns share; `count`: how many seeds are played by default, None for no such option."""
    if count is not None:
        parser.add_argument("--count", type=int, default=count, metavar="N", help="how many (default %(default)s)")
    parser.add_argument("--seed", type=int, help="first seed; without it one by chance")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at once (default %(default)s)")
    parser.add_argument("--dask", metavar="ADDRESS", help="play on a Dask cluster, tcp://host:port of its scheduler")


def seeds(chosen: int | None, count: int) -> range:
    """So many seeds, from the one asked for or one by chance on."""
    first = random.randrange(SEEDS) if chosen is None else chosen
    return range(first, first + count)


def call(places: list[str], play: Play, seed: int, count: int) -> Any:
    """Play one share, in whatever process this is."""
    sys.path[:0] = [place for place in places if place not in sys.path]
    return getattr(importlib.import_module(play.module), play.function)(seed, count, **play.options)


def run(
    name: str,
    play: Play,
    total: Tally,
    played: range,
    share: int,
    where: argparse.Namespace,
    enough: Callable[[], bool] = lambda: False,
) -> None:
    """Play the seeds `played` in shares, until all are played or it is `enough`; what came of them is in `total`.

    Tells of progress, and of each failure as soon as it is known.
    """
    begun_s = time.monotonic()
    shares = [(at, min(share, played.stop - at)) for at in range(played.start, played.stop, share)]
    print(f"{name}: seeds {played.start} to {played.stop - 1}", flush=True)
    told_s = begun_s
    outcomes = _outcomes(play, shares, where)
    for at, outcome in outcomes:
        if isinstance(outcome, BaseException):
            failed = {at: f"{type(outcome).__name__}: {outcome}"}
            total.failures.update(failed)
        else:
            total.add(outcome)
            failed = outcome.failures
        if sys.stderr.isatty():
            print(f"\r{name}: {total.summary()}", end="", file=sys.stderr, flush=True)
        elif time.monotonic() - told_s > TELL_S:
            told_s = time.monotonic()
            print(f"{name}: {total.summary()}", file=sys.stderr, flush=True)
        for bad, text in failed.items():
            print(f"\n{name}: seed {bad}: {text}", file=sys.stderr, flush=True)
        if enough():
            outcomes.close()
    print(f"{name}: {total.summary()}; {time.monotonic() - begun_s:.0f} s")
    for bad, text in sorted(total.failures.items()):
        print(f"  seed {bad}: {text}")


def _outcomes(
    play: Play, shares: list[tuple[int, int]], where: argparse.Namespace
) -> Generator[tuple[int, Any], None, None]:
    """(first seed, tally or the exception that ended it) of each share, as they come."""
    with _cluster(where.dask) if where.dask else _cores(where.jobs) as (submit, completed):
        begun = {submit(call, PLACES, play, *one): one[0] for one in shares}
        try:
            for done in completed(begun):
                yield begun[done], done.exception() or done.result()
        finally:
            for future in begun:
                future.cancel()


@contextmanager
def _cores(jobs: int) -> Iterator[tuple[Any, Any]]:
    with ProcessPoolExecutor(jobs) as executor:
        yield executor.submit, as_completed


@contextmanager
def _cluster(address: str) -> Iterator[tuple[Any, Any]]:
    try:
        import distributed
    except ImportError:
        raise SystemExit("Dask is not installed: pip install './host[campaign]'") from None
    try:
        client = distributed.Client(address, timeout=ANSWER_S)
    except OSError as error:
        raise SystemExit(f"no Dask scheduler answers at {address}: {error}") from None

    def submit(function: Any, *arguments: Any) -> Any:
        # Shares of the same seeds are played anew, not answered from memory.
        return client.submit(function, *arguments, pure=False)

    with client:
        client.upload_file(__file__, load=False)  # a worker must know `call` before it can look for anything else
        yield submit, distributed.as_completed
