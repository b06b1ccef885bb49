"""Stand-in for `select`: polling is the idle point at which virtual time passes."""

import idle
import uselect
from idle import wait
from uselect import POLLERR, POLLHUP, POLLIN, POLLOUT  # noqa: F401 (the module has all four)


class poll:
    """A poller that listens on the control channel too, without showing it."""

    def __init__(self):
        self._poller = uselect.poll()
        if idle.control is not None:
            self._poller.register(idle.control.file, POLLIN)

    def register(self, stream, mask=POLLIN | POLLOUT):
        self._poller.register(stream, mask)

    def modify(self, stream, mask):
        self._poller.modify(stream, mask)

    def unregister(self, stream):
        self._poller.unregister(stream)

    def poll(self, timeout_ms=-1):
        return wait(self._poller, timeout_ms * 1000)

    def ipoll(self, timeout_ms=-1, _flags=0):
        return iter(self.poll(timeout_ms))
