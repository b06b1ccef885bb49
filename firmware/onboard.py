"""Sent to a board's prompt by `pumpctl flash`, never stored there: looks at the board and changes applications.

An update is written to `<root>/app.new`, compared, and only then takes the place of `<root>/app`. Whenever
that is cut off, the launcher still finds a whole application.
"""

import hashlib
import os
import sys

NEW = "/app.new"
NOW = "/app"
OLD = "/app.old"
STATE = "/pump"
# A segment of the log begins with a record of kind 1, whose only field is the snapshot.
_KIND_AT, _SNAPSHOT, _VERSION_AT = 2, 1, 27
_DIRECTORY = 0x4000
_WATCHDOG_CTRL_CLEAR = 0x40058000 + 0x3000
_WATCHDOG_ENABLE = 1 << 30


def facts(root: str) -> dict:
    """What decides whether the application can run here: port, chip, version, bytecode, free bytes."""
    volume = os.statvfs(root or "/")
    return {
        "platform": sys.platform,
        "machine": sys.implementation._machine,
        "version": tuple(sys.implementation.version[:3]),
        "bytecode": sys.implementation._mpy & 0xFF,
        "free_bytes": volume[1] * volume[3],
    }


def state_version(root: str) -> int:
    """Version of the state that a pump has stored here, told by the newest snapshot; 0 if there is none."""
    folder = root + STATE
    names = [name for name in os.listdir(folder) if name[:1] == "j" and len(name) == 9] if _exists(folder) else []
    for name in sorted(names, reverse=True):
        with open(folder + "/" + name, "rb") as file:
            head = file.read(_VERSION_AT + 1)
        if len(head) > _VERSION_AT and head[_KIND_AT] == _SNAPSHOT:
            return head[_VERSION_AT]
    return 0


def hold_watchdog(mem32) -> None:
    """Clears the enable bit of the RP2040's watchdog: the application that fed it has left."""
    mem32[_WATCHDOG_CTRL_CLEAR] = _WATCHDOG_ENABLE


def _walk(folder: str):
    """Paths below `folder` with whether each is a folder, a folder after what is in it."""
    for entry in os.ilistdir(folder):
        path = folder + "/" + entry[0]
        if entry[1] == _DIRECTORY:
            yield from _walk(path)
        yield path, entry[1] == _DIRECTORY


def _exists(path: str) -> bool:
    try:
        os.stat(path)
    except OSError:
        return False
    return True


def remove_tree(folder: str) -> None:
    """Removes `folder` and all that is in it, if it is there."""
    if _exists(folder):
        for path, is_folder in list(_walk(folder)):
            if is_folder:
                os.rmdir(path)
            else:
                os.remove(path)
        os.rmdir(folder)


def digest(path: str) -> str:
    """SHA-256 of a file in hexadecimal; empty if there is none."""
    if not _exists(path):
        return ""
    told = hashlib.sha256()
    with open(path, "rb") as file:
        while True:
            part = file.read(512)
            if not part:
                return "".join("{:02x}".format(byte) for byte in told.digest())
            told.update(part)


def digests(root: str) -> dict:
    """SHA-256 of every file of the new application, by its path below it."""
    folder = root + NEW
    return {path[len(folder) + 1 :]: digest(path) for path, is_folder in _walk(folder) if not is_folder}


def begin(root: str, folders: list) -> None:
    """Makes an empty place for the new application; `folders` in the order to make them."""
    remove_tree(root + NEW)
    if _exists(root + NOW):
        remove_tree(root + OLD)
    os.mkdir(root + NEW)
    for folder in folders:
        os.mkdir(root + NEW + "/" + folder)


def switch(root: str) -> None:
    """The new application takes its place; the one before it is there until then."""
    if _exists(root + NOW):
        remove_tree(root + OLD)
        os.rename(root + NOW, root + OLD)
    os.rename(root + NEW, root + NOW)
    remove_tree(root + OLD)
