"""Frames on the serial line: COBS between zero bytes, CRC-32 at the end, bounded length.

On the line: 00, COBS(payload + CRC-32 little-endian), 00. A zero byte never occurs inside a
frame, so the receiver is in step again at the next zero whatever came before it.
"""

import binascii
import struct

PAYLOAD_MAX = 2048
CODED_MAX = PAYLOAD_MAX + 4 + (PAYLOAD_MAX + 4) // 254 + 1


def encode(payload: bytes) -> bytes:
    """One frame for `payload` (1 to PAYLOAD_MAX bytes); ValueError if it is longer or empty."""
    if not 0 < len(payload) <= PAYLOAD_MAX:
        raise ValueError("payload of {} bytes, allowed 1 to {}".format(len(payload), PAYLOAD_MAX))
    return _framed(payload)


def _framed(payload: bytes) -> bytes:
    frame = bytearray(2)
    frame.extend(payload)
    frame.extend(struct.pack("<I", binascii.crc32(payload)))
    frame.append(0)
    _stuff(frame)
    return bytes(frame)


def _stuff(frame: bytearray) -> None:
    """COBS in place: each zero between the first and the last becomes the distance to the next one.

    Written for speed, for a page of the log has hundreds of zeros.
    """
    find = frame.find
    code = 1
    end = len(frame) - 1
    while code < end:
        zero = find(b"\0", code + 1)
        distance = zero - code
        if distance > 254:
            distance = 255
            zero = code + 255
            frame[zero:zero] = b"\0"
            end += 1
        frame[code] = distance
        code = zero


def _unstuff(coded: bytes) -> bytes:
    """Undo COBS; ValueError if a code byte is zero or points past the end."""
    out = bytearray()
    at = 0
    while at < len(coded):
        code = coded[at]
        end = at + code
        if not code or end > len(coded):
            raise ValueError("not a frame")
        out.extend(coded[at + 1 : end])
        at = end
        if code < 255 and at < len(coded):
            out.append(0)
    return bytes(out)


def decode(coded: bytes) -> bytes:
    """Payload of the bytes between two zeros; ValueError names what is wrong with them."""
    if len(coded) > CODED_MAX:
        raise ValueError("too long")
    body = _unstuff(coded)
    if len(body) < 5:
        raise ValueError("too short")
    payload = body[:-4]
    if struct.unpack("<I", body[-4:])[0] != binascii.crc32(payload):
        raise ValueError("checksum")
    return payload


class Deframer:
    """Collects bytes of the line and returns the payloads of whole, sound frames.

    Memory is bounded by one frame; `dropped` counts the pieces thrown away.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._overlong = False
        self.dropped = 0

    def forget(self) -> None:
        """Begin anew: what was half received never ends."""
        self._buffer = bytearray()
        self._overlong = False

    def feed(self, data: bytes) -> list[bytes]:
        """Payloads completed by `data`, in order; anything unsound is dropped and counted."""
        payloads: list[bytes] = []
        at = 0
        while True:
            # Piece by piece: a list of them all would need a large part of the heap at once.
            end = data.find(b"\0", at)
            if end < 0:
                self._append(data[at:])
                return payloads
            self._append(data[at:end])
            self._finish(payloads)
            at = end + 1

    def _append(self, piece: bytes) -> None:
        if self._overlong or len(self._buffer) + len(piece) > CODED_MAX:
            self._overlong = True
            self._buffer = bytearray()
        else:
            self._buffer.extend(piece)

    def _finish(self, payloads: list[bytes]) -> None:
        if not self._buffer and not self._overlong:
            return
        coded = bytes(self._buffer)
        overlong = self._overlong
        self._buffer = bytearray()
        self._overlong = False
        if overlong:
            self.dropped += 1
        else:
            try:
                payloads.append(decode(coded))
            except ValueError:
                self.dropped += 1
