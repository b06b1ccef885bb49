"""A signature is accepted only if it was made over this very digest with this very key."""

import hashlib
from functools import cache

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa, utils
from hypothesis import given, settings
from hypothesis import strategies as st

from infuser.core.signature import BYTES, sound_modulus, verifies


@cache
def key(bits: int = 2048, exponent: int = 65537) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(exponent, bits)


def modulus(of: rsa.RSAPrivateKey) -> bytes:
    number = of.public_key().public_numbers().n
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def signed(digest: bytes, of: rsa.RSAPrivateKey, with_hash: hashes.HashAlgorithm | None = None) -> bytes:
    return of.sign(digest, padding.PKCS1v15(), utils.Prehashed(with_hash or hashes.SHA256()))


@pytest.mark.case("EC16")
@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=400))
def test_what_the_key_signed_is_accepted(data: bytes) -> None:
    digest = hashlib.sha256(data).digest()
    assert verifies(digest, signed(digest, key()), modulus(key()))


@pytest.mark.case("EC16")
@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.sampled_from(["digest", "signature", "modulus"]), st.data())
def test_one_bit_changed_anywhere_is_refused(digest: bytes, where: str, data: st.DataObject) -> None:
    parts = {"digest": digest, "signature": signed(digest, key()), "modulus": modulus(key())}
    changed = bytearray(parts[where])
    bit = data.draw(st.integers(0, 8 * len(changed) - 1))
    changed[bit // 8] ^= 1 << bit % 8
    parts[where] = bytes(changed)
    assert not verifies(parts["digest"], parts["signature"], parts["modulus"])


def test_another_key_another_padding_and_another_hash_are_refused() -> None:
    digest = hashlib.sha256(b"library").digest()
    other = rsa.generate_private_key(65537, 2048)
    assert not verifies(digest, signed(digest, other), modulus(key()))
    pss = key().sign(digest, padding.PSS(padding.MGF1(hashes.SHA256()), 32), utils.Prehashed(hashes.SHA256()))
    assert not verifies(digest, pss, modulus(key()))
    assert not verifies(digest, signed(digest, key(), hashes.SHA512_256()), modulus(key()))


def test_a_key_of_another_exponent_is_not_taken_for_one_of_65537() -> None:
    digest = hashlib.sha256(b"library").digest()
    assert not verifies(digest, signed(digest, key(exponent=3)), modulus(key(exponent=3)))


def test_a_signature_not_below_the_modulus_is_refused_though_it_opens_to_the_same_block() -> None:
    digest = hashlib.sha256(b"library").digest()
    number = int.from_bytes(modulus(key()), "big")
    # One that is small enough for the sum with the modulus to fit the 256 bytes.
    for attempt in range(1000):
        digest = hashlib.sha256(b"library %d" % attempt).digest()
        value = int.from_bytes(signed(digest, key()), "big")
        if value + number < 1 << (8 * BYTES):
            break
    assert verifies(digest, value.to_bytes(BYTES, "big"), modulus(key()))
    assert not verifies(digest, (value + number).to_bytes(BYTES, "big"), modulus(key()))


@pytest.mark.parametrize("bits", [1024, 2040, 3072])
def test_a_key_of_another_length_is_refused(bits: int) -> None:
    digest = hashlib.sha256(b"library").digest()
    assert not verifies(digest, signed(digest, key(bits)), modulus(key(bits)))
    assert not sound_modulus(modulus(key(bits)))


def test_an_even_modulus_and_one_with_a_leading_zero_are_not_sound() -> None:
    sound = modulus(key())
    assert sound_modulus(sound)
    assert not sound_modulus(sound[:-1] + bytes([sound[-1] & 0xFE]))
    assert not sound_modulus(bytes([sound[0] & 0x7F]) + sound[1:])
    assert not verifies(bytes(32), bytes(BYTES), bytes(BYTES))
