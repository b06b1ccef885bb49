"""The command that may have started delivery without its reply arriving, kept on disk until it is known."""

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from pumpctl import paths


@dataclass(frozen=True)
class Pending:
    """A command sent to a pump: its id, its name and when it was sent (ISO 8601)."""

    request_id: int
    command: int
    what: str
    sent: str


class PendingStore:
    """One file per pump, written and synced before the command goes out."""

    def __init__(self, root: Path | None = None) -> None:
        self._root = root or paths.state_dir() / "pending"

    def _path(self, serial: str) -> Path:
        return self._root / f"{paths.stem(serial)}.json"

    def save(self, serial: str, request_id: int, command: int, what: str) -> None:
        """Remember the command; when this returns it is on disk."""
        told = Pending(request_id, command, what, datetime.now(UTC).isoformat(timespec="seconds"))
        path = self._path(serial)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as file:
            json.dump(asdict(told), file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)

    def load(self, serial: str) -> Pending | None:
        """The command still to be settled; an unreadable file is set aside, never acted on."""
        path = self._path(serial)
        try:
            return Pending(**json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError):
            path.replace(path.with_suffix(".unreadable"))
            return None

    def clear(self, serial: str) -> None:
        """The command's outcome is known."""
        with contextlib.suppress(FileNotFoundError):
            self._path(serial).unlink()
