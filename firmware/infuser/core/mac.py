"""HMAC-SHA256, and the MAC around every request and reply of a session that is signed in."""

import hashlib

from infuser.wire import codec, signed

_BLOCK_BYTES = 64


class Hmac:
    """RFC 2104 with one key of at most a block; `of` may be asked any number of times."""

    def __init__(self, key: bytes) -> None:
        padded = key + bytes(_BLOCK_BYTES - len(key))
        # Made once: on the pump this costs more than hashing a short frame.
        self._inner = bytes(byte ^ 0x36 for byte in padded)
        self._outer = bytes(byte ^ 0x5C for byte in padded)

    def of(self, *parts: bytes) -> bytes:
        """The 32 bytes over all parts, one after the other."""
        inner = hashlib.sha256(self._inner)
        for part in parts:
            inner.update(part)
        outer = hashlib.sha256(self._outer)
        outer.update(inner.digest())
        return outer.digest()


def same(one: bytes, other: bytes) -> bool:
    """Compare in a time that does not tell where they differ."""
    differing = len(one) ^ len(other)
    for at in range(min(len(one), len(other))):
        differing |= one[at] ^ other[at]
    return differing == 0


class Channel:
    """The signed frames of one session. Both ends hold the same key, which served no other session.

    Whether a frame goes to the pump or comes from it is told by the kind of the payload inside, which the MAC covers
    like all the rest of it: a frame that is sent back to whoever made it is none for them.
    """

    def __init__(self, key: bytes) -> None:
        self._hmac = Hmac(key)

    def sign(self, counter: int, payload: bytes) -> bytes:
        """`payload`, a request or a reply, under its counter and MAC."""
        return signed.encode(counter, self._mac(counter, payload), payload)

    def verify(self, frame: bytes) -> tuple[int, bytes]:
        """(counter, payload inside) of a signed frame; codec.CodecError if it was not made with this key."""
        counter, mac, payload = signed.decode(frame)
        if not same(mac, self._mac(counter, payload)):
            raise codec.CodecError("the MAC is not right")
        return counter, payload

    def _mac(self, counter: int, payload: bytes) -> bytes:
        return self._hmac.of(counter.to_bytes(4, "little"), payload)[: signed.MAC_BYTES]
