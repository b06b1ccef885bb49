"""Doctor's checks of the tool's own files: archive, room on the disk, commands still to be settled."""

import contextlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from pumpctl import paths, store
from pumpctl.doctor import OK, PROBLEM, SKIPPED, WARNING, Finding, Scene
from pumpctl.quantity import format_duration

_MIB = 1 << 20
_GIB = 1 << 30
# A pump's log is 1.5 MiB at most; SQLite needs as much again while it writes.
_ROOM_LEAST = 10 * _MIB
_ROOM_USUAL = 200 * _MIB
_BUSY_S = 2.0


def archive(scene: Scene) -> Iterator[Finding]:
    """Whether the archive opens, is sound as SQLite sees it, is of this tool's layout, and can be written."""
    path = paths.data_dir() / store.FILE_NAME
    if not path.exists():
        yield Finding(SKIPPED, f"no log was pulled yet; it will be {path}")
        return
    aside = f'mv "{path}" "{path}.damaged"   (keep it: `pumpctl log pull` makes a new one)'
    try:
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=_BUSY_S)) as base:
            layout = base.execute("PRAGMA user_version").fetchone()[0]
            sound = base.execute("PRAGMA integrity_check(1)").fetchone()[0]
            pumps = base.execute("SELECT count(DISTINCT serial) FROM log").fetchone()[0] if layout else 0
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
            yield Finding(WARNING, f"{path} is in use by another program", "run it again when that has ended")
        else:
            yield Finding(PROBLEM, f"{path} cannot be opened: {error}", f'ls -l "{path}"')
        return
    except sqlite3.DatabaseError as error:
        yield Finding(PROBLEM, f"{path} is damaged: {error}", aside)
        return
    if sound != "ok":
        yield Finding(PROBLEM, f"{path} is damaged: {sound}", aside)
    elif layout > store.LAYOUT:
        text = f"{path} has layout {layout}, this tool knows {store.LAYOUT}"
        yield Finding(PROBLEM, text, "python -m pip install --upgrade ./host")
    elif not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        yield Finding(PROBLEM, f"{path} cannot be written", f'chmod u+w "{path}" "{path.parent}"')
    else:
        yield Finding(OK, f"{path}: sound, {pumps} pump{'' if pumps == 1 else 's'}")


def disk(scene: Scene) -> Iterator[Finding]:
    """Whether there is room where logs and reports are kept."""
    folder = paths.data_dir()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    size = f"{free // _GIB} GiB" if free >= 10 * _GIB else f"{free // _MIB} MiB"
    text = f"{size} free at {folder}"
    mend = f'make room there, or name another place: export PUMPCTL_HOME="{Path.home() / "pumpctl"}"'
    if free < _ROOM_LEAST:
        yield Finding(PROBLEM, f"{text}: logs cannot be archived", mend)
    elif free < _ROOM_USUAL:
        yield Finding(WARNING, f"{text}: little for logs and reports", mend)
    else:
        yield Finding(OK, text)


def pending(scene: Scene) -> Iterator[Finding]:
    """Commands that may have started delivery and whose reply never came; the pump is asked at the next greeting."""
    folder = paths.state_dir() / "pending"
    for file in sorted(folder.glob("*.json")):
        pump = next((one.name for one in scene.looks if one.hello and paths.stem(one.hello.serial) == file.stem), "")
        mend = f"pumpctl status --port {pump}" if pump else f"connect pump {file.stem}, then pumpctl status"
        yield Finding(WARNING, f"pump {file.stem}: {_sent(file)} has no known outcome; assume it was done", mend)
    for file in sorted(folder.glob("*.unreadable")):
        text = f"{file} was a pending command and cannot be read; see the pump's log for what was done"
        yield Finding(WARNING, text, f'pumpctl log pull, then rm "{file}"')
    if not any(folder.glob("*")):
        yield Finding(OK, "none: every outcome is known")


def _sent(file: Path) -> str:
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        age = datetime.now(UTC) - datetime.fromisoformat(told["sent"])
        return f"a {told['what']} sent {format_duration(max(0, int(age.total_seconds())) * 1000)} ago"
    except (OSError, ValueError, KeyError, TypeError):
        return "a command that cannot be read"
