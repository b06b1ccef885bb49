"""The delivery counters between journal records, kept in two small files written in turn.

A file holds one record and stays so small that littlefs keeps it in the directory itself: a save
costs one program operation and seldom an erase. A cut spoils at most the older of the two; where a bit has
flipped in one, the other is taken.
"""

import binascii
import struct

from infuser.wire import codec, records

NAMES = ("c0", "c1")


class Checkpoint:
    """Keeps the newest CHECKPOINT_FIELDS; `files` as hw.storage.Files, whose OSError passes through.

    `damaged` after load(): one of the two does not verify, or is not there though it must be.
    """

    def __init__(self, files) -> None:
        self._files = files
        self._counter = 0
        self._counter_check = 0  # does not match: nothing is loaded yet
        self.damaged = False

    def load(self) -> dict | None:
        """The newest values that verify, `counter` among them; None if there are none."""
        newest = None
        self._counter = 0
        self.damaged = False
        sound = 0
        for name in NAMES:
            stored = self._read(name)
            values = _decode(stored)
            if values is not None:
                sound += 1
                if values["counter"] > self._counter:
                    newest = values
                    self._counter = values["counter"]
            elif stored:
                self.damaged = True
        # The first one ever saved has no twin yet, or an empty one.
        if newest and sound < len(NAMES) and self._counter > 1:
            self.damaged = True
        self._counter_check = ~self._counter
        return newest

    def _read(self, name: str) -> bytes | None:
        try:
            return self._files.read(name)
        except OSError:
            return b"?"

    def save(self, values: dict) -> None:
        """Store values; `counter` is filled in here. After OSError the values before are still there."""
        if self._counter_check != ~self._counter:
            self.load()  # for the first time, or because a bit has flipped
        counter = self._counter + 1
        numbered = dict(values)
        numbered["counter"] = counter
        body = codec.encode(records.CHECKPOINT_FIELDS, numbered)
        self._files.overwrite(NAMES[counter & 1], body + struct.pack("<I", binascii.crc32(body)))
        self._counter = counter
        self._counter_check = ~counter


def _decode(stored: bytes | None) -> dict | None:
    if not stored or len(stored) < 5:
        return None
    body = stored[:-4]
    if struct.unpack("<I", stored[-4:])[0] != binascii.crc32(body):
        return None
    try:
        return codec.decode(records.CHECKPOINT_FIELDS, body)
    except codec.CodecError:
        return None
