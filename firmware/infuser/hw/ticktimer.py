"""The tick: a hard timer that hands on how many whole quanta of time have passed.

A late tick hands on more quanta, and the rest of a quantum is kept, so neither is ever lost.

The interrupt goes on where the main program's stack ends, and both share the RP2040's 8 KiB. One that finds the program
deep in the file system hands on nothing; the next one does, or the main loop's next turn before it, by `catch_up`.
"""

from time import ticks_diff, ticks_ms

from machine import Timer
from micropython import stack_use

from infuser.hw import chip
from infuser.hw.chip import critical
from infuser.wire.units import QUANTUM_MS

_COUNT_MASK = 0x3FFFFFFF


class TickTimer:
    """Calls `handler(quanta)` in the interrupt. The handler must neither allocate nor block.

    `count` grows with every tick (liveness); `failed` becomes True if the handler ever raised; `put_off` while a tick
    waits for `catch_up`;
    `rest_ms` is the part of a quantum not handed on yet.
    """

    def __init__(self, handler) -> None:
        self._handler = handler
        self._timer = Timer()
        self._interrupt = self._on_timer
        self._running = False
        self._last_ms = 0
        self._ticked_ms = 0
        self.rest_ms = 0
        self._seal = 0
        self.count = 0
        self.failed = False
        self.put_off = False

    def start(self, period_ms: int) -> None:
        """Tick at this period; while it runs already, change the period and lose no time."""
        if not self._running:
            self._last_ms = self._seal = ticks_ms()
            self.rest_ms = 0
            self._running = True
        self._ticked_ms = ticks_ms()
        self._timer.init(mode=Timer.PERIODIC, period=period_ms, callback=self._interrupt, hard=True)

    def stop(self) -> None:
        """No more ticks; the time since the last one is not handed on."""
        self._timer.deinit()
        self._running = False

    def since_ms(self) -> int:
        """Time since the last tick, or since the period was set: what `sync` hands on is no tick."""
        return ticks_diff(ticks_ms(), self._ticked_ms)

    def sync(self) -> None:
        """Hand on the time since the last tick now, from the main context."""
        if self._running:
            with critical():
                self._advance()

    def catch_up(self) -> None:
        """Hand on what a tick that came at the wrong time put off; to be called in every turn of the main loop."""
        if self.put_off:
            self.put_off = False
            self.sync()

    def _on_timer(self, _timer) -> None:
        # In the interrupt. The chip never calls a handler again that has raised.
        try:
            self.count = (self.count + 1) & _COUNT_MASK
            self._ticked_ms = ticks_ms()
            if stack_use() > chip.STACK_MAX:
                self.put_off = True
            else:
                self._advance()
        except Exception:
            self.failed = True

    def _advance(self) -> None:
        if self._last_ms ^ self.rest_ms != self._seal:
            self.failed = True  # a bit has flipped: how much time has passed is not known
            return
        now_ms = ticks_ms()
        passed_ms = ticks_diff(now_ms, self._last_ms) + self.rest_ms
        self._last_ms = now_ms
        self.rest_ms = passed_ms % QUANTUM_MS
        self._seal = self.rest_ms ^ now_ms  # type: ignore[operator]  # small ints, whatever the stubs say
        if passed_ms >= QUANTUM_MS:
            self._handler(passed_ms // QUANTUM_MS)
