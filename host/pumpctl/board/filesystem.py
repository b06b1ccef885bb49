"""The file system on an image of the flash, as MicroPython makes it: littlefs in blocks of 4 KiB."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pumpctl.flash_plan import BLOCK_BYTES
from pumpctl.virtual.world.flashpart import BLOCKS

_GEOMETRY: dict[str, Any] = {
    "block_size": BLOCK_BYTES,
    "block_count": BLOCKS,
    "prog_size": 256,
    "read_size": 32,
    "lookahead_size": 32,
}


@contextmanager
def mounted(image: Path) -> Iterator[Any]:
    """The file system in `image`, made if there is none; what was changed is in the file afterwards."""
    from littlefs import LittleFS, LittleFSError

    fs = LittleFS(**_GEOMETRY, mount=False)
    if image.exists():
        fs.context.buffer = bytearray(image.read_bytes())
    try:
        fs.mount()
    except LittleFSError:
        fs.format()
        fs.mount()
    yield fs
    fs.unmount()
    image.write_bytes(fs.context.buffer)


def put_tree(fs: Any, folder: str, files: Mapping[str, bytes]) -> None:
    """`folder` holds exactly these files afterwards, by their paths below it."""
    _remove(fs, folder)
    fs.makedirs(folder, exist_ok=True)
    for path, data in files.items():
        parent = f"{folder}/{path}".rpartition("/")[0]
        fs.makedirs(parent, exist_ok=True)
        with fs.open(f"{folder}/{path}", "wb") as file:
            file.write(data)


def _remove(fs: Any, folder: str) -> None:
    from littlefs import LittleFSError

    try:
        fs.stat(folder)
    except LittleFSError:
        return
    fs.remove(folder, recursive=True)


def put_file(fs: Any, path: str, data: bytes) -> None:
    """One file, its folder made if missing."""
    parent = path.rpartition("/")[0]
    if parent:
        fs.makedirs(parent, exist_ok=True)
    with fs.open(path, "wb") as file:
        file.write(data)
