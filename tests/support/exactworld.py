"""A virtual pump on CPython: plain stand-ins for the hardware, in virtual time that runs as fast as the machine can.

Ticks come late and merged, the flash stalls, the encoder follows the pulses made. The VM's world
(tests/micropython/vm_world.py) has the virtual pump's own plant instead; both serve the same bench.
"""

from contextlib import nullcontext
from typing import Any

from vm_chance import Chance
from vm_witness import files_of, motor_of, witness_of

from infuser.app import startup
from infuser.app.pump import Pump
from infuser.wire.units import QUANTUM_MS

WALL_MS = 1_767_225_600_000  # 2026-01-01
_FETCH_US = 3
_NEVER = 1 << 62
_SWITCH_STEPS = 20  # the empty switch closes this much before the end
Counted = tuple[list[int], list[int], int]


class Drive:
    """Two bursts: one under way, one waiting; each known by its begin, count and interval."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._on = False
        self._under_way = (0, 0, 1)
        self._waiting: tuple[int, int] | None = None

    def _follow(self) -> None:
        world = self._world
        begin, count, interval = self._under_way
        while count and begin + count * interval <= world.now_us:
            world.made += count
            free = begin + count * interval
            count, interval = self._waiting or (0, 1)
            begin = free + _FETCH_US
            self._waiting = None
            self._under_way = (begin, count, interval)

    def made(self) -> int:
        """Pulses made in all."""
        self._follow()
        begin, count, interval = self._under_way
        under_way = (self._world.now_us - begin) // interval + 1 if count and self._world.now_us >= begin else 0
        return self._world.made + min(count, under_way)

    def enable(self, forward: bool) -> None:
        self.halt()
        self._on = True

    def ready(self) -> bool:
        self._follow()
        return self._on and self._waiting is None

    def burst(self, count: int, interval_us: int) -> None:
        self._follow()
        if self._under_way[1]:
            self._waiting = (count, interval_us)
        else:
            self._under_way = (self._world.now_us + _FETCH_US, count, interval_us)

    def halt(self) -> int:
        """As infuser.hw.drive: the microsteps handed over that were not made."""
        self._on = False
        made = self.made()
        left = self._world.made + self._under_way[1] + (self._waiting[0] if self._waiting else 0) - made
        self._world.made = made
        self._under_way, self._waiting = (0, 0, 1), None
        return left


def _timer_class(world: "World") -> type:
    class TickTimer:
        """As infuser.hw.ticktimer."""

        def __init__(self, handler: Any) -> None:
            self._handler = handler
            self._running = False
            self._last_ms = 0
            self.rest_ms = 0
            self.count = 0
            self.failed = False
            world.tick = self._tick

        def start(self, period_ms: int) -> None:
            if not self._running:
                self._last_ms = world.now_ms()
                self.rest_ms = 0
                self._running = True
            world.tick_period_us = period_ms * 1000
            world.tick_due_us = world.now_us + period_ms * 1000

        def stop(self) -> None:
            world.tick_due_us = _NEVER
            self._running = False

        def sync(self) -> None:
            if self._running:
                self._advance()

        def _tick(self) -> None:
            self.count += 1
            self._advance()

        def _advance(self) -> None:
            now_ms = world.now_ms()
            passed_ms = now_ms - self._last_ms + self.rest_ms
            self._last_ms = now_ms
            self.rest_ms = passed_ms % QUANTUM_MS
            if passed_ms >= QUANTUM_MS:
                self._handler(passed_ms // QUANTUM_MS)

    return TickTimer


class Timebase:
    """As infuser.hw.timebase."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._start_ms = world.now_ms()
        self._age_ms = 0

    def begin(self, age_ms: int) -> None:
        self._age_ms = age_ms

    def age_ms(self) -> int:
        return self._age_ms + self._world.now_ms() - self._start_ms

    def uptime_ms(self) -> int:
        return self._world.now_ms() - self._start_ms


