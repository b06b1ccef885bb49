"""RSA keys that sign drug libraries and therapies: made, read and used with the `cryptography` package."""

import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa, utils

from infuser.core import signature
from pumpctl.errors import UsageProblem

BITS = 8 * signature.BYTES
EXPONENT = 65537
PUBLIC_SUFFIX = ".pub"
_MADE = "make a pair with `pumpctl library keygen NAME`"


def keygen(path: Path) -> Path:
    """Write a new private key to `path`, readable by its owner alone, and the public one beside it; returns its path.

    UsageProblem if either file is there: a key is never overwritten.
    """
    public_path = path.with_name(path.name + PUBLIC_SUFFIX)
    for taken in (path, public_path):
        if taken.exists():
            raise UsageProblem(f"{taken} is there already and is kept", field="key", value=str(taken),
                               remedy="give another name")  # fmt: skip
    key = rsa.generate_private_key(EXPONENT, BITS)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    _create(path, private, 0o600)
    _create(public_path, public, 0o644)
    return public_path


def sign(digest: bytes, key_path: Path) -> bytes:
    """The signature over a SHA-256 digest, as core.signature verifies it. UsageProblem if the key is no use."""
    return _private(key_path).sign(digest, padding.PKCS1v15(), utils.Prehashed(hashes.SHA256()))


def modulus(key_path: Path) -> bytes:
    """The modulus of a public key, or of the public half of a private one, big end first."""
    data = _read(key_path)
    try:
        key = serialization.load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        return _modulus(_private(key_path).public_key(), key_path)
    return _modulus(key, key_path)


def _modulus(key: object, path: Path) -> bytes:
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size != BITS or key.public_numbers().e != EXPONENT:
        raise _no_use(path, f"not an RSA key of {BITS} bits with the exponent {EXPONENT}")
    return key.public_numbers().n.to_bytes(signature.BYTES, "big")


def _private(path: Path) -> rsa.RSAPrivateKey:
    try:
        key = serialization.load_pem_private_key(_read(path), None)
    except TypeError:
        raise _no_use(path, "it needs a passphrase, which this tool does not take") from None
    except (ValueError, UnsupportedAlgorithm):
        raise _no_use(path, "not a private key in PEM") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise _no_use(path, "not an RSA key")
    _modulus(key.public_key(), path)
    return key


def _no_use(path: Path, why: str) -> UsageProblem:
    return UsageProblem(f"{path}: {why}", field="key", value=str(path), remedy=_MADE)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageProblem(f"{path}: {error.strerror}", field="key", value=str(path), remedy=_MADE) from None


def _create(path: Path, data: bytes, mode: int) -> None:
    """Write a file that must not be there yet; from its first byte on nobody else may read it."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except OSError as error:
        raise UsageProblem(f"{path}: {error.strerror}", field="key", value=str(path)) from None
    with os.fdopen(handle, "wb") as file:
        file.write(data)
