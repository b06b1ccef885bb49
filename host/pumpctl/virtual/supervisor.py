"""Behind each virtual pump: keeps its VM alive over resets and passes orders on to it."""

import asyncio
import contextlib
import json
import os
import signal

from pumpctl.virtual import orders
from pumpctl.virtual.launcher import RESET_CAUSES
from pumpctl.virtual.paths import PumpPaths, socket_address
from pumpctl.virtual.vm import Message, Port, Vm, VmEnded

RESTARTS_MAX = 3
HEALTHY_AFTER_S = 10
LOG_TAIL_LINES = 15
_LOG_TAIL_BYTES = 4096
_LOOK_AROUND_S = 2


class Supervisor:
    """Owns the port, the VM of the moment and the control socket of one virtual pump."""

    def __init__(self, paths: PumpPaths, lock_fd: int) -> None:
        self.paths = paths
        self.config: Message = json.loads(paths.config.read_text())
        self.turn = asyncio.Lock()
        self.stopping = asyncio.Event()
        self.vm: Vm | None = None
        self.boots = 0
        self.cause = "power-on"
        self.last_end = ""
        self.crashed = False
        self.failure = ""
        self._lock_fd = lock_fd
        self._newest: Vm | None = None
        self._crashes = 0
        self._changed = asyncio.Condition()

    async def run(self, report_fd: int) -> None:
        """Serves until ordered to stop, or until somebody removes the pump's folder."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stopping.set)
        port = Port(self.paths)
        living = asyncio.create_task(self._live(port))
        with socket_address(self.paths.socket) as address:
            server = await asyncio.start_unix_server(self._serve, address)
        try:
            await self.running_vm(None)
            report = {"ok": not self.failure, "error": self.failure, "log_tail": self.log_tail()}
            os.write(report_fd, json.dumps(report).encode())
            os.close(report_fd)
            if not self.failure:
                await self._wait_for_the_end()
        finally:
            self.stopping.set()
            server.close()
            if self._newest is not None:
                await self._newest.stop()
            await living
            port.close()
            self.paths.socket.unlink(missing_ok=True)

    async def _wait_for_the_end(self) -> None:
        while not self.stopping.is_set() and self.paths.directory.exists():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), _LOOK_AROUND_S)

    async def _live(self, port: Port) -> None:
        """One VM after the other until the pump is stopped or its firmware keeps crashing."""
        while not self.stopping.is_set() and not self.failure:
            try:
                vm = await Vm.spawn(self.paths, self.config, port, self._lock_fd, self.cause)
            except OSError as error:
                self.failure = f"MicroPython does not start: {error}"
                break
            self._newest = vm
            self.boots += 1
            if self.stopping.is_set():
                await vm.stop()
            self._judge(*await self._one_life(vm))
            if self.crashed and not self.stopping.is_set():
                self._keep_last_words(port.unread())
            await self._set_vm(None)
        await self._set_vm(None)

    async def _one_life(self, vm: Vm) -> tuple[int, bool, float]:
        """Exit code of the VM, whether it ever became ready, and for how many seconds it lived."""
        began_s = asyncio.get_running_loop().time()
        ready = False
        with contextlib.suppress(VmEnded):
            await vm.ready()
            ready = True
            await self._set_vm(vm)
        code = await vm.ended()
        return code, ready, asyncio.get_running_loop().time() - began_s

    def _judge(self, code: int, ready: bool, lived_s: float) -> None:
        """Decides what the end of a VM means for the next one."""
        if self.stopping.is_set():
            return
        self.cause = RESET_CAUSES.get(code, "power-on")
        self.last_end = f"{self.cause} reset" if code in RESET_CAUSES else f"crash with exit code {code}"
        self.crashed = code not in RESET_CAUSES
        # A reset is part of a pump's life, but not for ever before it has come up once.
        unhealthy = self.crashed or not ready
        if not unhealthy or lived_s > HEALTHY_AFTER_S:
            self._crashes = 0
        if not unhealthy:
            return
        self._crashes += 1
        print(f"the VM ended with exit code {code}; in a row: {self._crashes}", flush=True)
        if self._crashes > RESTARTS_MAX:
            self.failure = f"the firmware's VM ended {self._crashes} times in a row, last with exit code {code}"

    def _keep_last_words(self, data: bytes) -> None:
        with self.paths.vm_log.open("ab") as log:
            log.write(b"".join(line + b"\n" for line in data.splitlines()[-LOG_TAIL_LINES:] if line.isascii()))

    async def _set_vm(self, vm: Vm | None) -> None:
        async with self._changed:
            self.vm = vm
            self._changed.notify_all()

    async def running_vm(self, after: Vm | None) -> Vm | None:
        """The VM once one is ready that is not `after`; None when the pump has failed or is being stopped."""
        async with self._changed:
            await self._changed.wait_for(
                lambda: self.failure or self.stopping.is_set() or (self.vm is not None and self.vm is not after)
            )
        return None if self.failure else self.vm

    def log_tail(self) -> str:
        """The last lines that the VM wrote to its log."""
        data = self.paths.vm_log.read_bytes()[-_LOG_TAIL_BYTES:] if self.paths.vm_log.exists() else b""
        return "\n".join(data.decode(errors="replace").splitlines()[-LOG_TAIL_LINES:])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answers the requests of one client, one after the other; when it goes away, its order ends."""

        async def tell(message: Message) -> None:
            writer.write(json.dumps(message).encode() + b"\n")
            await writer.drain()
            if writer.is_closing():
                raise ConnectionResetError

        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                try:
                    request = json.loads(line)
                except ValueError as error:
                    await tell({"ok": False, "error": f"not a control request: {error}"})
                else:
                    await tell(await orders.carry_out(self, request, tell))
        writer.close()
