"""The scale under a virtual pump's outlet."""

from infuser.wire import units
from pumpctl import accuracy_scale
from pumpctl.virtual import VirtualPump


class VirtualScale:
    """Reads the mass of what really came out of the pump, to the nL. Its `wait` moves the pump's time."""

    def __init__(self, bench: VirtualPump, density_ug_per_ml: int) -> None:
        self._bench = bench
        self._density_ug_per_ml = density_ug_per_ml
        self._tared_nl = 0

    def wait(self, duration_ms: int) -> None:
        """Let time pass, at whatever speed the pump runs."""
        self._bench.advance_ms(duration_ms)

    def tare(self, number: int) -> None:
        """Begin at zero."""
        self._tared_nl = self._bench.get()["delivered_nl"]

    def weigh(self, number: int) -> int:
        """Mass since the vessel was tared, in ng."""
        delivered_nl = self._bench.get()["delivered_nl"] - self._tared_nl
        return accuracy_scale.mass_ng(delivered_nl * units.PL_PER_NL, self._density_ug_per_ml)
