"""A virtual pump on CPython: plain stand-ins for the hardware, in virtual time that runs as fast as the machine can.

Ticks come late and merged, the flash stalls, the encoder follows the pulses made. The VM's world
(tests/micropython/vm_world.py) has the virtual pump's own plant instead; both serve the same bench.
"""

from typing import Any

from exacthardware import NEVER, Hardware
from vm_chance import Chance

from infuser.app import startup
from infuser.app.pump import Pump

WALL_MS = 1_767_225_600_000  # 2026-01-01
_SWITCH_STEPS = 20  # the empty switch closes this much before the end
Counted = tuple[list[int], list[int], int]


class World:
    """See vm_bench for what the bench asks of it."""

    def __init__(self, seed: int) -> None:
        self.chance = Chance(seed ^ 0x5A5A5A)
        self.now_us = 0
        self.tick_due_us = NEVER
        self.tick_period_us = 0
        self.tick: Any = None
        self.timer: Any = None
        self.made = 0
        self.not_made = 0
        self.saved: Counted | None = None
        self.loaded: Counted | None = None
        self.made_at_cut = 0
        self._empty_at = 0
        self.stored: dict[str, bytearray] = {}
        self.pressed = False
        self.clock_lost = False
        self.wall_offset_ms = WALL_MS
        self.pump: Any = None
        self._power_on()

    def _power_on(self) -> None:
        self.hardware = Hardware(self)
        self.pump = None
        self.pump = Pump(self.hardware)
        self.loaded = self.counted()
        startup.take_up(self.pump)

    def counted(self) -> Counted | None:
        """(microsteps of each bucket, their fractions in pL, the basal bucket's rest in pL a QUANTA_PER_DAY)."""
        if self.pump is None:
            return None
        channels = self.pump.delivery.meter.channels
        return [channel.issued for channel in channels], [channel.acc_pl for channel in channels], channels[0].acc_rem

    def now_ms(self) -> int:
        return self.now_us // 1000

    def wall_clock_ms(self) -> int:
        return self.now_ms() + self.wall_offset_ms

    def idle(self, duration_ms: int) -> None:
        """Time passes, ticks come; some of them late, then merged with the next."""
        end_us = self.now_us + duration_ms * 1000
        while self.tick_due_us <= end_us:
            late_us = self.chance.number(0, 2 * self.tick_period_us) if self.chance.once_in(8) else 0
            self.now_us = min(end_us, max(self.now_us, self.tick_due_us) + late_us)
            self._fire()
        self.now_us = end_us

    def stall(self, duration_us: int) -> None:
        """The processor stands; a tick that was due comes afterwards."""
        self.now_us += duration_us
        if self.tick_due_us <= self.now_us:
            self._fire()

    def _fire(self) -> None:
        self.tick_due_us = self.now_us + self.tick_period_us
        self.tick()

    def settle_pulses(self) -> None:
        self.idle(1)

    def steps_made(self) -> int:
        return int(self.hardware.drive.made())

    def talk(self) -> None:
        """Something comes over the line; the empty frame says nothing."""
        self.hardware.port.heard = b"\0"

    def press(self) -> None:
        self.pressed = True

    def lose_clock(self) -> None:
        self.clock_lost = True

    def fill(self, steps: int) -> None:
        """Somebody fills the reservoir with what so many microsteps press out."""
        self._empty_at = self.steps_made() + steps

    def at_empty(self) -> bool:
        """Whether the piston stands at the empty end."""
        return self.steps_made() >= self._empty_at - _SWITCH_STEPS

    def restart(self, off_ms: int) -> None:
        """Power goes; after a while the firmware starts over what is stored."""
        self.made_at_cut = self.made = self.steps_made()
        self.tick_due_us = NEVER
        self.pressed = False
        self.now_us += off_ms * 1000
        self._power_on()
