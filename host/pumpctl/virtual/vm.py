"""One life of the firmware: a MicroPython process from power-on or reset to its end."""

import asyncio
import contextlib
import fcntl
import json
import os
import pty
import select
import socket
import tty
from collections.abc import Awaitable, Callable
from typing import Any

from pumpctl.virtual import launcher
from pumpctl.virtual.paths import PumpPaths

SILENCE_MAX_S = 180
STOP_WITHIN_S = 5
_LINE_MAX = 1 << 20

Message = dict[str, Any]
Tell = Callable[[Message], Awaitable[None]]


class VmEnded(Exception):
    """The process ended, or had to be ended, before it answered."""


class Port:
    """The pump's serial port: a raw pseudo-terminal that outlives resets of the pump and tools alike."""

    def __init__(self, paths: PumpPaths) -> None:
        # The slave stays open here: the master would report a hang-up whenever a tool closes its end.
        self.master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        # A write by the VM must never wait for a tool that has stopped reading.
        flags = fcntl.fcntl(self.master, fcntl.F_GETFL)
        fcntl.fcntl(self.master, fcntl.F_SETFL, flags | os.O_NONBLOCK)
        self._link = paths.port
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(os.ttyname(self._slave))

    def unread(self) -> bytes:
        """What no tool has read; MicroPython prints an uncaught error where its standard output goes."""
        data = b""
        while select.select([self._slave], [], [], 0)[0]:
            data += os.read(self._slave, 4096)
        return data

    def close(self) -> None:
        self._link.unlink(missing_ok=True)
        os.close(self.master)
        os.close(self._slave)


class Vm:
    """A started VM. Only one request is under way at a time; the supervisor sees to that."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        ready_within_s: float,
    ) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer
        self._ready_within_s = ready_within_s
        self.pid = process.pid

    @classmethod
    async def spawn(cls, paths: PumpPaths, config: Message, port: Port, lock_fd: int, cause: str) -> "Vm":
        """Starts the firmware after a reset by `cause`; the lock is inherited, see PumpPaths.process_group."""
        ours, theirs = socket.socketpair()
        with theirs, paths.vm_log.open("ab") as log:
            log.write(f"--- start after {cause}\n".encode())
            log.flush()
            fd = theirs.fileno()
            launcher.write_config(paths, {**config, "control_fd": fd, "reset_cause": cause})
            process = await asyncio.create_subprocess_exec(
                *launcher.vm_command(paths, config),
                stdin=port.master,
                stdout=port.master,
                stderr=log,
                pass_fds=(fd, lock_fd),
                cwd=paths.directory,
            )
        reader, writer = await asyncio.open_connection(sock=ours, limit=_LINE_MAX)
        return cls(process, reader, writer, launcher.READY_WITHIN_S[config.get("chip", launcher.VM)])

    async def ready(self) -> Message:
        """Plant truth once the firmware idles for the first time; VmEnded if that does not come about."""
        return await self.ask({"op": "get"}, self._ready_within_s)

    async def ask(self, request: Message, silence_max_s: float = SILENCE_MAX_S, tell: Tell | None = None) -> Message:
        """The answer to `request`, which has "ok"; VmEnded when the VM ends before it, or falls silent.

        `tell` hears what the VM says of its progress meanwhile.
        """
        try:
            self._writer.write(json.dumps(request).encode() + b"\n")
            await self._writer.drain()
            while True:
                line = await asyncio.wait_for(self._reader.readline(), silence_max_s)
                if not line.endswith(b"\n"):
                    raise VmEnded("the VM ended before it answered")
                message: Message = json.loads(line)
                if "ok" in message:
                    return message
                if tell is not None:
                    await tell(message)
        except TimeoutError:
            self.kill()
            raise VmEnded(f"the VM did not answer for {silence_max_s:g} s") from None
        except ConnectionError:
            raise VmEnded("the VM ended before it answered") from None

    async def ended(self, within_s: float | None = None) -> int:
        """Exit code (negative: the signal) once the process has ended, for which `within_s` are left to it."""
        try:
            code = await asyncio.wait_for(self._process.wait(), within_s)
        except TimeoutError:
            self.kill()
            code = await self._process.wait()
        self._writer.close()
        return code

    def kill(self) -> None:
        if self._process.returncode is None:
            self._process.kill()

    async def stop(self) -> None:
        """Orders the VM to save its world and leave, whatever it is at; ends it hard if it does not obey."""
        if self._process.returncode is None:
            with contextlib.suppress(ConnectionError):
                self._writer.write(b'{"op": "stop"}\n')
                await self._writer.drain()
        await self.ended(STOP_WITHIN_S)
