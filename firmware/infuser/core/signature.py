"""Whether an RSA key of 2048 bits signed a digest: PKCS #1 v1.5 with SHA-256, public exponent 65537.

The one block that a signature must open to is built and compared as a whole. Nothing in the block is
read, so there is nothing in it that a forger could make the pump read another way.
"""

BYTES = 256
_SHA256_PREFIX = b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"
_DIGEST_BYTES = 32
_PADDING = b"\x00\x01" + b"\xff" * (BYTES - 3 - len(_SHA256_PREFIX) - _DIGEST_BYTES) + b"\x00"


def sound_modulus(modulus: bytes) -> bool:
    """Whether `modulus`, big end first, can be that of a key of 2048 bits: the length itself, and odd."""
    return len(modulus) == BYTES and modulus[0] >= 0x80 and modulus[-1] & 1 == 1


def verifies(digest: bytes, signature: bytes, modulus: bytes) -> bool:
    """Whether `signature` over the SHA-256 `digest` was made with the key of `modulus`."""
    if not sound_modulus(modulus) or len(signature) != BYTES or len(digest) != _DIGEST_BYTES:
        return False
    key = int.from_bytes(modulus, "big")
    value = int.from_bytes(signature, "big")
    if value >= key:
        return False
    opened = value
    for _ in range(16):  # to the power of 65537 = 2**16 + 1
        opened = opened * opened % key
    opened = opened * value % key
    return opened == int.from_bytes(_PADDING + _SHA256_PREFIX + digest, "big")
