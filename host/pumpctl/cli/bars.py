"""A progress bar for each of several pumps on a terminal; in a pipe a line when one is finished."""

import contextlib
import sys
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pumpctl.cli.output import Output
from pumpctl.errors import PumpctlError
from pumpctl.printable import printable

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from pumpctl.fleet_crew import Watch

NAME_MAX = 24
_QUIET_S = 1.0
_STOPPING = "Ctrl-C: what runs is let end, nothing more is begun; again to leave at once"


@contextlib.contextmanager
def bars(out: Output, title: str, names: Sequence[str]) -> Iterator["Watch"]:
    """Something that hears how far each of `names` is; all of it is shown on stderr."""
    if not sys.stderr.isatty():
        yield _Lines(out, title)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    shown = [TextColumn("{task.description}"), BarColumn(20), TextColumn("{task.fields[told]}")]
    with Progress(*shown, console=Console(stderr=True, markup=False), transient=True) as progress:
        tasks = {
            name: progress.add_task(f"{title}  {_short(name)}", total=1.0, told="") for name in dict.fromkeys(names)
        }
        yield _Bars(out, progress, tasks)


def _short(name: str) -> str:
    told = printable(name).replace("[", "(")  # no mark-up of rich's in a name
    return told if len(told) <= NAME_MAX else "..." + told[3 - NAME_MAX :]


class _Bars:
    def __init__(self, out: Output, progress: "Progress", tasks: "dict[str, TaskID]") -> None:
        self._out = out
        self._progress = progress
        self._tasks = tasks

    def advance(self, name: str, share: float) -> None:
        self._progress.update(self._tasks[name], completed=share, told=f"{share:.0%}")

    def ended(self, name: str, error: PumpctlError | None) -> None:
        task = self._tasks[name]
        if error is None:
            self._progress.update(task, completed=1.0, told="done")
        else:
            self._progress.update(task, told=f"failed: {error.kind}")

    def stopping(self) -> None:
        self._out.note(_STOPPING)


class _Lines:
    """What is done within a second needs no line: the table that follows tells it."""

    def __init__(self, out: Output, title: str) -> None:
        self._out = out
        self._title = title
        self._quiet_until_s = time.monotonic() + _QUIET_S

    def advance(self, name: str, share: float) -> None:
        """Nothing: a log of the command stays short."""

    def ended(self, name: str, error: PumpctlError | None) -> None:
        if time.monotonic() >= self._quiet_until_s:
            self._out.note(f"{self._title} {name}: {'done' if error is None else 'failed'}")

    def stopping(self) -> None:
        self._out.note(_STOPPING)
