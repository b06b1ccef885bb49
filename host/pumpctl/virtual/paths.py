"""Where a virtual pump keeps its state, and how one tells whether it runs."""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pumpctl.errors import UsageProblem
from pumpctl.paths import state_dir

DEFAULT_NAME = "bench"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
# struct sockaddr_un holds 104 bytes on macOS, 108 on Linux.
_SOCKET_PATH_MAX = 100


def home() -> Path:
    """Directory with one folder per virtual pump."""
    return state_dir().absolute() / "virtual"


class PumpPaths:
    """The files of the virtual pump `name` below `root` (home()); UsageProblem if `name` cannot name a folder."""

    def __init__(self, name: str, root: Path | None = None) -> None:
        if not _NAME.fullmatch(name):
            raise UsageProblem(
                f"'{name}' cannot be the name of a virtual pump",
                field="name",
                value=name,
                remedy="use 1 to 32 letters, digits, '-', '_' or '.', beginning with a letter or digit",
            )
        self.name = name
        self.directory = (root or home()) / name
        self.config = self.directory / "config.json"
        self.application = self.directory / "app"
        self.flash = self.directory / "flash.img"
        self.plant = self.directory / "plant.json"
        self.port = self.directory / "pty"
        self.socket = self.directory / "control.sock"
        self.pid = self.directory / "supervisor.pid"
        self.vm_log = self.directory / "vm.log"
        self.log = self.directory / "supervisor.log"

    def exists(self) -> bool:
        return self.config.exists()

    def process_group(self) -> int | None:
        """Process group of the running pump; None if it stands still.

        The lock on the pid file is what counts: the supervisor takes it and its VM inherits it, so
        that it is held exactly as long as one of them lives, whatever became of the number inside.
        """
        try:
            with self.pid.open("r+") as file:
                import fcntl  # a system without it may import this module: no pump can run there

                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(self.pid.read_text() or 0) or None
        except FileNotFoundError:
            pass
        return None


def all_names() -> list[str]:
    """Names of all virtual pumps with state on disk, running or not."""
    if not home().is_dir():
        return []
    return sorted(entry.parent.name for entry in home().glob("*/config.json"))


@contextmanager
def socket_address(path: Path) -> Iterator[str]:
    """An address for the Unix socket at `path`, short enough however deep the folder lies."""
    if len(os.fsencode(path)) <= _SOCKET_PATH_MAX:
        yield str(path)
        return
    with tempfile.TemporaryDirectory(prefix="pumpctl-") as short:
        link = Path(short) / "d"
        link.symlink_to(path.parent)
        yield str(link / path.name)
