"""A patient who takes every bolus: presses the button as soon as lock-out and daily allowance permit."""

from collections.abc import Callable
from typing import Any

from infuser.wire import alarms, states, units
from pumpctl.client import Pump
from pumpctl.virtual import VirtualPump

# The pump's loop sees a press within this time, however slowly it turns.
SEEN_MS = 10 * units.MS_PER_S
# A press refused for another reason than lock-out and allowance (a full dose window, a bridge) is tried again.
AGAIN_MS = 30 * units.MS_PER_MIN


class Patient:
    """Presses a virtual pump's button until `end_ms`; `advance_to` lets its time pass. Times are UTC ms."""

    def __init__(self, bench: VirtualPump, pump: Pump, end_ms: int, advance_to: Callable[[int], None]) -> None:
        self.presses_ms: list[int] = []
        self._bench = bench
        self._pump = pump
        # A press that comes later could not be seen any more.
        self._last_ms = end_ms - SEEN_MS
        self._advance_to = advance_to
        self._next_ms = 0

    def live(self, now_ms: int, until_ms: int) -> None:
        """Let time pass from `now_ms` to `until_ms`, pressing whenever a bolus is to be had."""
        while max(now_ms, self._next_ms) < until_ms:
            if self._next_ms > now_ms:
                self._advance_to(self._next_ms)
                now_ms = self._next_ms
            status = self._pump.status()
            if now_ms > self._last_ms or _basal_only(status):
                self._next_ms = until_ms
            elif status["state"] not in _GIVING:
                self._next_ms = now_ms + (status["start_in_ms"] or AGAIN_MS)
            elif status["patient_wait_ms"]:
                self._next_ms = now_ms + status["patient_wait_ms"]
            else:
                now_ms = self._press(now_ms)
        self._advance_to(until_ms)

    def _press(self, now_ms: int) -> int:
        """Press once; returns the time afterwards."""
        self.presses_ms.append(now_ms)
        self._bench.press("patient")
        self._advance_to(now_ms + SEEN_MS)
        wait_ms = self._pump.status()["patient_wait_ms"]
        self._next_ms = now_ms + SEEN_MS + (wait_ms or AGAIN_MS)
        return now_ms + SEEN_MS


_GIVING = (states.INFUSING, states.BOLUS)


def _basal_only(status: dict[str, Any]) -> bool:
    """Whether the reservoir is low: until it is refilled, which a preview does not play, every bolus is refused."""
    return any(alarm["alarm"] in (alarms.RESERVOIR_LOW, alarms.RESERVOIR_EMPTY) for alarm in status["alarm_list"])
