"""A real terminal of a given size, driven through tmux: keys go in, and what a person would see comes out.

with Terminal(80, 24) as terminal:
    terminal.run("pumpctl monitor")
    terminal.wait_for("LIVE")
    terminal.keys("q")
"""

import itertools
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Self

MISSING = "there is no tmux: install it (Debian: apt-get install tmux)"
_numbers = itertools.count(1)
_WAIT_S = 30
_POLL_S = 0.05
_VENV = os.path.dirname(sys.executable)


def find() -> str | None:
    """Path of tmux, None where there is none."""
    return shutil.which("tmux")


class Terminal:
    """One terminal in a tmux server of its own, which ends with it. `env` is added to the environment.

    The programs of this virtual environment are on its path.
    """

    def __init__(self, width: int, height: int, env: Mapping[str, str] | None = None) -> None:
        self._socket = f"pumpctl-{os.getpid()}-{next(_numbers)}"
        self._size = (width, height)
        told = {name: value for name, value in os.environ.items() if name not in ("TMUX", "COLUMNS", "LINES")}
        self._env = {**told, "LC_ALL": "C.UTF-8", "PATH": f"{_VENV}:{told.get('PATH', '')}", **(env or {})}

    def __enter__(self) -> Self:
        width, height = self._size
        size = ("-x", str(width), "-y", str(height))
        # The window keeps its size, whoever looks at it, and a shell without habits of its own waits in it.
        self._tmux("-f", os.devnull, "new-session", "-d", *size, "env", "PS1=$ ", "sh")
        self._tmux("set-option", "-g", "status", "off")
        self.resize(width, height)
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run([str(find()), "-L", self._socket, "kill-server"], capture_output=True, check=False)

    def run(self, *words: object) -> None:
        """Type a command and start it; a single word is taken as a whole line."""
        line = str(words[0]) if len(words) == 1 else shlex.join(map(str, words))
        self._tmux("send-keys", "-l", line)
        self._tmux("send-keys", "Enter")

    def keys(self, *keys: str) -> None:
        """Press keys: `q`, `Up`, `C-c`, by tmux's names."""
        self._tmux("send-keys", *keys)

    def resize(self, width: int, height: int) -> None:
        """Another size, as when a person pulls at the window's corner."""
        self._tmux("resize-window", "-x", str(width), "-y", str(height))

    def text(self) -> str:
        """What stands on the screen now."""
        return self._tmux("capture-pane", "-p")

    def coloured(self) -> str:
        """The same with the colours and attributes as escape sequences."""
        return self._tmux("capture-pane", "-p", "-e", "-N")

    def lines(self) -> list[str]:
        """The screen line by line."""
        return self.text().split("\n")[:-1]

    def wait_for(self, pattern: str, within_s: float = _WAIT_S) -> str:
        """The screen as soon as a regular expression is found on it; AssertionError with the screen if it is not."""
        return self._wait(pattern, within_s, True)

    def wait_gone(self, pattern: str, within_s: float = _WAIT_S) -> str:
        """The screen as soon as a regular expression is found on it no more."""
        return self._wait(pattern, within_s, False)

    def _wait(self, pattern: str, within_s: float, wanted: bool) -> str:
        end_s = time.monotonic() + within_s
        while True:
            seen = self.text()
            if bool(re.search(pattern, seen, re.MULTILINE)) == wanted:
                return seen
            word = "does not show" if wanted else "still shows"
            assert time.monotonic() < end_s, f"the screen {word} {pattern!r} after {within_s} s:\n{seen}"
            time.sleep(_POLL_S)

    def _tmux(self, *words: str) -> str:
        done = subprocess.run(
            [str(find()), "-L", self._socket, *words], env=self._env, capture_output=True, encoding="utf-8", check=False
        )
        assert done.returncode == 0, f"tmux {shlex.join(words)}: {done.stderr}"
        return done.stdout
