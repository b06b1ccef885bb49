"""Writes a file as a whole or not at all: what was there stays until all of the new one is on the disk."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from pumpctl.errors import UsageProblem


@contextlib.contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of `path` at the end; an error or Ctrl-C leaves no trace of it.

    A link is followed. UsageProblem names the file where it cannot be written, as on a full disk.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        raise UsageProblem(f"{path} is no ordinary file", value=str(path), remedy="name a file, or - for stdout")
    draft = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        with draft.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, target)
    except OSError as error:
        remedy = "make room on the disk, or name a file that can be written"
        raise UsageProblem(f"{path}: {error.strerror or error}", value=str(path), remedy=remedy) from error
    finally:
        draft.unlink(missing_ok=True)
