"""Drug libraries: TOML that a pharmacist reads, and the signed file that a pump takes."""

import functools
import tomllib
from pathlib import Path
from typing import Any

from infuser.core import druglibrary
from infuser.wire import codec
from infuser.wire import library as libraries
from infuser.wire.messages import Refusal
from pumpctl import library_reader
from pumpctl.errors import FileProblem, Problem, UsageProblem, VerificationError

DrugLibrary = dict[str, Any]
STARTING = Path(__file__).parent / "libraries" / "intrathecal-baclofen.toml"
SUFFIX = ".lib"
_ISSUED_MAX_MIN = 8000 * 365 * 24 * 60
_REMEDY = "correct the file; `pumpctl library check` reads it without a pump"


def load(path: Path) -> DrugLibrary:
    """The library of a TOML file. FileProblem lists everything wrong with it."""
    try:
        text = _read(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise FileProblem(str(path), [Problem("", f"not UTF-8 text at byte {error.start}", True)], _REMEDY) from None
    return loads(text, str(path))


def loads(text: str, name: str = "library") -> DrugLibrary:
    """The library of a TOML file's text, checked as a pump checks it. FileProblem lists everything wrong with it."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FileProblem(name, [Problem("", f"not TOML: {error}", True)], _REMEDY) from None
    library, problems = library_reader.read(document)
    if not problems:
        problems = _as_the_pump_checks(library)
    if problems:
        raise FileProblem(name, problems, _REMEDY)
    return library


def _as_the_pump_checks(library: DrugLibrary) -> list[Problem]:
    try:
        druglibrary.check_library(library)
    except Refusal as refused:
        return [library_reader.problem(refused)]
    return []


@functools.cache
def starting() -> DrugLibrary:
    """The library that the tool ships, and that a pump begins with."""
    return load(STARTING)


def encode(library: DrugLibrary) -> bytes:
    """The bytes that are signed, and of which the digest is made."""
    return libraries.encode(library)


def sign(library: DrugLibrary, key_path: Path) -> bytes:
    """A library with its signature behind it, as a pump takes it. UsageProblem if the key is no use."""
    from pumpctl import signing

    data = encode(library)
    return data + signing.sign(libraries.digest(data), key_path)


def load_signed(path: Path) -> tuple[DrugLibrary, bytes]:
    """(library, the bytes as they are sent) of a signed file. FileProblem if it is none."""
    stored = _read(path)
    try:
        library, _ = unpack(stored)
    except VerificationError as error:
        remedy = "sign the library first: `pumpctl library sign FILE.toml --key KEY`"
        raise FileProblem(str(path), [Problem("", f"not a signed library: {error.message}")], remedy) from None
    return library, stored


def load_any(path: Path) -> DrugLibrary:
    """The library of a TOML file or of a signed one, told apart by the suffix."""
    return load_signed(path)[0] if path.suffix == SUFFIX else load(path)


def unpack(stored: bytes) -> tuple[DrugLibrary, bytes]:
    """(library, signature) of a signed library's bytes; VerificationError if they are none."""
    data, signature = stored[: -libraries.SIGNATURE_BYTES], stored[-libraries.SIGNATURE_BYTES :]
    if not data:
        raise VerificationError(f"{len(stored)} bytes are too few")
    try:
        library = libraries.decode(data)
    except codec.CodecError as error:
        raise VerificationError(str(error)) from error
    if library["issued_min"] >= _ISSUED_MAX_MIN:
        raise VerificationError(
            f"its day of issue is {library['issued_min']} min after 1970, which no calendar has", field="issued_min"
        )
    return library, signature


def digest(stored: bytes) -> bytes:
    """What a confirmation refers to and what is signed: SHA-256 of a signed library without its signature."""
    return libraries.digest(stored[: -libraries.SIGNATURE_BYTES])


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageProblem(f"{path}: {error.strerror}", field="file", value=str(path)) from None
