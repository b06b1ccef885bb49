"""A prescriber's signature on a therapy file: made here, kept beside the file, judged by the pump."""

from pathlib import Path

from infuser.core import signature
from infuser.wire import program as programs
from pumpctl import signing
from pumpctl.errors import UsageProblem, VerificationError
from pumpctl.program import Program, encode

SUFFIX = ".sig"


def beside(therapy: Path) -> Path:
    """Where a therapy file's signature is kept unless another place is named."""
    return therapy.with_name(therapy.name + SUFFIX)


def sign(program: Program, key_path: Path) -> bytes:
    """The prescriber's signature, 256 bytes: over what the pump gets, not over the file's spelling."""
    return signing.sign(programs.prescription_digest(encode(program)), key_path)


def load(therapy: Path, named: Path | None = None) -> bytes:
    """The signature that goes with a therapy file: of the file `named`, else of the one beside it; b"" without any.

    UsageProblem if it is not there though named, or is no signature.
    """
    path = named or beside(therapy)
    if named is None and not path.exists():
        return b""
    try:
        signed = path.read_bytes()
    except OSError as error:
        raise UsageProblem(f"{path}: {error.strerror}", field="signature", value=str(path)) from None
    if len(signed) != signature.BYTES:
        raise UsageProblem(
            f"{path}: {len(signed)} bytes, a signature has {signature.BYTES}", field="signature", value=str(path),
            remedy="sign the therapy: `pumpctl program sign FILE --key KEY`",
        )  # fmt: skip
    return signed


def require(program: Program, signed: bytes, key_path: Path) -> None:
    """VerificationError unless the key of `key_path` signed this very program."""
    if not signature.verifies(programs.prescription_digest(encode(program)), signed, signing.modulus(key_path)):
        raise VerificationError(
            f"the signature is not that of {key_path} for this therapy",
            field="signature", remedy="the therapy was changed after it was signed, or by another key: sign it again",
        )  # fmt: skip
