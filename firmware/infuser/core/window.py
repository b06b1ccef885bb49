"""Sliding dose windows: microsteps of therapy in each minute of the pump's age over the last day.

A window of so many minutes counts that many whole minutes and the one under way, so it always holds
at least what was made in that time: a limit is reached up to one minute early and never late.
The minutes are kept in a buffer that is stored as it is, with a checksum that is verified when a minute
closes: a flipped bit is found before a sum is made of it.
"""

import binascii
import struct

MINUTES = 1440
SPANS_MIN = (60, 240, MINUTES)
_HEAD = 4
_UNIT_AT = _HEAD + 2 * MINUTES
_STORED = _UNIT_AT + 4
_SLOT_MAX = 0xFFFF


class Window:
    """Counts minute by minute, and sums over SPANS_MIN."""

    def __init__(self) -> None:
        self._buffer = bytearray(_STORED + 4)
        self.minute = 0  # the one under way
        self._start_steps = 0
        self._open_steps = 0
        self._sums = [0] * len(SPANS_MIN)
        self._minutes = memoryview(self._buffer)[_HEAD:_UNIT_AT]
        self._crc = binascii.crc32(self._minutes)
        self._seal = self._mixed()

    def _mixed(self) -> int:
        mixed = self.minute ^ self._start_steps ^ self._open_steps
        for total in self._sums:
            mixed ^= total
        return mixed

    def sound(self) -> bool:
        """Whether the sums are as they were left."""
        return self._mixed() == self._seal

    def intact(self) -> bool:
        """Whether every bit is as it was left."""
        return self._mixed() == self._seal and binascii.crc32(self._minutes) == self._crc

    def _take_as_right(self) -> None:
        self._crc = binascii.crc32(self._minutes)
        self._seal = self._mixed()

    def begin(self, minute: int, steps: int) -> None:
        """Count from `minute` on, at `steps` of therapy in all; what is already in the window stays."""
        self.minute = minute
        self._start_steps = steps
        for index, span in enumerate(SPANS_MIN):
            total = 0
            for back in range(span):
                total += self._slot(minute - 1 - back)
            self._sums[index] = total
        self._take_as_right()

    def advance(self, minute: int, steps: int) -> None:
        """Close the minutes before `minute`; all of `steps` not counted yet belong to the first of them.

        After a flipped bit nothing is done: `intact` tells.
        """
        if not self.intact():
            return
        while self.minute < minute:
            made = steps - self._start_steps
            if made > _SLOT_MAX:
                made = _SLOT_MAX
            for index, span in enumerate(SPANS_MIN):
                self._sums[index] += made - self._slot(self.minute - span)
            self._put(self.minute, made)
            self._start_steps += made
            self.minute += 1
        self._take_as_right()

    def used(self, index: int, steps: int) -> int:
        """Microsteps in the window of SPANS_MIN[index] at `steps` of therapy in all."""
        return self._sums[index] + steps - self._start_steps

    def assume(self, hourly_steps: list[int], minute: int) -> None:
        """Fill from the counts of past hours, newest last, each as late as it can have been.

        The last is of the hour under way. Those before it ended on whole hours of the pump's age, or in the minute
        after, in which they were closed.
        """
        for back in range(MINUTES):
            self._put(minute - 1 - back, 0)
        closed = min(minute - 1, minute // 60 * 60)
        for back, count in enumerate(reversed(hourly_steps[-25:])):
            at = closed - 60 * (back - 1) if back else minute - 1
            while count > 0:
                part = min(count, _SLOT_MAX - self._slot(at))
                self._put(at, self._slot(at) + part)
                count -= part
                at -= 1

    def stored(self, ug_per_ml: int) -> bytearray:
        """The closed minutes as bytes with a checksum, and the concentration in which they count the drug.

        Valid until the next change.
        """
        struct.pack_into("<I", self._buffer, 0, self.minute)
        struct.pack_into("<I", self._buffer, _UNIT_AT, ug_per_ml)
        struct.pack_into("<I", self._buffer, _STORED, binascii.crc32(memoryview(self._buffer)[:_STORED]))
        return self._buffer

    def since(self, base: int, steps: int) -> bytes:
        """Counts of the minutes from `base` (a whole hour, at most an hour ago) to the one under way."""
        at = _HEAD + base % MINUTES * 2
        closed = bytes(self._buffer[at : at + 2 * (self.minute - base)])
        return closed + struct.pack("<H", min(_SLOT_MAX, steps - self._start_steps))

    def load(self, stored: bytes | None, base: int, minutes: bytes) -> bool:
        """Take up stored minutes up to `base` and those since; False and nothing done if they do not verify.

        The last of those since was under way when it was noted: `go_on` says what becomes of it.
        """
        if not stored or unit_of(stored, base) < 0 or len(minutes) > 2 * 61:
            return False
        self._buffer[:_UNIT_AT] = stored[:_UNIT_AT]
        counts = [struct.unpack_from("<H", minutes, at)[0] for at in range(0, len(minutes) - 1, 2)]
        self._open_steps = counts.pop() if counts else 0
        for index, count in enumerate(counts):
            self._put(base + index, count)
        self.minute = base + len(counts)
        self._take_as_right()
        return True

    def go_on(self, minute: int) -> int:
        """After `load`, at a later `minute`, with nothing made between; returns the steps already made in `minute`."""
        if minute <= self.minute:
            return self._open_steps
        for at in range(max(self.minute, minute - MINUTES), minute):
            self._put(at, self._open_steps if at == self.minute else 0)
        return 0

    def scale(self, before: int, now: int, steps: int) -> None:
        """Make of each `before` counts `now`, at `steps` of therapy in all.

        Rounded up over all minutes from any one to the present: what is left of a window later is one of these.
        """
        total = steps - self._start_steps
        scaled = open_steps = -(-total * now // before)
        for back in range(1, MINUTES + 1):
            total += self._slot(self.minute - back)
            # What does not fit counts in the minute before.
            beyond = min(_SLOT_MAX, -(-total * now // before) - scaled)
            self._put(self.minute - back, beyond)
            scaled += beyond
        self.begin(self.minute, steps - open_steps)

    def _slot(self, minute: int) -> int:
        at = _HEAD + minute % MINUTES * 2
        return self._buffer[at] | self._buffer[at + 1] << 8

    def _put(self, minute: int, steps: int) -> None:
        at = _HEAD + minute % MINUTES * 2
        self._buffer[at] = steps & 0xFF
        self._buffer[at + 1] = steps >> 8


def unit_of(stored: bytes | None, base: int) -> int:
    """The concentration in which stored minutes up to `base` count the drug, 0 if not told, -1 if unsound."""
    # Before there were units a file was four bytes shorter.
    if not stored or len(stored) not in (_STORED + 4, _UNIT_AT + 4):
        return -1
    end = len(stored) - 4
    if struct.unpack_from("<I", stored, end)[0] != binascii.crc32(stored[:end]):
        return -1
    if struct.unpack_from("<I", stored, 0)[0] != base:
        return -1
    return int(struct.unpack_from("<I", stored, _UNIT_AT)[0]) if end == _STORED else 0
