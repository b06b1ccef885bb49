"""Bytes to and from a pump: serial ports, pseudo-terminals and sockets alike."""

import contextlib
import select
import socket
import time
from typing import Protocol
from urllib.parse import urlsplit

import serial

from pumpctl.errors import LinkError, PortError

READ_MAX = 4096
CONNECT_S = 5.0
WRITE_S = 2.0
_PLUG = "check the cable and that the pump is on, then try again"


class Transport(Protocol):
    """What the client needs of a link. All of it raises LinkError when the other end is gone."""

    name: str

    def read(self, timeout_s: float) -> bytes:
        """What has come in; waits at most `timeout_s` for the first byte, empty if none came."""

    def write(self, data: bytes) -> None:
        """Send all of `data`."""

    def close(self) -> None:
        """Let go of the link; never raises."""


class SerialTransport:
    """A serial device or pseudo-terminal, held exclusively."""

    def __init__(self, name: str) -> None:
        self.name = name
        try:
            self._serial = serial.serial_for_url(name, 115200, timeout=0, write_timeout=WRITE_S, exclusive=True)
        except (serial.SerialException, OSError, ValueError) as error:
            raise _port_error(name, error) from error

    def read(self, timeout_s: float) -> bytes:
        """See Transport."""
        try:
            self._serial.timeout = timeout_s
            first: bytes = self._serial.read(1)
            if not first:
                return b""
            waiting = min(self._serial.in_waiting, READ_MAX)
            return first + self._serial.read(waiting) if waiting else first
        except (serial.SerialException, OSError, TypeError) as error:
            # pyserial meets a descriptor closed under it with a TypeError.
            raise _lost(self.name) from error

    def write(self, data: bytes) -> None:
        """See Transport."""
        try:
            self._serial.write(data)
        except (serial.SerialException, OSError) as error:
            raise _lost(self.name) from error

    def close(self) -> None:
        """See Transport."""
        with contextlib.suppress(serial.SerialException, OSError):
            self._serial.close()


class SocketTransport:
    """A TCP connection, `socket://HOST:PORT`."""

    def __init__(self, name: str) -> None:
        self.name = name
        try:
            where = urlsplit(name)
            if where.hostname is None or where.port is None:
                raise ValueError("no host or no port")
        except ValueError as error:
            raise PortError(f"port {name} is not of the form socket://HOST:PORT", field="port", value=name) from error
        try:
            self._socket = socket.create_connection((where.hostname, where.port), timeout=CONNECT_S)
        except OSError as error:
            raise PortError(f"no connection to {name}: {error}", field="port", value=name, remedy=_PLUG) from error

    def read(self, timeout_s: float) -> bytes:
        """See Transport."""
        try:
            ready, _, _ = select.select([self._socket], [], [], timeout_s)
            data = self._socket.recv(READ_MAX) if ready else None
        except (OSError, ValueError) as error:
            raise _lost(self.name) from error
        if data == b"":
            raise _lost(self.name)
        return data or b""

    def write(self, data: bytes) -> None:
        """See Transport."""
        try:
            self._socket.settimeout(WRITE_S)
            self._socket.sendall(data)
        except OSError as error:
            raise _lost(self.name) from error

    def close(self) -> None:
        """See Transport."""
        with contextlib.suppress(OSError):
            self._socket.close()


def open_transport(spec: str) -> Transport:
    """The link that `spec` names: a device path or a URL. PortError if it cannot be had."""
    if spec.startswith("socket://"):
        return SocketTransport(spec)
    return SerialTransport(spec)


def drain(transport: Transport, limit_s: float = 1.0) -> None:
    """Throw away what is already on its way, for at most `limit_s`."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end and transport.read(0):
        pass


def _lost(name: str) -> LinkError:
    return LinkError(f"the link to {name} is lost", field="port", value=name, remedy=_PLUG)


def _port_error(name: str, error: Exception) -> PortError:
    text = str(error)
    told = {"field": "port", "value": name}
    if "exclusively lock" in text or "busy" in text.lower() or "PermissionError" in text:
        from pumpctl import holders

        by = holders.told(name)
        remedy = "end that program" if by else f"end the other program that holds it (`{holders.look(name)}` names it)"
        message = f"port {name} is busy{', ' + by if by else ''}"
        return PortError(message, remedy=f"{remedy}, then try again", **told)
    if "Permission denied" in text:
        from pumpctl import port_access

        remedy = f"{port_access.permit(name)}; `pumpctl doctor` tells more"
        return PortError(f"no permission for port {name}", remedy=remedy, **told)
    if isinstance(error, FileNotFoundError) or "No such file" in text or "FileNotFoundError" in text:
        return PortError(f"there is no port {name}", remedy="see `pumpctl ports`", **told)
    return PortError(f"port {name} cannot be opened: {text}", remedy="see `pumpctl ports`", **told)
