"""One careful look at each pump for `pumpctl doctor`: greeted and asked for its status, nothing else, ports let go."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pumpctl import holders, library_send, timetext
from pumpctl.client import Pump
from pumpctl.errors import LinkError, PumpctlError, VerificationError
from pumpctl.exchange import Hello
from pumpctl.fleet_crew import Watch
from pumpctl.pending import Pending, PendingStore
from pumpctl.ports import Port
from pumpctl.transport import Transport, open_transport

LIMIT_S = 12.0
# What MicroPython says to a greeting, some bytes of which are commands to its prompt.
_PROMPTS = (b">>> ", b"raw REPL; CTRL-B to exit", b"MPY: soft reboot")
_HEARD_MAX = 4096


@dataclass
class Look:
    """What came of it. `held_by` is who holds the port, which then was not opened; `prompt`: MicroPython answers."""

    port: Port
    held_by: list[holders.Holder] = field(default_factory=list)
    error: PumpctlError | None = None
    prompt: bool = False
    hello: Hello | None = None
    status: dict[str, Any] | None = None
    library: dict[str, Any] | None = None
    ahead_ms: int | None = None

    @property
    def name(self) -> str:
        """What a person calls the pump."""
        return self.port.name


class _Heard:
    """A link of which what came in last is kept."""

    def __init__(self, link: Transport) -> None:
        self.name = link.name
        self.heard = b""
        self.write = link.write
        self.close = link.close
        self._link = link

    def read(self, timeout_s: float) -> bytes:
        """See Transport."""
        data = self._link.read(timeout_s)
        self.heard = (self.heard + data)[-_HEARD_MAX:]
        return data


class _Untouched(PendingStore):
    """Knows of no command: one that is still to be settled is left to the next command that acts."""

    def load(self, serial: str) -> Pending | None:
        return None


def look(ports: Sequence[Port], watch: Watch | None = None, limit_s: float = LIMIT_S) -> list[Look]:
    """A look at each, side by side, within `limit_s`; `watch` hears when one is finished."""
    looks = [Look(port, error=LinkError(f"no end of the look at {port.name} within {limit_s:g} s")) for port in ports]
    threads = [threading.Thread(target=_look, args=(one, watch), daemon=True) for one in looks]
    for thread in threads:
        thread.start()
    end_s = time.monotonic() + limit_s
    for thread in threads:
        thread.join(max(0.0, end_s - time.monotonic()))
    return looks


def _look(told: Look, watch: Watch | None) -> None:
    spec = told.port.spec
    error: PumpctlError | None = None
    try:
        told.held_by = holders.holders(spec)
        if not told.held_by:
            _ask(told)
    except PumpctlError as failed:
        error = failed
    except Exception as failed:
        error = LinkError(f"{type(failed).__name__}: {failed}")
    told.error = error
    if watch is not None:
        watch.ended(told.name, error)


def _ask(told: Look) -> None:
    link = _Heard(open_transport(told.port.spec))
    try:
        pump = Pump(link, pending=_Untouched())
    except LinkError:
        told.prompt = any(prompt in link.heard for prompt in _PROMPTS)
        raise
    with pump:
        told.hello = pump.hello
        told.status = status = pump.status()
        if status["time_valid"]:
            told.ahead_ms = status["time_ms"] - timetext.now()[0]
        try:
            told.library = library_send.present(pump)
        except VerificationError:
            told.library = None
