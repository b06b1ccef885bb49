"""The signature check on MicroPython's own integers says what it says on CPython."""

import hashlib
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa, utils
from vm import run_vm

SCRIPT = """
import json, sys
from infuser.core.signature import verifies
cases = json.load(open(sys.argv[1]))
print(json.dumps([verifies(*[bytes.fromhex(part) for part in case]) for case in cases]))
"""


@pytest.mark.case("EC16")
def test_the_vm_accepts_what_was_signed_and_nothing_else(tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    modulus = key.public_key().public_numbers().n.to_bytes(256, "big")
    digest = hashlib.sha256(b"library").digest()
    signature = key.sign(digest, padding.PKCS1v15(), utils.Prehashed(hashes.SHA256()))
    last_bit = bytes([*signature[:-1], signature[-1] ^ 1])
    cases = [
        (digest, signature, modulus),
        (digest, last_bit, modulus),
        (hashlib.sha256(b"librarz").digest(), signature, modulus),
        (digest, modulus, modulus),
        (digest, b"\xff" * 256, modulus),
        (digest, signature[1:], modulus),
        (digest, signature, modulus[:-1] + bytes([modulus[-1] ^ 1])),
        (digest, signature, modulus[1:]),
    ]
    script = tmp_path / "verify.py"
    script.write_text(SCRIPT)
    given = tmp_path / "cases.json"
    given.write_text(json.dumps([[part.hex() for part in case] for case in cases]))
    told = run_vm(script, given)
    assert json.loads(told) == [True, *[False] * (len(cases) - 1)]