class Files:
    """As infuser.hw.storage, in memory; each operation holds the processor up for a moment, now and then for longer."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def _stall(self) -> None:
        chance = self._world.chance
        erases = chance.once_in(12)
        self._world.stall(chance.number(20_000, 400_000) if erases else chance.number(200, 3000))

    def names(self) -> list[str]:
        return sorted(self._world.stored)

    def size(self, name: str) -> int | None:
        return len(self._world.stored[name]) if name in self._world.stored else None

    def read(self, name: str) -> bytes | None:
        return bytes(self._world.stored[name]) if name in self._world.stored else None

    def read_at(self, name: str, offset: int, count: int) -> bytes:
        return bytes(self._world.stored[name][offset : offset + count])

    def append(self, name: str, data: bytes) -> None:
        self._world.stored.setdefault(name, bytearray()).extend(data)
        self._stall()

    def write(self, name: str, data: bytes) -> None:
        self._world.stored[name] = bytearray(data)
        self._stall()

    overwrite = write

    def truncate_to(self, name: str, size: int) -> None:
        del self._world.stored[name][size:]

    def remove(self, name: str) -> None:
        del self._world.stored[name]

    def free_bytes(self) -> int:
        return 1 << 20

    def close(self) -> None:
        """Nothing is open."""


class WallClock:
    """A clock chip of whole seconds; 0 while it is lost."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def read_ms(self) -> int:
        return 0 if self._world.clock_lost else self._world.wall_clock_ms() // 1000 * 1000

    def set_ms(self, time_ms: int) -> None:
        self._world.clock_lost = False
        self._world.wall_offset_ms = time_ms - self._world.now_ms()


class Sensors:
    """A sound pump's; the encoder tells what the motor made."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def encoder_counts(self) -> int:
        return self._world.steps_made() * 4096 // 3200 & 0xFFF

    def patient_pressed(self) -> bool:
        pressed, self._world.pressed = self._world.pressed, False
        return pressed

    def outlet_pa(self) -> int:
        return 0

    inlet_pa = outlet_pa

    def battery_mv(self) -> int:
        return 4100

    def temperature_mc(self) -> int:
        return 32000

    def supply_present(self) -> bool:
        return True

    def no(self) -> bool:
        return False

    def at_empty(self) -> bool:
        return self._world.at_empty()

    air = at_full = cover_open = service_jumper = patient_button = stop_button = no


class Port:
    """Nobody says anything, but now and then somebody is heard."""

    def __init__(self) -> None:
        self.heard = b""

    def read(self) -> bytes:
        heard, self.heard = self.heard, b""
        return heard

    def flush(self) -> None:
        """Nothing waits."""


class Chip:
    """What the firmware asks of the chip itself."""

    @staticmethod
    def critical() -> Any:
        return nullcontext()

    @staticmethod
    def serial() -> str:
        return "e66100000000c0de"

    @staticmethod
    def reset_cause() -> str:
        return "power-on"


class Annunciator:
    """Signals nothing; its test takes the time that it takes."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def show(self, priority: int, sounding: bool) -> None:
        """Nobody looks."""

    def self_test(self) -> bool:
        self._world.idle(30)
        return True


class Watchdog:
    """Never bites."""

    def start(self) -> None:
        """It stays off."""

    def feed(self) -> None:
        """Nothing to feed."""


class Hardware:
    """The edges of one life of the firmware."""

    def __init__(self, world: "World") -> None:
        self.chip = Chip
        self.timebase = Timebase(world)
        self.files = files_of(Files, world)(world)
        self.drive = motor_of(Drive, world)(world)
        self.tick_timer = witness_of(_timer_class(world), world)
        self.wall_clock = WallClock(world)
        self.sensors = Sensors(world)
        self.annunciator = Annunciator(world)
        self.port = Port()
        self.watchdog = Watchdog()


class World:
    """See vm_bench for what the bench asks of it."""

    def __init__(self, seed: int) -> None:
        self.chance = Chance(seed ^ 0x5A5A5A)
        self.now_us = 0
        self.tick_due_us = _NEVER
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
        self.tick_due_us = _NEVER
        self.pressed = False
        self.now_us += off_ms * 1000
        self._power_on()
