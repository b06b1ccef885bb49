"""What an oscilloscope at the emulated chip's pins sees, to 8 ns, and how busy the processor was meanwhile."""

from typing import Any

from rp2040py.gpio_pin import GPIOPinState

from infuser.hw import board
from pumpctl.board.emulator import Chip

# A free pin: a probe on the board tells there when it enters and leaves an interrupt.
PROBE_GPIO = 0
SAMPLES_MAX = 200_000
_CHANNELS = {"probe": PROBE_GPIO, "step": board.PINS["step"], "enable": board.PINS["enable"]}


class Oscilloscope:
    """Keeps the first SAMPLES_MAX edges of each channel since it was read last."""

    def __init__(self, chip: Chip) -> None:
        self._chip = chip
        self._edges: dict[str, list[list[int]]] = {name: [] for name in _CHANNELS}
        for name, gpio in _CHANNELS.items():
            self._watch(gpio, self._edges[name])

    def _watch(self, gpio: int, edges: list[list[int]]) -> None:
        clock = self._chip.clock

        def changed(value: Any, _last: Any) -> None:
            if len(edges) < SAMPLES_MAX:
                edges.append([int(clock.nanos), 1 if value == GPIOPinState.HIGH else 0])

        self._chip.mcu.gpio[gpio].add_listener(changed)

    def read(self) -> dict[str, Any]:
        """Edges [time since power-on in ns, level] by channel, and the chip's own figures; it begins anew."""
        told = {name: list(edges) for name, edges in self._edges.items()}
        for edges in self._edges.values():
            edges.clear()
        line = self._chip.line
        return {
            "edges": told,
            "now_ns": int(self._chip.now_ns),
            "busy_ns": self._chip.busy_ns,
            "stalled_ns": self._chip.flash.stalled_ns,
            "stack_bytes": self._chip.stack_bytes,
            "spoken_ns": line.spoken_ns,
            "flash_operations": self._chip.flash.operations,
        }
