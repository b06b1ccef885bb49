"""The USB serial port: bytes in and out without ever waiting for the host."""

import select
import sys
import time

import machine
import micropython

READ_MAX = 512
QUEUE_MAX = 4096
# One USB packet. A host that stops reading in the midst of one costs 0.5 s, once: then the port is not ready.
_CHUNK = 64
_CTRL_C = 3
# Number of the last USB frame that the host began; it begins one each millisecond. The controller's bits for
# "connected" and "suspended" are no help: MicroPython's USB stack forces the one and clears the other.
_FRAME_NUMBER = 0x50110048
_FRAME_MASK = 0x7FF
_TWO_FRAMES_MS = 2


class SerialPort:
    """Non-blocking access to the port that MicroPython calls stdin and stdout."""

    def __init__(self) -> None:
        self._input = sys.stdin.buffer
        self._output = sys.stdout.buffer
        self._poll = select.poll()
        self._poll.register(sys.stdin, select.POLLIN)
        self._in_poll = select.poll()
        self._in_poll.register(sys.stdin, select.POLLIN)
        self._out_poll = select.poll()
        self._out_poll.register(sys.stdout, select.POLLOUT)
        self._waiting_for_room = False
        self._heard = True
        self._queue = b""
        self._sent = 0
        self.dropped_frames = 0
        self._frame = -1

    def acquire(self) -> None:
        """Take the port for the application: no byte on it interrupts the program any more."""
        micropython.kbd_intr(-1)

    def release(self) -> None:
        """Give the port back to the REPL: Ctrl-C interrupts again."""
        micropython.kbd_intr(_CTRL_C)

    def read(self) -> bytes:
        """What is there up to the end of a piece between two zeros, at most READ_MAX bytes; empty when nothing is.

        Nor when nothing was as `idle` ended. However much is sent, a turn of the loop hears no more than two frames:
        none of the work that they ask for holds up what else a turn has to do.
        """
        if not self._heard:
            return b""
        data = bytearray()
        waiting, take = self._in_poll.poll, self._input.read
        last = b"\0"
        # The port's own read(n) waits for all n bytes, so they are fetched one by one.
        while len(data) < READ_MAX and waiting(0):
            byte = take(1)
            if not byte:
                break
            data.extend(byte)
            if byte == b"\0" and last != byte:
                break
            last = byte
        return bytes(data)

    def write(self, data: bytes) -> bool:
        """Queue a frame; False, and all of it dropped, if the queue has no room."""
        left = self._queue[self._sent :] if self._sent else self._queue
        if len(left) + len(data) > QUEUE_MAX:
            self.dropped_frames += 1
            return False
        self._queue = left + data if left else data
        self._sent = 0
        return True

    def flush(self) -> None:
        """Push out what the port takes now."""
        while self._sent < len(self._queue) and self._out_poll.poll(0):
            count = self._output.write(memoryview(self._queue)[self._sent : self._sent + _CHUNK])
            if not count:
                break
            self._sent += count
        if self._queue and self._sent == len(self._queue):
            self._queue = b""
            self._sent = 0

    def connected(self) -> bool:
        """Whether a host is at the other end of the cable and awake; it takes 2 ms to be sure of the contrary."""
        before = self._frame
        self._frame = machine.mem32[_FRAME_NUMBER] & _FRAME_MASK
        if self._frame == before:
            # No host, or one that came round to the same number since the last look.
            time.sleep_ms(_TWO_FRAMES_MS)
            self._frame = machine.mem32[_FRAME_NUMBER] & _FRAME_MASK
        return self._frame != before

    def forget(self) -> None:
        """Drop what is queued: whom it was for is gone."""
        self._queue = b""
        self._sent = 0

    def idle(self, wait_ms: int) -> None:
        """Wait for input, or for room if something is queued, at most `wait_ms`."""
        waiting = self._sent < len(self._queue)
        if waiting != self._waiting_for_room:
            self._waiting_for_room = waiting
            if waiting:
                self._poll.register(sys.stdout, select.POLLOUT)
            else:
                self._poll.unregister(sys.stdout)
        ready = self._poll.poll(wait_ms)
        self._heard = _readable(ready) if ready else False


def _readable(ready) -> bool:
    for entry in ready:
        if entry[1] & select.POLLIN:
            return True
    return False
