"""The application on the flash, held against the list of hashes that was stored with it."""

import binascii
import hashlib
import sys

# Lines of "<SHA-256 in hexadecimal>  <path below the list's folder>", as sha256sum writes them.
LIST = "image.txt"
_HEX = 64
_CHUNK = 512


class Image:
    """Checks one file at a time; an application that was not installed with a list is not checked at all."""

    def __init__(self) -> None:
        self._folder = _folder_with_list()
        self._at = 0

    @property
    def listed(self) -> bool:
        """Whether there is a list."""
        return self._folder is not None

    def check_next(self) -> str:
        """Check the next file of the list, the first one after the last; its name if it is not as it was."""
        if self._folder is None:
            return ""
        try:
            with open(self._folder + LIST) as names:
                names.seek(self._at)
                line = names.readline()
                self._at = names.tell()
        except (OSError, ValueError):  # a flipped bit may leave no text at all
            self._at = 0
            return LIST
        if not line:
            self._at = 0
            return ""
        path = line[_HEX:].strip()
        return "" if _hash_of(self._folder + path) == line[:_HEX] else path or LIST

    def check_these(self, modules: list[str]) -> str:
        """Check the files of `modules`, paths without suffix; the first one that is not as it was, else nothing."""
        if self._folder is None:
            return ""
        left = list(modules)
        try:
            with open(self._folder + LIST, "rb") as names:
                for line in _lines(names):
                    path = str(line[_HEX:], "utf-8").strip()
                    module = path.split(".")[0]
                    if module in left:
                        if _hash_of(self._folder + path) != str(line[:_HEX], "utf-8"):
                            return path
                        left.remove(module)
                        if not left:
                            return ""
        except (OSError, ValueError):  # a flipped bit may leave no text at all
            pass
        return left[0] + " in " + LIST

    @property
    def at_begin(self) -> bool:
        """Whether the list is through, or was not begun."""
        return self._at == 0

    def check(self, progress) -> str:
        """Check every file, calling `progress` after each; the first one that is not as it was, else nothing."""
        self._at = 0
        while True:
            wrong = self.check_next()
            if wrong or self.at_begin:
                return wrong
            progress()


def _folder_with_list() -> str | None:
    for folder in sys.path:
        path = folder + "/" if folder else ""
        try:
            with open(path + LIST):
                return path
        except OSError:
            pass
    return None


def _lines(file):
    """Lines of an open binary file, read in pieces: a line at a time is read byte by byte, which takes long."""
    rest = b""
    part = file.read(_CHUNK)
    while part:
        lines = (rest + part).split(b"\n")
        rest = lines.pop()
        yield from lines
        part = file.read(_CHUNK)
    if rest:
        yield rest


def _hash_of(path: str) -> str:
    told = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            part = file.read(_CHUNK)
            while part:
                told.update(part)
                part = file.read(_CHUNK)
    except OSError:
        return ""
    return str(binascii.hexlify(told.digest()), "utf-8")
