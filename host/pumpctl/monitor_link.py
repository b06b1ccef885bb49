"""Watches one pump from a thread of its own: asks it now and then, finds it again when the link was lost, sends orders.

What happens is told by events; nothing here waits for a screen. An order is sent at once or not at all: one that finds
no pump is told as not sent and never sent later.
"""

import contextlib
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from infuser.wire import units
from pumpctl import status_parts
from pumpctl.client import Pump
from pumpctl.errors import LinkError, PumpctlError, Refused, UncertainOutcome
from pumpctl.monitor_look import Look, Reader
from pumpctl.quantity import format_duration, format_rate

CONNECTING = "connecting"
LIVE = "live"
LOST = "lost"
OTHER = "other pump"

PAUSE_S = 120
# What a lost link is tried again after at the latest.
RETRY_S = 2.0


@dataclass(frozen=True)
class Seen:
    """A look came in; `heard_s` is the monotonic time of the answer."""

    look: Look
    heard_s: float
    problem: str = ""


@dataclass(frozen=True)
class Linked:
    """The link is in another state: CONNECTING, LIVE, LOST or OTHER, and why."""

    state: str
    why: str = ""


@dataclass(frozen=True)
class Told:
    """Something to tell a person; `kind` is done, note, refused or uncertain."""

    text: str
    kind: str = "note"


Event = Seen | Linked | Told


@dataclass(frozen=True)
class Order:
    """What a person wants of the pump: `name` is stop, resume, acknowledge, pause or other (watch the other pump).

    `codes` are the alarms to acknowledge, `agreed` what was seen when therapy was confirmed: (patient, digest).
    """

    name: str
    codes: tuple[int, ...] = ()
    pause_s: int = 0
    agreed: tuple[str, bytes] = ("", b"")


