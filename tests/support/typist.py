"""A person at a terminal: waits for what the tool asks, types, and keeps what was on the screen."""

import contextlib
import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Sequence

_WAIT_S = 30
# The key is a signal only at the terminal that a session belongs to.
CTRL_C = "\x03"


def typed(port: str, words: Sequence[str], talk: Sequence[tuple[str, str]]) -> tuple[int, str]:
    """(exit code, screen) of a command; each of `talk` is a text to wait for and the line then typed.

    The screen is so wide that no sentence is folded.
    """
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "pumpctl.cli.main", "-p", port, *words]
    wide = {**os.environ, "COLUMNS": "240"}
    streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
    with subprocess.Popen(command, **streams, env=wide) as tool, contextlib.ExitStack() as end:
        end.callback(tool.kill)
        os.close(theirs)
        screen, seen = "", 0
        for wanted, line in talk:
            while wanted not in screen[seen:]:
                more = _read(ours)
                assert more, f"{wanted!r} was not asked:\n{screen}"
                screen += more
            seen = screen.index(wanted, seen) + len(wanted)
            if line == CTRL_C:
                tool.send_signal(signal.SIGINT)
            else:
                os.write(ours, line.encode())
        while more := _read(ours):
            screen += more
        code = tool.wait(_WAIT_S)
    os.close(ours)
    return code, screen.replace("\r\n", "\n")


def _read(side: int) -> str:
    """What came next on the screen, empty at its end."""
    if not select.select([side], [], [], _WAIT_S)[0]:
        return ""
    try:
        return os.read(side, 4096).decode(errors="replace")
    except OSError:  # how Linux tells that the other side is closed
        return ""
