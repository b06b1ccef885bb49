"""A board whose BOOTSEL button was held: found on USB, its drive among the mounted ones, an image written to it."""

import contextlib
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pumpctl import ports
from pumpctl.errors import LinkError, PortError, UsageProblem
from pumpctl.ports import PICO_VENDOR
from pumpctl.uf2 import Image

LABEL = "RPI-RP2"
HOLD = "hold BOOTSEL while plugging the board in"
INFO = "INFO_UF2.TXT"
PORT_S = 30.0
USB_DEVICES = Path("/sys/bus/usb/devices")
_MOUNTS = Path("/proc/self/mounts")
_USERS_MOUNTS = ("/media", "/run/media", "/mnt")
_INFO_MAX = 4096
_CHUNK_BYTES = 32 * 1024
_POLL_S = 0.1
# USB product numbers in that mode: the board takes an image and has no serial port.
_CHIPS = {"0003": "RP2040", "000f": "RP2350"}
_BOARD_ID = re.compile(r"^Board-ID:\s*(\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Waiting:
    """A board on USB that waits for an image; `place` is where it is plugged in."""

    chip: str
    place: str

    @property
    def fits(self) -> bool:
        """Whether the firmware is for it."""
        return self.chip == "RP2040"


@dataclass(frozen=True)
class Drive:
    """The drive of such a board, and the board's name as its own file tells it."""

    path: Path
    board: str

    @property
    def fits(self) -> bool:
        """Whether it is that of an RP2040."""
        return self.board == LABEL


def waiting(folder: Path | None = None) -> Iterator[Waiting]:
    """Boards that wait, as Linux lists USB devices in `folder`; none on other systems."""
    for vendor in sorted((folder or USB_DEVICES).glob("*/idVendor")):
        with contextlib.suppress(OSError):
            chip = _CHIPS.get(vendor.with_name("idProduct").read_text().strip(), "")
            if chip and vendor.read_text().strip() == f"{PICO_VENDOR:04x}":
                yield Waiting(chip, vendor.parent.name)


def drives() -> list[Drive]:
    """Every drive of a waiting board that is mounted, of other boards too."""
    return [drive for path in _places() if (drive := _look(path))]


def drive_at(path: Path) -> Drive:
    """The drive at `path`. UsageProblem if it is not that of an RP2040."""
    drive = _look(path)
    if drive is None:
        raise UsageProblem(
            f"{path} is no drive of a board: it has no {INFO} with a Board-ID", field="drive", value=str(path),
            remedy=f"{HOLD}, and name the drive {LABEL} that appears",
        )  # fmt: skip
    return require(drive)


def require(drive: Drive) -> Drive:
    """The same drive. UsageProblem if the board has another chip."""
    if not drive.fits:
        raise UsageProblem(
            f"{drive.path} is the drive of a board {drive.board}, not {LABEL}", field="drive", value=drive.board,
            remedy="connect a Raspberry Pi Pico with an RP2040",
        )  # fmt: skip
    return drive


def unmounted(found: Waiting) -> PortError:
    """What to say where a board waits whose drive is mounted nowhere."""
    if not found.fits:
        return PortError(
            f"the board at USB {found.place} has an {found.chip}", field="board", value=found.chip,
            remedy="connect a Raspberry Pi Pico with an RP2040",
        )  # fmt: skip
    return PortError(
        f"a board at USB {found.place} waits for an image, but its drive {LABEL} is not mounted", field="drive",
        remedy=f"mount it: `udisksctl mount -b /dev/disk/by-label/{LABEL}`",
    )  # fmt: skip


def _look(path: Path) -> Drive | None:
    try:
        with (path / INFO).open("rb") as file:
            told = file.read(_INFO_MAX).decode("ascii", "replace")
    except OSError:
        return None
    board = _BOARD_ID.search(told)
    return Drive(path, board[1]) if board else None


def _places() -> list[Path]:
    if sys.platform == "win32":
        return [Path(f"{letter}:\\") for letter in "DEFGHIJKLMNOPQRSTUVWXYZ"]
    if sys.platform == "darwin":
        return sorted(Path("/Volumes").glob("*"))
    return mounted(_MOUNTS)


def mounted(table: Path) -> list[Path]:
    """Mount points of FAT file systems, and of whatever a desktop mounts for its user, as Linux lists them."""
    try:
        lines = table.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    found = []
    for _, place, kind, *_ in (line.split(" ") for line in lines if line.count(" ") >= 3):
        path = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), place)  # blanks are written as \040
        if "fat" in kind or kind == "msdos" or path.startswith(_USERS_MOUNTS):
            found.append(Path(path))
    return sorted(set(found))


def write(drive: Drive, image: Image, progress: Callable[[float], None]) -> None:
    """Put the image on the drive; `progress` gets bytes written. The board restarts by itself with the last of them.

    LinkError if the drive goes away before, UsageProblem if it cannot be written.
    """
    path = require(drive).path / "firmware.uf2"
    end = len(image.data)
    done = 0
    try:
        with path.open("wb", buffering=0) as file:
            while done < end:
                done += file.write(image.data[done : done + _CHUNK_BYTES])
                os.fsync(file.fileno())  # the board has it only when it has left this machine's cache
                progress(done)
    except OSError as error:
        if _look(drive.path) is None:
            if done == end:
                return  # the board has all of it and restarted under our hands
            raise LinkError(
                f"the drive {drive.path} went away in the middle of the image", field="drive", value=str(drive.path),
                remedy=f"{HOLD} again, and run the command again: the button works whatever is on the flash",
            ) from error  # fmt: skip
        raise UsageProblem(
            f"{path}: {error.strerror or error}", field="drive", value=str(drive.path),
            remedy="see that you may write to the drive, or copy the image there yourself",
        ) from error  # fmt: skip


def port_after(before: set[str], named: str | None = None, within_s: float = PORT_S) -> str:
    """The serial port that the board has after its restart: `named`, else the first that was not there `before`.

    LinkError if none appears.
    """
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if named is not None:
            if not ports.is_device(named) or "://" in named or Path(named).exists() or sys.platform == "win32":
                return named
        elif new := [port.spec for port in ports.usb_ports() if port.spec not in before]:
            return new[0]
        time.sleep(_POLL_S)
    raise LinkError(
        f"the image is written, but within {within_s:g} s no serial port appeared{f' as {named}' if named else ''}",
        field="port", value=named,
        remedy="unplug the board, plug it in without holding the button, and run `pumpctl flash` again",
    )  # fmt: skip