class Watcher:
    """The thread that talks to the pump on `spec`; `tell` gets its events and must not block.

    `find` tells where the pump is now that its port is gone: a board that was unplugged may come back as another.
    """

    def __init__(
        self, spec: str, operator: str, interval_s: float, tell: Callable[[Event], None],
        find: Callable[[], str] | None = None,
    ) -> None:  # fmt: skip
        self._spec = spec
        self._find = find
        self._operator = operator
        self._interval_s = interval_s
        self._tell = tell
        self._orders: queue.SimpleQueue[Order | None] = queue.SimpleQueue()
        self._reader = Reader(lambda: not self._orders.empty())
        self._pump: Pump | None = None
        self._serial = ""  # of the pump that is watched
        self._stranger = ""  # of another one that answers in its place
        self._boots = 0
        self._state = CONNECTING
        self._thread = threading.Thread(target=self._run, name="pump", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def order(self, order: Order) -> None:
        """Have an order carried out; what became of it is told by an event."""
        self._orders.put(order)

    def close(self, wait_s: float = 5.0) -> None:
        """End, and let go of the port; an order under way is waited for."""
        self._orders.put(None)
        self._thread.join(wait_s)

    def _run(self) -> None:
        try:
            going_on = True
            while going_on:
                try:
                    going_on = self._turn()
                except Exception as error:  # a fault of this tool must not look like a pump that is watched
                    self._let_go()
                    self._linked(LOST, f"internal error: {type(error).__name__}: {error}")
        finally:
            self._let_go()

    def _turn(self) -> bool:
        """Ask the pump, then wait for an order or the next time to ask; False at the end."""
        self._poll()
        try:
            order = self._orders.get(timeout=self._interval_s if self._pump else min(self._interval_s, RETRY_S))
        except queue.Empty:
            return True
        if order is not None:
            self._carry_out(order)
        return order is not None

    # The link

    def _connected(self) -> Pump | None:
        """The pump that is watched, opened if need be; None where there is none or another one answers."""
        if self._pump is None:
            try:
                pump = Pump.open(self._spec, operator=self._operator)
            except PumpctlError as error:
                self._linked(LOST, error.message)
                self._look_elsewhere()
                return None
            for settled in pump.settled:
                self._tell(Told(settled))
            if self._serial not in ("", pump.hello.serial):
                self._stranger = pump.hello.serial
                pump.close()
                self._linked(OTHER, f"pump {self._stranger} answers, no longer {self._serial}")
                return None
            self._stranger = ""
            if self._state == LOST and self._serial:
                self._tell(Told(f"pump {pump.hello.serial} answers again"))
            self._pump, self._serial = pump, pump.hello.serial
        return self._pump

    def _look_elsewhere(self) -> None:
        """The port to try next; what cannot be told leaves it as it is."""
        if self._find is not None:
            with contextlib.suppress(PumpctlError):
                self._spec = self._find()

    def _poll(self) -> None:
        pump = self._connected()
        if pump is None:
            return
        try:
            look = self._reader.look(pump)
        except PumpctlError as error:
            self._lost(error)
        else:
            self._linked(LIVE)
            boots = look.status["boot_count"]
            if self._boots and boots != self._boots:
                self._tell(Told(f"the pump was restarted: power was cut, or it reset itself (start {boots})"))
            self._boots = boots
            self._tell(Seen(look, time.monotonic(), self._reader.problem))

    def _lost(self, error: PumpctlError) -> None:
        self._let_go()
        self._linked(LOST, error.message)

    def _let_go(self) -> None:
        if self._pump is not None:
            self._pump.close()
        self._pump = None

    def _linked(self, state: str, why: str = "") -> None:
        self._state = state
        self._tell(Linked(state, why))

    # Orders

    def _carry_out(self, order: Order) -> None:
        if order.name == "other":
            self._take_other()
            return
        pump = self._connected()
        if pump is None:
            why = "another pump answers" if self._stranger else "no pump answers"
            button = "; press the pump's own stop button" if order.name == "stop" else ""
            self._tell(Told(f"NOT SENT: {order.name} did not leave this machine, {why}{button}", "uncertain"))
            return
        try:
            told = _ORDERS[order.name](pump, order)
        except UncertainOutcome as error:
            again = "; press s again, or the pump's own stop button" if order.name == "stop" else ""
            told = f"UNCERTAIN: {error.message}. Assume it was; what the pump does stands above as soon as it answers"
            self._tell(Told(told + again, "uncertain"))
            self._let_go()  # the next greeting asks what became of it
        except LinkError as error:
            self._tell(Told(f"NOT DONE: {order.name}: {_sentence(error)}", "uncertain"))
            self._lost(error)
        except PumpctlError as error:
            self._tell(Told(_sentence(error), "refused"))
        else:
            self._tell(Told(told, "done"))

    def _take_other(self) -> None:
        if self._stranger:
            self._tell(Told(f"pump {self._stranger} is watched now, no longer {self._serial}"))
            self._serial, self._stranger, self._boots = self._stranger, "", 0


def _sentence(error: PumpctlError) -> str:
    return f"{error.message}; {error.remedy}" if error.remedy else error.message


def _stop(pump: Pump, _order: Order) -> str:
    state = status_parts.state_name(pump.stop()["state"])
    return f"Stopped: {state}. Withdrawal is a hazard too: resume in time."


def _resume(pump: Pump, order: Order) -> str:
    now = pump.status()
    if (now["patient"], now["program_digest"]) != order.agreed:
        raise Refused("not sent: the program is no longer the one that was confirmed", code=0, name="changed",
                      remedy="look at it, and confirm it again")  # fmt: skip
    reply = pump.resume()
    return f"State: {status_parts.state_name(reply['state'])}, {format_rate(reply['rate_nl_per_day'])}."


def _acknowledge(pump: Pump, order: Order) -> str:
    count = 0
    for code in order.codes:
        count += pump.acknowledge(code)["acknowledged"]
    return f"{count} alarm{'' if count == 1 else 's'} acknowledged."


def _pause(pump: Pump, order: Order) -> str:
    pump.pause_audio(order.pause_s)
    if not order.pause_s:
        return "The pause is over; alarms sound again."
    return f"Silent for {format_duration(order.pause_s * units.MS_PER_S)}; the lamp stays."


_ORDERS: dict[str, Callable[[Pump, Order], str]] = {
    "stop": _stop,
    "resume": _resume,
    "acknowledge": _acknowledge,
    "pause": _pause,
}
