"""An RP2040 that runs a UF2 image: the emulator, and what it needs from outside to be a bench.

`usb`, `pio`, `pulsewidth` and `flashchip` make good what the pinned version of rp2040py does not do as the chip does,
or does so slowly that a pump could not live on it. tests/board fails when one of them is no longer effective.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rp2040py.device.bootrom import BOOTROM_B1
from rp2040py.device.load_flash import load_uf2
from rp2040py.execute_batch import execute_batch
from rp2040py.memory_map import FLASH_START_ADDRESS
from rp2040py.peripherals.watchdog import FORCE, TIMER
from rp2040py.simulator import Simulator
from rp2040py.usb.cdc import USBCDC
from rp2040py.utils.logging import ConsoleLogger, LogLevel

from pumpctl.board import pio, usb
from pumpctl.board.flashchip import FlashChip

CYCLE_NS = 8  # of the system clock, 125 MHz
NS_PER_MS = 1_000_000
RESET_WATCHDOG = "watchdog"
RESET_SOFT = "soft"
# Where MicroPython's stack is in the RAM, growing downwards, and what is there before it.
_STACK = slice(0x40000, 0x42000)
_UNUSED = 0xA5


class Chip:
    """The processor with its flash; time moves only in `run_until_ns`.

    `on_reset` hears "watchdog" or "soft" when the chip resets itself; it then stands still.
    """

    def __init__(self, uf2: Path, flash: FlashChip) -> None:
        self.simulator = Simulator()
        self.mcu: Any = self.simulator.rp2040
        self.clock: Any = self.mcu.clock
        self.mcu.logger = ConsoleLogger(LogLevel.ERROR)
        self.mcu.load_bootrom(BOOTROM_B1)
        self.mcu.sram[_STACK] = bytes([_UNUSED]) * (_STACK.stop - _STACK.start)
        load_uf2(uf2, self.mcu)
        self.cdc = USBCDC(self.mcu.usb_ctrl)
        self.line = usb.Line(self.mcu, self.cdc)
        self.pio = pio.Pacer(self.mcu)
        self.flash = flash
        flash.attach(self.mcu, self.pio)
        self.connected = False
        self.cdc.on_device_connected = self._on_connected
        self.on_reset: Callable[[str], None] = lambda cause: None
        self.mcu.watchdog.on_watchdog_trigger = self._on_watchdog
        self._limit = self.clock.create_alarm(self._at_limit)
        self._reached = False
        self.mcu.core.pc = FLASH_START_ADDRESS

    @property
    def now_ns(self) -> float:
        """Time since power-on by the chip's own crystal."""
        return float(self.clock.nanos)

    @property
    def busy_ns(self) -> int:
        """Time for which the processor executed or a flash operation held it up, since power-on."""
        return int(self.mcu.core.cycles) * CYCLE_NS + self.flash.stalled_ns

    @property
    def stack_bytes(self) -> int:
        """How much of its stack the chip has ever used since power-on, interrupts included."""
        return len(bytes(self.mcu.sram[_STACK]).lstrip(bytes([_UNUSED])))

    def come_from(self, cause: str, scratch: list[int]) -> None:
        """Before the first instruction: the reset that brought the chip here, and what its scratch registers kept."""
        if cause in (RESET_WATCHDOG, RESET_SOFT):
            self.mcu.watchdog._reason = TIMER if cause == RESET_WATCHDOG else FORCE
            self.mcu.watchdog.scratch_data[:] = scratch

    @property
    def scratch(self) -> list[int]:
        """The registers that a reset leaves alone."""
        return list(self.mcu.watchdog.scratch_data)

    def run_until_ns(self, target_ns: float) -> bool:
        """Execute for some ms of real time at most; whether `target_ns` is reached."""
        self._reached = False
        if target_ns <= self.now_ns:
            return True
        self._limit.schedule(target_ns - self.now_ns)
        self.simulator.stopped = False
        execute_batch(self.simulator, 1)
        self._limit.cancel()
        return self._reached

    def halt(self) -> None:
        """End the run under way after the present instruction."""
        self.simulator.stopped = True

    def _on_connected(self) -> None:
        self.connected = True

    def _at_limit(self) -> None:
        self._reached = True
        self.simulator.stopped = True

    def _on_watchdog(self) -> None:
        self.halt()
        self.on_reset(RESET_SOFT if self.mcu.watchdog._reason == FORCE else RESET_WATCHDOG)
