"""Runs a program ahead on the very firmware in virtual time: with no patient's bolus, and with every one allotted.

Scratch pumps in a folder of their own, one a run, side by side. Nothing of the user's is touched and no
real pump is opened. A refill on the way is not played: a run ends with the reservoir.
"""

import threading
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

from infuser.wire import units
from pumpctl.preview_order import ALL, BOTH, Order, Run
from pumpctl.preview_run import Cancelled, play
from pumpctl.scratch import private_home

Progress = Callable[[float], None]


def run(order: Order, boluses: str = BOTH, progress: Progress | None = None) -> dict[str, Run]:
    """Play the runs at the same time, by NONE and ALL; `progress` gets the share done of all of them, 0 to 1.

    UsageProblem where the order is out of range, Refused where the pump does not take the program.
    """
    order.check()
    wanted = order.kinds(boluses)
    bar = _Bar(len(wanted), order.days * units.MS_PER_DAY, progress)
    with private_home(), ThreadPoolExecutor(len(wanted)) as pool:
        try:
            futures = {
                kind: pool.submit(play, order, f"preview-{kind}", kind == ALL, bar.of(at))
                for at, kind in enumerate(wanted)
            }
            wait(futures.values(), return_when=FIRST_EXCEPTION)
        finally:
            # On a failure or Ctrl-C the other run must not go on to its end.
            bar.end()
    errors = [error for future in futures.values() if (error := future.exception()) is not None]
    for error in sorted(errors, key=lambda one: isinstance(one, Cancelled)):
        raise error
    return {kind: future.result() for kind, future in futures.items()}


class _Bar:
    """Adds up the progress of runs in several threads; after `end` each run stops where it next reports."""

    def __init__(self, count: int, each_ms: int, progress: Progress | None) -> None:
        self._done_ms = [0] * count
        self._total_ms = count * each_ms
        self._progress = progress
        self._lock = threading.Lock()
        self._ended = threading.Event()

    def of(self, at: int) -> Callable[[int], None]:
        """What run `at` calls with the ms that it has played."""

        def advance(done_ms: int) -> None:
            if self._ended.is_set():
                raise Cancelled
            with self._lock:
                self._done_ms[at] = done_ms
                if self._progress is not None:
                    self._progress(sum(self._done_ms) / self._total_ms)

        return advance

    def end(self) -> None:
        self._ended.set()
