"""Layout of a signed payload: a request or reply under a counter and a MAC. What they must be is core.mac's.

Signed payload:   kind (3), counter (u32), MAC (16 bytes), the whole payload of a request or reply.
"""

import struct

from infuser.wire import codec

SIGNED = 3
MAC_BYTES = 16
_HEAD = "<BI"
_HEAD_SIZE = 5
AROUND_BYTES = _HEAD_SIZE + MAC_BYTES


def encode(counter: int, mac: bytes, payload: bytes) -> bytes:
    """Payload of a signed frame around a request or reply."""
    return struct.pack(_HEAD, SIGNED, counter) + mac + payload


def decode(payload: bytes) -> tuple[int, bytes, bytes]:
    """(counter, MAC, payload inside) of a signed payload, nothing verified; codec.CodecError if it is none."""
    if len(payload) <= AROUND_BYTES or payload[0] != SIGNED:
        raise codec.CodecError("not a signed payload")
    _, counter = struct.unpack(_HEAD, payload[:_HEAD_SIZE])
    return counter, payload[_HEAD_SIZE:AROUND_BYTES], payload[AROUND_BYTES:]
