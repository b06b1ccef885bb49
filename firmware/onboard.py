"""Sent to a board's prompt by `pumpctl flash`, never stored there: looks at the board and changes applications.

An update is written to `<root>/app.new`, compared, loaded once for trial, and only then takes the place of
`<root>/app`, which stays as `<root>/app.old` to go back to. Whenever that is cut off, the launcher still finds a
whole application.
"""

import gc
import hashlib
import os
import sys

NEW = "/app.new"
NOW = "/app"
OLD = "/app.old"
STATE = "/pump"
# Beside each application: the hashes of its files, and what it says of itself.
LIST, ABOUT = "/image.txt", "/about.txt"
_HEX = 64
# A segment of the log begins with a record of kind 1, whose only field is the snapshot.
_KIND_AT, _SNAPSHOT, _VERSION_AT = 2, 1, 27
_DIRECTORY = 0x4000
_INLINE_BYTES = 512  # a file up to this size may take no block of its own
_WATCHDOG_CTRL_CLEAR = 0x40058000 + 0x3000
_WATCHDOG_ENABLE = 1 << 30


def facts(root: str) -> dict:
    """What decides whether the application can run here: port, chip, version, bytecode, room, what is there.

    `free_bytes` counts what `begin` removes too. `frozen` is the version of an application in the image itself,
    which starts before any of the file system.
    """
    volume = os.statvfs(root or "/")
    room = volume[1] * volume[3] + _taken(root + NEW, volume[0])
    if _exists(root + NOW):
        room += _taken(root + OLD, volume[0])
    return {
        "platform": sys.platform,
        "machine": sys.implementation._machine,
        "version": tuple(sys.implementation.version[:3]),
        "bytecode": sys.implementation._mpy & 0xFF,
        "free_bytes": room,
        "frozen": _frozen(),
    }


def _taken(folder: str, block_bytes: int) -> int:
    """Bytes that become free at least when `folder` is removed."""
    sizes = [os.stat(path)[6] for path, is_folder in _walk(folder) if not is_folder] if _exists(folder) else []
    return sum(-(-size // block_bytes) * block_bytes for size in sizes if size > _INLINE_BYTES)


def _frozen() -> str:
    """Version of the application that is frozen in the image; empty if none is."""
    paths = list(sys.path)
    _forget()
    sys.path[:] = [".frozen"]
    try:
        import infuser

        return infuser.VERSION
    except (ImportError, AttributeError):
        return ""
    finally:
        sys.path[:] = paths
        _forget()


def _forget() -> None:
    """Lets go of every module of an application."""
    for name in list(sys.modules):
        if name == "main" or name.split(".")[0] == "infuser":
            del sys.modules[name]
    gc.collect()


def about(root: str, folder: str) -> dict:
    """What the application in `folder` says of itself: firmware, version of the state it reads; empty if nothing."""
    path = root + folder + ABOUT
    if not _exists(path):
        return {}
    with open(path) as file:
        return dict(line.split() for line in file)


def damaged(root: str, folder: str) -> str:
    """The first file in `folder` that is not as its list says; the list itself if there is none, else nothing."""
    if not _exists(root + folder + LIST):
        return LIST[1:]
    with open(root + folder + LIST) as names:
        for line in names:
            path = line[_HEX:].strip()
            if digest(root + folder + "/" + path) != line[:_HEX]:
                return path
    return ""


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


def begin(root: str, folders: list) -> None:
    """Makes an empty place for the new application; `folders` in the order to make them."""
    remove_tree(root + NEW)
    if _exists(root + NOW):
        remove_tree(root + OLD)
    os.mkdir(root + NEW)
    for folder in folders:
        os.mkdir(root + NEW + "/" + folder)


def try_out(root: str) -> str:
    """Loads the new application as the launcher will, without starting it; what it raises, else nothing."""
    failed = None
    _forget()
    sys.path.insert(0, root + NEW)
    try:
        __import__("main")
    except Exception as error:
        failed = error  # put into words below: there may be no memory for it yet
    finally:
        sys.path.pop(0)
        _forget()
    return "" if failed is None else type(failed).__name__ + ": " + str(failed)


def switch(root: str) -> None:
    """The new application takes its place; the one before it stays, to go back to."""
    if _exists(root + NOW):
        remove_tree(root + OLD)
        os.rename(root + NOW, root + OLD)
    os.rename(root + NEW, root + NOW)


def roll_back(root: str) -> None:
    """The application before takes its place again, and the one that leaves it becomes the one before.

    From the first renaming on, the one to come back is what the launcher starts; called again, it goes on where it
    was cut off.
    """
    if _exists(root + NOW):
        remove_tree(root + NEW)
        os.rename(root + NOW, root + NEW)
    os.rename(root + OLD, root + NOW)
    if _exists(root + NEW):
        os.rename(root + NEW, root + OLD)


if "RP2040" in getattr(sys.implementation, "_machine", ""):
    import machine

    hold_watchdog(machine.mem32)  # before anything else: what follows takes longer than it waits
